# SPDX-License-Identifier: Apache-2.0
"""The daemon is away, dies, or comes back: mail waits, and none leaves unjudged."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from support import PostfixCase, main

from lab.client import Refused
from lab.namespace import ELSEWHERE_MX
from lab.process import wait_until
from lab.site import letter

MEGABYTE = 1 << 20
BIG = 20 * MEGABYTE


class Outage(PostfixCase):
    def restart_later(self) -> None:
        self.addCleanup(self.start_if_down)

    def start_if_down(self) -> None:
        if not self.site.milter.running:
            self.site.milter.start()

    def test_mail_waits_while_the_daemon_is_stopped_and_leaves_when_it_is_back(self) -> None:
        site, message_id = self.site, self.site.new_id("stopped")
        self.restart_later()
        self.assertEqual(site.milter.stop(), 0)
        site.queue_up(letter(message_id, "bob@icloud.com"), "bob@icloud.com")
        site.postfix.wait_until_idle()
        (waiting,) = site.postfix.at_rest()
        self.assertEqual(waiting.queue, "deferred")
        self.assertIn("4.7.1 Service unavailable - try again later", waiting.reason)
        site.postfix.flush()
        self.not_delivered(message_id)

        site.milter.start()
        site.postfix.wait_until_empty()
        self.delivered_once(message_id)
        self.assertEqual(self.verdicts(message_id), ["accept"])

    def test_a_fallback_relay_leads_nobody_around_the_gate(self) -> None:
        site, message_id = self.site, self.site.new_id("fallback")
        self.restart_later()
        site.postfix.set(smtp_fallback_relay=f"[{ELSEWHERE_MX}]")
        self.addCleanup(site.postfix.set, smtp_fallback_relay="")
        site.milter.stop()
        site.queue_up(letter(message_id, "bob@icloud.com"), "bob@icloud.com")
        self.not_delivered(message_id)
        self.assertEqual([one.queue for one in site.postfix.at_rest()], ["deferred"])

    def test_mail_for_others_leaves_while_the_daemon_is_stopped(self) -> None:
        site, message_id = self.site, self.site.new_id("others")
        self.restart_later()
        site.milter.stop()
        site.queue_up(letter(message_id, "dora@elsewhere.example"), "dora@elsewhere.example")
        self.delivered_once(message_id)

    def test_a_covered_listener_asks_strangers_to_come_back_later(self) -> None:
        site, message_id = self.site, self.site.new_id("covered")
        self.restart_later()
        site.milter.stop()
        with self.assertRaises(Refused) as refused:
            site.arrive(letter(message_id, "ben@corp.example"), "ben@corp.example")
        self.assertEqual(refused.exception.reply.code, 451)
        site.milter.start()
        site.arrive(letter(message_id, "ben@corp.example"), "ben@corp.example")
        self.delivered_once(message_id)

    def test_killed_in_the_middle_of_a_large_body_it_loses_and_doubles_nothing(self) -> None:
        site = self.site
        self.restart_later()
        before_kill = 0
        for _ in range(10):  # the body may be through before we look; then another one is sent
            message_id = site.new_id("killed")
            line = b"z" * 70 + b"\r\n"
            content = letter(message_id, "bob@icloud.com", body=line * (BIG // len(line)))
            start = octets_read(site.milter.pid)
            site.queue_up(content, "bob@icloud.com")
            before_kill = self.freeze_within(start, len(content))
            if before_kill:
                break
            self.delivered_once(message_id)
        self.assertTrue(MEGABYTE < before_kill < BIG, f"killed after {before_kill} octets")
        site.milter.kill()
        self.not_delivered(message_id)
        self.assertEqual(self.verdicts(message_id), [])

        site.milter.start()
        site.postfix.wait_until_empty()
        delivery = self.delivered_once(message_id)
        self.assertEqual(delivery.body, line * (BIG // len(line)))
        self.assertEqual(self.verdicts(message_id), ["accept"])

    def freeze_within(self, start: int, length: int) -> int:
        """Stops the daemon while the body streams in; the octets it had read, or 0 when it was
        through."""
        pid = self.site.milter.pid
        end = time.monotonic() + 90
        while time.monotonic() < end:
            if octets_read(pid) - start > 2 * MEGABYTE:
                os.kill(pid, signal.SIGSTOP)
                got = octets_read(pid) - start
                if got < length - MEGABYTE:
                    return got
                os.kill(pid, signal.SIGCONT)
                return 0
        self.fail("the body never came to the daemon")

    def test_a_stop_lets_the_message_in_hand_finish(self) -> None:
        site, message_id = self.site, self.site.new_id("drain")
        self.restart_later()
        line = b"q" * 70 + b"\r\n"
        content = letter(message_id, "bob@icloud.com", body=line * (BIG // len(line)))
        start = octets_read(site.milter.pid)
        site.queue_up(content, "bob@icloud.com")
        wait_until("the body streams in", lambda: octets_read(site.milter.pid) - start > MEGABYTE)
        self.assertEqual(site.milter.stop(), 0)
        site.milter.start()
        site.postfix.wait_until_empty()
        self.delivered_once(message_id)
        self.assertEqual(self.verdicts(message_id), ["accept"])

    def test_a_wrong_configuration_at_reload_changes_nothing(self) -> None:
        site = self.site
        pid = site.milter.pid
        self.addCleanup(site.milter.reload_with, {})
        site.milter.reload_with({"format": {"mode": "enforced"}})
        message_id = site.new_id("old")
        content = letter(message_id, "bob@icloud.com", body=b"x" * 1500 + b"\r\n")
        site.submit(content, "bob@icloud.com")
        self.not_delivered(message_id)
        self.assertEqual(self.verdicts(message_id), ["reject"])
        self.assertEqual(site.milter.pid, pid)


def octets_read(pid: int) -> int:
    """How much a process has read so far, from sockets too."""
    for line in Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("rchar:"):
            return int(line.split()[1])
    raise AssertionError(f"/proc/{pid}/io has no rchar")


if __name__ == "__main__":
    main(__name__)
