# SPDX-License-Identifier: Apache-2.0
"""A body that passes the gate reaches Apple's MX octet for octet."""

from __future__ import annotations

import hashlib

from support import PostfixCase, main

from lab.site import letter

MIME = ("MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8")
EIGHT_BIT = (*MIME, "Content-Transfer-Encoding: 8bit")


class Bodies(PostfixCase):
    def assert_unchanged(self, body: bytes, *fields: str, options: str = "") -> None:
        message_id = self.site.new_id("body")
        content = letter(message_id, "bob@icloud.com", *fields, body=body)
        self.site.queue_up(content, "bob@icloud.com", options=options)
        delivery = self.delivered_once(message_id)
        self.assertEqual(self.verdicts(message_id), ["accept"])
        self.assertEqual(delivery.body, body)
        sent_header = content[: len(content) - len(body) - 2]
        self.assertTrue(delivery.header.endswith(sent_header), delivery.header)

    def test_eight_bit_octets(self) -> None:
        body = "Grüße aus Köln, 日本\r\n".encode() + bytes(range(128, 256)) + b"\r\n"
        self.assert_unchanged(body, *EIGHT_BIT, options=" BODY=8BITMIME")

    def test_lines_of_998_octets(self) -> None:
        self.assert_unchanged((b"y" * 998 + b"\r\n") * 50)

    def test_trailing_blanks(self) -> None:
        self.assert_unchanged(b"one \r\n two\t\t\r\n   \r\n\t\r\nthree   \r\n")

    def test_an_empty_body(self) -> None:
        self.assert_unchanged(b"")

    def test_a_body_of_empty_lines(self) -> None:
        self.assert_unchanged(b"\r\n" * 7)

    def test_leading_dots(self) -> None:
        self.assert_unchanged(b".\r\n..\r\n.leading\r\n...\r\n")

    def test_lines_that_look_like_headers_or_mailbox_separators(self) -> None:
        self.assert_unchanged(b"From ann Mon\r\n>From x\r\nSubject: no\r\n\r\nMAIL FROM:<a>\r\n")

    def test_megabytes(self) -> None:
        line = hashlib.sha256(b"seed").hexdigest().encode() + b"\r\n"
        self.assert_unchanged(line * 80_000)

    def test_a_body_from_the_sendmail_command_without_a_final_newline(self) -> None:
        site, message_id = self.site, self.site.new_id("nonewline")
        content = letter(message_id, "bob@icloud.com", body=b"no newline at the end")
        site.postfix.sendmail("ann", "bob@icloud.com", content=content.replace(b"\r\n", b"\n"))
        # SMTP knows only whole lines (RFC 5321 section 4.1.1.4): the CRLF is Postfix's.
        self.assertEqual(self.delivered_once(message_id).body, b"no newline at the end\r\n")

    def test_folded_and_oddly_spaced_fields(self) -> None:
        self.assert_unchanged(
            b"text\r\n",
            "X-Folded: one\r\n two\r\n\tthree",
            "X-Spaces:   three before, one after ",
            "X-Empty:",
            "x-LOWER: kept as written",
        )


if __name__ == "__main__":
    main(__name__)
