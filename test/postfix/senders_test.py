# SPDX-License-Identifier: Apache-2.0
"""What the gate foretells is what Apple answers: hundreds of senders, good and broken ones, mail
through this Postfix to a sink that judges with implementations of its own.

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
from lab.namespace import ELSEWHERE_MX, OUR_ADDRESS, OUTSIDE_CLIENT
from lab.postfix import PORT_25, SUBMISSION
from lab.process import wait_until
from lab.site import Site
from senders.apple import JUNK, AppleJudge, Findings, examine, objection_to_envelope
from senders.corpus import Corpus, Sender, corpus
from senders.dmarc_list_oracle import result_by_list
from senders.dns import LiveDns, Zone
from senders.draft import EGRESS, HELO, MX
from senders.spf_oracle import spf_result

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

ENFORCED = {"alignment": {"mode": "enforce"}, "sender_identity": {"mode": "enforce"}}

# A corpus that gets one answer only would prove nothing.
ENOUGH = {"inbox": 100, "unauthenticated": 50, "dmarc": 20, "junk": 20, "helo": 3, "sender": 6}

OBSERVED: dict[str, dict[str, Any]] = {}  # the decisions of the one run in mode observe

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


def foretold(decision: dict[str, Any]) -> str:
    """The first answer that the findings of one decision foretell."""
    said = {kind_of(one["prediction"]) for one in decision["findings"] if one["prediction"]}
    return next((kind for kind in KINDS if kind in said), "inbox")


def fixes(decision: dict[str, Any]) -> set[tuple[str, str]]:
    """The SPF records that the findings of a decision spell out, as name and text."""
    found = set()
    for one in decision["findings"]:
        for name, strings in re.findall(r"(\S+)\. TXT ((?:\"[^\"]*\" ?)+)", one["fix"]):
            text = "".join(re.findall(r"\"([^\"]*)\"", strings))
            if text.startswith("v=spf1"):
                found.add((name, text))
    return found


def short(word: str) -> str:
    """The words of the DKIM oracle: why a signature is none is nobody else's matter."""
    return word if word in ("pass", "temperror") else "fail"


def told_results(mail: bytes) -> tuple[Any, ...]:
    """The words of the one Authentication-Results field under our name."""
    header = re.sub(rb"\r?\n(?=[ \t])", b"", re.split(rb"\r?\n\r?\n", mail)[0]).decode()
    (field,) = re.findall(r"(?im)^Authentication-Results: *mx\.corp\.example;(.*)", header)
    found = re.findall(r"(?:^|;) *(spf|dkim|dmarc)=(\w+)", field)
    by_method = {name: [word for one, word in found if one == name] for name, _ in found}
    dkim = tuple(word if word == "none" else short(word) for word in by_method["dkim"])
    return by_method["spf"][0], dkim, by_method["dmarc"][0]


