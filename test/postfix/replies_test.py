# SPDX-License-Identifier: Apache-2.0
"""What Apple answers through a real Postfix is learnt from its log, and felt at the gate."""

from __future__ import annotations

import concurrent.futures
import json
import os
import re
import time
from typing import Any

from support import PostfixCase, main

from lab.namespace import OUR_ADDRESS
from lab.process import run, wait_until
from lab.sink import CONNECTION, HANG_UP
from lab.site import letter

RCPT = "RCPT"
END = r"\.$"
PAUSE = "10m"  # longer than any test
BRIEF = 45.0  # seconds: a pause that a test waits for, and does several things in before


class Replies(PostfixCase):
    def setUp(self) -> None:
        super().setUp()
        book = self.site.milter.folder / f"{self.id().rsplit('.', 1)[-1]}.db"
        self.settings: dict[str, Any] = {
            "mode": "enforce",
            "log": str(self.site.postfix.log_file),
            "book": str(book),
            "breaker": {"wait": "0s"},
            "destination": {"pause": PAUSE, "longest_pause": PAUSE},
        }
        self.learning({})
        os.truncate(self.site.postfix.log_file, 0)  # what other tests were answered
        self.addCleanup(self.resume_all)

    def learning(self, changes: dict[str, Any]) -> None:
        self.configure(
            {
                "egress": {"addresses": [OUR_ADDRESS], "helo": "mx.corp.example"},
                "throttle": {"mode": "enforce"},
                "replies": {**self.settings, **changes},
            }
        )

    def ctl(self, *words: str) -> str:
        milter = self.site.milter
        return run(milter.control_program, *words, "--config", milter.config_file)

    def learn(self) -> str:
        """Reads to the end of the log, as the service does twice a second."""
        self.site.postfix.wait_until_idle()
        return self.ctl("replies", "follow", "--once")

    def suppressed(self) -> list[str]:
        listed = self.ctl("suppress", "list", "--json").splitlines()
        return sorted(json.loads(line)["address"] for line in listed)

    def backoffs(self) -> list[dict[str, Any]]:
        """As the daemon knows them: it looks once a second."""
        shown = json.loads(self.ctl("throttle", "show", "--json"))
        return [one for one in shown["backoffs"] if one.get("in_force", True)]

    def has(self, kind: str) -> bool:
        return any(one["kind"] == kind for one in self.backoffs())

    def in_force(self, kind: str) -> None:
        wait_until(f"a {kind} is in force", lambda: self.has(kind))

    def over(self, kind: str) -> None:
        wait_until(f"no {kind} is in force", lambda: not self.has(kind))

    def resume_all(self) -> None:
        """By what the store has: what was learnt just now the daemon may know a second later."""
        listed = self.ctl("throttle", "list")
        for subject in ("all", OUR_ADDRESS):
            if re.search(rf"(pause|slow) +{re.escape(subject)}\b", listed):
                self.ctl("throttle", "resume", subject)
        self.over("pause")

    def send(self, to: str, *fields: str, **how: str) -> str:
        message_id = self.site.new_id("reply")
        self.site.queue_up(letter(message_id, to, *fields, **how), to)
        self.site.postfix.wait_until_idle()
        return message_id

    def deferred(self, message_id: str, recipient: str) -> str:
        """Why this letter waits."""
        self.assertEqual(self.site.sink.of(message_id), [])
        (waiting,) = [one for one in self.site.postfix.at_rest() if recipient in one.recipients]
        return waiting.reason

    def held_back(self, recipient: str) -> None:
        self.assertIn("throttle.paused", self.deferred(self.send(recipient), recipient))

    def test_an_address_that_is_gone_gets_no_more_mail_and_others_do(self) -> None:
        self.site.sink.answer(RCPT, "550 5.1.1 <gone@icloud.com>: user does not exist", times=1)
        self.send("gone@icloud.com")
        self.assertIn("1 deliveries to Apple read", self.learn())
        refused = self.send("gone@icloud.com")
        self.assertEqual(self.site.sink.of(refused), [])
        self.assertIn("gone@icloud.com", self.ctl("suppress", "list"))
        self.delivered_once(self.send("here@icloud.com"))
        self.assertIn("1 deliveries", self.learn())
        self.assertIn("0 deliveries", self.learn())

    def test_a_delivery_counts_once_when_its_bounce_is_taken_in_while_the_log_is_read(self) -> None:
        self.site.sink.answer(RCPT, "550 5.1.1 <twice@icloud.com>: user does not exist", times=1)
        message_id = self.send("twice@icloud.com")
        bounce = self.bounce_to("ann", message_id).encode()
        milter = self.site.milter

        def intake() -> str:
            return run(
                milter.control_program, "replies", "intake", "--config", milter.config_file,
                stdin=bounce,
            )  # fmt: skip

        with concurrent.futures.ThreadPoolExecutor() as pool:
            taken = [pool.submit(intake) for _ in range(4)]
            self.learn()
            for one in taken:
                self.assertIn("1 of 1 reported deliveries", one.result())
        shown = json.loads(self.ctl("replies", "show", "twice@icloud.com", "--json"))
        self.assertEqual(shown["count"], 1)
        self.assertIn("twice@icloud.com", self.suppressed())

    def test_no_fault_of_ours_is_held_against_an_address(self) -> None:
        faults = {
            "rcpt": "550 5.1.1 <ann@corp.example>: unauthorized sender",
            "off": "550 5.7.1 Mail from IP 192.0.2.25 was rejected due to listing in Spamhaus SBL",
            "late": "503 5.5.1 Error: need MAIL command - MAIL FROM error: 451 4.7.1 Service "
            "unavailable - try again later",
        }
        for name, reply in faults.items():
            self.site.sink.answer(RCPT, reply, times=2)
            self.send(f"{name}.innocent@icloud.com")
        self.site.sink.answer(END, "554 5.7.1 [CS01] Message rejected due to local policy.", times=2)
        self.send("content.innocent@icloud.com")
        self.learn()
        self.assertNotIn("innocent@icloud.com", self.ctl("suppress", "list"))

    def test_who_asks_for_less_gets_a_pause_and_after_it_less(self) -> None:
        self.learning(
            {"destination": {"pause": f"{BRIEF:g}s", "longest_pause": f"{BRIEF:g}s"}}
        )
        self.site.sink.answer(RCPT, "421 4.7.1 [HCM1] Your mail from 192.0.2.25 was deferred.", 8)
        self.send("busy@icloud.com")
        self.learn()
        begun = time.monotonic()
        self.in_force("pause")
        self.site.sink.answer_as_usual()
        self.held_back("other@icloud.com")
        self.site.postfix.discard_queue()
        time.sleep(max(0.0, begun + BRIEF + 1 - time.monotonic()))
        self.learn()
        self.in_force("slow")
        self.over("pause")
        self.delivered_once(self.send("third@icloud.com"))

    def test_a_greeting_that_refuses_us_stops_the_way_until_it_is_resumed(self) -> None:
        blocked = "550 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.25"
        self.site.sink.answer(CONNECTION, blocked)
        self.send("a@icloud.com")
        self.site.postfix.discard_queue()
        self.learn()
        self.in_force("pause")
        self.site.sink.answer_as_usual()
        self.held_back("waits@icloud.com")
        self.site.postfix.discard_queue()
        self.ctl("throttle", "resume", OUR_ADDRESS)
        self.over("pause")
        self.delivered_once(self.send("after@icloud.com"))
        self.learn()
        self.over("pause")

    def test_a_way_that_is_refused_is_probed_once_in_a_while_and_recovers(self) -> None:
        self.learning({"destination": {"probe": "1m"}})
        self.site.sink.answer(
            RCPT, "550 5.7.1 [HCM2] Your mail from 192.0.2.25 was rejected. Txn ID 0e4b1d9c"
        )
        self.send("a@icloud.com")
        self.learn()
        stopped = time.monotonic()
        self.in_force("pause")
        self.site.sink.answer_as_usual()
        waiting = [self.send(f"waits{number}@icloud.com") for number in range(3)]
        self.assertIn("throttle.paused", self.deferred(waiting[0], "waits0@icloud.com"))

        time.sleep(max(0.0, stopped + 61 - time.monotonic()))
        self.site.postfix.flush()
        self.site.postfix.wait_until_idle()
        through = [one for one in waiting if self.site.sink.of(one)]
        self.assertEqual(len(through), 1, "one goes to see whether it is taken, the others wait")
        self.learn()
        self.over("pause")
        self.in_force("slow")
        slow = [one["percent"] for one in self.backoffs() if one["kind"] == "slow"]
        self.assertEqual(slow, [10])
        self.site.postfix.flush()
        self.site.postfix.wait_until_empty()
        for one in waiting:
            self.assertEqual(len(self.site.sink.of(one)), 1)

    def test_an_outage_takes_nobody_and_what_went_before_it_showed_is_given_back(self) -> None:
        told = self.site.milter.folder / "outage.alert"
        self.learning({"alerts": {"command": ["/usr/bin/tee", "-a", str(told)]}})
        no_user = "550 5.1.1 <somebody@icloud.com>: user does not exist"
        self.site.sink.answer(RCPT, no_user, times=1)
        self.send("long.gone@icloud.com")
        self.learn()
        before = self.suppressed()
        self.assertIn("long.gone@icloud.com", before)
        time.sleep(2)
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

        self.site.sink.answer(RCPT, no_user)
        everybody = [f"p{number}@icloud.com" for number in range(5000)]
        self.site.queue_up(letter(self.site.new_id("outage"), everybody[0]), *everybody[:15])
        self.assertIn("15 deliveries to Apple read", self.learn())
        self.assertEqual(self.suppressed(), sorted(before + everybody[:15]))
        for start in range(15, len(everybody), 50):
            some = everybody[start : start + 50]
            self.site.queue_up(letter(self.site.new_id("outage"), some[0]), *some)
        self.site.postfix.wait_until_empty()
        self.assertIn("4985 deliveries to Apple read", self.learn())
        self.assertEqual(self.suppressed(), sorted(before + everybody[:15]))
        alert = told.read_text()
        self.assertIn("Apple: an outage at Apple is suspected: of the last ", alert)
        self.assertIn("icloud-milterctl replies undo --pattern address-does-not-exist", alert)
        self.assertIn("A letter to Apple's postmaster, icloudadmin@apple.com", alert)
        self.site.sink.answer_as_usual()
        self.delivered_once(self.send("p4000@icloud.com"))
        refused = self.send("p3@icloud.com")
        self.assertEqual(self.site.sink.of(refused), [])

        undone = self.ctl(
            "replies", "undo", "--pattern", "address-does-not-exist", "--since", since,
            "--because", "Apple's outage",
        )  # fmt: skip
        self.assertIn("15 removed", undone)
        self.assertEqual(self.suppressed(), before)
        wait_until(  # the daemon looks once a second
            "the address gets mail again",
            lambda: bool(self.site.sink.of(self.send("p3@icloud.com"))),
        )
        refused = self.send("long.gone@icloud.com")
        self.assertEqual(self.site.sink.of(refused), [])

    def test_connections_that_break_off_again_and_again_ask_for_less(self) -> None:
        for number in range(3):
            self.site.sink.answer(CONNECTION, HANG_UP, times=4)
            self.send(f"broken{number}@icloud.com")
            self.site.postfix.discard_queue()
        self.learn()
        self.in_force("pause")
        self.assertNotIn("broken", self.ctl("suppress", "list"))

    def test_a_form_that_is_refused_for_three_is_not_sent_to_a_fourth(self) -> None:
        self.site.sink.answer(END, "554 5.7.1 [CS01] Message rejected due to local policy.")
        for number in range(3):
            self.send(f"reader{number}@icloud.com", subject=f"Offer number {number}")
        self.learn()
        self.in_force("template")
        self.site.sink.answer_as_usual()
        held = self.send("reader9@icloud.com", subject="Offer number 9")
        self.assertIn("throttle.", self.deferred(held, "reader9@icloud.com"))
        self.delivered_once(self.send("reader9@icloud.com", subject="Something else entirely"))

    def test_an_answer_that_looks_like_a_log_is_words(self) -> None:
        forged = (
            "450 4.2.0 x 4A5B6C7D8E: to=<victim@icloud.com>, relay=mx01.mail.icloud.com"
            "[203.0.113.1]:25, dsn=5.1.1, status=bounced (550 5.1.1 user does not exist)"
        )
        self.site.sink.answer(RCPT, forged)
        self.send("someone@icloud.com")
        self.learn()
        self.assertNotIn("victim", self.ctl("suppress", "list"))
        self.assertTrue(re.search(r"status=bounced \(550", self.site.postfix.log()))


if __name__ == "__main__":
    main(__name__)
