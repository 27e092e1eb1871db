# SPDX-License-Identifier: Apache-2.0
"""icloud-milterctl postfix enable where something is in its way: nothing is changed then, or all of it works."""

from __future__ import annotations

import fcntl
import os

from support import main
from wiring_case import FILES, PlainSite, WiringCase

from lab.namespace import OUR_ADDRESS
from lab.postfix import Postfix
from lab.process import run
from lab.site import letter


class WiringFaults(WiringCase):
    def test_without_the_daemon_everything_is_taken_back(self) -> None:
        before = self.state()
        self.site.milter.stop()
        said = self.does("enable", status=1)
        self.assertIn("Postfix does not reach the daemon", said)
        self.assertIn("; everything is as it was", said)
        self.assertEqual(self.state(), before)
        self.assert_unjudged("without")

    def test_a_failure_between_the_two_files_is_taken_back(self) -> None:
        second = self.site.postfix.config / "main.cf"
        run("mount", "--bind", second, second)  # which nothing can be renamed over
        try:
            before = self.state()
            said = self.does("enable", status=1)
            self.assertIn("cannot be replaced: Device or resource busy", said)
            self.assertEqual(self.state(), before)
        finally:
            run("umount", second)
        self.assert_unjudged("between")

    def test_a_disk_that_is_full_at_any_point_leaves_both_files_as_they_were(self) -> None:
        small = self.site.postfix.folder / "small"
        small.mkdir()
        run("mount", "-t", "tmpfs", "-o", "size=256k,mode=755", "tmpfs", small)
        self.addCleanup(run, "umount", small)
        self.other_instance(small)
        before, ends = self.state(small), set()
        page = os.statvfs(small).f_bsize
        for free in (0, 2, 5, 7, 9, 11, 14):
            with self.subTest(free=free):
                room = os.statvfs(small).f_bavail - free
                (small / "filler").write_bytes(b"x" * (page * room))
                self.assertEqual(os.statvfs(small).f_bavail, free)
                done = self.ctl("enable", "--config-dir", str(small), "--no-probe")
                ends.add(done.returncode)
                if done.returncode == 0:
                    # As full as it can be now.
                    (small / "more").write_bytes(b"x" * (page * os.statvfs(small).f_bavail))
                    self.does("disable", "--config-dir", str(small))
                    (small / "more").unlink()
                else:
                    self.assertRegex(
                        done.stderr, "No space left.*; (nothing was changed|everything is as it was)"
                    )
                (small / "filler").unlink()
                self.assertEqual(self.state(small), before)
        self.assertEqual(ends, {0, 1})

    def test_who_was_killed_left_nothing_that_is_in_the_way(self) -> None:
        before = self.state()
        ours = self.site.postfix.config / "icloud-milter"
        # While the new files were tried.
        (ours / "trial").mkdir(parents=True, mode=0o700)
        ours.chmod(0o700)
        (ours / "trial" / "main.cf").write_text("nonsense")
        (ours / "trial" / "dynamicmaps.cf").symlink_to("/nowhere")
        (self.site.postfix.config / "main.cf.icloud-milter").write_text("half of it")
        self.does("enable")
        self.assertFalse((ours / "trial").exists())
        # Between the two files, on the way in or out.
        for name in FILES:
            now = (self.site.postfix.config / name).read_bytes()
            (self.site.postfix.config / name).write_bytes(self.files[name])
            self.site.postfix.reload()
            self.does("status", status=1)
            (self.site.postfix.config / name).write_bytes(now)
        (self.site.postfix.config / "main.cf").write_bytes(self.files["main.cf"])
        self.assertIn("byte for byte what they were", self.does("disable"))
        for name, content in self.files.items():
            self.assertEqual((self.site.postfix.config / name).read_bytes(), content)
        self.assertEqual(self.state()["directory"], before["directory"])

    def test_two_do_not_attach_at_once(self) -> None:
        before = self.state()
        config = os.open(self.site.postfix.config, os.O_RDONLY)
        fcntl.flock(config, fcntl.LOCK_EX)
        try:
            for word in ("enable", "disable"):
                self.assertIn("somebody else attaches or detaches", self.does(word, status=1))
        finally:
            os.close(config)
        self.assertEqual(self.state(), before)

    def test_a_configuration_may_be_written_in_unusual_ways(self) -> None:
        (self.site.postfix.config / "transport").write_text("nobody.example discard:\n")
        self.addCleanup((self.site.postfix.config / "transport").unlink)
        self.write(
            "main.cf",
            "milter_default_action = accept\nlist = inet:127.0.0.1:8891,\n\tinet:127.0.0.1:8892\n"
            "transport_maps = texthash:$config_directory/transport\n # within\n\n"
            "  , regexp:{{/^never@/ discard:}}\n"
        )
        master = self.files["master.cf"].decode().replace(
            f"{OUR_ADDRESS}:25       inet n - n - - smtpd\n",
            f"{OUR_ADDRESS}:25 inet n - n - - smtpd -v\n  # within\n    -o {{ smtpd_milters = $list }}\n",
        ).replace("smtp_bind_address=", "smtp_helo_timeout=7s -osmtp_bind_address=")
        self.assertIn("-osmtp_bind", master)
        self.assertIn("$list", master)
        (self.site.postfix.config / "master.cf").write_text(master)
        for name in FILES:
            path = self.site.postfix.config / name
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        self.site.postfix.reload()
        before = self.state()
        self.does("enable")
        ours = "{unix:icloud-milter/milter.sock,default_action=tempfail}"
        self.assertEqual(
            self.postconf("-P", "-x", "-h", f"{OUR_ADDRESS}:25/inet/smtpd_milters"),
            f"inet:127.0.0.1:8891, inet:127.0.0.1:8892,{ours}",
        )
        self.assertEqual(
            self.postconf("-P", "-h", "icloud-out/unix/smtp_bind_address"), OUR_ADDRESS
        )
        self.assert_judged("unusual")
        self.does("status")
        self.does("disable")
        self.assertEqual(self.state(), before)

    def test_what_postfix_would_not_read_is_not_put_in_place(self) -> None:
        self.write("master.cf", "nonsense\n")
        before = self.state()
        self.assertIn("bad field count", self.does("enable", status=1))
        self.assertEqual(self.state(), before)

    def test_the_gate_is_no_part_of_what_main_cf_has_for_others(self) -> None:
        """Each line stops all mail for Apple, or leads it past the daemon, where it counts at the gate."""
        for line in (
            "smtp_tls_wrappermode = yes\nsmtp_tls_security_level = encrypt\n"
            "smtp_tls_policy_maps = static:encrypt\n"
            "smtpd_milter_maps = cidr:{{127.0.0.0/8 DISABLE}}\n"
            "smtpd_upstream_proxy_protocol = haproxy\n"
            "smtpd_proxy_filter = [127.0.0.1]:10026\n"
            "smtpd_tls_wrappermode = yes\n"
            "smtpd_client_message_rate_limit = 1\nsmtpd_client_event_limit_exceptions = 192.0.2.1\n"
            "smtpd_reject_unlisted_sender = yes",
            "milter_protocol = 2\nsoft_bounce = yes",
        ):
            with self.subTest(line):
                for name, content in self.files.items():
                    (self.site.postfix.config / name).write_bytes(content)
                self.write("main.cf", line + "\n")
                # Where those who send come in, and where mail leaves, they are not the matter here.
                for one in ("smtp_tls_wrappermode=no", "smtp_tls_security_level=none", "smtp_tls_policy_maps="):
                    run("postconf", "-P", f"smtp/unix/{one}")
                self.site.postfix.reload()
                before = self.state()
                self.assertIn("icloud-milter refused it", self.does("enable"))
                for number in (1, 2):
                    message_id = self.site.new_id(f"in-spite-{number}")
                    self.site.postfix.sendmail(
                        "ann", "-f", "nobody@corp.example", "bob@icloud.com",
                        content=letter(message_id, "bob@icloud.com"),
                    )
                    self.assertEqual(self.delivered_once(message_id).recipients, ("bob@icloud.com",))
                    self.assertEqual(self.verdicts(message_id), ["accept"])
                self.does("disable")
                self.assertEqual(self.state(), before)

    def test_a_gate_that_is_there_is_tried_where_it_listens(self) -> None:
        Postfix.attach(self.site.postfix)
        for name in FILES:
            path = self.site.postfix.config / name
            text = path.read_text().replace(":10027", ":10030")
            path.write_text(text.replace("\nsmtpd_milters =", "\n#").replace("\nnon_smtpd_milters =", "\n#"))
        self.site.postfix.reload()
        before = self.state()
        self.assertIn("was named to 127.0.0.1:10030, and icloud-milter refused it", self.does("enable"))
        self.assert_judged("by-hand")
        self.does("disable")
        self.assertEqual(self.state(), before)


if __name__ == "__main__":
    main(__name__, PlainSite)
