# SPDX-License-Identifier: Apache-2.0
"""icloud-milterctl postfix where something is in its way, or has changed since: no mail is lost, and nothing
of anybody else's."""

from __future__ import annotations

import shutil
import time

from support import ROOT, main
from wiring_case import PlainSite, WiringCase

from lab.process import run, wait_until


class WiringFaults(WiringCase):
    # -- what goes wrong --------------------------------------------------------------------

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

    def test_what_postfix_would_not_read_is_not_put_in_place(self) -> None:
        self.write("master.cf", "nonsense\n")
        before = self.state()
        self.assertIn("bad field count", self.does("enable", status=1))
        self.assertEqual(self.state(), before)

    def test_what_was_edited_since_stays(self) -> None:
        self.write("main.cf", "smtpd_milters = inet:127.0.0.1:8891\nmilter_default_action = accept\n")
        self.site.postfix.reload()
        self.does("enable", "--no-probe")
        self.write("main.cf", "# mine\nsmtp_helo_timeout = 7s\n")
        text = (self.site.postfix.config / "master.cf").read_text()
        text = text.replace("# icloud-milter: end.", "later unix - - n - - smtp\n# icloud-milter: end.")
        text = text.replace("smtpd_error_sleep_time=0", "smtpd_error_sleep_time=1")
        (self.site.postfix.config / "master.cf").write_text(text)
        self.assertIn("drift", self.does("status", status=1))
        self.assertIn("were edited since", self.does("disable"))
        self.assertEqual(
            (self.site.postfix.config / "main.cf").read_bytes(),
            self.files["main.cf"]
            + b"smtpd_milters = inet:127.0.0.1:8891\nmilter_default_action = accept\n"
            + b"# mine\nsmtp_helo_timeout = 7s\n",
        )
        self.assertEqual(
            (self.site.postfix.config / "master.cf").read_bytes().rstrip(),
            (self.files["master.cf"] + b"\nlater unix - - n - - smtp").rstrip(),
        )
        self.assert_unjudged("edited")

    def test_mail_that_had_passed_the_gate_leaves_when_it_is_taken_away(self) -> None:
        self.does("enable")
        self.site.sink.answer("RCPT TO:<bob@icloud", "451 4.3.0 later")
        message_id = self.send("waiting", "bob@icloud.com")
        queue = self.site.postfix.queue
        wait_until(
            "the mail waits behind the gate",
            lambda: any("later" in one.reason and one.queue == "deferred" for one in queue()),
        )
        self.assertIn("1 message that had passed the gate was queued anew", self.does("disable"))
        self.site.sink.answer_as_usual()
        time.sleep(1)
        self.site.postfix.wait_until_empty()
        self.assertEqual(self.delivered_once(message_id).recipients, ("bob@icloud.com",))

    # -- the package is removed -------------------------------------------------------------

    def detach(self, program: str) -> str:
        """packaging/detach-postfix, with that program in the place of ours."""
        folder = self.site.postfix.folder / "detach"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        script = (ROOT / "packaging" / "detach-postfix").read_text()
        (folder / "detach").write_text(
            script.replace("/var/lib/icloud-milter/detached", str(folder / "kept"))
        )
        (folder / "icloud-milterctl").symlink_to(program)
        path = f"PATH={folder}:/usr/sbin:/usr/bin"
        return run("env", path, "sh", folder / "detach")

    def test_removing_the_package_takes_everything_back(self) -> None:
        before = self.state()
        self.does("enable")
        said = self.detach(str(self.site.milter.control_program))
        self.assertIn("/etc/postfix is detached", said)
        self.assertEqual(self.state(), before)
        self.site.milter.stop()
        self.assert_unjudged("removed")

    def test_removing_a_broken_package_leaves_mail_flowing(self) -> None:
        self.does("enable")
        said = self.detach("/bin/false")
        self.assertIn("icloud-milter's socket is taken out", said)
        self.site.milter.stop()
        self.assert_unjudged("broken")
        self.assertIn("were edited since", self.does("disable"))
        self.assertEqual(self.value("transport_maps"), "")
        self.assertNotIn("icloud", self.postconf("-M"))

    def test_removing_the_package_takes_out_a_table_that_was_given_by_hand(self) -> None:
        """Nobody answers it any more, and then no mail at all would go on."""
        table = "socketmap:unix:icloud-milter/routes.sock:icloud"
        run("postconf", f"transport_maps={table}")
        self.site.postfix.reload()
        said = self.detach("/bin/false")
        self.assertIn("is taken out", said)
        self.assertEqual(self.value("transport_maps"), "")
        self.site.milter.stop()
        self.assert_unjudged("asked by hand")


if __name__ == "__main__":
    main(__name__, PlainSite)
