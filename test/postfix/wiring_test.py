# SPDX-License-Identifier: Apache-2.0
"""icloud-milterctl postfix attaches to a Postfix as it finds it, and gives it back as it was."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from support import ROOT, PostfixCase, main

from lab.namespace import ELSEWHERE_MX, OUR_ADDRESS
from lab.postfix import Postfix
from lab.process import run, wait_until
from lab.site import PEOPLE, Site, letter

FILES = ("main.cf", "master.cf")
CUSTOM = "family.example"  # an iCloud+ custom domain


class PlainPostfix(Postfix):
    """A mail server that knows nothing of a gate yet."""

    def attach(self) -> None:
        pass


class PlainSite(Site):
    def __init__(self, folder: Path, programs: Path) -> None:
        super().__init__(folder, programs, {CUSTOM: ["@ MX 10 mx01.mail.icloud.com."]})
        self.postfix = PlainPostfix(folder / "postfix", PEOPLE)


class Wiring(PostfixCase):
    def setUp(self) -> None:
        super().setUp()
        self.files = {name: (self.site.postfix.config / name).read_bytes() for name in FILES}
        self.addCleanup(self.put_back)

    def put_back(self) -> None:
        """However the test ended, the next one finds the site as it was."""
        self.ctl("disable", "--all", "--yes")
        for name, content in self.files.items():
            (self.site.postfix.config / name).write_bytes(content)
        # Copies of files that were edited meanwhile are kept.
        shutil.rmtree(self.site.postfix.config / "icloud-milter", ignore_errors=True)
        if not self.site.milter.running:
            self.site.milter.start()
        self.site.postfix.reload()
        self.site.postfix.discard_queue()

    def write(self, name: str, more: str) -> None:
        with (self.site.postfix.config / name).open("a") as file:
            file.write(more)

    def ctl(self, word: str, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                self.site.milter.control_program,
                *("postfix", word, "--config", self.site.milter.config_file),
                *options,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def does(self, word: str, *options: str, status: int = 0) -> str:
        done = self.ctl(word, *options)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def state(self, config: Path | None = None) -> dict[str, object]:
        """All of both files that an administrator could miss."""
        found: dict[str, object] = {}
        for name in FILES:
            path = (config or self.site.postfix.config) / name
            status = path.stat()
            found[name] = path.read_bytes()
            found[f"{name} status"] = (
                status.st_mode,
                status.st_uid,
                status.st_gid,
                status.st_mtime_ns,
            )
        found["postconf -n"] = self.postconf("-c", str(config or "/etc/postfix"), "-n")
        found["directory"] = sorted(os.listdir(config or self.site.postfix.config))
        return found

    def postconf(self, *words: str) -> str:
        """What it says beside its warnings."""
        done = subprocess.run(["postconf", *words], capture_output=True, check=False)
        return done.stdout.decode("latin-1").strip()

    def value(self, name: str) -> str:
        return self.postconf("-x", "-h", name)

    def send(self, word: str, *to: str) -> str:
        message_id = self.site.new_id(word)
        self.site.submit(letter(message_id, ", ".join(to)), *to)
        return message_id

    def assert_judged(self, word: str) -> None:
        message_id = self.send(word, "bob@icloud.com")
        self.assertEqual(self.delivered_once(message_id).client, OUR_ADDRESS)
        self.assertEqual(self.verdicts(message_id), ["accept"])

    def assert_unjudged(self, word: str) -> None:
        message_id = self.send(word, "bob@icloud.com")
        self.assertEqual(self.delivered_once(message_id).client, OUR_ADDRESS)
        self.assertEqual(self.verdicts(message_id), [])

    # -- a plain site -----------------------------------------------------------------------

    def test_a_plain_site_is_attached_and_given_back_to_the_octet(self) -> None:
        before = self.state()
        self.assertIn("/etc/postfix: not attached", self.does("status", status=1))
        planned = self.does("plan")
        self.assertEqual(self.state(), before)
        for line in (
            "+127.0.0.1:10027 inet n - n - - smtpd",
            "+transport_maps = inline:{",
            "+smtpd_milters = unix:icloud-milter/milter.sock",
            "+# No milter, no mail: it waits in the queue, and nothing leaves unjudged.",
        ):
            self.assertIn(line, planned.splitlines())
        said = self.does("enable", "--yes")
        self.assertIn("icloud-milter refused it: \"553 5.1.3 ", said)
        self.assertIn("/etc/postfix is attached", said)
        self.assert_judged("attached")
        self.assertIn("attached since 20", self.does("status"))
        self.assertIn("nothing to do", self.does("plan"))
        self.assertIn("nothing to do", self.does("enable"))
        self.assertIn("byte for byte what they were", self.does("disable"))
        self.assertEqual(self.state(), before)
        self.assert_unjudged("detached")
        self.assertIn("was not attached", self.does("disable", status=1))

    def test_the_doctor_finds_nothing_wrong_with_what_was_attached(self) -> None:
        areas = ("--only", "postfix", "--only", "socket", "--all")
        self.assertIn("postfix.gate-missing", self.examined(*areas, status=1))
        self.does("enable")
        said = self.examined(*areas)
        for area in ("gate", "transport", "arrival", "exit"):
            self.assertIn(f"ok       postfix.{area}", said)
        self.assertIn("ok       socket.reachable", said)

    def examined(self, *words: str, status: int = 0) -> str:
        """What the doctor says, as root."""
        done = subprocess.run(
            [
                self.site.milter.control_program,
                *("doctor", "--config", self.site.milter.config_file),
                *words,
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def test_nothing_is_sent_to_find_out_whether_it_works(self) -> None:
        delivered = len(self.site.sink.deliveries)
        self.does("enable")
        self.site.postfix.wait_until_idle()
        self.assertEqual(len(self.site.sink.deliveries), delivered)
        self.assertEqual(self.site.postfix.queue(), [])

    def test_what_was_attached_by_hand_is_seen_and_left_alone(self) -> None:
        Postfix.attach(self.site.postfix)
        self.site.postfix.reload()
        attached = self.state()
        self.assertIn("attached by hand", self.does("status"))
        self.assertIn("nothing to do", self.does("enable"))
        self.assertIn("was not attached by", self.does("disable", status=1))
        self.assertEqual(self.state(), attached)

    # -- sites that have something already --------------------------------------------------

    def test_milters_and_maps_that_are_there_stay_and_stay_first(self) -> None:
        signer = "inet:127.0.0.1:8891"  # nobody is there, and mail goes on without
        routes = self.site.postfix.folder / "transport"
        routes.write_text(f"elsewhere.example smtp:[{ELSEWHERE_MX}]\n")
        self.write(
            "main.cf",
            f"signer = {signer}\nmilter_default_action = accept\n"
            f"smtpd_milters = $signer,\n# a remark\n   inet:127.0.0.1:8892\n"
            f"non_smtpd_milters = $smtpd_milters\n"
            f"transport_maps = texthash:{routes},\n  regexp:{{{{/^nobody@/ discard:}}}}\n",
        )
        run("postconf", "-P", "127.0.0.1:10025/inet/milter_default_action=accept")
        submission = f"{OUR_ADDRESS}:587/inet/smtpd_milters"
        run("postconf", "-P", f"{submission}={signer}")
        self.site.postfix.reload()
        before = self.state()
        said = self.does("enable")
        ours = "{unix:icloud-milter/milter.sock,default_action=tempfail}"
        self.assertEqual(self.value("smtpd_milters"), f"{signer}, inet:127.0.0.1:8892, {ours}")
        self.assertEqual(self.value("non_smtpd_milters"), self.value("smtpd_milters"))
        self.assertEqual(
            self.postconf("-P", "-x", "-h", submission), f"{signer},{ours}"
        )
        self.assertEqual(self.value("milter_default_action"), "accept")
        self.assertIn("127.0.0.1:10025/inet has no milters, on purpose, and is left so", said)
        self.assert_judged("among-others")
        self.delivered_once(self.send("other", "dora@elsewhere.example"))
        self.does("status")
        self.does("disable")
        self.assertEqual(self.state(), before)

    def test_a_way_of_its_own_for_apple_is_a_conflict(self) -> None:
        for table in (
            "inline:{me.com=relay:[127.0.0.1]}",
            "regexp:{{/@mac\\.com$$/ relay:[127.0.0.1]}}",
        ):
            with self.subTest(table):
                self.write("main.cf", f"transport_maps = {table}\n")
                before = self.state()
                for word in ("plan", "enable"):
                    said = self.does(word, status=1)
                    self.assertRegex(said, r"conflict: transport_maps: .* answers .relay:\[127")
                self.assertEqual(self.state(), before)

    def test_behind_the_gate_mail_goes_to_the_relay_host(self) -> None:
        self.write("main.cf", f"relayhost = [{ELSEWHERE_MX}]:25\n")
        self.site.postfix.reload()
        before = self.state()
        self.does("enable")
        message_id = self.send("relayed", "bob@icloud.com")
        self.assertEqual(self.delivered_once(message_id).host, "mx.elsewhere.example")
        self.assertEqual(self.verdicts(message_id), ["accept"])
        self.does("disable")
        self.assertEqual(self.state(), before)

    def test_a_content_filter_s_way_back_keeps_its_milters(self) -> None:
        self.write("main.cf", "smtpd_milters = inet:127.0.0.1:8891, inet:127.0.0.1:8892\n")
        self.write(
            "master.cf",
            "filter unix - - n - 2 smtp\n127.0.0.1:10026 inet n - n - - smtpd\n"
            "    -o content_filter=\n127.0.0.1:10028 inet n - n - - smtpd\n"
            "    -o content_filter=filter:[127.0.0.1]:10024",  # and no line break
        )
        self.site.postfix.reload()
        before = self.state()
        self.does("enable", "--no-probe")
        kept = self.postconf("-P", "-h", "127.0.0.1:10026/inet/smtpd_milters")
        self.assertEqual(kept, "inet:127.0.0.1:8891, inet:127.0.0.1:8892")
        self.does("disable")
        self.assertEqual(self.state(), before)

    def test_files_may_look_as_they_like(self) -> None:
        for number, (main_cf, master_cf) in enumerate(
            (
                ("smtpd_milters=\n\n# end", "# end"),
                ("smtpd_milters = inet:a:1\nsmtpd_milters =\n  # x\n\n  inet:b:2  \t\n # y\n", "\n\n"),
                ("\ttransport_maps = none:\ntransport_maps=\n", "   \n"),
                ("non_smtpd_milters = ${smtpd_milters}\nnote = \xe4\x00\x7f $ {", "#\t\xff"),
                ("smtpd_milters = {inet:a:1, default_action=accept}", "# \r\n"),
            )
        ):
            with self.subTest(number):
                for name, content in self.files.items():
                    (self.site.postfix.config / name).write_bytes(content)
                self.write_octets("main.cf", main_cf)
                self.write_octets("master.cf", master_cf)
                self.site.postfix.reload()
                before = self.state()
                self.does("enable", "--no-probe")
                milters = self.value("smtpd_milters")
                self.assertTrue(milters.endswith("unix:icloud-milter/milter.sock"), milters)
                self.assertTrue(self.value("non_smtpd_milters").endswith("milter.sock"))
                self.does("status")
                self.does("disable")
                self.assertEqual(self.state(), before)

    def write_octets(self, name: str, more: str) -> None:
        with (self.site.postfix.config / name).open("ab") as file:
            file.write(more.encode("latin-1"))

    def test_a_table_that_cannot_be_asked_is_not_put_in_place(self) -> None:
        milter = self.site.milter
        address = milter.socket.with_name("routes.sock")
        milter.configure({"routing": {"by_mx": True, "socketmap": {"address": f"unix:{address}"}}})
        self.addCleanup(milter.configure, {})
        milter.stop()
        before = self.state()
        said = self.does("enable", status=1)
        self.assertIn("+    socketmap:unix:icloud-milter/routes.sock:icloud", said)
        self.assertRegex(said, "routes.sock:icloud cannot be asked: .*; nothing was changed")
        self.assertEqual(self.state(), before)

    def test_domains_whose_mx_is_apple_s_go_through_the_gate(self) -> None:
        milter = self.site.milter
        address = milter.socket.with_name("routes.sock")
        milter.stop()
        milter.configure({"routing": {"by_mx": True, "socketmap": {"address": f"unix:{address}"}}})
        self.addCleanup(milter.configure, {})
        milter.start()
        self.addCleanup(milter.stop)
        before = self.state()
        said = self.does("enable")
        self.assertIn("+    socketmap:unix:icloud-milter/routes.sock:icloud", said)
        message_id = self.send("custom", f"eve@{CUSTOM}")
        self.assertEqual(self.delivered_once(message_id).recipients, (f"eve@{CUSTOM}",))
        self.assertEqual(self.verdicts(message_id), ["accept"])
        self.delivered_once(self.send("no-custom", "dora@elsewhere.example"))
        self.does("status")
        self.does("disable")
        self.assertEqual(self.state(), before)

    # -- several instances ------------------------------------------------------------------

    def test_of_several_instances_one_is_named(self) -> None:
        other = self.site.postfix.folder / "postfix-out"
        other.mkdir(exist_ok=True)
        queue, data = self.site.postfix.folder / "out.spool", self.site.postfix.folder / "out.data"
        queue.mkdir(exist_ok=True)
        data.mkdir(exist_ok=True)
        text = self.files["main.cf"].decode().replace(
            str(self.site.postfix.spool), str(queue)
        )
        text = text.replace(f"{self.site.postfix.folder}/data", str(data))
        text += "multi_instance_name = postfix-out\nmulti_instance_enable = no\n"
        (other / "main.cf").write_text(text)
        (other / "master.cf").write_bytes(self.files["master.cf"])
        self.write("main.cf", f"multi_instance_directories = {other}\n"
            "multi_instance_wrapper = ${command_directory}/postmulti -p --\n")
        first, second = self.state(), self.state(other)
        for word in ("plan", "enable", "disable"):
            said = self.does(word, status=2)
            self.assertIn("2 instances of Postfix; say which with --config-dir: /etc/postfix", said)
        self.does("enable", "--config-dir", str(other), "--without-arrival", "--gate-port", "10127")
        self.assertEqual(self.state(), first)
        where = ("-c", str(other), "-P", "-h")
        self.assertEqual(
            self.postconf(*where, "127.0.0.1:10127/inet/smtpd_milters"),
            f"unix:{self.site.milter.socket}",
        )
        self.assertEqual(self.postconf("-c", str(other), "-h", "smtpd_milters"), "")
        found = {one["directory"]: one for one in json.loads(self.does("status", "--json", status=1))}
        self.assertEqual(found["/etc/postfix"]["status"], "not attached")
        self.assertEqual(found[str(other)]["status"], "attached")
        self.assertEqual(found[str(other)]["lacks"], [])
        self.does("disable", "--all")
        self.assertEqual(self.state(other), second)

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
        master = self.site.postfix.config / "master.cf"
        run("mount", "--bind", master, master)  # which nothing can be renamed over
        try:
            before = self.state()
            said = self.does("enable", status=1)
            self.assertIn("cannot be replaced: Device or resource busy", said)
            self.assertEqual(self.state(), before)
        finally:
            run("umount", master)
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


if __name__ == "__main__":
    main(__name__, PlainSite)
