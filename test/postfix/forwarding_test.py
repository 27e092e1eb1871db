# SPDX-License-Identifier: Apache-2.0
"""Mail from outside that this Postfix forwards to Apple arrives with an ARC set that independent
software validates, and with the signature of its author whole.

The sets are judged by python3-dkim and Mail::DKIM, on what the sink got.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support import PostfixCase, main

from lab.milter import USER
from lab.namespace import OUTSIDE_CLIENT
from lab.process import wait_until
from lab.sink import Delivery
from lab.site import Site, letter
from senders.arc_oracle import chain_by_perl, chain_by_python, seal
from senders.dkim_oracle import dkim_results
from senders.dns import LiveDns
from senders.fields import names, outcomes
from senders.signing import Plan, public_key, sign
from senders.srs import SenderRewriting

DNS = LiveDns()
OUR_ID = "mx.corp.example"
AUTHOR = "author.example"  # signs, has SPF, and asks to refuse all else
SPF_ONLY = "spfonly.example"  # the same without signatures
SEALER = "sealer.example"  # forwards to us
SET = ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"]

MIME = ("MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8")
EIGHT_BIT = (*MIME, "Content-Transfer-Encoding: 8bit")

KEY: dict[str, Any] = {"domain": "corp.example", "selector": "arc1"}

SPF_ONLY_REPLY = (
    f"550 5.7.1 arc_sealing.spf-only: no seal helps against p=reject of {SPF_ONLY} where the sealer "
    f"is not trusted; no signature of {SPF_ONLY} is there, and SPF speaks of the envelope sender of "
    f"the host that hands the mail on; the postmaster of {SPF_ONLY} has to sign with d={SPF_ONLY}; "
    "SRS does not help DMARC"
)


class Forwarding(PostfixCase):
    def setUp(self) -> None:
        super().setUp()
        self.seal_with()

    def seal_with(self, **more: Any) -> None:
        self.configure({"arc_sealing": {"mode": "enforce", "keys": [KEY], **more}})

    # -- mail from its author ---------------------------------------------------------------

    def written(self, message_id: str, *fields: str, body: bytes = b"Hello.\r\n") -> bytes:
        """A message of an author who signs all of it."""
        content = letter(
            message_id, "hello@corp.example", *fields, body=body, sender=f"Dora <dora@{AUTHOR}>"
        )
        present = [one.partition(":")[0] for one in fields]
        return sign(content, Plan(AUTHOR, fields=("From", "To", "Subject", "Date", *present)))

    def arrive(self, content: bytes, to: str, options: str = "") -> None:
        self.site.arrive(content, to, sender=f"dora@{AUTHOR}", options=options)

    def forwarded(
        self, word: str, to: str = "hello@corp.example", *fields: str, **how: Any
    ) -> Delivery:
        """What reaches Apple of a signed message from outside to `to`."""
        message_id = self.site.new_id(word)
        options = how.pop("options", "")
        self.arrive(self.written(message_id, *fields, **how), to, options)
        return self.delivered_once(message_id)

    def redirected(
        self, content: bytes, message_id: str, trim: Callable[[bytes], bytes] = bytes
    ) -> Delivery:
        """Through a mailbox and from there, `trim`med, through sendmail(1), as a sieve redirect."""
        self.arrive(content, "ann@corp.example")
        self.site.postfix.wait_until_idle()
        (mail,) = [one for one in self.site.postfix.mailbox("ann") if message_id.encode() in one]
        self.site.postfix.sendmail(
            "ann", "-i", "-f", "ann@corp.example", "bob@icloud.com", content=trim(mail)
        )
        return self.delivered_once(message_id)

    # -- what is asked of every sealed message ----------------------------------------------

    def assert_sealed(self, delivery: Delivery, instance: int = 1, cv: str = "none") -> None:
        """Our set stands on top, and everybody finds the chain whole."""
        self.assert_set_on_top(delivery, instance, cv)
        status, _, why = chain_by_python(DNS, delivery.content)
        self.assertEqual(
            status, "pass", f"python3-dkim: {why}\n{delivery.header.decode('latin-1')}"
        )
        self.assertEqual(chain_by_perl(delivery.content), "pass", "Mail::DKIM")

    def assert_set_on_top(self, delivery: Delivery, instance: int, cv: str) -> None:
        found = names(delivery)
        first = 1 if found[0] == "Received" else 0  # of the last hop
        self.assertEqual(found[first : first + 3], SET, found)
        for name in SET:
            self.assertEqual(len(delivery.fields(name)), instance, name)
            self.assertRegex(delivery.fields(name)[0].decode(), rf"^i={instance};", name)
        newest = delivery.fields("ARC-Seal")[0].decode()
        self.assertRegex(newest, rf"(^|;)\s*cv={cv}(;|$)")
        self.assertRegex(newest, r"(^|;)\s*d=corp\.example(;|$)")
        self.assertRegex(newest, r"(^|;)\s*s=arc1(;|$)")

    def assert_origin_intact(self, delivery: Delivery) -> None:
        results = [(one.result, one.domain) for one in dkim_results(DNS, delivery.content)]
        self.assertEqual(results, [("pass", AUTHOR)])

    def assert_results(self, delivery: Delivery, expected: dict[str, str]) -> None:
        """The set holds what arrival found out, under our name."""
        newest = delivery.fields("ARC-Authentication-Results")[0]
        self.assertRegex(newest.decode(), rf"^i=\d+;\s*{re.escape(OUR_ID)};")
        self.assertEqual(outcomes(newest), expected)

    def assert_forwarded_whole(self, delivery: Delivery) -> None:
        self.assert_sealed(delivery)
        self.assert_origin_intact(delivery)
        self.assert_results(
            delivery, {"spf": "pass", "dkim": "pass", "dmarc": "pass", "arc": "none"}
        )

    # -- ways through the host --------------------------------------------------------------

    def test_mail_to_a_virtual_alias_is_sealed(self) -> None:
        delivery = self.forwarded("virtual")
        self.assertEqual(delivery.recipients, ("hello.there@icloud.com",))
        self.assert_forwarded_whole(delivery)

    def test_mail_to_an_alias_of_local_is_sealed(self) -> None:
        delivery = self.forwarded("alias", "office@corp.example")
        self.assertEqual(delivery.recipients, ("office.team@icloud.com",))
        self.assert_forwarded_whole(delivery)

    def test_mail_that_a_forward_file_sends_on_is_sealed(self) -> None:
        delivery = self.forwarded("dotforward", "ben@corp.example")
        self.assertEqual(delivery.recipients, ("ben.away@icloud.com",))
        self.assert_forwarded_whole(delivery)

    def test_mail_that_is_redirected_by_sendmail_is_sealed(self) -> None:
        message_id = self.site.new_id("redirect")
        delivery = self.redirected(self.written(message_id), message_id)
        self.assertEqual(delivery.mail_from, "ann@corp.example")
        self.assert_sealed(delivery)
        self.assert_origin_intact(delivery)
        # The client that mattered to SPF is not there any more.
        self.assert_results(delivery, {"dkim": "pass", "dmarc": "pass", "arc": "none"})

    def test_submitted_mail_is_not_sealed(self) -> None:
        message_id = self.site.new_id("submitted")
        self.site.submit(letter(message_id, "bob@icloud.com"), "bob@icloud.com")
        delivery = self.delivered_once(message_id)
        self.assertEqual([name for name in names(delivery) if name.startswith("ARC-")], [])

    def test_mail_with_a_rewritten_sender_is_sealed(self) -> None:
        srs = SenderRewriting(self.site.milter.folder, self.site.postfix, "corp.example")
        srs.start()
        self.addCleanup(srs.stop)
        for word, to in (("virtual", "hello"), ("alias", "office"), ("dotforward", "ben")):
            delivery = self.forwarded(f"srs.{word}", f"{to}@corp.example")
            self.assertRegex(
                delivery.mail_from, rf"^SRS0=[^@]+={re.escape(AUTHOR)}=dora@corp\.example$"
            )
            self.assert_forwarded_whole(delivery)

    def test_who_changes_what_was_sealed_is_found_out(self) -> None:
        content = self.forwarded("changed").content
        for old, new in ((b"Hello.", b"Hallo."), (b"dkim=pass", b"dkim=fail"), (b"Dora", b"Dara")):
            changed = content.replace(old, new, 1)
            self.assertNotEqual(changed, content)
            self.assertEqual(chain_by_python(DNS, changed)[0], "fail", new)
            self.assertEqual(chain_by_perl(changed), "fail", new)

    def test_mail_that_comes_by_twice_keeps_its_one_set(self) -> None:
        first = self.forwarded("twice")
        self.arrive(first.content, "office@corp.example")
        second = self.site.sink.wait_for(first.message_id, 2)[1]
        for name in SET:
            self.assertEqual(second.fields(name), first.fields(name))
        self.assertEqual(chain_by_python(DNS, second.content)[0], "pass")
        self.assert_origin_intact(second)

    # -- what stands in the header already --------------------------------------------------

    def test_forged_results_under_our_name_do_not_get_into_the_set(self) -> None:
        forged = (
            f"Authentication-Results: {OUR_ID}; auth=none policy.origin=outside; spf=fail forged=1",
            f"Authentication-Results: {OUR_ID}; dkim=pass header.d=forged.example",
            "Authentication-Results: other.example; dmarc=pass forged=2",
        )
        for word, to in (("virtual", "hello"), ("alias", "office"), ("dotforward", "ben")):
            message_id = self.site.new_id(f"forged.{word}")
            plain = self.written(message_id)
            self.arrive("\r\n".join((*forged, "")).encode() + plain, f"{to}@corp.example")
            delivery = self.delivered_once(message_id)
            self.assert_forwarded_whole(delivery)
            self.assertNotIn(b"forged", delivery.fields("ARC-Authentication-Results")[0])

    def test_results_that_a_person_here_makes_up_do_not_get_into_the_set(self) -> None:
        message_id = self.site.new_id("madeup")
        made_up = f"Authentication-Results: {OUR_ID}; auth=none policy.origin=outside; dmarc=pass"
        content = letter(message_id, "bob@icloud.com", made_up, sender=f"Dora <dora@{SPF_ONLY}>")
        self.site.postfix.sendmail(
            "ann", "-i", "bob@icloud.com", content=content.replace(b"\r\n", b"\n")
        )
        delivery = self.delivered_once(message_id)
        self.assert_sealed(delivery)  # it says that it comes from outside
        self.assert_results(delivery, {"dkim": "none", "arc": "none"})

    def sealed_elsewhere(self, message_id: str) -> bytes:
        """Signed by its author, forwarded and sealed by another host."""
        results = f"Authentication-Results: mx.{SEALER}; dkim=pass header.d={AUTHOR}\r\n"
        return seal(results.encode() + self.written(message_id), SEALER, f"mx.{SEALER}")

    def test_a_chain_that_holds_gets_a_second_set(self) -> None:
        for word, to in (("virtual", "hello"), ("alias", "office"), ("dotforward", "ben")):
            message_id = self.site.new_id(f"second.{word}")
            self.arrive(self.sealed_elsewhere(message_id), f"{to}@corp.example")
            delivery = self.delivered_once(message_id)
            self.assert_sealed(delivery, instance=2, cv="pass")
            self.assert_origin_intact(delivery)
            self.assert_results(
                delivery, {"spf": "pass", "dkim": "pass", "dmarc": "pass", "arc": "pass"}
            )

    def test_a_chain_that_held_until_this_host_changed_the_message_goes_on(self) -> None:
        rule = self.site.milter.folder / "tag.regexp"
        rule.write_text("/^Subject: (.*)$/ REPLACE Subject: [corp] $1\n")
        into_gate = "icloud-gate/unix"
        self.site.postfix.set_service(into_gate, smtp_header_checks=f"regexp:{rule}")
        self.addCleanup(self.site.postfix.set_service, into_gate, smtp_header_checks="")
        message_id = self.site.new_id("tagged")
        self.arrive(self.sealed_elsewhere(message_id), "hello@corp.example")
        delivery = self.delivered_once(message_id)
        self.assertIn(b"[corp]", delivery.fields("Subject")[0])
        self.assert_sealed(delivery, instance=2, cv="pass")
        self.assert_results(
            delivery, {"spf": "pass", "dkim": "pass", "dmarc": "pass", "arc": "pass"}
        )

    def test_a_chain_that_is_broken_is_sealed_as_failed(self) -> None:
        message_id = self.site.new_id("broken")
        content = self.sealed_elsewhere(message_id)
        begin = content.index(b"cv=none")
        broken = content[:begin] + b"cv=pass" + content[begin + 7 :]
        self.arrive(broken, "hello@corp.example")
        delivery = self.delivered_once(message_id)
        self.assert_set_on_top(delivery, 2, "fail")
        self.assert_origin_intact(delivery)
        self.assert_results(
            delivery, {"spf": "pass", "dkim": "pass", "dmarc": "pass", "arc": "fail"}
        )
        status, sets, _ = chain_by_python(DNS, delivery.content)
        self.assertEqual(status, "fail")
        self.assertTrue(sets[0]["ams-valid"], sets[0])
        self.assertEqual(chain_by_perl(delivery.content), "fail")

    # -- bodies, octet for octet ------------------------------------------------------------

    def assert_body_survives(self, word: str, body: bytes, *fields: str, options: str = "") -> None:
        for way, to in (("virtual", "hello"), ("alias", "office"), ("dotforward", "ben")):
            delivery = self.forwarded(
                f"{word}.{way}", f"{to}@corp.example", *fields, body=body, options=options
            )
            self.assertEqual(delivery.body, body)
            self.assert_forwarded_whole(delivery)

    def test_eight_bit_octets_are_sealed_as_they_are(self) -> None:
        body = "Grüße aus Köln, 日本\r\n".encode() + bytes(range(128, 256)) + b"\r\n"
        self.assert_body_survives("eight", body, *EIGHT_BIT, options=" BODY=8BITMIME")

    def test_lines_of_998_octets_are_sealed_as_they_are(self) -> None:
        self.assert_body_survives("long", (b"y" * 998 + b"\r\n") * 20)

    def test_trailing_blanks_are_sealed_as_they_are(self) -> None:
        self.assert_body_survives("blanks", b"one \r\n two\t\t\r\n   \r\n\t\r\nthree   \r\n")

    def test_an_empty_body_is_sealed(self) -> None:
        self.assert_body_survives("empty", b"")

    def test_a_body_of_empty_lines_is_sealed(self) -> None:
        self.assert_body_survives("lines", b"\r\n" * 7)

    def test_leading_dots_are_sealed_as_they_are(self) -> None:
        self.assert_body_survives("dots", b".\r\n..\r\n.leading\r\n...\r\n")

    def test_folded_and_oddly_spaced_fields_are_sealed_as_they_are(self) -> None:
        self.assert_body_survives(
            "folded",
            b"text\r\n",
            "X-Folded: one\r\n two\r\n\tthree",
            "X-Spaces:   three before, one after ",
            "X-Empty:",
            "References: <a@author.example>\r\n  <b@author.example>",
        )

    def test_a_last_line_without_its_end_is_sealed_with_it(self) -> None:
        message_id = self.site.new_id("unfinished")
        content = self.written(message_id, body=b"one\r\ntwo\r\n")
        delivery = self.redirected(content, message_id, lambda mail: mail.rstrip(b"\n"))
        self.assertEqual(delivery.body, b"one\r\ntwo\r\n")
        self.assert_sealed(delivery)
        self.assert_origin_intact(delivery)

    # -- what no seal can mend --------------------------------------------------------------

    def arrive_unsigned(self, word: str) -> str:
        """Mail whose author has SPF alone and asks to refuse what fails DMARC; its Message-ID."""
        message_id = self.site.new_id(word)
        content = letter(message_id, "hello@corp.example", sender=f"Dora <dora@{SPF_ONLY}>")
        self.site.arrive(content, "hello@corp.example", sender=f"dora@{SPF_ONLY}")
        return message_id

    def test_what_no_seal_can_mend_is_refused_where_that_is_asked_for(self) -> None:
        self.seal_with(rescue="refuse")
        message_id = self.arrive_unsigned("refused")

        def bounces() -> list[Delivery]:
            return [
                one
                for one in self.site.sink.deliveries
                if not one.mail_from
                and one.recipients == (f"dora@{SPF_ONLY}",)
                and message_id.encode() in one.content
            ]

        wait_until("the author is told", lambda: bool(bounces()))
        self.not_delivered(message_id)
        self.assertEqual(len(bounces()), 1)
        self.assertIn(SPF_ONLY_REPLY, " ".join(bounces()[0].content.decode().split()))

    def test_what_no_seal_can_mend_is_sealed_where_it_is_let_go(self) -> None:
        self.seal_with(rescue="let_go")
        message_id = self.arrive_unsigned("released")
        delivery = self.delivered_once(message_id)
        self.assert_sealed(delivery)
        self.assert_results(
            delivery, {"spf": "pass", "dkim": "none", "dmarc": "pass", "arc": "none"}
        )
        found = {one["rule"] for one in self.site.milter.decisions(message_id)[0]["findings"]}
        self.assertLessEqual({"arc_sealing.sealed", "arc_sealing.spf-only"}, found)


def make_site(folder: Path, programs: Path) -> Site:
    """The lab's site with a sealing key and its record, as icloud-milterctl makes them."""
    key_file = folder / "arc1.pem"
    KEY["file"] = str(key_file)
    of_key = ("--domain", KEY["domain"], "--selector", KEY["selector"])

    def keys(*words: str | Path) -> str:
        done = subprocess.run(
            [programs / "icloud-milterctl", "keys", *words, *of_key, "--json"],
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        )
        return done.stdout

    keys("generate", "--out", key_file)
    record = json.loads(keys("dns", "--key", key_file))["zone"]
    signer = f'sel._domainkey TXT "v=DKIM1; p={public_key(2048)[:200]}" "{public_key(2048)[200:]}"'
    mail = ["@ MX 10 mx.elsewhere.example.", f'@ TXT "v=spf1 ip4:{OUTSIDE_CLIENT} -all"']
    strict = '_dmarc TXT "v=DMARC1; p=reject"'
    return ForwardingSite(
        folder,
        programs,
        zones={
            "corp.example": [record],
            AUTHOR: [*mail, strict, signer],
            SPF_ONLY: [*mail, strict],
            SEALER: [*mail, signer],
        },
    )


class ForwardingSite(Site):
    def __enter__(self) -> Site:
        site = super().__enter__()
        shutil.chown(KEY["file"], USER)  # whose name is known from now on
        return site


if __name__ == "__main__":
    main(__name__, make_site)
