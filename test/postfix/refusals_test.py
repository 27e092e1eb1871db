# SPDX-License-Identifier: Apache-2.0
"""What becomes of mail that a policy does not let pass: it comes back with our words, waits, is
held, or is tagged; and the mail beside it is left alone."""

from __future__ import annotations

import re

from support import PostfixCase, main

from lab.process import wait_until
from lab.site import letter

BULK = ("Feedback-ID: spring:corp", "Precedence: bulk")
ONE_CLICK = (
    "List-Unsubscribe: <https://corp.example/u/7fa2>, <mailto:leave@corp.example>",
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
)


def words(text: str) -> str:
    """A DSN folds the reply over lines; this puts it back on one."""
    return re.sub(r"\s+", " ", text)


class Refusals(PostfixCase):
    def suppress(self, address: str, reason: str) -> None:
        self.site.milter.control("suppress", "add", address, "--reason", reason)

    def test_of_several_recipients_the_suppressed_one_alone_bounces(self) -> None:
        site, message_id = self.site, self.site.new_id("suppressed")
        self.suppress("gone@icloud.com", "hard-bounce")
        to = ("first@icloud.com", "gone@icloud.com", "last@icloud.com")
        site.submit(letter(message_id, ", ".join(to)), *to)
        bounce = words(self.bounce_to("ann", message_id))
        self.assertIn("Final-Recipient: rfc822; gone@icloud.com", bounce)
        self.assertNotIn("Final-Recipient: rfc822; first@icloud.com", bounce)
        self.assertNotIn("Final-Recipient: rfc822; last@icloud.com", bounce)
        self.assertIn("suppression.hard-bounce", bounce)
        got = sorted(one.recipients[0] for one in site.sink.of(message_id))
        self.assertEqual(got, ["first@icloud.com", "last@icloud.com"])

        def rules() -> list[str]:
            return [
                one["rule"]
                for one in site.milter.decisions()
                if one["event"] == "recipient" and one["recipients"] == ["gone@icloud.com"]
            ]

        wait_until("the refusal is logged", lambda: bool(rules()))
        self.assertEqual(rules(), ["suppression.hard-bounce"])

    def test_an_alias_to_a_suppressed_address_bounces_to_the_sender(self) -> None:
        site, message_id = self.site, self.site.new_id("alias")
        self.suppress("office.team@icloud.com", "manual")
        remove = ("suppress", "remove", "office.team@icloud.com", "--because", "end of the test")
        self.addCleanup(site.milter.control, *remove)
        site.submit(letter(message_id, "office@corp.example"), "office@corp.example")
        bounce = words(self.bounce_to("ann", message_id))
        self.assertIn("suppression.manual", bounce)
        self.not_delivered(message_id)

    def test_bulk_mail_reaches_the_recorded_subscriber_who_is_still_there_alone(self) -> None:
        site, message_id = self.site, self.site.new_id("ledger")
        news = {"name": "news", "kind": "bulk", "sender_domains": ["corp.example"]}
        self.configure(
            {
                "streams": [news],
                "consent": {"mode": "enforce"},
                "inactive": {"mode": "enforce", "after": "30d"},
            }
        )
        for address, consented in (("fan@icloud.com", "10d"), ("asleep@icloud.com", "90d")):
            about = ("--scope", "stream:news", "--consented", consented, "--source", "form")
            site.milter.control("ledger", "add", address, *about)
        to = ("fan@icloud.com", "asleep@icloud.com", "stranger@icloud.com")
        site.submit(letter(message_id, ", ".join(to), *BULK, *ONE_CLICK), *to)
        bounce = words(self.bounce_to("ann", message_id))
        self.assertIn("Final-Recipient: rfc822; stranger@icloud.com", bounce)
        self.assertIn("550 5.7.1 consent.missing: no consent to stream news", bounce)
        self.assertIn("Final-Recipient: rfc822; asleep@icloud.com", bounce)
        self.assertIn("550 5.7.1 inactive.consent: never active since the consent", bounce)
        self.assertNotIn("Final-Recipient: rfc822; fan@icloud.com", bounce)
        self.assertEqual(self.delivered_once(message_id).recipients, ("fan@icloud.com",))

    def test_a_refused_message_comes_back_with_the_very_words_of_the_decision(self) -> None:
        site, message_id = self.site, self.site.new_id("bulk")
        site.submit(letter(message_id, "bob@icloud.com", *BULK), "bob@icloud.com")
        bounce = words(self.bounce_to("ann", message_id))
        self.not_delivered(message_id)
        (decided,) = site.milter.decisions(message_id)
        self.assertEqual((decided["verdict"], decided["policy"]), ("reject", "list_unsubscribe"))
        self.assertIn(words(decided["reply"]), bounce)
        self.assertIn("Action: failed", bounce)
        self.assertIn("Status: 5.", bounce)

    def test_the_same_message_with_one_click_is_delivered(self) -> None:
        site, message_id = self.site, self.site.new_id("oneclick")
        content = letter(message_id, "bob@icloud.com", *BULK, *ONE_CLICK)
        site.submit(content, "bob@icloud.com")
        self.delivered_once(message_id)
        self.assertEqual(self.verdicts(message_id), ["accept"])

    def test_a_refused_bounce_makes_no_bounce(self) -> None:
        site, message_id = self.site, self.site.new_id("null")
        content = letter(message_id, "bob@icloud.com", *BULK, *ONE_CLICK)
        site.queue_up(content, "bob@icloud.com", sender="")
        self.not_delivered(message_id)
        self.assertEqual(self.verdicts(message_id), ["reject"])
        self.assertEqual(site.postfix.queue(), [])

    def test_action_defer_keeps_the_message_in_the_queue_with_our_words(self) -> None:
        site, message_id = self.site, self.site.new_id("defer")
        self.configure({"list_unsubscribe": {"mode": "enforce", "action": "defer"}})
        site.submit(letter(message_id, "bob@icloud.com", *BULK), "bob@icloud.com")
        site.postfix.wait_until_idle()
        (waiting,) = site.postfix.at_rest()
        self.assertEqual(waiting.queue, "deferred")
        self.assertIn(" said: 451 4.", waiting.reason)
        self.assertIn("list_unsubscribe.missing", waiting.reason)
        self.not_delivered(message_id)

    def test_a_deferred_message_is_delivered_once_its_rule_is_only_observed(self) -> None:
        site, message_id = self.site, self.site.new_id("later")
        site.milter.reload_with({"list_unsubscribe": {"mode": "enforce", "action": "defer"}})
        site.submit(letter(message_id, "bob@icloud.com", *BULK), "bob@icloud.com")
        site.postfix.wait_until_idle()
        self.configure({"list_unsubscribe": {"mode": "observe"}})
        site.postfix.wait_until_empty()
        self.delivered_once(message_id)
        wait_until("both are logged", lambda: "accept" in self.verdicts(message_id))
        verdicts = self.verdicts(message_id)
        self.assertEqual((verdicts[0], verdicts[-1]), ("defer", "accept"))

    def test_action_quarantine_puts_the_message_on_hold(self) -> None:
        site, message_id = self.site, self.site.new_id("held")
        self.configure({"list_unsubscribe": {"mode": "enforce", "action": "quarantine"}})
        site.submit(letter(message_id, "bob@icloud.com", *BULK), "bob@icloud.com")
        site.postfix.wait_until_idle()
        (held,) = site.postfix.queue()
        self.assertEqual((held.queue, held.recipients), ("hold", ("bob@icloud.com",)))
        site.postfix.flush()
        self.not_delivered(message_id)
        self.assertIn("milter triggers HOLD action", site.postfix.log())

    def test_action_tag_adds_a_field_for_each_rule_and_delivers(self) -> None:
        site, message_id = self.site, self.site.new_id("tag")
        self.configure({"list_unsubscribe": {"mode": "enforce", "action": "tag"}})
        site.submit(letter(message_id, "bob@icloud.com", *BULK), "bob@icloud.com")
        tags = self.delivered_once(message_id).fields("X-ICloud-Milter")
        self.assertEqual(
            sorted(tag.split(b";")[0] for tag in tags),
            [b"list_unsubscribe.missing", b"list_unsubscribe.post-missing"],
        )

    def test_mode_observe_reports_and_changes_nothing(self) -> None:
        site, message_id = self.site, self.site.new_id("observe")
        self.configure({"list_unsubscribe": {"mode": "observe"}})
        site.submit(letter(message_id, "bob@icloud.com", *BULK), "bob@icloud.com")
        self.assertEqual(self.delivered_once(message_id).fields("X-ICloud-Milter"), [])
        (decided,) = site.milter.decisions(message_id)
        self.assertEqual(decided["verdict"], "accept")
        self.assertEqual(
            {
                (one["rule"], one["held_back"])
                for one in decided["findings"]
                if one["policy"] == "list_unsubscribe"
            },
            {
                ("list_unsubscribe.missing", "mode observe"),
                ("list_unsubscribe.post-missing", "mode observe"),
            },
        )

    def test_a_line_too_long_is_refused_before_postfix_can_fold_it(self) -> None:
        site, message_id = self.site, self.site.new_id("long")
        content = letter(message_id, "bob@icloud.com", body=b"x" * 1500 + b"\r\n")
        site.submit(content, "bob@icloud.com")
        self.assertIn("format.body-line-length", words(self.bounce_to("ann", message_id)))

    def test_a_hundred_refusals_on_one_connection_are_no_reason_to_hang_up(self) -> None:
        site = self.site
        ids = [site.new_id("many") for _ in range(100)]
        for message_id in ids:
            site.queue_up(
                letter(message_id, "bob@icloud.com", *BULK),
                "bob@icloud.com",
                sender="ann@corp.example",
            )
        site.postfix.wait_until_idle()
        self.assertEqual(site.postfix.queue(), [])
        for message_id in ids:
            self.assertEqual(self.verdicts(message_id), ["reject"])


if __name__ == "__main__":
    main(__name__)
