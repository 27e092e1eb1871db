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
from lab.sink import Delivery
from lab.site import Site, letter
from senders.arc_oracle import chain_by_perl, chain_by_python
from senders.dkim_oracle import dkim_results
from senders.dns import LiveDns
from senders.signing import Plan, public_key, sign

DNS = LiveDns()
OUR_ID = "mx.corp.example"
AUTHOR = "author.example"  # signs, has SPF, and asks to refuse all else
SPF_ONLY = "spfonly.example"  # the same without signatures
SEALER = "sealer.example"  # forwards to us
SET = ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"]
OUTCOME = re.compile(r"(?:^|;)\s*(\w+)=(\w+)")

KEY: dict[str, Any] = {"domain": "corp.example", "selector": "arc1"}


def names(delivery: Delivery) -> list[str]:
    """The names of the header fields, from the top."""
    return re.findall(r"(?m)^([^\s:]+)[ \t]*:", delivery.header.decode("latin-1"))


def outcomes(value: bytes) -> dict[str, str]:
    """The word of each method of a field of results; the first word of each."""
    found: dict[str, str] = {}
    for method, word in OUTCOME.findall(value.decode("latin-1")):
        found.setdefault(method, word)
    found.pop("i", None)
    return found


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

    def test_submitted_mail_is_not_sealed(self) -> None:
        message_id = self.site.new_id("submitted")
        self.site.submit(letter(message_id, "bob@icloud.com"), "bob@icloud.com")
        delivery = self.delivered_once(message_id)
        self.assertEqual([name for name in names(delivery) if name.startswith("ARC-")], [])


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
            timeout=60,
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
