# SPDX-License-Identifier: Apache-2.0
"""icloud-milterctl postfix disable: the mail that waits leaves, and what others wrote since stays."""

from __future__ import annotations

import json
import shutil
import smtplib
import time

from support import ROOT, main
from wiring_case import FILES, PlainSite, WiringCase

from lab.postfix import UNCOVERED
from lab.process import run, wait_until


class Detaching(WiringCase):
    def test_what_was_edited_since_stays(self) -> None:
        self.write("main.cf", "smtpd_milters = inet:127.0.0.1:8891\nmilter_default_action = accept\n")
        self.site.postfix.reload()
        self.does("enable", "--no-probe")
        self.write("main.cf", "# mine\nsmtp_helo_timeout = 7s\n")
        text = (self.site.postfix.config / "master.cf").read_text()
        text = text.replace("# icloud-milter: end.", "later unix - - n - - smtp\n# icloud-milter: end.")
        text = text.replace("smtpd_error_sleep_time=0", "smtpd_error_sleep_time=1")
        (self.site.postfix.config / "master.cf").write_text(text)
        said = self.does("status", status=1)
        self.assertRegex(said, 'drift .*"enable" wrote, 127.0.0.1:10027 inet is changed\\n')
        self.assertRegex(said, 'drift .*"enable" wrote, later unix is new\\n')
        self.assertNotIn("disable takes", said)
        self.assertIn('mend     "icloud-milterctl postfix disable", then', said)
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

    def test_a_limit_that_is_tuned_as_the_lines_say_is_no_drift(self) -> None:
        before = self.state()
        self.does("enable", "--no-probe")
        self.assertIn("# Change the values of icloud-out_", (self.site.postfix.config / "main.cf").read_text())
        run("postconf", "icloud-out_destination_concurrency_limit=3")
        run("postconf", "-P", "icloud-out/unix/smtp_helo_timeout=7s")
        self.assertNotIn("drift", self.does("status"))
        self.does("disable")
        self.assertEqual(self.value("icloud-out_destination_concurrency_limit"), "")
        for name in FILES:
            self.assertEqual(self.state()[name].strip(), before[name].strip())

    def test_what_leads_around_the_gate_since_is_seen(self) -> None:
        self.does("enable", "--no-probe")
        people = self.site.postfix.folder / "people"
        people.write_text("bob@icloud.com smtp:[elsewhere.example]\n")
        self.addCleanup(people.unlink)
        run("postconf", f"transport_maps={self.value('transport_maps')}, texthash:{people}")
        (note,) = json.loads(self.does("status", "--json"))[0]["notes"]
        self.assertIn("smtp:[elsewhere.example]\" for bob@icloud.com", note)
        run("postconf", "default_filter_nexthop=[mx.corp.example]")
        self.assertRegex(
            self.does("status", status=1), r"lacks .*default_filter_nexthop = \[mx.corp.example\]"
        )

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

    def test_among_many_messages_that_wait_those_that_had_passed_leave(self) -> None:
        """With more recipients than a program is listened to about, and one that cannot be read."""
        self.does("enable")
        self.site.sink.answer("RCPT TO:<bob@icloud", "451 4.3.0 later")
        passed = [self.send(f"passed-{number}", "bob@icloud.com") for number in range(3)]
        held, queue = self.send("held", "bob@icloud.com"), self.site.postfix.queue

        waiting: set[str] = set()  # each is tried every second or so

        def all_wait() -> bool:
            waiting.update(one.queue_id for one in queue() if "later" in one.reason)
            return len(waiting) == 4

        wait_until("mail waits behind the gate", all_wait)
        (held_id,) = (one for one in waiting if held in run("postcat", "-hq", one))
        run("postsuper", "-h", held_id)
        self.send_to_many(messages=50, recipients=90)
        # What a broken disk has left of a message.
        broken = self.site.postfix.spool / "hold" / "B0000000001"
        broken.write_text("nonsense")
        broken.chmod(0o700)
        shutil.chown(broken, "postfix")
        said = self.does("disable")
        self.assertIn("3 messages that had passed the gate were queued anew", said)
        self.assertIn(f"on hold, and stay so: {held_id};", said)
        self.site.sink.answer_as_usual()
        self.site.postfix.flush()
        for message_id in passed:
            self.site.sink.wait_for(message_id, seconds=180)

    def send_to_many(self, messages: int, recipients: int) -> None:
        """They are held. Each recipient takes 2.5 KiB of the envelope."""
        self.site.postfix.set_service("127.0.0.1:10025/inet", smtpd_client_restrictions="static:HOLD")
        name = "x" * 800
        with smtplib.SMTP("127.0.0.1", UNCOVERED) as client:
            client.ehlo()
            for _ in range(messages):
                client.mail("ann@corp.example")
                for number in range(recipients):
                    address = f"{name}{number}@elsewhere.example"
                    client.rcpt(address, [f"ORCPT=rfc822;{address}"])
                client.data("Subject: many\r\n\r\nHello\r\n")

    def test_mail_that_could_not_be_queued_anew_is_by_a_second_run(self) -> None:
        before = self.state()
        self.does("enable")
        self.site.sink.answer("RCPT TO:<bob@icloud", "451 4.3.0 later")
        message_id = self.send("waiting", "bob@icloud.com")
        queue = self.site.postfix.queue
        wait_until(
            "the mail waits behind the gate",
            lambda: any("later" in one.reason and one.queue == "deferred" for one in queue()),
        )
        # Into which postsuper would move it.
        maildrop = self.site.postfix.spool / "maildrop"
        run("mount", "--bind", "-o", "ro", maildrop, maildrop)
        try:
            said = self.does("disable", status=1)
        finally:
            run("umount", maildrop)
        self.assertIn("mail that has passed the gate and is still in the queue cannot leave", said)
        self.assertIn("1 message that had passed the gate was queued anew", self.does("disable"))
        self.assertEqual(self.state(), before)
        self.site.sink.answer_as_usual()
        time.sleep(1)
        self.site.postfix.wait_until_empty()
        self.assertEqual(self.delivered_once(message_id).recipients, ("bob@icloud.com",))

    def test_what_postconf_wrote_into_our_lines_stays(self) -> None:
        self.does("enable")
        run("postconf", "-e", "smtpd_milters = inet:127.0.0.1:8891, unix:icloud-milter/milter.sock")
        run("postconf", "-e", "transport_maps = regexp:{{/^nobody@/ discard:}}, " + self.value("transport_maps"))
        run("postconf", "-e", "milter_default_action = accept")
        self.site.postfix.reload()
        self.does("disable")
        self.assertEqual(self.value("smtpd_milters"), "inet:127.0.0.1:8891")
        self.assertEqual(self.value("non_smtpd_milters"), "")
        self.assertEqual(self.value("transport_maps"), "regexp:{{/^nobody@/ discard:}}")
        self.assertEqual(self.value("milter_default_action"), "accept")
        self.assertNotIn("icloud", self.postconf("-n"))
        self.assert_unjudged("by-postconf")

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
