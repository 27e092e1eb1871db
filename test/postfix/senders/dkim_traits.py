# SPDX-License-Identifier: Apache-2.0
"""How senders sign, right and wrong: the signatures, and the key records beside them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from .dns import TIMEOUT
from .draft import SELECTOR, Draft
from .signing import SIGNED, Plan, public_key

Trait = Callable[[Draft], None]
KEY = f"{SELECTOR}._domainkey"
DAY = 86400
NOW = int(time.time())


def _good_key(bits: int = 2048) -> str:
    return f"v=DKIM1; k={'rsa' if bits else 'ed25519'}; p={public_key(bits)}"


def signed(key: Callable[[], object] = _good_key, **changes: Any) -> Trait:
    """One signature: the usual one but for `changes`; `key` gives the texts of its key record."""

    def apply(draft: Draft) -> None:
        plan = draft.plan.but(**changes)
        draft.plans.append(plan)
        texts = key()
        if texts == TIMEOUT:
            draft.publish(plan.domain, {KEY: TIMEOUT})
        elif texts is not None:
            draft.publish(plan.domain, {KEY: [texts]})

    return apply


def _key(pattern: str, bits: int = 2048) -> Callable[[], str]:
    """A key record; {p} is the public key."""
    return lambda: pattern.replace("{p}", public_key(bits))


def _in_chunks() -> list[str]:
    text = _good_key()
    return [text[at : at + 50] for at in range(0, len(text), 50)]


def _by(domain: Callable[[Draft], str]) -> Trait:
    return lambda draft: signed(domain=domain(draft))(draft)


def _tampered(change: Callable[[bytes], bytes], **changes: Any) -> Trait:
    def apply(draft: Draft) -> None:
        signed(**changes)(draft)
        draft.tamper = change

    return apply


def _identity(prefix: str, key: str) -> Trait:
    return lambda draft: signed(_key(key), tags={"i": f"{prefix}{draft.author}"})(draft)


def _several(*traits: Trait) -> Trait:
    def apply(draft: Draft) -> None:
        for trait in traits:
            trait(draft)

    return apply


def _revoked_first(draft: Draft) -> None:
    draft.plans.append(draft.plan.but(selector="old"))
    draft.publish(draft.author, {"old._domainkey": ["v=DKIM1; p="]})


def _mixed_algorithms(draft: Draft) -> None:
    draft.plans.append(Plan(draft.author, "ed", bits=0))
    draft.publish(draft.author, {"ed._domainkey": [_good_key(0)]})


def _alias(draft: Draft) -> None:
    draft.plans.append(draft.plan)
    draft.publish(draft.author, {f"{KEY} CNAME": ["key.{d}."], "key": [_good_key()]})


def _empty_name(draft: Draft) -> None:
    """The key's name exists and has no text."""
    draft.plans.append(draft.plan)
    draft.publish(draft.author, {f"{KEY} A": ["203.0.113.7"]})


def _selected_by(selector: str) -> Trait:
    def apply(draft: Draft) -> None:
        draft.plans.append(draft.plan.but(selector=selector))
        draft.publish(draft.author, {f"{selector}._domainkey": [_good_key()]})

    return apply


def _in_capitals(draft: Draft) -> None:
    draft.plans.append(draft.plan.but(domain=draft.author.upper()))
    draft.publish(draft.author, {KEY: [_good_key()]})


def _replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda message: message.replace(old, new, 1)


def _other_octet(tag: str) -> Callable[[str], str]:
    """Changes one letter of a base64 value."""

    def change(value: str) -> str:
        found = re.search(rf"\b{tag}=(.)", value)
        assert found
        at = found.start(1)
        return value[:at] + ("A" if value[at] != "A" else "B") + value[at + 1 :]

    return change


_longer = _replaced(b"this is", b"that was")
_appended = lambda message: message + b"And one more line.\r\n"  # noqa: E731

