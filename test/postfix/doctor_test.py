# SPDX-License-Identifier: Apache-2.0
"""icloud-milterctl doctor on a whole site: healthy as it is, and each thing that is broken is named,
by its id, and nothing beside it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from support import PostfixCase, main

from lab.milter import USER, Milter
from lab.namespace import OUR_ADDRESS
from lab.process import Program, run
from lab.site import Site

GATE = "127.0.0.1:10027/inet"
PORT_25 = f"{OUR_ADDRESS}:25/inet"
RELAY = "[smtp.mail.me.com]"

# Of the machine that the test runs on, whatever the site is like.
OF_THE_MACHINE = {"clock.unsynchronised", "disk.low"}


class CarefulMilter(Milter):
    """Our daemon with the settings and the keys of the site."""

    def __init__(self, folder: Path, programs: Path, spool: Path, site: DoctorSite) -> None:
        super().__init__(folder, programs, spool)
        self._site = site

    def prepare(self) -> None:
        for file in (self._site.key, self._site.tokens):
            shutil.chown(file, USER, "postfix")
            file.chmod(0o600)
        super().prepare()

    def configure(self, changes: dict[str, Any]) -> None:
        super().configure(self._site.settings() | changes)


class DoctorSite(Site):
    """The lab's site as a careful administrator leaves it: everything that the doctor can look at is
    there and in order."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.key = folder / "arc1.pem"
        self.tokens = folder / "unsubscribe.keys"
        self._programs = programs
        written = self._ctl("keys", "generate", "--domain", "corp.example", "--selector", "arc1",
                            "--out", str(self.key))
        self.tokens.write_text(secrets.token_hex(32) + "\n")
        record = next(line for line in written.splitlines() if line.startswith("arc1._domainkey"))
        zones = {
            "corp.example": [
                f'@ TXT "v=spf1 ip4:{OUR_ADDRESS} -all"',
                '_dmarc TXT "v=DMARC1; p=reject"',
                record,
                record.replace("arc1.", "news.", 1),
                *(f's{number} TXT "v=spf1 ip4:203.0.113.{number}"' for number in range(11)),
            ]
        }
        super().__init__(folder, programs, zones)
        self.milter = CarefulMilter(folder / "milter", programs, self.postfix.spool, self)
        self.page = Program(
            [programs / "icloud-milterctl", "unsubscribe", "serve", "--config",
             self.milter.config_file],
            folder / "page.log",
            user=USER,
            group="postfix",
        )

    def settings(self) -> dict[str, Any]:
        return {
            "egress": {"addresses": [OUR_ADDRESS], "helo": "mx.corp.example"},
            "streams": [
                {"name": "letters", "kind": "transactional", "from_domains": ["corp.example"]}
            ],
            "private_relay": {"sources": ["corp.example"]},
            "arc_sealing": {
                "mode": "enforce",
                "keys": [{"domain": "corp.example", "selector": "arc1", "file": str(self.key)}],
            },
            "unsubscribe": {
                "url": "https://page.corp.example/unsubscribe",
                "key_file": str(self.tokens),
                "endpoint": {"address": "inet:8058@127.0.0.1"},
            },
        }

    def __enter__(self) -> DoctorSite:
        super().__enter__()
        self.start_page()
        return self

    def __exit__(self, *what: Any) -> None:
        self.page.stop()
        super().__exit__(*what)

    def start_page(self) -> None:
        def listens() -> bool:
            return "00000000:1F7A" in _tcp() or "0100007F:1F7A" in _tcp()

        self.page.start(ready=listens)

    def _ctl(self, *words: str) -> str:
        return run(self._programs / "icloud-milterctl", *words)


def _tcp() -> str:
    return Path("/proc/net/tcp").read_text()


