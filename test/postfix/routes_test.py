# SPDX-License-Identifier: Apache-2.0
"""Postfix asks the daemon which mail goes to the gate: domains whose mail servers are Apple's do."""

from __future__ import annotations

import socket
import struct
import subprocess
import threading
import time
from pathlib import Path
from typing import ClassVar

from support import PostfixCase, main

from lab.client import Refused
from lab.process import wait_until
from lab.site import Site, letter

MX = 15  # RFC 1035 section 3.2.2
FORWARDER = 5353

# Domains that their people took to iCloud+, one that filters its mail before, and one whose owner
# has a server of his own beside Apple's.
PLUS = ["@ MX 10 mx01.mail.icloud.com.", "@ MX 10 mx02.mail.icloud.com."]
ZONES = {
    "plus.example": PLUS,
    "late.example": PLUS,
    "often.example": PLUS,
    "fresh.example": PLUS,
    "filtered.example": ["@ MX 5 mx.elsewhere.example.", "@ MX 10 mx01.mail.icloud.com."],
    "half.example": ["@ MX 10 mx.elsewhere.example.", "@ MX 10 mx01.mail.icloud.com."],
}
DEAD = "dead.example"  # nobody answers for a name below it


class Forwarder(threading.Thread):
    """Stands between the daemon and the name server, counts the questions, and may keep silent."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.silent = False
        self._asked: list[tuple[str, int]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", FORWARDER))

    def asked_for(self, name: str) -> int:
        """How often that name's MX was asked for."""
        return self._asked.count((name, MX))

    def run(self) -> None:
        while True:
            question, asker = self._socket.recvfrom(4096)
            name, kind = _name_and_type(question)
            self._asked.append((name, kind))
            if self.silent or name.endswith(DEAD):
                continue
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
                server.settimeout(10)
                server.sendto(question, ("127.0.0.1", 53))
                try:
                    self._socket.sendto(server.recv(4096), asker)
                except TimeoutError:  # a busy machine; the daemon asks again
                    continue


def _name_and_type(question: bytes) -> tuple[str, int]:
    """RFC 1035 section 4.1.2; case as the question has it is folded (0x20)."""
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode().lower())
        at += 1 + question[at]
    (kind,) = struct.unpack(">H", question[at + 1 : at + 3])
    return ".".join(labels), kind


class RoutedSite(Site):
    """The site with Postfix asking the daemon instead of a table of names."""

    forwarder: ClassVar[Forwarder]

    def __init__(self, folder: Path, programs: Path) -> None:
        super().__init__(folder, programs, zones=ZONES)
        RoutedSite.forwarder = Forwarder()
        self.forwarder.start()
        self.routes = self.postfix.spool / "icloud-milter" / "routes.sock"
        self.routing = {
            "by_mx": True,
            "timeout": "30s",  # of a busy machine
            "elsewhere": ["corp.example"],
            "socketmap": {"address": f"unix:{self.routes}"},
        }
        self._configure = self.milter.configure
        self.milter.configure = self.configure  # type: ignore[method-assign]

    def configure(self, changes: dict) -> None:  # type: ignore[type-arg]
        ours = {"routing": self.routing, "dns": {"servers": [f"127.0.0.1:{FORWARDER}"]}}
        self._configure({**ours, **changes})

    def __enter__(self) -> Site:
        super().__enter__()
        self.postfix.set(transport_maps="socketmap:unix:icloud-milter/routes.sock:icloud")
        return self