DKIM: dict[str, Trait] = {
    # Good in every way.
    "good": signed(),
    "unsigned": lambda draft: None,
    "simple": signed(canonical="simple/simple"),
    "simple-relaxed": signed(canonical="simple/relaxed"),
    "relaxed-simple": signed(canonical="relaxed/simple"),
    "1024-bits": signed(lambda: _good_key(1024), bits=1024),
    "ed25519": signed(lambda: _good_key(0), bits=0),
    "two-algorithms": _several(signed(), _mixed_algorithms),
    "oversigned": signed(fields=("From", "From", "To", "Subject", "Subject", "Reply-To", "Date")),
    "fields-absent": signed(fields=("From", "Cc", "X-Nothing", "Subject")),
    "key-in-chunks": signed(_in_chunks),
    "key-minimal": signed(_key("p={p}")),
    "key-for-email": signed(_key("v=DKIM1; s=email; p={p}")),
    "key-for-sha256": signed(_key("v=DKIM1; h=sha1:sha256; p={p}")),
    "key-with-more-tags": signed(_key("v=DKIM1; n=a note; x=y; p={p};")),
    "key-testing": signed(_key("v=DKIM1; t=y; p={p}")),
    "key-strict": _identity("@", "v=DKIM1; t=s; p={p}"),
    "key-by-alias": _alias,
    "identity-below": _identity("list@sub.", "v=DKIM1; p={p}"),
    "expires-tomorrow": signed(tags={"t": str(NOW - DAY), "x": str(NOW + DAY)}),
    "whole-length": signed(length=lambda octets: octets),
    "unsigned-field-added": _tampered(lambda message: b"X-Added: 1\r\n" + message),
    "trailing-blanks-relaxed": _tampered(_replaced(b"letter.\r\n", b"letter. \t\r\n\r\n\r\n")),
    "one-good-of-three": _several(_revoked_first, signed(), _by(lambda draft: draft.foreign)),
    "selector-with-dot": _selected_by("a.b"),
    "domain-in-capitals": _in_capitals,
    # Verifies, for whom?
    "foreign": _by(lambda draft: draft.foreign),
    "organization": _by(lambda draft: draft.base),
    "below-the-author": _by(lambda draft: f"mail.{draft.author}"),
    "beside-the-author": _by(lambda draft: f"sibling.{draft.base}"),
    "public-suffix": _by(lambda draft: draft.base.split(".", 1)[1]),
    # Verifies, and leaves room.
    "part-of-the-body": _tampered(_appended, length=lambda octets: octets),
    "nothing-of-the-body": signed(length=lambda octets: 0),
    # The key is wrong.
    "key-missing": signed(lambda: None),
    "key-not-text": _empty_name,
    "key-late": signed(lambda: TIMEOUT),
    "key-revoked": signed(_key("v=DKIM1; k=rsa; p=")),
    "key-of-512-bits": signed(lambda: _good_key(512), bits=512),
    "key-of-768-bits": signed(lambda: _good_key(768), bits=768),
    "key-of-others": signed(_key("v=DKIM1; p={p}", 1024)),
    "key-garbage": signed(_key("v=DKIM1; p=bm8ga2V5")),
    "key-of-another-version": signed(_key("v=DKIM2; p={p}")),
    "key-of-another-kind": signed(_key("v=DKIM1; k=dsa; p={p}")),
    "key-for-sha1": signed(_key("v=DKIM1; h=sha1; p={p}")),
    "key-for-no-mail": signed(_key("v=DKIM1; s=other; p={p}")),
    "key-strict-identity-below": _identity("@sub.", "v=DKIM1; t=s; p={p}"),
    "key-ed25519-for-rsa": signed(lambda: _good_key(0)),
    # The signature is wrong.
    "sha1": signed(algorithm="rsa-sha1"),
    "unknown-algorithm": signed(tags={"a": "rsa-md5"}),
    "expired": signed(tags={"t": str(NOW - 9 * DAY), "x": str(NOW - 2 * DAY)}),
    "body-changed": _tampered(_longer),
    "line-end-changed-simple": _tampered(
        _replaced(b"letter.\r\n", b"letter. \r\n"), canonical="relaxed/simple"
    ),
    "subject-changed": _tampered(_replaced(b"\r\nSubject: A", b"\r\nSubject: Not a")),
    "case-changed-simple": _tampered(
        _replaced(b"\r\nSubject:", b"\r\nSUBJECT:"), canonical="simple/simple"
    ),
    "case-changed-relaxed": _tampered(_replaced(b"\r\nSubject:", b"\r\nSUBJECT:")),
    "second-field-on-oversigned": _tampered(
        _replaced(b"\r\nSubject:", b"\r\nReply-To: x@y.example\r\nSubject:"),
        fields=("From", "Reply-To", "Subject"),
    ),
    "from-unsigned": signed(fields=tuple(name for name in SIGNED if name != "From")),
    "signature-changed": signed(finish=lambda value: re.sub(r"b=(....)", r"b=AAAA", value)),
    "body-hash-changed": signed(finish=_other_octet("bh")),
    "body-hash-missing": signed(tags={"bh": ""}),
    "selector-missing": signed(tags={"s": ""}),
    "version-2": signed(tags={"v": "2"}),
    "tag-twice": signed(finish=lambda value: f"v=1; {value}"),
    "identity-of-others": signed(tags={"i": "@unrelated.example"}),
    "query-unknown": signed(tags={"q": "carrier/pigeon"}),
    "canonical-unknown": signed(tags={"c": "nofws/simple"}),
}
