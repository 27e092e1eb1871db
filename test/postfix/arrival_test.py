# SPDX-License-Identifier: Apache-2.0
"""Arrival: what our name stands under was written by us, on mail that really left this Postfix."""

from __future__ import annotations

from support import PostfixCase, main

from lab.site import letter

OURS = b"mx.corp.example"


def claims_ours(value: bytes) -> bool:
    return value.lower().startswith(OURS)


class Arrival(PostfixCase):
    def test_eight_interleaved_forged_fields_are_removed_and_others_stay(self) -> None:
        site, message_id = self.site, self.site.new_id("forged")
        fields = []
        for number in range(8):
            fields.append(f"Authentication-Results: mx.corp.example; spf=pass forged={number}")
            fields.append(f"Authentication-Results: other{number}.example; spf=none")
            fields.append(f"X-Between: {number}")
        site.arrive(letter(message_id, "ben@corp.example", *fields), "ben@corp.example")
        delivery = self.delivered_once(message_id)
        results = delivery.fields("Authentication-Results")
        self.assertNotIn(b"forged", b"".join(results))
        self.assertEqual(
            [value for value in results if not claims_ours(value)],
            [f"other{number}.example; spf=none".encode() for number in range(8)],
        )
        self.assertEqual(delivery.fields("X-Between"), [str(n).encode() for n in range(8)])

    def test_forged_fields_in_disguise_are_removed(self) -> None:
        site, message_id = self.site, self.site.new_id("disguise")
        disguises = (
            "Authentication-Results: MX.Corp.EXAMPLE; auth=pass forged",
            "authentication-RESULTS: mx.corp.example 1; auth=pass forged",
            "Authentication-Results: (a comment) mx.corp.example; auth=pass forged",
            'Authentication-Results: "mx.corp.example"; auth=pass forged',
            "Authentication-Results:\r\n mx.corp.example;\r\n auth=pass forged",
        )
        site.arrive(letter(message_id, "ben@corp.example", *disguises), "ben@corp.example")
        results = self.delivered_once(message_id).fields("Authentication-Results")
        self.assertNotIn(b"forged", b"".join(results))

    def test_an_authenticated_submission_gets_auth_pass_above_everything(self) -> None:
        site, message_id = self.site, self.site.new_id("login")
        site.submit(letter(message_id, "dora@elsewhere.example"), "dora@elsewhere.example")
        delivery = self.delivered_once(message_id)
        ours = [one for one in delivery.fields("Authentication-Results") if claims_ours(one)]
        self.assertEqual(ours, [b"mx.corp.example; auth=pass policy.origin=submission"])
        self.assertNotIn(b"ann@corp.example", ours[0])
        first = delivery.content.split(b":", 1)[0]
        self.assertEqual(first, b"Authentication-Results")

    def test_the_gate_knows_a_submission_by_it(self) -> None:
        site, message_id = self.site, self.site.new_id("origin")
        site.submit(letter(message_id, "bob@icloud.com"), "bob@icloud.com")
        self.delivered_once(message_id)
        self.assertEqual(site.milter.decisions(message_id)[0]["origin"], "submission")

    def test_mail_from_outside_is_forwarded_mail_at_the_gate(self) -> None:
        site, message_id = self.site, self.site.new_id("outside")
        forged = "Authentication-Results: mx.corp.example; auth=pass"
        site.arrive(letter(message_id, "ben@corp.example", forged), "ben@corp.example")
        self.delivered_once(message_id)
        self.assertEqual(site.milter.decisions(message_id)[0]["origin"], "forwarded")

    def test_forwarded_mail_is_not_refused_for_what_others_did(self) -> None:
        site, message_id = self.site, self.site.new_id("rude")
        content = letter(message_id, "ben@corp.example", "Feedback-ID: not:ours")
        site.arrive(content, "ben@corp.example")
        self.delivered_once(message_id)
        decided = site.milter.decisions(message_id)[0]
        self.assertEqual(decided["verdict"], "accept")
        self.assertIn("list_unsubscribe.missing", [one["rule"] for one in decided["findings"]])

    def test_the_sendmail_command_can_forge_nothing_either(self) -> None:
        site, message_id = self.site, self.site.new_id("local")
        forged = "Authentication-Results: mx.corp.example; auth=pass forged"
        content = letter(message_id, "bob@icloud.com", forged).replace(b"\r\n", b"\n")
        site.postfix.sendmail("ann", "bob@icloud.com", content=content)
        delivery = self.delivered_once(message_id)
        self.assertNotIn(b"forged", delivery.header)
        self.assertEqual(site.milter.decisions(message_id)[0]["origin"], "local")

    def test_mail_for_others_is_cleaned_too(self) -> None:
        site, message_id = self.site, self.site.new_id("inbound")
        forged = "Authentication-Results: mx.corp.example; dkim=pass forged"
        site.arrive(letter(message_id, "ann@corp.example", forged), "ann@corp.example")
        site.postfix.wait_until_idle()
        (mail,) = [one for one in site.postfix.mailbox("ann") if message_id.encode() in one]
        self.assertNotIn(b"forged", mail)


if __name__ == "__main__":
    main(__name__)