class DoctorTest(PostfixCase):
    site: DoctorSite  # type: ignore[misc]

    # -- asking -----------------------------------------------------------------------------

    def doctor(self, *words: str) -> tuple[int, list[dict[str, str]]]:
        """As root, which can be Postfix's user."""
        done = subprocess.run(
            [self.site.milter.control_program, "doctor", "--json", "--selector", "news",
             "--config", self.site.milter.config_file, *words],
            capture_output=True, text=True, timeout=120, check=False,
        )
        self.assertEqual(done.stderr, "")
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def problems(self, *words: str) -> set[str]:
        status, findings = self.doctor(*words)
        ids = {one["id"] for one in findings if one["grade"] in ("warning", "fault")}
        self.assertEqual(status, 1 if ids else 0, findings)
        self.assertTrue(all(one["remedy"] for one in findings if one["grade"] != "ok"), findings)
        return ids - OF_THE_MACHINE

    def assert_found(self, *ids: str) -> None:
        self.assertEqual(self.problems(), set(ids))

    def evidence(self, name: str) -> str:
        """Of all findings of this name."""
        _, findings = self.doctor("--only", "postfix")
        return "; ".join(one["found"] for one in findings if one["id"] == name)

    # -- breaking, and mending again ------------------------------------------------------------

    @contextmanager
    def postfix(self, *commands: tuple[str, ...]) -> Iterator[None]:
        """What postconf is told to change; the doctor reads files, so nothing is reloaded."""
        kept = {
            name: (self.site.postfix.config / name).read_bytes() for name in ("main.cf", "master.cf")
        }
        try:
            for command in commands:
                run("postconf", *command)
                self._age(kept)
            yield
        finally:
            for name, content in kept.items():
                (self.site.postfix.config / name).write_bytes(content)
            self._age(kept)

    def _age(self, names: Iterable[str]) -> None:
        """Postfix's programs wait while a file may still be written to, until it is 2 s old."""
        for name in names:
            os.utime(self.site.postfix.config / name, (0, 0))

    def zone(self, name: str, old: str, new: str) -> AbstractContextManager[None]:
        """Another text in the name server's zone."""
        return self.site.names.changed(name, old, new)

    # -- the site as it is ------------------------------------------------------------------------

    def test_a_site_in_order_is_healthy(self) -> None:
        self.assert_found()
        _, findings = self.doctor()
        ids = {one["id"] for one in findings}
        for expected in (
            "configuration.read", "daemon.answers", "socket.reachable", "postfix.gate",
            "postfix.transport", "postfix.arrival", "postfix.exit", "egress.reverse", "egress.helo",
            "domain.spf", "domain.mail-from", "domain.dkim", "domain.dmarc", "domain.relay",
            "disk.space", "store.answers", "key.published", "unsubscribe.answers",
        ):
            self.assertIn(expected, ids)
        self.assertTrue(any(one.startswith("clock.") for one in ids))

    def test_it_names_the_areas_asked_for_and_no_other(self) -> None:
        _, findings = self.doctor("--only", "egress", "--only", "store")
        self.assertEqual({one["area"] for one in findings}, {"egress", "store"})

    # -- one thing broken at a time ---------------------------------------------------------------

    def test_the_daemon_is_down(self) -> None:
        self.site.milter.stop()
        self.addCleanup(self.site.milter.start)
        self.assert_found("daemon.silent")

    def test_the_configuration_has_an_error(self) -> None:
        self.addCleanup(self.site.milter.reload_with, {})
        self.site.milter.config_file.write_text("egress: {addresses: nonsense}\n")
        self.assert_found("configuration.errors")

    def test_the_configuration_is_newer_than_what_the_daemon_read(self) -> None:
        self.addCleanup(self.site.milter.reload_with, {})
        os.utime(self.site.milter.config_file)
        self.assert_found("daemon.older-configuration")

    def test_postfix_may_not_open_the_socket(self) -> None:
        self.site.milter.socket.chmod(0o600)
        self.addCleanup(self.site.milter.socket.chmod, 0o660)
        self.assert_found("socket.unreachable")

    def test_postfix_may_not_pass_a_directory_above_the_socket(self) -> None:
        folder = self.site.milter.socket.parent
        folder.chmod(0o700)
        self.addCleanup(folder.chmod, 0o750)
        self.assert_found("socket.unreachable")

    def test_the_gate_has_not_its_name(self) -> None:
        with self.postfix(("-PX", f"{GATE}/milter_macro_daemon_name")):
            self.assert_found("postfix.gate-name")

    def test_the_gate_has_not_the_milter(self) -> None:
        with self.postfix(("-P", f"{GATE}/smtpd_milters=")):
            self.assert_found("postfix.gate-missing")

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

    def table(self, kind: str, *lines: str) -> str:
        file = self.site.postfix.folder / "table"
        file.write_text("".join(f"{line}\n" for line in lines))
        self.addCleanup(file.unlink, missing_ok=True)
        return f"{kind}:{file}"

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
        self.assertLess(time.monotonic() - began, 25)

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

    def test_the_address_has_no_name(self) -> None:
        last = OUR_ADDRESS.rpartition(".")[2]
        with self.zone("2.0.192.in-addr.arpa", f"{last} PTR mx.corp.example.", ""):
            self.assert_found("egress.reverse-missing")

    def test_helo_does_not_resolve(self) -> None:
        self.configure({"egress": {"addresses": [OUR_ADDRESS], "helo": "nowhere.corp.example"}})
        self.assert_found("egress.helo-unresolved")

    def test_spf_lacks_our_address(self) -> None:
        with self.zone("corp.example", f"ip4:{OUR_ADDRESS} -all", "ip4:203.0.113.9 -all"):
            self.assert_found("domain.spf-fail")

    def test_spf_needs_too_many_lookups(self) -> None:
        # Each a character-string of its own: one holds 255 octets (RFC 1035 section 3.3).
        includes = "".join(f'" " include:s{number}.corp.example' for number in range(11))
        with self.zone("corp.example", f"{OUR_ADDRESS} -all", f"{OUR_ADDRESS}{includes} -all"):
            self.assert_found("domain.spf-lookups")

    def test_the_dkim_key_is_gone(self) -> None:
        with self.zone("corp.example", "news._domainkey", "old._domainkey"):
            self.assert_found("domain.dkim-missing")

    def test_the_key_that_seals_is_not_published(self) -> None:
        with self.zone("corp.example", "arc1._domainkey", "old._domainkey"):
            self.assert_found("key.unpublished")

    def test_the_key_that_seals_is_another_than_the_published_one(self) -> None:
        other = self.site.key.with_name("other.pem")
        self.site._ctl("keys", "generate", "--domain", "corp.example", "--selector", "arc1",
                       "--out", str(other))
        self.addCleanup(other.unlink)
        shutil.chown(other, USER, "postfix")
        sealing = self.site.settings()["arc_sealing"]
        sealing["keys"][0]["file"] = str(other)
        self.configure({"arc_sealing": sealing})
        self.assert_found("key.differs")

    def test_there_is_no_dmarc_record(self) -> None:
        with self.zone("corp.example", '_dmarc TXT "v=DMARC1; p=reject"', ""):
            self.assert_found("domain.dmarc-missing")

    def test_bounces_have_nowhere_to_go(self) -> None:
        with self.zone("corp.example", "@ MX 10 mx", ""):
            self.assert_found("domain.mail-from-unresolved")

    def test_the_domain_is_not_registered_for_relay_addresses(self) -> None:
        self.configure({"private_relay": {"sources": ["other.example"]}})
        self.assert_found("domain.relay-unregistered")

    def test_the_store_is_damaged(self) -> None:
        self.site.milter.stop()
        self.addCleanup(self.site.milter.start)
        store = self.site.milter.folder / "store.db"
        kept = store.read_bytes()
        self.addCleanup(store.write_bytes, kept)
        store.write_bytes(kept[:4096] + b"x" * 8192 + kept[12288:])
        self.assertEqual(self.problems() - {"daemon.silent"}, {"store.damaged"})

    def test_the_daemon_may_not_write_its_log(self) -> None:
        log = self.site.milter.decisions_file
        shutil.chown(log, "root", "root")
        log.chmod(0o600)
        self.addCleanup(shutil.chown, log, USER, "postfix")
        self.assert_found("disk.unwritable")

    def test_the_unsubscribe_page_is_down(self) -> None:
        self.site.page.stop()
        self.addCleanup(self.site.start_page)
        self.assert_found("unsubscribe.silent")

    def test_an_icloud_account_is_used_as_relay_host_without_care(self) -> None:
        with self.postfix(("-P", f"{GATE}/content_filter=icloud-out:{RELAY}:25")):
            self.assert_found(
                "relay.port", "relay.tls", "relay.login", "relay.sender", "relay.limits"
            )

    def test_an_icloud_account_is_used_as_relay_host_with_care(self) -> None:
        self.configure({"throttle": {"mode": "enforce", "preset": "icloud-account"}})
        out = "icloud-out/unix"
        with self.postfix(
            ("-P", f"{GATE}/content_filter=icloud-out:{RELAY}:587"),
            ("-P", f"{out}/smtp_tls_security_level=encrypt"),
            ("-P", f"{out}/smtp_sasl_auth_enable=yes"),
            ("-e", f"lab_passwords=inline:{{ {{ {RELAY}:587 = ann:secret }} }}"),
            ("-P", f"{out}/smtp_sasl_password_maps=$lab_passwords"),
            ("-e", "lab_senders=inline:{{@corp.example=ann@icloud.com}}"),
            ("-P", f"{out}/smtp_generic_maps=$lab_senders"),
        ):
            self.assert_found()
            _, findings = self.doctor("--only", "relay")
            self.assertEqual([one["id"] for one in findings], ["relay.wired"])
            self.assertNotIn("secret", json.dumps(findings))


if __name__ == "__main__":
    main(__name__, DoctorSite)
