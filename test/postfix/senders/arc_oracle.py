# SPDX-License-Identifier: Apache-2.0
"""ARC by python3-dkim and by Mail::DKIM, and sets made by the former (RFC 8617)."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import dkim
from cryptography.hazmat.primitives import serialization

from .dns import Dns, NoSuchName
from .signing import rsa_key

MAIL_DKIM = Path(__file__).with_name("mail_dkim_arc.pl")


def chain_by_python(dns: Dns, message: bytes) -> tuple[str, list[dict[str, Any]], str]:
    """What the chain is, "none", "pass" or "fail"; what was found of each set, the newest first; and
    why. A chain that says of itself that it has failed is a failed one (RFC 8617 section 5.2)."""

    def key_text(name: bytes, timeout: float = 5) -> bytes:
        try:
            texts = dns.lookup(name.decode(), "TXT")
        except NoSuchName:
            return b""
        return b"".join(texts[0]) if texts else b""

    status, sets, why = dkim.arc_verify(message, dnsfunc=key_text)
    return (status or b"fail").decode(), sets, why


def chain_by_perl(message: bytes) -> str:
    """The same word by Mail::DKIM, which asks the name server on 127.0.0.1."""
    done = subprocess.run(
        ["perl", MAIL_DKIM], input=message, capture_output=True, timeout=300, check=True
    )
    return done.stdout.decode().strip()


def seal(message: bytes, domain: str, authserv_id: str, selector: str = "sel") -> bytes:
    """The message with one more set on top, by the 2048 bit key of senders/signing.py."""
    key = rsa_key(2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    fields = dkim.arc_sign(message, selector.encode(), domain.encode(), key, authserv_id.encode())
    return b"".join(fields) + message
