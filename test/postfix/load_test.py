# SPDX-License-Identifier: Apache-2.0
"""Under load, through reloads, restarts and crashes: of all that Postfix took, every good message
is delivered once, every bad one comes back once, and nothing passes without a judgement."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter

from support import PostfixCase, main

from lab.client import Client
from lab.postfix import UNCOVERED
from lab.site import Site, letter

MESSAGES = 400
SENDERS = 4
PACE = 0.01  # seconds between two messages of one sender, so that the load outlasts the mischief
BAD_EVERY = 5  # each fifth message is one that must be refused: bulk without unsubscription
# A decision is written some milliseconds after it was made, so that no mail waits for the disk; a
# crash costs the lines of that moment. This many are no moment any more.
LINES_OF_A_MOMENT = 10


class Sender(threading.Thread):
    """Sends its share on one connection; `good` and `bad` are what Postfix said 250 to."""

    def __init__(self, site: Site, number: int) -> None:
        super().__init__(daemon=True)
        self.good: list[str] = []
        self.bad: list[str] = []
        self.problem: Exception | None = None
        self._ids = [site.new_id(f"load{number}") for _ in range(MESSAGES // SENDERS)]

    def run(self) -> None:
        try:
            with Client(UNCOVERED) as client:
                for number, message_id in enumerate(self._ids):
                    self._send(client, number, message_id)
                    time.sleep(PACE)
        except Exception as problem:  # shown by the test; a thread has nobody else to tell
            self.problem = problem

    def _send(self, client: Client, number: int, message_id: str) -> None:
        to = f"user{number % 7}@{('icloud.com', 'me.com', 'mac.com')[number % 3]}"
        is_bad = number % BAD_EVERY == 0
        fields = ("Feedback-ID: load:corp",) if is_bad else ()
        body = b"A line of text.\r\n" * (1 + number % 50)
        client.send("ann@corp.example", [to], letter(message_id, to, *fields, body=body))
        (self.bad if is_bad else self.good).append(message_id)


class Load(PostfixCase):
    def assert_nothing_lost_doubled_or_unjudged(
        self, senders: list[Sender], may_miss: int = 0
    ) -> None:
        """`may_miss`: how many decisions may be missing in the log."""
        self.site.postfix.wait_until_empty(120)
        good = {message_id for sender in senders for message_id in sender.good}
        bad = {message_id for sender in senders for message_id in sender.bad}
        self.assertEqual(len(good) + len(bad), MESSAGES)

        delivered = Counter(one.message_id for one in self.site.sink.deliveries)
        self.assertEqual({one: delivered[one] for one in good if delivered[one] != 1}, {})
        self.assertEqual([one for one in bad if delivered[one]], [], "bad, and delivered")
        bounced = self.bounced()
        self.assertEqual({one: bounced[one] for one in bad if bounced[one] != 1}, {})
        self.assertEqual([one for one in good if bounced[one]], [], "good, and bounced")

        for message_ids, verdict in ((good, "accept"), (bad, "reject")):
            told = {
                one["message_id"]
                for one in self.site.milter.decisions()
                if one["event"] == "message" and one["verdict"] == verdict
            }
            missing = sorted(message_ids - told)
            self.assertLessEqual(len(missing), may_miss, f"no line says {verdict}: {missing}")

    def bounced(self) -> Counter[str]:
        """How often each message came back to its sender."""
        found: Counter[bytes] = Counter()
        for mail in self.site.postfix.mailbox("ann"):
            if b"multipart/report" in mail:
                found.update(set(re.findall(rb"^Message-ID: (<load\S+>)", mail, re.MULTILINE)))
        return Counter({message_id.decode(): n for message_id, n in found.items()})

    def send_while(self, *mischief: tuple[float, str]) -> list[Sender]:
        """Sends the load; `mischief` is what to do to the daemon, and how long after the last."""
        senders = [Sender(self.site, number) for number in range(SENDERS)]
        for sender in senders:
            sender.start()
        during = 0
        for pause, deed in mischief:
            time.sleep(pause)
            during += any(sender.is_alive() for sender in senders)
            self.do(deed)
        for sender in senders:
            sender.join(120)
            self.assertIsNone(sender.problem)
        self.assertGreater(during, len(mischief) // 2, "the load was over before the mischief was")
        return senders

    def do(self, deed: str) -> None:
        milter = self.site.milter
        if deed == "reload":
            milter.reload()
        elif deed == "restart":
            self.assertEqual(milter.stop(), 0)
            milter.start()
        elif deed == "crash":
            milter.kill()
            milter.start()
        else:
            raise AssertionError(deed)

    def test_reloads_under_load_cost_no_message(self) -> None:
        senders = self.send_while(*[(0.1, "reload")] * 10)
        self.assert_nothing_lost_doubled_or_unjudged(senders)

    def test_restarts_under_load_cost_no_message(self) -> None:
        senders = self.send_while((0.3, "restart"), (0.2, "reload"), (0.2, "restart"))
        self.assert_nothing_lost_doubled_or_unjudged(senders)

    def test_crashes_under_load_cost_no_message(self) -> None:
        crashes = 3
        senders = self.send_while(*[(0.2, "crash")] * crashes)
        self.assert_nothing_lost_doubled_or_unjudged(senders, crashes * LINES_OF_A_MOMENT)


if __name__ == "__main__":
    main(__name__)
