# SPDX-License-Identifier: Apache-2.0
"""A DKIM signer that signs whatever it is told to, right or wrong (RFC 6376, 8301, 8463)."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

SIGNED = ("From", "To", "Subject", "Date", "Message-ID")


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ed25519_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def public_key(bits: int) -> str:
    """p= of an RSA key; of the ed25519 key for 0 bits."""
    if bits == 0:
        raw, form = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        return base64.b64encode(ed25519_key().public_key().public_bytes(raw, form)).decode()
    der, info = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(rsa_key(bits).public_key().public_bytes(der, info)).decode()


@dataclass(frozen=True)
class Plan:
    """One signature."""

    domain: str
    selector: str = "sel"
    bits: int = 2048  # 0: ed25519
    algorithm: str = ""  # a=; what the key is for when empty
    canonical: str = "relaxed/relaxed"
    fields: tuple[str, ...] = SIGNED
    tags: dict[str, str] = field(default_factory=dict)  # more tags, or others; "" leaves one out
    length: Callable[[int], int] | None = None  # l=, from the length of the canonical body
    finish: Callable[[str], str] = lambda value: value  # on the finished value

    def but(self, **changes: Any) -> Plan:
        return replace(self, **changes)


def split(message: bytes) -> tuple[list[bytes], bytes]:
    """The fields with their folds and final CRLF, and the body."""
    header, _, body = message.partition(b"\r\n\r\n")
    return re.findall(rb"[^\r\n][^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", header + b"\r\n"), body


def sign(message: bytes, plan: Plan) -> bytes:
    """The message with a DKIM-Signature on top."""
    fields, body = split(message)
    header_form, body_form = plan.canonical.split("/")
    octets = _canonical_body(body, body_form)
    algorithm = plan.algorithm or ("rsa-sha256" if plan.bits else "ed25519-sha256")
    digest = hashlib.sha1 if algorithm.endswith("sha1") else hashlib.sha256
    tags = {
        "v": "1",
        "a": algorithm,
        "c": plan.canonical,
        "d": plan.domain,
        "s": plan.selector,
        "h": ":".join(plan.fields),
    }
    if plan.length:
        octets = octets[: plan.length(len(octets))]
        tags["l"] = str(len(octets))
    tags["bh"] = base64.b64encode(digest(octets).digest()).decode()
    tags.update(plan.tags)
    value = "; ".join(f"{name}={text}" for name, text in tags.items() if text) + ";\r\n b="
    unsigned = f"DKIM-Signature: {value}".encode()
    hashed = b"".join(_selected(fields, plan.fields, header_form))
    hashed += _canonical_field(unsigned + b"\r\n", header_form).removesuffix(b"\r\n")
    signature = base64.b64encode(_signature(hashed, plan.bits, algorithm)).decode()
    lines = "\r\n ".join(signature[at : at + 70] for at in range(0, len(signature), 70))
    return f"DKIM-Signature: {plan.finish(value + lines)}\r\n".encode() + message


def _signature(hashed: bytes, bits: int, algorithm: str) -> bytes:
    if bits == 0:
        return ed25519_key().sign(hashlib.sha256(hashed).digest())  # RFC 8463 section 3
    kind = hashes.SHA1() if algorithm.endswith("sha1") else hashes.SHA256()
    return rsa_key(bits).sign(hashed, padding.PKCS1v15(), kind)


def _selected(fields: list[bytes], names: tuple[str, ...], form: str) -> list[bytes]:
    """Section 5.4.2: from the bottom up; a name too many selects nothing."""
    left = list(fields)
    chosen = []
    for name in names:
        for one in reversed(left):
            if one.split(b":")[0].strip().lower() == name.encode().lower():
                left.remove(one)
                chosen.append(_canonical_field(one, form))
                break
    return chosen


def _canonical_field(one: bytes, form: str) -> bytes:
    if form == "simple":
        return one
    name, _, value = one.partition(b":")
    value = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.strip(b" \t").lower() + b":" + value + b"\r\n"


def _canonical_body(body: bytes, form: str) -> bytes:
    if form == "relaxed":
        body = re.sub(rb"[ \t]+(?=\r\n)", b"", re.sub(rb"[ \t]+", b" ", body))
    body = re.sub(rb"(?:\r\n)+\Z", b"", body)
    if not body:
        return b"" if form == "relaxed" else b"\r\n"  # sections 3.4.3, 3.4.4
    return body + b"\r\n"
