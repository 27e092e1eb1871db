# SPDX-License-Identifier: Apache-2.0
"""icloud-milterctl postfix attaches to a Postfix as it finds it, and gives it back as it was."""

from __future__ import annotations

import json
import subprocess

from support import main
from wiring_case import CUSTOM, PlainSite, WiringCase

from lab.namespace import ELSEWHERE_MX, OUR_ADDRESS
from lab.postfix import Postfix
from lab.process import run


class Wiring(WiringCase):
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
            timeout=400,
            check=False,
        )
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def test_nothing_is_sent_to_find_out_whether_it_works(self) -> None:
        delivered = len(self.site.sink.deliveries)
        decided = len(self.site.milter.decisions())
        self.does("enable")
        self.site.postfix.wait_until_idle()
        self.assertEqual(len(self.site.milter.decisions()), decided)  # nobody's mail was refused
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
                said = self.does("plan", status=1)
                self.assertIn("+icloud-gate unix - - n - - smtp", said)
                for said in (said, self.does("enable", status=1)):
                    *_, conflict, last = said.splitlines()
                    self.assertRegex(conflict, r"conflict: transport_maps: .* answers .relay:\[127")
                    self.assertEqual(last, "nothing was changed")
                self.assertNotIn("+icloud-gate", said)
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
        other = self.other_instance(self.site.postfix.folder / "postfix-out")
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


if __name__ == "__main__":
    main(__name__, PlainSite)
