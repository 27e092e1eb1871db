# SPDX-License-Identifier: Apache-2.0
"""The days of a warm-up through a real queue, under a clock of the daemon's own (libfaketime)."""

from __future__ import annotations

import os
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest.mock import patch

from support import PostfixCase, main

from lab.namespace import OUR_ADDRESS
from lab.process import run, wait_until
from lab.site import letter

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
NOON = 12
FIRST_DAY, GROWTH, CAP = 2, 200, 5  # recipients, percent, recipients
LETTERS = 12  # 2 on the first day, 4 on the second, 5 on the third, and one is left


@unittest.skipUnless(FAKETIME.exists(), "the package faketime is missing")
class WarmUp(PostfixCase):
    def setUp(self) -> None:
        super().setUp()
        milter = self.site.milter
        self.clock = milter.folder / "clock"
        now = datetime.now(timezone.utc)
        self.start = now.replace(hour=NOON, minute=0, second=0, microsecond=0)
        self.set_clock(1)
        milter.stop()
        self.addCleanup(milter.start)
        self.addCleanup(milter.stop)
        milter.configure(
            {
                "egress": {"addresses": [OUR_ADDRESS], "helo": "mx.corp.example"},
                "throttle": {
                    "mode": "enforce",
                    "on_error": "defer",
                    "warm_up": [
                        {
                            "egress": [OUR_ADDRESS],
                            "start": self.start.strftime("%Y-%m-%d"),
                            "first_day": FIRST_DAY,
                            "growth": GROWTH,
                            "cap": CAP,
                        }
                    ],
                },
            }
        )
        self.addCleanup(milter.configure, {})
        self.start_daemon()

    def set_clock(self, day: int, hour: int = NOON) -> None:
        """The daemon's clock from now on; its deadlines go by the machine's own."""
        moment = self.start + timedelta(days=day - 1, hours=hour - NOON)
        offset = (moment - datetime.now(timezone.utc)).total_seconds()
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(f"{offset:+.0f}\n")
        fresh.chmod(0o644)
        fresh.replace(self.clock)

    def start_daemon(self) -> None:
        fake = {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self.clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        with patch.dict(os.environ, fake):
            self.site.milter.start()

    def left(self, ids: list[str]) -> int:
        """How many have been delivered, after everything was tried."""
        self.site.postfix.flush()
        self.site.postfix.wait_until_idle()
        return sum(len(self.site.sink.of(one)) for one in ids)

    def reasons(self) -> str:
        return "\n".join(one.reason for one in self.site.postfix.at_rest())

    def leaves(self, ids: list[str], count: int) -> None:
        wait_until(
            f"{count} letters have left",
            lambda: self.left(ids) >= count,
            seconds=300,
            explain=lambda: f"{self.site.postfix.queue()}\n{self.site.milter.log()[-2000:]}",
        )
        self.assertEqual(self.left(ids), count)

    def test_each_day_lets_go_what_the_plan_says_and_nothing_is_lost(self) -> None:
        ids = [self.site.new_id("warm") for _ in range(LETTERS)]
        for number, one in enumerate(ids):
            to = f"warm{number}@icloud.com"
            self.site.queue_up(letter(one, to), to)
        self.leaves(ids, 2)
        self.assertIn(
            f"warm-up of {OUR_ADDRESS} allows 2 recipients on day 1 (UTC), 2 used", self.reasons()
        )
        self.set_clock(1, hour=23)
        self.assertEqual(self.left(ids), 2)
        self.set_clock(2, hour=1)
        self.leaves(ids, 6)
        self.assertIn("allows 4 recipients on day 2 (UTC), 4 used", self.reasons())
        self.site.milter.kill()
        self.start_daemon()
        self.assertEqual(self.left(ids), 6)
        self.set_clock(3)
        self.leaves(ids, 11)
        self.assertIn("allows 5 recipients on day 3 (UTC), 5 used", self.reasons())
        self.assertIn("day 3, grown", self.shown())
        self.set_clock(4)
        self.site.postfix.wait_until_empty()
        for one in ids:
            self.delivered_once(one)

    def shown(self) -> str:
        milter = self.site.milter
        return run(milter.control_program, "throttle", "show", "--config", milter.config_file)


if __name__ == "__main__":
    main(__name__)
