# SPDX-License-Identifier: Apache-2.0
"""icloud-milterctl doctor on the wiring of Postfix; doctor_test.py runs these."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time

from doctor_case import GATE, PORT_25, DoctorCase

from lab.process import run, wait_until


class DoctorOnPostfix(DoctorCase):
    def test_the_gate_has_not_its_name(self) -> None:
        with self.postfix(("-PX", f"{GATE}/milter_macro_daemon_name")):
            self.assert_found("postfix.gate-name")

    def test_the_gate_has_not_the_milter(self) -> None:
        with self.postfix(("-P", f"{GATE}/smtpd_milters=")):
            self.assert_found("postfix.gate-missing")

    def test_what_mail_for_apple_needs_is_switched_off(self) -> None:
        for disabled in ("127.0.0.1:10027.inet", "icloud-out/unix", "!icloud-out/unix icloud-gate/unix"):
            with self.postfix(("-e", f"master_service_disable={disabled}")):
                self.assert_found("postfix.service-disabled")
        for transport in ("icloud-gate", "icloud-out"):
            with self.postfix(("-e", f"defer_transports=other, {transport}")):
                self.assert_found("postfix.transport-deferred")

    def test_the_gate_is_asked(self) -> None:
        def says(name: str) -> bool:
            return self.problems("--only", "postfix") == {name}

        self.addCleanup(run, "postfix", "reload")
        with self.postfix(("-M", f"{GATE}=127.0.0.1:10027 inet n - n - - smtpd")):
            run("postfix", "reload")
            time.sleep(1)  # until the old one has gone
        wait_until("the gate judges nothing", lambda: says("postfix.gate-unjudged"))
        with self.postfix(("-e", "master_service_disable=127.0.0.1:10027.inet")):
            run("postfix", "reload")
            time.sleep(1)
        wait_until("the gate is closed", lambda: says("postfix.gate-silent"), seconds=180)

    def test_postfix_is_stopped(self) -> None:
        self.addCleanup(self.site.postfix.start)
        self.site.postfix.stop()
        self.assert_found("postfix.stopped")

    def test_there_is_no_gate_at_all(self) -> None:
        with self.postfix(("-MX", GATE), ("-e", "transport_maps=")):
            self.assert_found("postfix.gate-missing")

    def test_the_gate_lets_mail_leave_while_the_daemon_is_down(self) -> None:
        with self.postfix(("-P", f"{GATE}/milter_default_action=accept")):
            self.assert_found("postfix.default-action")

    def test_the_gate_expands_aliases_again(self) -> None:
        with self.postfix(("-P", f"{GATE}/receive_override_options=no_header_body_checks")):
            self.assert_found("postfix.gate-rewrites")

    def test_a_way_in_has_not_the_milter(self) -> None:
        with self.postfix(("-P", f"{PORT_25}/smtpd_milters=")):
            self.assert_found("postfix.arrival-uncovered")

    def test_a_way_in_has_the_milter_for_some_clients_alone(self) -> None:
        maps = "smtpd_milter_maps=inline:{{198.51.100.7=DISABLE}}"
        with self.postfix(("-e", maps)):
            self.assert_found("postfix.arrival-uncovered")
            self.assertIn("by client", self.evidence("postfix.arrival-uncovered"))
            status = subprocess.run([self.site.milter.control_program, "postfix", "status", "--config",
                                     self.site.milter.config_file],
                                    capture_output=True, text=True, timeout=400, check=False)
            self.assertEqual(status.returncode, 1, status)
            self.assertIn(f"lacks    mail that comes in by {PORT_25} need not", status.stdout)

    def test_of_several_instances_none_is_named(self) -> None:
        other = self.site.postfix.folder / "postfix-out"
        other.mkdir()
        self.addCleanup(shutil.rmtree, other)
        (other / "main.cf").write_text("multi_instance_name = postfix-out\n")
        with self.postfix(("-e", f"multi_instance_directories={other}")):
            for area in ("postfix", "socket", "relay"):
                self.assertEqual(self.problems("--only", area), {"postfix.unread"})
            self.assertIn("say which with --postfix-config: ", self.evidence("postfix.unread"))
            here = ("--only", "postfix", "--only", "socket", "--postfix-config", "/etc/postfix")
            self.assertEqual(self.problems(*here), set())

    def test_sendmail_has_not_the_milter(self) -> None:
        with self.postfix(("-e", "non_smtpd_milters=")):
            self.assert_found("postfix.arrival-local-uncovered")

    def test_sendmail_has_another_milter_alone_which_stays(self) -> None:
        with self.postfix(("-e", "non_smtpd_milters=inet:127.0.0.1:8891")):
            self.assert_found("postfix.arrival-local-uncovered")
            _, findings = self.doctor()
            remedies = " ".join(one["remedy"] for one in findings)
            self.assertIn("non_smtpd_milters = inet:127.0.0.1:8891, unix:", remedies)

    def test_another_milter_comes_after_ours(self) -> None:
        both = "smtpd_milters=unix:icloud-milter/milter.sock, inet:127.0.0.1:8891"
        with self.postfix(("-e", both)):
            self.assert_found("postfix.milter-order")

    def test_another_milter_before_ours_is_none_of_its_business(self) -> None:
        both = "smtpd_milters=inet:127.0.0.1:8891, unix:icloud-milter/milter.sock"
        with self.postfix(("-e", both)):
            self.assert_found()

    def test_the_transport_map_misses_a_domain(self) -> None:
        maps = run("postconf", "-hx", "transport_maps").strip()
        less = maps.replace("{me.com=icloud-gate:[127.0.0.1]:10027}", "")
        self.assertNotEqual(less, maps)
        with self.postfix(("-e", f"transport_maps={less}")):
            self.assert_found("postfix.transport-missing")
            _, findings = self.doctor("--only", "postfix")
            (one,) = [one for one in findings if one["id"] == "postfix.transport-missing"]
            self.assertEqual(one["subject"], "me.com")

    def test_postfix_may_ask_the_daemon_which_way_mail_goes(self) -> None:
        milter = self.site.milter
        routes = milter.socket.with_name("routes.sock")
        milter.stop()
        milter.configure({"routing": {"socketmap": {"address": f"unix:{routes}"}}})
        milter.start()
        self.addCleanup(milter.start)
        self.addCleanup(milter.configure, {})
        self.addCleanup(milter.stop)
        asked = "socketmap:unix:icloud-milter/routes.sock:icloud"
        with self.postfix(("-e", f"transport_maps={asked}")):
            self.assert_found()

    def test_a_warning_of_postfix_beside_a_table_is_no_error(self) -> None:
        maps = run("postconf", "-hx", "transport_maps").strip()
        other = self.table("texthash", "elsewhere.example smtp:")
        with self.postfix(("-e", f"transport_maps={other}, {maps}")):
            with (self.site.postfix.config / "main.cf").open("a") as file:
                file.write("biff = yes\n")
            self._age(["main.cf"])
            self.assertIn("overriding earlier entry", run("postmap", "-q", "elsewhere.example", other))
            self.assert_found()

    def test_a_table_of_patterns_may_lead_to_the_gate(self) -> None:
        gate = "icloud-gate:[127.0.0.1]:10027"
        domains = r"(icloud|me|mac|private\.icloud|privaterelay\.appleid)\.com"
        with self.postfix(("-e", f"transport_maps={self.table('regexp', f'/@{domains}$/ {gate}')}")):
            self.assert_found()

    def test_a_table_of_patterns_leads_past_the_gate(self) -> None:
        maps = run("postconf", "-hx", "transport_maps").strip()
        everything = self.table("regexp", "/./ smtp:[relay.example]")
        with self.postfix(("-e", f"transport_maps={everything}, {maps}")):
            self.assert_found("postfix.transport-missing")
        # What is for domains is never asked of patterns.
        domain = self.table("regexp", "/^icloud.com$/ smtp:[relay.example]")
        with self.postfix(("-e", f"transport_maps={domain}, {maps}")):
            self.assert_found()

    def test_single_people_are_led_past_the_gate(self) -> None:
        maps = run("postconf", "-hx", "transport_maps").strip()
        people = self.table("texthash", "bob@icloud.com smtp:[elsewhere.example]",
                            "eve@icloud.com icloud-gate:[127.0.0.1]:10027", "ann@corp.example smtp:")
        with self.postfix(("-e", f"transport_maps={maps}, {people}")):
            self.assert_found("postfix.address-past-gate")
            said = self.evidence("postfix.address-past-gate")
            self.assertEqual(said, "leads bob@icloud.com by smtp:[elsewhere.example]")
        patterns = self.table("regexp", r"/^bob@icloud\.com$/ smtp:[elsewhere.example]")
        with self.postfix(("-e", f"transport_maps={patterns}, {maps}")):
            self.assert_found()
            self.assertIn(patterns, self.evidence("postfix.table-unlisted"))

    def test_mail_behind_the_gate_is_sent_elsewhere_than_to_apple(self) -> None:
        with self.postfix(("-e", "default_filter_nexthop=[mx.corp.example]")):
            self.assert_found("postfix.exit-diverted")
        with self.postfix(("-e", "default_filter_nexthop=[mx.corp.example]", "relayhost=[mx.corp.example]")):
            self.assert_found()

    def test_a_filter_sends_mail_past_the_gate(self) -> None:
        with self.postfix(("-P", f"{PORT_25}/content_filter=smtp:")):
            self.assert_found("postfix.filter-past-gate")
        with self.postfix(("-P", "pickup/unix/content_filter=smtp:")):
            self.assert_found("postfix.filter-past-gate")
        with self.postfix(("-P", f"{PORT_25}/content_filter=smtp:[filter.corp.example]:10024")):
            self.assert_found("postfix.filter-elsewhere")
            self.assertIn("filter.corp.example", self.evidence("postfix.filter-elsewhere"))

    def test_a_table_filters_mail_past_the_gate(self) -> None:
        for setting in (
            "header_checks=static:{FILTER smtp:}",
            "smtpd_data_restrictions=check_client_access static:{FILTER smtp:}",
        ):
            with self.postfix(("-e", setting)):
                self.assert_found("postfix.filter-in-table")
        with self.postfix(("-e", "body_checks=pcre:/nowhere/checks")):
            self.assert_found()
            self.assertIn("/nowhere/checks", self.evidence("postfix.filter-unread"))

    def test_mail_that_the_gate_defers_falls_back_past_it(self) -> None:
        with self.postfix(("-P", "icloud-gate/unix/smtp_fallback_relay=[mx.corp.example]")):
            self.assert_found("postfix.gate-fallback")

    def test_the_tables_of_main_cf_are_not_those_that_are_asked(self) -> None:
        with self.postfix(("-P", "rewrite/unix/transport_maps=")):
            self.assert_found("postfix.transport-missing")

    def test_a_table_cannot_be_asked(self) -> None:
        maps = run("postconf", "-hx", "transport_maps").strip()
        with self.postfix(("-e", f"transport_maps={maps}, texthash:/nowhere/table")):
            self.assert_found("postfix.transport-broken")

    def test_a_table_never_answers(self) -> None:
        maps = run("postconf", "-hx", "transport_maps").strip()
        with socket.create_server(("127.0.0.1", 0)) as silent:
            table = f"tcp:127.0.0.1:{silent.getsockname()[1]}"
            with self.postfix(("-e", f"transport_maps={maps}, {table}")):
                began = time.monotonic()
                self.assert_found("postfix.transport-broken")
        self.assertLess(time.monotonic() - began, 90)

    def test_where_a_content_filter_hands_mail_back_no_milter_is_missed(self) -> None:
        back = "127.0.0.1:10025/inet"
        checks = "no_header_body_checks,no_unknown_recipient_checks"
        with self.postfix(  # as amavis has it
            ("-PX", f"{back}/smtpd_milters"),
            ("-P", f"{back}/receive_override_options={checks},no_milters"),
        ):
            self.assert_found()
        with self.postfix(  # a signer alone
            ("-P", f"{PORT_25}/content_filter=smtp:[127.0.0.1]:10024"),
            ("-P", f"{back}/content_filter="),
            ("-P", f"{back}/smtpd_milters=inet:127.0.0.1:8891"),
        ):
            self.assert_found()
        with self.postfix(("-PX", f"{back}/smtpd_milters"), ("-e", "smtpd_milters=")):
            self.assertIn("postfix.arrival-uncovered", self.problems())

    def test_who_relays_without_a_login_and_is_not_named_is_told(self) -> None:
        with self.postfix(("-e", "mynetworks=127.0.0.0/8 [::1]/128 198.51.100.0/24 [2001:db8::]/32")):
            self.assert_found()
            self.assertIn(
                "198.51.100.0/24, 2001:db8::/32: may relay", self.evidence("postfix.networks-untold")
            )
        with self.postfix(("-e", "mynetworks=127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128")):
            self.assertEqual(self.evidence("postfix.networks-untold"), "")

    def test_an_arrival_that_the_gate_is_not_told_of_is(self) -> None:
        milter = self.site.milter
        milter.stop()
        milter.configure({"arrival": {"authserv_id": "mx.corp.example", "covered": False}})
        milter.start()
        self.addCleanup(milter.start)
        self.addCleanup(milter.configure, {})
        self.addCleanup(milter.stop)
        self.assertIn("arrival.covered is no", self.evidence("postfix.arrival-untold"))

    def test_postfix_gives_the_milter_up_too_early(self) -> None:
        for timeout in ("milter_content_timeout=10s", "milter_command_timeout=5s"):
            with self.postfix(("-e", timeout)):
                self.assert_found("postfix.milter-timeout")

    def test_mail_comes_to_the_gate_for_ever(self) -> None:
        with self.postfix(("-P", f"{GATE}/content_filter=")):
            self.assert_found("postfix.exit-missing")
        with self.postfix(("-P", f"{GATE}/content_filter=icloud-gate:[127.0.0.1]:10027")):
            self.assert_found("postfix.exit-missing")

    def test_the_way_out_is_not_there(self) -> None:
        with self.postfix(("-MX", "icloud-out/unix")):
            self.assert_found("postfix.exit-unknown")

    def test_the_way_out_breaks_long_lines(self) -> None:
        with self.postfix(("-P", "icloud-out/unix/smtp_line_length_limit=500")):
            self.assert_found("postfix.exit-changes-body")
