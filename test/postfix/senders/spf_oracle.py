# SPDX-License-Identifier: Apache-2.0
"""SPF by python3-spf."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import spf

from .dns import Dns, NoSuchName, TemporaryFailure

_dns: ContextVar[Dns] = ContextVar("dns")


def _lookup(name: str, kind: str, _strict: object = True, _timeout: float = 20) -> list[Any]:
    try:
        return [((name, kind), value) for value in _dns.get().lookup(name, kind)]
    except NoSuchName:
        return []
    except TemporaryFailure as failure:
        raise spf.TempError(f"DNS {failure}") from failure


spf.DNSLookup = _lookup


def spf_result(dns: Dns, client: str, helo: str, mail_from: str) -> tuple[str, str]:
    """The word of RFC 7208 section 2.6, and the domain it is about."""
    token = _dns.set(dns)
    try:
        result, _ = spf.check2(i=client, s=mail_from, h=helo, receiver="unknown")
    finally:
        _dns.reset(token)
    domain = mail_from.rpartition("@")[2] if mail_from else helo
    return result, domain.lower()