class Routes(PostfixCase):
    def postmap(self, key: str, name: str = "icloud") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["postmap", "-q", key, f"socketmap:unix:{self.site.routes}:{name}"],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def be_brief(self) -> None:
        """Where name servers keep silent, nobody waits long for them."""
        self.configure({"routing": {**self.site.routing, "timeout": "2s"}})

    def test_a_domain_with_apples_mail_servers_goes_through_the_gate_and_is_judged(self) -> None:
        site, message_id = self.site, self.site.new_id("plus")
        site.queue_up(letter(message_id, "bob@plus.example"), "bob@plus.example")
        delivery = self.delivered_once(message_id)
        self.assertIn("icloud.com", delivery.host)
        self.assertEqual(self.verdicts(message_id), ["accept"])
        self.assertEqual(site.milter.decisions(message_id)[0]["apple_recipients"], 1)

    def test_such_a_domain_is_refused_what_apple_refuses(self) -> None:
        site, message_id = self.site, self.site.new_id("refused")
        content = letter(message_id, "bob@plus.example").replace(b"Date:", b"X-Date:")
        site.queue_up(content, "bob@plus.example")
        self.not_delivered(message_id)
        self.assertEqual(self.verdicts(message_id), ["reject"])
        self.assertIn("icloud-gate", site.postfix.log())

    def test_names_of_apple_go_there_without_a_question(self) -> None:
        site, message_id = self.site, self.site.new_id("named")
        site.queue_up(letter(message_id, "bob@icloud.com"), "bob@icloud.com")
        self.delivered_once(message_id)
        self.assertEqual(self.verdicts(message_id), ["accept"])
        self.assertEqual(site.forwarder.asked_for("icloud.com"), 0)

    def test_other_domains_do_not(self) -> None:
        site = self.site
        for domain in ("elsewhere.example", "filtered.example"):
            message_id = site.new_id(domain)
            site.queue_up(letter(message_id, f"dora@{domain}"), f"dora@{domain}")
            delivery = self.delivered_once(message_id)
            self.assertEqual(delivery.host, "mx.elsewhere.example")
            self.assertEqual(site.milter.decisions(message_id), [])

    def test_nor_does_one_with_a_server_of_its_own_beside_apples(self) -> None:
        done = self.postmap("half.example")
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)

    def test_silent_name_servers_keep_no_other_mail_waiting(self) -> None:
        site, message_id = self.site, self.site.new_id("fresh")
        self.be_brief()
        dead = [f"x@n{number}.{DEAD}" for number in range(40)]
        to = [*dead, "bob@fresh.example"]
        content = letter(message_id, "list@corp.example")
        started = time.monotonic()
        site.postfix.sendmail("ann", "-f", "ann@corp.example", *to, content=content)
        site.sink.wait_for(message_id, seconds=180)
        took = time.monotonic() - started  # qmgr(8) asks for one recipient after the other
        self.assertLess(took, 65, "40 names of two seconds each")
        self.assertEqual(self.verdicts(message_id), ["accept"])
        asked = [site.forwarder.asked_for(f"n{number}.{DEAD}") for number in range(40)]
        self.assertGreater(min(asked), 0)

    def test_a_message_for_both_is_split(self) -> None:
        site, message_id = self.site, self.site.new_id("both")
        to = ("bob@plus.example", "dora@elsewhere.example", "ann@corp.example")
        site.queue_up(letter(message_id, ", ".join(to)), *to)
        site.sink.wait_for(message_id, 2)
        site.postfix.wait_until_idle()
        hosts = sorted(one.host for one in site.sink.of(message_id))
        self.assertEqual(hosts[0], "mx.elsewhere.example")
        self.assertIn("icloud.com", hosts[1])
        (decision,) = site.milter.decisions(message_id)
        self.assertEqual(len(decision["recipients"]), 1)
        self.assertIn("bob@plus.example", decision["recipients"][0])

    def test_what_is_known_is_not_asked_again(self) -> None:
        site, asked = self.site, []
        for number in range(3):
            message_id = site.new_id(f"often{number}")
            site.queue_up(letter(message_id, "bob@often.example"), "bob@often.example")
            self.delivered_once(message_id)
            self.assertEqual(self.verdicts(message_id), ["accept"])
            asked.append(site.forwarder.asked_for("often.example"))
        # The first may have been asked twice, on a busy machine.
        self.assertEqual((asked[0] > 0, asked[1:]), (True, asked[:1] * 2))

    def test_while_the_dns_is_silent_mail_waits_and_goes_when_it_is_back(self) -> None:
        site, message_id = self.site, self.site.new_id("late")
        self.be_brief()
        site.forwarder.silent = True
        self.addCleanup(setattr, site.forwarder, "silent", False)
        with self.assertRaises(Refused) as refused:
            site.queue_up(letter(message_id, "bob@late.example"), "bob@late.example")
        self.assertEqual(refused.exception.reply.code, 451)
        content = letter(message_id, "bob@late.example")
        site.postfix.sendmail("ann", "-f", "ann@corp.example", "bob@late.example", content=content)
        wait_until(
            "the message waits for its route",
            lambda: [one.queue for one in site.postfix.queue()] == ["deferred"],
            explain=site.postfix.log,
        )
        self.assertEqual(site.sink.of(message_id), [])

        # Mail that no question is needed for goes on.
        for to in ("bob@icloud.com", "ann@corp.example"):
            other = site.new_id("meanwhile")
            site.queue_up(letter(other, to), to)
            if to.endswith("icloud.com"):
                site.sink.wait_for(other)
            else:
                wait_until(
                    "local mail arrives",
                    lambda other=other: any(
                        other.encode() in mail for mail in site.postfix.mailbox("ann")
                    ),
                )

        site.forwarder.silent = False
        site.postfix.wait_until_empty()
        self.delivered_once(message_id)
        self.assertEqual(self.verdicts(message_id), ["accept"])

    def test_postmap_asks_as_people_do(self) -> None:
        gate = "icloud-gate:[127.0.0.1]:10027\n"
        for key in ("plus.example", "Bob@PLUS.example", "bob@icloud.com"):
            done = self.postmap(key)
            self.assertEqual((done.returncode, done.stdout), (0, gate), f"{key}: {done.stderr}")
        for key in ("*", ".plus.example", "bob@elsewhere.example", "bob@[192.0.2.1]", "bob"):
            done = self.postmap(key)
            self.assertEqual((done.returncode, done.stdout), (1, ""), f"{key}: {done.stderr}")
        done = self.postmap("plus.example", "virtual")
        self.assertEqual(done.returncode, 1)
        self.assertIn('there is no map "virtual" here, but "icloud"', done.stderr)

    def test_check_judges_by_the_same_answer(self) -> None:
        message = self.site.milter.folder / "letter.eml"
        message.write_bytes(letter(self.site.new_id("check"), "bob@plus.example"))
        words = ("check", "--mail-from", "ann@corp.example", str(message))
        said = self.site.milter.control(*words, "--rcpt", "bob@plus.example")
        self.assertIn("to bob@plus.example: accept", said)
        said = self.site.milter.control(*words, "--rcpt", "dora@elsewhere.example")
        self.assertIn("to dora@elsewhere.example: not Apple's", said)


if __name__ == "__main__":
    main(__name__, RoutedSite)
