# SPDX-License-Identifier: Apache-2.0
"""Limits through a real queue: what is too much waits and leaves later, all of it, in fair order."""

from __future__ import annotations

from statistics import mean

from support import PostfixCase, main

from lab.namespace import OUR_ADDRESS
from lab.process import run, wait_until
from lab.site import letter

AT_MOST, WITHIN = 4, 12.0  # letters in seconds
LIMIT = {"name": "brief", "at_most": AT_MOST, "within": f"{WITHIN:g}s"}


class Throttle(PostfixCase):
    def throttle(self, *words: str) -> str:
        """icloud-milterctl throttle, as the administrator."""
        milter = self.site.milter
        return run(milter.control_program, "throttle", *words, "--config", milter.config_file)

    def limited(self, *limits: object, **changes: object) -> None:
        self.configure(
            {
                "egress": {"addresses": [OUR_ADDRESS], "helo": "mx.corp.example"},
                "throttle": {"mode": "enforce", "on_error": "defer", "limits": list(limits)},
                **changes,
            }
        )

    def queue_letters(self, word: str, count: int, *fields: str) -> list[str]:
        ids = [self.site.new_id(word) for _ in range(count)]
        for number, one in enumerate(ids):
            to = f"{word}{number}@icloud.com"
            self.site.queue_up(letter(one, to, *fields), to)
        return ids

    def left_at(self, ids: list[str]) -> list[float]:
        return sorted(self.delivered_once(one).at for one in ids)

    def test_what_is_too_much_leaves_later_all_of_it_and_who_came_first_goes_first(self) -> None:
        site = self.site
        self.limited(LIMIT)
        first = self.queue_letters("first", 2 * AT_MOST)
        site.postfix.wait_until_idle()
        waiting = site.postfix.at_rest()
        self.assertTrue(waiting)
        self.assertIn(f"throttle.rate: brief (all) allows 4 recipients in {WITHIN:g}s", waiting[0].reason)
        late = self.queue_letters("late", 2 * AT_MOST)
        site.postfix.wait_until_empty()
        times = self.left_at(first + late)
        # Counted at RCPT, seen at the end of DATA: on a busy machine seconds later.
        for begin, end in zip(times, times[AT_MOST:]):
            self.assertGreater(end - begin, WITHIN * 0.6)
        self.assertLess(mean(self.left_at(first)), mean(self.left_at(late)))

    def test_a_stream_that_shows_by_its_header_is_held_to_its_own_limit(self) -> None:
        stream = {"name": "offers", "kind": "transactional", "header": "X-Stream: offers"}
        self.limited(
            {"name": "offers", "streams": ["offers"], "at_most": 1, "within": "1h"},
            streams=[stream],
        )
        (gone,) = self.queue_letters("offer", 1, "X-Stream: offers")
        self.delivered_once(gone)
        (waits,) = self.queue_letters("offers", 1, "X-Stream: offers")
        (letter_of_a_person,) = self.queue_letters("person", 1)
        self.delivered_once(letter_of_a_person)
        self.not_delivered(waits)
        (left,) = self.site.postfix.at_rest()
        self.assertIn("throttle.rate: offers (all) allows 1 recipient in 1h", left.reason)

    def test_what_is_paused_waits_until_it_is_resumed(self) -> None:
        self.limited()
        self.throttle("pause", "all", "--because", "421 [HCM1]")
        self.addCleanup(self.throttle, "list")
        wait_until("the daemon knows", lambda: '"pause"' in self.shown())
        (one,) = self.queue_letters("paused", 1)
        self.not_delivered(one)
        (waiting,) = self.site.postfix.at_rest()
        self.assertIn("throttle.paused: all mail to Apple is paused since", waiting.reason)
        self.assertIn("by root: 421 [HCM1]; try again later", waiting.reason)
        self.assertEqual(self.throttle("resume", "all"), "pause all: removed\n")
        wait_until("the daemon knows", lambda: '"pause"' not in self.shown())
        self.site.postfix.wait_until_empty()
        self.delivered_once(one)

    def shown(self) -> str:
        milter = self.site.milter
        return run(
            milter.control_program, "throttle", "show", "--json", "--config", milter.config_file
        )


if __name__ == "__main__":
    main(__name__)
