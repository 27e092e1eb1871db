#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""icloud-milterctl unsubscribe address and intake, as programs and a mail server run them."""
import os
import subprocess
import unittest

import site_of_tests as world
from site_of_tests import Site

BOB = ("bob@icloud.com", "stream:news", "unsubscribe")


def mail(recipient, *fields):
    lines = ["From: Bob <bob@icloud.com>", f"To: {recipient}", *fields, "", "Please.", ""]
    return "\r\n".join(lines).encode()


def recipient_of(minted):
    return minted["mailto"].removeprefix("mailto:").partition("?")[0].replace("%2B", "+")


class Address(unittest.TestCase):
    def test_prints_the_fields_ready_to_paste(self):
        site = Site()
        status, out, err = site.run("unsubscribe", "address", "bob@icloud.com", "--stream", "news")
        token = site.token()
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(
            out,
            f"List-Unsubscribe: <https://news.example.com/unsubscribe/{token}>,\n"
            f" <mailto:unsubscribe+{token}@news.example.com>\n"
            f"List-Unsubscribe-Post: List-Unsubscribe=One-Click\n")

    def test_mints_for_each_line_of_standard_input_and_tells_the_bad_ones(self):
        site = Site()
        status, out, err = site.run("unsubscribe", "address", "-", "--stream", "news",
                                    given=b"bob@icloud.com\r\n\nbob\n eve@me.com")
        self.assertEqual(status, 2)
        self.assertEqual(err, "icloud-milterctl: line 3: address \"bob\": has no \"@\"\n")
        bob, eve = (line.split("\t") for line in out.splitlines())
        self.assertEqual(bob, ["bob@icloud.com", site.minted("bob@icloud.com")["https"],
                               site.minted("bob@icloud.com")["mailto"]])
        self.assertEqual(eve[0], "eve@me.com")

    def test_knows_streams_lists_and_all_mail(self):
        site = Site()
        seen = set()
        for words in (["--stream", "news"], ["--stream", "offers"], ["--list", "news.example.com"],
                      ["--all-mail"]):
            status, out, _ = site.run("unsubscribe", "address", "bob@icloud.com", *words)
            self.assertEqual(status, 0)
            seen.add(out)
        self.assertEqual(len(seen), 4)
        status, _, err = site.run("unsubscribe", "address", "bob@icloud.com", "--stream", "nws")
        self.assertEqual((status, err),
                         (2, "icloud-milterctl: --stream: there is no stream \"nws\" in the "
                             "configuration (it has news, offers); did you mean \"news\"?\n"))