def told(result: str, policy: str, testing: bool) -> tuple[str, str, bool]:
    """A DMARC verdict; the policy means something only where there is one to apply."""
    return (result, policy, testing) if result in ("pass", "fail") else (result, "", False)


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

    def decisions(self, senders: Sequence[Sender], run: str) -> dict[str, dict[str, Any]]:
        """The gate's decision on each sender's message, when all are there."""
        ids = {self.message_id(one, run): one.name for one in senders}

        def found() -> dict[str, dict[str, Any]]:
            return {
                ids[one["message_id"]]: one
                for one in self.site.milter.decisions()
                if one["message_id"] in ids
            }

        wait_until(f"{len(ids)} decisions", lambda: len(found()) == len(ids), 300)
        return found()

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
            *(
                told(one["result"], one["policy"], one["testing"])
                for one in (dmarc, dmarc["rfc7489"])
            ),
        )

    def judged_offline(self, sender: Sender) -> tuple[Any, ...]:
        content = self.message(sender, "offline")
        found = examine(sender.zone, EGRESS, HELO, sender.mail_from, content)
        results = [(one.result, one.domain) for one in found.dkim]
        by_list = result_by_list(sender.zone, content, (found.spf, found.spf_domain), results)
        return (
            *words(found),
            *(told(one.result, one.policy, one.testing) for one in (found.dmarc, by_list)),
        )

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

    def observe(self) -> dict[str, dict[str, Any]]:
        """All of them through the gate in mode observe, so that the sink sees each; once for all
        tests. The gate's decisions."""
        if not OBSERVED:
            self.configure(WAY_OUT)
            self.let_some_leave_with_a_lost_helo()
            self.send(CORPUS.senders, "observe")
            wait_until(
                "the sink has seen every message",
                lambda: all(JUDGE.of(one.name).seen for one in CORPUS.senders),
                300,
            )
            OBSERVED.update(self.decisions(CORPUS.senders, "observe"))
        return OBSERVED

    def test_the_gate_foretells_the_answer_to_every_sender(self) -> None:
        decided = self.observe()
        answers = {one.name: kind_of(JUDGE.of(one.name).answer) for one in CORPUS.senders}
        count = Counter(answers.values())
        print(f"        {dict(count)}")
        for kind, least in ENOUGH.items():
            self.assertGreaterEqual(count[kind], least, kind)
        self.assert_same(
            CORPUS.senders, lambda one: foretold(decided[one.name]), lambda one: answers[one.name]
        )

    def test_postfix_and_the_name_server_change_nothing_of_what_was_meant(self) -> None:
        self.observe()
        self.assert_same(
            [
                one
                for one in CORPUS.senders
                if not (one.is_local or JUDGE.of(one.name).at_recipient)
            ],
            lambda one: words(JUDGE.of(one.name).findings),
            lambda one: self.judged_offline(one)[:3],
        )

    def test_the_records_to_publish_make_spf_pass(self) -> None:
        decided = self.observe()
        told = [(one, record) for one in CORPUS.senders for record in fixes(decided[one.name])]
        self.assertGreaterEqual(len(told), 100)
        failed = [
            f"{one.name} ({one.traits}): {name}. TXT {text}: {result}"
            for one, (name, text) in told
            if (result := self.spf_with(one, name, text)) != "pass"
        ]
        self.assertEqual(failed, [])

    @staticmethod
    def spf_with(sender: Sender, name: str, text: str) -> str:
        """What SPF says when this record stands in place of the one there."""
        zone = Zone()
        zone.names = {**sender.zone.names, name: {"TXT": [text]}}
        zone.names[name] |= {
            kind: values
            for kind, values in sender.zone.names.get(name, {}).items()
            if kind != "TXT"
        }
        return spf_result(zone, EGRESS, HELO, sender.mail_from)[0]

    def test_what_apple_would_refuse_comes_back_and_the_rest_arrives(self) -> None:
        self.configure({**WAY_OUT, **ENFORCED})
        self.let_some_leave_with_a_lost_helo()
        JUDGE.forget()
        senders = [
            one for number, one in enumerate(CORPUS.senders) if number % 3 == 0 or one.has_lost_helo
        ]
        self.send(senders, "enforce")
        decided = self.decisions(senders, "enforce")
        self.site.postfix.wait_until_idle()
        count = Counter(decision["verdict"] for decision in decided.values())
        print(f"        {dict(count)}")
        self.assertGreaterEqual(min(count["accept"], count["reject"]), 50)
        self.assert_same(
            senders,
            lambda one: self.seen(one, decided[one.name]),
            lambda one: self.due(one, decided[one.name]),
        )

    def seen(self, sender: Sender, decision: dict[str, Any]) -> tuple[str, int, int]:
        """The verdict, the deliveries, and the bounces that say why."""
        message_id = decision["message_id"]
        reply = " ".join(decision["reply"].split())
        return (
            decision["verdict"],
            len(self.site.sink.of(message_id)),
            sum(reply in bounce for bounce in self.bounces(sender, message_id)),
        )

    def due(self, sender: Sender, decision: dict[str, Any]) -> tuple[str, int, int]:
        """What Apple would refuse is refused, what the gate accepts arrives, and nothing is disputed:
        the libraries agree with the oracles. The gate may ask for more than Apple's answers show:
        then its findings say so."""
        answer = self.expected_answer(sender)
        would_arrive = answer in ("inbox", "junk")
        if answer == "inbox" and self.is_in_order(sender):
            return "accept", 1, 0
        findings = decision["findings"]
        if any(one["would"] == "reject" for one in findings):
            return "reject", 0, int(self.has_mailbox(sender))
        if not would_arrive:
            return "reject, of which the gate knows no reason", 0, 0
        return "accept", int(would_arrive), 0

    def is_in_order(self, sender: Sender) -> bool:
        """Whether nobody can ask for more: everything passes, the whole message is signed, and
        bounces are taken."""
        spf, dkim, dmarc, *_ = self.judged_offline(sender)
        lacks = any(trait in sender.traits for trait in ("of-the-body", "null-mx"))
        return {spf, dmarc, *dkim} == {"pass"} and len(dkim) > 0 and not lacks

    def expected_answer(self, sender: Sender) -> str:
        helo = LOST_HELO if sender.has_lost_helo else HELO
        if reply := objection_to_envelope(sender.zone, helo, sender.mail_from):
            return kind_of(reply)
        content = self.message(sender, "expected")
        return kind_of(examine(sender.zone, EGRESS, helo, sender.mail_from, content).answer)

    @staticmethod
    def has_mailbox(sender: Sender) -> bool:
        """Whether bounces reach the lab's other sink."""
        records = sender.zone.names.get(sender.mail_from.rpartition("@")[2], {})
        return [10, MX] in records.get("MX", []) or ELSEWHERE_MX in records.get("A", [])

    def bounces(self, sender: Sender, message_id: str) -> list[str]:
        """The texts of what came back, on one line each."""
        return [
            " ".join(one.content.decode("utf-8", "replace").split())
            for one in self.site.sink.deliveries
            if not one.mail_from
            and one.recipients == (sender.mail_from,)
            and message_id.encode() in one.content
        ]

    def test_what_arrives_is_told_as_the_oracles_find_it(self) -> None:
        senders = CORPUS.senders[::4]
        with Client(PORT_25, OUR_ADDRESS, OUR_ADDRESS, HELO) as client:
            for one in senders:
                client.send(one.mail_from, ["ann@corp.example"], self.message(one, "arrival"))
        self.site.postfix.wait_until_idle()
        results = {}
        for mail in self.site.postfix.mailbox("ann"):
            if found := re.search(rb"(?im)^Message-ID: <(s\d+)\.arrival@", mail):
                results[found[1].decode()] = told_results(mail)
        self.assert_same(
            senders, lambda one: results.get(one.name), lambda one: self.expected_words(one)
        )

    def expected_words(self, sender: Sender) -> tuple[Any, ...]:
        spf, dkim, dmarc, *_ = self.judged_offline(sender)
        return spf, dkim or ("none",), dmarc


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
