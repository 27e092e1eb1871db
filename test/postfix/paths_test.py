# SPDX-License-Identifier: Apache-2.0
"""Every path by which mail for Apple can leave a Postfix goes through the gate, and no other mail
does."""

from __future__ import annotations

from support import PostfixCase, main

from lab import client
from lab.namespace import OUR_ADDRESS, OUR_NEWS_ADDRESS
from lab.process import wait_until
from lab.site import letter
from lab.sink import Delivery


class Paths(PostfixCase):
    def assert_passed_the_gate(
        self, message_id: str, recipient: str, sender: str = "ann@corp.example"
    ) -> None:
        """Delivered once at Apple's MX, judged once with the final recipient and sender."""
        delivery = self.delivered_once(message_id)
        self.assertIn(delivery.host, ("mx01.mail.icloud.com", "mx02.mail.icloud.com"))
        self.assertEqual(delivery.client, OUR_ADDRESS)
        self.assertEqual(delivery.recipients, (recipient,))
        self.assertEqual(delivery.mail_from, sender)
        (decided,) = self.site.milter.decisions(message_id)
        self.assertEqual(
            (decided["verdict"], decided["mail_from"], decided["recipients"]),
            ("accept", sender, [recipient]),
        )

    def test_submitted_mail_passes_the_gate(self) -> None:
        site, message_id = self.site, self.site.new_id("direct")
        site.submit(letter(message_id, "bob@icloud.com"), "bob@icloud.com")
        self.assert_passed_the_gate(message_id, "bob@icloud.com")

    def test_a_virtual_alias_is_seen_as_the_address_it_stands_for(self) -> None:
        site, message_id = self.site, self.site.new_id("virtual")
        site.submit(letter(message_id, "hello@corp.example"), "hello@corp.example")
        self.assert_passed_the_gate(message_id, "hello.there@icloud.com")

    def test_an_alias_through_local_passes_the_gate(self) -> None:
        site, message_id = self.site, self.site.new_id("alias")
        site.submit(letter(message_id, "office@corp.example"), "office@corp.example")
        self.assert_passed_the_gate(message_id, "office.team@icloud.com")

    def test_a_forward_file_passes_the_gate(self) -> None:
        site, message_id = self.site, self.site.new_id("forward")
        site.arrive(letter(message_id, "ben@corp.example"), "ben@corp.example")
        self.assert_passed_the_gate(message_id, "ben.away@icloud.com", "dora@elsewhere.example")

    def test_mail_from_the_sendmail_command_passes_the_gate(self) -> None:
        site, message_id = self.site, self.site.new_id("sendmail")
        content = letter(message_id, "bob@me.com").replace(b"\r\n", b"\n")
        site.postfix.sendmail("ann", "bob@me.com", content=content)
        self.assert_passed_the_gate(message_id, "bob@me.com")
        self.assertEqual(self.site.milter.decisions(message_id)[0]["origin"], "local")

    def test_a_message_with_the_null_sender_passes_the_gate(self) -> None:
        site, message_id = self.site, self.site.new_id("null")
        content = letter(message_id, "bob@mac.com", "Auto-Submitted: auto-replied")
        site.queue_up(content, "bob@mac.com", sender="")
        self.assert_passed_the_gate(message_id, "bob@mac.com", sender="")

    def test_a_bounce_of_postfix_itself_passes_the_gate(self) -> None:
        site, message_id = self.site, self.site.new_id("bounced")
        site.sink.answer("RCPT TO:<nobody@elsewhere", "550 5.1.1 no such person")
        to = "nobody@elsewhere.example"
        site.queue_up(letter(message_id, to), to, sender="bob@icloud.com")

        def bounces() -> list[Delivery]:
            return [
                one
                for one in site.sink.deliveries
                if one.mail_from == "" and message_id.encode() in one.content
            ]

        wait_until("the bounce leaves", lambda: bool(bounces()))
        (bounce,) = bounces()
        self.assertEqual(bounce.recipients, ("bob@icloud.com",))
        (decided,) = site.milter.decisions(bounce.message_id)
        self.assertEqual((decided["verdict"], decided["class"]), ("accept", "notice"))
        self.assertEqual(decided["origin"], "local")

    def test_of_mixed_recipients_only_those_at_apple_come_to_the_gate(self) -> None:
        site, message_id = self.site, self.site.new_id("mixed")
        to = ("bob@icloud.com", "dora@elsewhere.example", "eve@me.com")
        site.submit(letter(message_id, ", ".join(to)), *to)
        site.postfix.wait_until_idle()
        got = sorted((one.host.split(".")[-2], one.recipients) for one in site.sink.of(message_id))
        self.assertEqual(
            got,
            [
                ("elsewhere", ("dora@elsewhere.example",)),
                ("icloud", ("bob@icloud.com",)),
                ("icloud", ("eve@me.com",)),
            ],
        )

        def judged() -> list[str]:
            decided = site.milter.decisions(message_id)
            return sorted(to for one in decided for to in one["recipients"])

        wait_until("both are judged", lambda: len(judged()) > 1)
        self.assertEqual(judged(), ["bob@icloud.com", "eve@me.com"])

    def test_an_alias_with_targets_inside_and_outside_is_split(self) -> None:
        site, message_id = self.site, self.site.new_id("crew")
        site.submit(letter(message_id, "crew@corp.example"), "crew@corp.example")
        site.postfix.wait_until_idle()
        hosts = sorted(one.recipients[0] for one in site.sink.of(message_id))
        self.assertEqual(hosts, ["crew.one@icloud.com", "dora@elsewhere.example"])
        self.assertEqual(self.verdicts(message_id), ["accept"])

    def test_mail_for_the_private_relay_leaves_for_its_own_mx(self) -> None:
        site, message_id = self.site, self.site.new_id("relay")
        to = "x7k2p@privaterelay.appleid.com"
        site.submit(letter(message_id, to), to)
        self.assertEqual(self.delivered_once(message_id).host, "smtp1.privaterelay.appleid.com")
        self.assertEqual(self.verdicts(message_id), ["accept"])

    def test_mail_for_others_never_comes_to_the_gate(self) -> None:
        site, message_id = self.site, self.site.new_id("other")
        site.submit(letter(message_id, "dora@elsewhere.example"), "dora@elsewhere.example")
        self.assertEqual(self.delivered_once(message_id).host, "mx.elsewhere.example")
        self.assertEqual(site.milter.decisions(message_id), [])

    def test_a_stream_leaves_by_its_own_address(self) -> None:
        site, gate = self.site, "127.0.0.1:10027/inet"
        site.postfix.add_service(
            "icloud-news unix - - n - - smtp", smtp_bind_address=OUR_NEWS_ADDRESS
        )
        site.postfix.set_service(
            gate,
            smtpd_sender_restrictions=(
                "check_sender_access inline:{{news.corp.example = FILTER icloud-news:}}"
            ),
        )
        self.addCleanup(site.postfix.set_service, gate, smtpd_sender_restrictions="")
        for sender, address in (
            ("spring@news.corp.example", OUR_NEWS_ADDRESS),
            ("ann@corp.example", OUR_ADDRESS),
        ):
            message_id = site.new_id("stream")
            site.queue_up(letter(message_id, "bob@icloud.com"), "bob@icloud.com", sender=sender)
            self.assertEqual(self.delivered_once(message_id).client, address)
            self.assertEqual(self.verdicts(message_id), ["accept"])

    def test_a_stranger_cannot_use_the_gate(self) -> None:
        with self.assertRaises(ConnectionRefusedError):
            client.send(10027, "x@elsewhere.example", ["bob@icloud.com"], b"", host=OUR_ADDRESS)

    def test_what_is_missing_in_a_message_is_not_filled_in_before_the_gate(self) -> None:
        site = self.site
        content = letter("<unused@corp.example>", "bob@icloud.com", subject="no id here")
        content = b"".join(
            line for line in content.splitlines(keepends=True) if b"Message-ID" not in line
        )
        site.queue_up(content, "bob@icloud.com", sender="ann@corp.example")
        site.postfix.wait_until_idle()
        decided = site.milter.decisions("")[-1]
        self.assertIn("format.message-id-missing", [one["rule"] for one in decided["findings"]])


if __name__ == "__main__":
    main(__name__)