class Intake(unittest.TestCase):
    def take(self, site, octets, *words):
        return site.run("unsubscribe", "intake", *words, given=octets)

    def test_of_apple_mails_button_unsubscribes(self):
        site = Site()
        to = recipient_of(site.minted("bob@icloud.com"))
        status, out, err = self.take(
            site, mail(to, "Subject:", "X-Apple-Unsubscribe: true", "Message-ID: <1@icloud.com>"),
            "--recipient", to, "--sender", "bob@icloud.com")
        self.assertEqual(
            (status, out, err),
            (0, "unsubscribed: stream:news (token in the address, by the button of Apple Mail, "
                "Message-ID <1@icloud.com>)\n", ""))
        self.assertEqual(site.listed(), [BOB])
        status, out, _ = self.take(site, mail(to))
        self.assertEqual((status, out.partition(":")[0]), (0, "had unsubscribed before"))

    def test_reads_what_an_alias_hands_over(self):
        site = Site()
        to = recipient_of(site.minted("bob@icloud.com"))
        octets = (b"From bob@icloud.com  Sat Nov 21 08:00:00 2026\n"
                  b"Return-Path: <bob@icloud.com>\nX-Original-To: " + to.encode() +
                  b"\nDelivered-To: unsubscribe@news.example.com\n" +
                  mail("Undisclosed:;").replace(b"\r\n", b"\n"))
        self.assertEqual(self.take(site, octets)[0], 0)
        self.assertEqual(site.listed(), [BOB])

    def test_of_machines_is_let_go(self):
        site = Site()
        to = recipient_of(site.minted("bob@icloud.com"))
        for octets, words in ((mail(to), ("--sender", "")), (mail(to), ("--sender", "MAILER-DAEMON")),
                              (mail(to, "Auto-Submitted: auto-replied"), ()),
                              (mail(to, "Return-Path: <>"), ()),
                              (mail(to, "Content-Type: multipart/report; boundary=x"), ())):
            status, out, err = self.take(site, octets, *words)
            self.assertEqual((status, err), (0, ""))
            self.assertTrue(out.startswith("no wish to unsubscribe: "), out)
        self.assertEqual(site.listed(), [])

    def test_without_a_token_is_bounced_or_discarded(self):
        site = Site()
        octets = mail("unsubscribe@news.example.com", "Subject: unsubscribe")
        told = ("not unsubscribed: neither address nor subject has a token; please use the "
                "unsubscribe link in the mail itself\n")
        self.assertEqual(self.take(site, octets), (os.EX_DATAERR, told, ""))
        self.assertEqual(self.take(site, octets, "--unclear", "discard"), (0, told, ""))
        self.assertEqual(self.take(site, b"")[0], os.EX_DATAERR)
        self.assertEqual(self.take(site, b"\x00\xff" * 100000)[0], os.EX_DATAERR)

    def test_stays_in_the_queue_while_anything_is_away(self):
        site = Site()
        to = recipient_of(site.minted("bob@icloud.com"))
        site.lose_store()
        status, out, err = self.take(site, mail(to))
        self.assertEqual((status, out), (os.EX_TEMPFAIL, ""))
        self.assertIn("store.db", err)
        site.put_store_back()
        keys = site.keys.read_text()
        site.keys.unlink()
        self.assertEqual(self.take(site, mail(to))[0], os.EX_TEMPFAIL)
        site.keys.write_text(keys)
        site.keys.chmod(0o600)
        config = site.config.read_text()
        site.config.write_text("unsubscribe: {url: x}\n")
        self.assertEqual(self.take(site, mail(to))[0], os.EX_TEMPFAIL)
        site.config.write_text(config)
        self.assertEqual(self.take(site, mail(to))[0], 0)
        self.assertEqual(site.listed(), [BOB])

    def test_reads_a_large_mail_to_its_end(self):
        site = Site()
        to = recipient_of(site.minted("bob@icloud.com"))
        octets = mail(to) + b"x" * 76 + b"\r\n" * 1_000_000
        self.assertEqual(self.take(site, octets)[0], 0)
        many = b"\r\n".join(b"X-Field-%d: x" % i for i in range(200_000))
        self.assertEqual(self.take(site, mail(to).replace(b"\r\n\r\n", b"\r\n" + many + b"\r\n\r\n", 1))[0],
                         0)

    def test_of_a_long_address_works_from_that_address(self):
        site = Site()
        long_one = "a.long.name+with-many-words.2026@a-family-with-a-name.example"
        minted = site.minted(long_one)
        self.assertFalse(minted["mailto_has_token"])
        to = recipient_of(minted)
        octets = mail(to, "Subject:", "X-Apple-Unsubscribe: true")
        self.assertEqual(self.take(site, octets)[0], os.EX_DATAERR, "bob is not who it was made for")
        status, _, _ = self.take(site, octets.replace(b"bob@icloud.com", long_one.encode()))
        self.assertEqual(status, 0)
        self.assertEqual(site.listed(), [(long_one, "stream:news", "unsubscribe")])

    def test_mistakes_of_the_administrator_keep_the_mail_in_the_queue(self):
        for words in (["--unclear", "maybe"], ["--reciver", "bob@icloud.com"], ["bob@icloud.com"]):
            done = subprocess.run([world.PROGRAM, "unsubscribe", "intake", *words], input=b"",
                                  capture_output=True, timeout=180)
            self.assertEqual((done.returncode, done.stdout), (os.EX_TEMPFAIL, b""), words)
            self.assertIn(words[0].encode(), done.stderr)


if __name__ == "__main__":
    world.main()
