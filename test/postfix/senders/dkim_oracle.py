# SPDX-License-Identifier: Apache-2.0
"""DKIM by python3-dkim, and beside it what that library leaves to its caller."""

from __future__ import annotations

import re
from dataclasses import dataclass

import dkim
from dkim.util import InvalidTagValueList, parse_tag_value

from .dns import Dns, NoSuchName, TemporaryFailure


@dataclass(frozen=True)
class Signature:
    """`result`: pass, temperror, or fail for everything that is neither."""

    result: str
    domain: str
    why: str = ""


def dkim_results(dns: Dns, message: bytes) -> list[Signature]:
    """One per DKIM-Signature field, from the top."""
    verifier = dkim.DKIM(message)
    count = sum(name.lower() == b"dkim-signature" for name, _ in verifier.headers)
    return [_judge(dns, message, index) for index in range(count)]


def _judge(dns: Dns, message: bytes, index: int) -> Signature:
    verifier = dkim.DKIM(message, minkey=1024)  # RFC 8301 section 3.2
    keys: list[bytes] = []
    late = False

    def key_text(name: bytes, timeout: float = 5) -> bytes:
        nonlocal late
        try:
            texts = dns.lookup(name.decode(), "TXT")
        except NoSuchName:
            return b""
        except TemporaryFailure as failure:
            late = True
            raise dkim.DnsTimeoutError(str(failure)) from failure
        keys.extend(b"".join(strings) for strings in texts)
        return keys[0] if keys else b""

    why = "does not verify"
    try:
        good = verifier.verify(index, key_text)
    except (dkim.DKIMException, KeyError, IndexError, ValueError, TypeError) as problem:
        good, why = False, repr(problem)
    fields = getattr(verifier, "signature_fields", {})
    domain = fields.get(b"d", b"").decode("ascii", "replace").lower()
    if late:
        return Signature("temperror", domain, "the key could not be fetched")
    if good and (objection := _objection(fields, keys[0])):
        good, why = False, objection
    return Signature("pass", domain) if good else Signature("fail", domain, why)


def _objection(fields: dict[bytes, bytes], key: bytes) -> str:
    """What python3-dkim accepts and the standards do not."""
    if fields[b"a"].lower() == b"rsa-sha1":
        return "rsa-sha1 must not be accepted (RFC 8301 section 3.1)"
    if b"from" not in re.split(rb"\s*:\s*", fields[b"h"].strip().lower()):
        return "From is not signed (RFC 6376 section 5.4)"
    try:
        tags = parse_tag_value(key)
    except InvalidTagValueList:
        return "the key record is no tag list"
    flags = [flag.strip() for flag in tags.get(b"t", b"").split(b":")]
    identity = fields.get(b"i", b"@" + fields[b"d"]).rpartition(b"@")[2].lower()
    if b"s" in flags and identity != fields[b"d"].lower():
        return "t=s and i= is a subdomain of d= (RFC 6376 section 3.6.1)"
    hashes = [one.strip() for one in tags.get(b"h", b"sha256").split(b":")]
    if b"sha256" not in hashes:
        return "the key is not for sha256 (RFC 6376 section 3.6.1)"
    return ""
