# SPDX-License-Identifier: Apache-2.0
"""Under load, through reloads, restarts and crashes: of all that Postfix took, every good message
is delivered once, every bad one comes back once, and nothing passes without a judgement."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections import Counter

from support import PostfixCase, main

from lab.client import Client
from lab.postfix import UNCOVERED
from lab.process import wait_until
from lab.site import Site, letter

MESSAGES = 400  # at least
SENDERS = 4
PACE = 0.01  # seconds between two messages of one sender
SLOW_PACE = 0.1  # after its share, as long as the mischief goes on
BAD_EVERY = 5  # each fifth message is one that must be refused: bulk without unsubscription
# A decision is written some milliseconds after it was made, so that no mail waits for the disk; a
# crash costs the lines of that moment. This many are no moment any more.
LINES_OF_A_MOMENT = 20


class Sender(threading.Thread):
    """Sends its share on one connection; `good` and `bad` are what Postfix said 250 to."""

    def __init__(self, site: Site, number: int, is_over: threading.Event) -> None:
        """`is_over`: the mischief."""
        super().__init__(daemon=True)
        self.good: list[str] = []
        self.bad: list[str] = []
        self.problem: Exception | None = None
        self._site = site
        self._word = f"load{number}"
        self._is_over = is_over

    def run(self) -> None:
        try:
            with Client(UNCOVERED) as client:
                for number in itertools.count():
                    is_share_sent = number >= MESSAGES // SENDERS
                    if is_share_sent and self._is_over.is_set():
                        break
                    self._send(client, number, self._site.new_id(self._word))
                    time.sleep(SLOW_PACE if is_share_sent else PACE)
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
        """`may_miss`: how many decisions may be missing in the log, refusals and others together."""
        self.site.postfix.wait_until_empty()
        good = {message_id for sender in senders for message_id in sender.good}
        bad = {message_id for sender in senders for message_id in sender.bad}
        self.assertGreaterEqual(len(good) + len(bad), MESSAGES)

        delivered = Counter(one.message_id for one in self.site.sink.deliveries)
        self.assertEqual({one: delivered[one] for one in good if delivered[one] != 1}, {})
        self.assertEqual([one for one in bad if delivered[one]], [], "bad, and delivered")
        bounced = self.bounced()
        self.assertEqual({one: bounced[one] for one in bad if bounced[one] != 1}, {})
        self.assertEqual([one for one in good if bounced[one]], [], "good, and bounced")

        def untold() -> set[str]:
            return (good - self.told("accept")) | (bad - self.told("reject"))

        wait_until(
            f"of all but {may_miss} a line says what was decided",
            lambda: len(untold()) <= may_miss,
            seconds=90,
            explain=lambda: str(sorted(untold())),
        )

    def told(self, verdict: str) -> set[str]:
        """The messages that a decision with this verdict is logged of."""
        return {
            one["message_id"]
            for one in self.site.milter.decisions()
            if one["event"] == "message" and one["verdict"] == verdict
        }

    def bounced(self) -> Counter[str]:
        """How often each message came back to its sender."""
        found: Counter[bytes] = Counter()
        for mail in self.site.postfix.mailbox("ann"):
            if b"multipart/report" in mail:
                found.update(set(re.findall(rb"^Message-ID: (<load\S+>)", mail, re.MULTILINE)))
        return Counter({message_id.decode(): n for message_id, n in found.items()})

    def send_while(self, *mischief: tuple[float, str]) -> list[Sender]:
        """Sends the load; `mischief` is what to do to the daemon, and how long after the last."""
        is_over = threading.Event()
        senders = [Sender(self.site, number, is_over) for number in range(SENDERS)]
        for sender in senders:
            sender.start()
        try:
            for pause, deed in mischief:
                time.sleep(pause)
                self.do(deed)
        finally:
            is_over.set()
        end = time.monotonic() + 400
        for sender in senders:
            sender.join(max(0, end - time.monotonic()))
            self.assertFalse(sender.is_alive(), "it still sends")
            self.assertIsNone(sender.problem)
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
