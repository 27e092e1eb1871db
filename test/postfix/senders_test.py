# SPDX-License-Identifier: Apache-2.0
"""Hundreds of senders, good and broken ones, mail through this Postfix to a sink that judges as
Apple does, with implementations of its own.

The senders are in senders/corpus.py, the judgement in senders/apple.py.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path
from typing import Any

from support import PostfixCase, main

from lab.client import Client
from lab.names import ZONES
from lab.namespace import OUR_ADDRESS, OUTSIDE_CLIENT
from lab.postfix import PORT_25, SUBMISSION
from lab.process import wait_until
from lab.site import Site
from senders.apple import JUNK, AppleJudge, Findings, examine
from senders.corpus import Corpus, Sender, corpus
from senders.dns import LiveDns
from senders.draft import EGRESS, HELO

CORPUS: Corpus = corpus()
JUDGE = AppleJudge(LiveDns())
LOST_HELO = "nowhere.elsewhere.example"
GATE = "127.0.0.1:10027/inet"

# Only what is foretold here shall speak.
QUIET = {"format": {"mode": "off"}, "list_unsubscribe": {"mode": "off"}}
WAY_OUT: dict[str, Any] = {
    **QUIET,
    "egress": {"addresses": [OUR_ADDRESS], "helo": HELO},
    "streams": [
        {
            "name": "lost",
            "kind": "transactional",
            "sender_domains": [
                one.mail_from.rpartition("@")[2] for one in CORPUS.senders if one.has_lost_helo
            ],
            "helo": LOST_HELO,
        }
    ],
}

# The kinds of answers, in the order in which SMTP comes to them.
KINDS = {
    "helo": "450 4.7.1 ",
    "sender": "450 4.1.8 ",
    "unauthenticated": "554 5.7.1 [HME1]",
    "dmarc": "554 5.7.1 Your message was rejected due to ",
    "junk": JUNK,
}


def kind_of(answer: str) -> str:
    return next((kind for kind, start in KINDS.items() if answer.startswith(start)), "inbox")


def short(word: str) -> str:
    """The words of the DKIM oracle: why a signature is none is nobody else's matter."""
    return word if word in ("pass", "temperror") else "fail"


def words(found: Findings | None) -> tuple[str, tuple[str, ...], str]:
    assert found is not None
    return found.spf, tuple(one.result for one in found.dkim), found.dmarc.result


class Senders(PostfixCase):
    def message(self, sender: Sender, run: str) -> bytes:
        return sender.message(
            self.message_id(sender, run), formatdate(), f"{sender.name}@icloud.com"
        )

    @staticmethod
    def message_id(sender: Sender, run: str) -> str:
        return f"<{sender.name}.{run}@corp.example>"

    def send(self, senders: Sequence[Sender], run: str) -> None:
        """By authenticated submission or sendmail(1), as each does."""
        with Client(SUBMISSION, OUR_ADDRESS, OUTSIDE_CLIENT) as client:
            client.log_in("ann@corp.example")
            for one in senders:
                content, to = self.message(one, run), f"{one.name}@icloud.com"
                if one.is_local:
                    content = content.replace(b"\r\n", b"\n")
                    self.site.postfix.sendmail("ann", "-f", one.mail_from, to, content=content)
                else:
                    client.send(one.mail_from, [to], content)

    def assert_same(self, senders: Sequence[Sender], ours: Any, theirs: Any) -> None:
        """`ours`, `theirs`: what is compared, of a sender."""
        differ = [
            f"{one.name} ({one.traits}): {ours(one)}, expected {theirs(one)}"
            for one in senders
            if ours(one) != theirs(one)
        ]
        self.assertEqual(differ, [], f"{len(differ)} of {len(senders)} senders")

    def test_verify_finds_what_the_oracles_find(self) -> None:
        with ThreadPoolExecutor(4) as pool:
            verified = dict(zip(CORPUS.senders, pool.map(self.verified, CORPUS.senders)))
        self.assert_same(CORPUS.senders, verified.__getitem__, self.judged_offline)

    def verified(self, sender: Sender) -> tuple[Any, ...]:
        zone = self.site.milter.folder / f"{sender.name}.zone.json"
        zone.write_text(sender.zone.to_json())
        options = ["--client-ip", EGRESS, "--helo", HELO, "--mail-from", sender.mail_from]
        done = subprocess.run(
            [self.site.milter.control_program, "verify", "--json", "--zone", zone, *options, "-"],
            input=self.message(sender, "offline"),
            capture_output=True,
            check=False,
        )
        self.assertIn(done.returncode, (0, 1), done.stderr)
        found = json.loads(done.stdout)
        dmarc = found["dmarc"]
        return (
            found["spf"]["result"],
            tuple(short(one["result"]) for one in found["dkim"]),
            dmarc["result"],
            (dmarc["policy"], dmarc["testing"]) if dmarc["result"] in ("pass", "fail") else None,
        )

    def judged_offline(self, sender: Sender) -> tuple[Any, ...]:
        content = self.message(sender, "offline")
        found = examine(sender.zone, EGRESS, HELO, sender.mail_from, content)
        dmarc = found.dmarc
        known = dmarc.result in ("pass", "fail")
        return (*words(found), (dmarc.policy, dmarc.testing) if known else None)

    def let_some_leave_with_a_lost_helo(self) -> None:
        """The way out of the stream "lost" names a host that does not exist."""
        self.site.postfix.add_service(
            "icloud-lost unix - - n - - smtp",
            smtp_bind_address=OUR_ADDRESS,
            smtp_helo_name=LOST_HELO,
        )
        ways = " ".join(
            f"{{{domain} = FILTER icloud-lost:}}"
            for domain in WAY_OUT["streams"][0]["sender_domains"]
        )
        self.site.postfix.set_service(
            GATE, smtpd_sender_restrictions=f"check_sender_access inline:{{{ways}}}"
        )
        self.addCleanup(self.site.postfix.set_service, GATE, smtpd_sender_restrictions="")

    def test_what_leaves_is_judged_as_it_was_made(self) -> None:
        self.configure(WAY_OUT)
        self.let_some_leave_with_a_lost_helo()
        self.send(CORPUS.senders, "observe")
        wait_until(
            "the sink has seen every message",
            lambda: all(JUDGE.of(one.name).seen for one in CORPUS.senders),
            90,
        )
        answers = {one.name: kind_of(JUDGE.of(one.name).answer) for one in CORPUS.senders}
        # A corpus that gets one answer only would prove nothing.
        count = Counter(answers.values())
        print(f"        {dict(count)}")
        for kind, least in (("inbox", 100), ("unauthenticated", 50), ("dmarc", 20), ("junk", 20)):
            self.assertGreaterEqual(count[kind], least, kind)
        self.assertGreaterEqual(count["helo"], 3)
        self.assertGreaterEqual(count["sender"], 6)
        self.assert_same(
            [
                one
                for one in CORPUS.senders
                if not (one.is_local or JUDGE.of(one.name).at_recipient)
            ],
            lambda one: words(JUDGE.of(one.name).findings),
            lambda one: self.judged_offline(one)[:3],
        )


def make_site(folder: Path, programs: Path) -> Site:
    return Site(
        folder,
        programs,
        zones=CORPUS.zone.master_zones(zone for zone in ZONES if zone),
        broken_zones=CORPUS.zone.broken,
        judge=JUDGE,
    )


if __name__ == "__main__":
    main(__name__, make_site)
