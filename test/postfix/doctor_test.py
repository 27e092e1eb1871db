# SPDX-License-Identifier: Apache-2.0
"""icloud-milterctl doctor on a whole site: healthy as it is, and each thing that is broken is named,
by its id, and nothing beside it."""

from __future__ import annotations

import json
import os
import shutil

from doctor_case import GATE, OF_THE_MACHINE, RELAY, DoctorCase, DoctorSite
from doctor_on_postfix import DoctorOnPostfix
from support import main

from lab.milter import USER
from lab.namespace import OUR_ADDRESS

PARTS = (DoctorOnPostfix,)  # run with these, in the same site


class DoctorTest(DoctorCase):
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
        self.assert_found("daemon.silent", "postfix.gate-silent")

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
        self.assert_found("socket.unreachable", "postfix.gate-silent")
        said = self.evidence("socket.unreachable", "socket")
        self.assertIn("every directory above it lets postfix pass, the socket itself does not", said)

    def test_postfix_may_not_pass_a_directory_above_the_socket(self) -> None:
        folder = self.site.milter.socket.parent
        folder.chmod(0o700)
        self.addCleanup(folder.chmod, 0o750)
        self.assert_found("socket.unreachable", "postfix.gate-silent")
        said = self.evidence("socket.unreachable", "socket")
        self.assertIn(f"Permission denied: postfix may not pass {folder}", said)

    def test_who_is_not_root_finds_no_faults_that_are_none(self) -> None:
        store = self.site.milter.folder / "store.db"
        kept = store.stat().st_mode & 0o777
        store.chmod(kept & 0o770)
        self.addCleanup(store.chmod, kept)
        _, findings = self.doctor(user="nobody", group="nogroup", extra_groups=())
        found = {one["id"]: one for one in findings if one["grade"] != "ok"}
        bad = {name for name, one in found.items() if one["grade"] != "note"}
        self.assertEqual(bad - OF_THE_MACHINE, set(), found)
        for name in ("store.not-seen", "key.not-seen", "disk.unknown", "socket.not-tried"):
            self.assertIn("as root", found[name]["remedy"])
        self.assertIn("neither root nor the daemon's user", found["disk.unknown"]["found"])

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
        self.assertEqual(self.problems() - {"daemon.silent", "postfix.gate-silent"}, {"store.damaged"})

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
