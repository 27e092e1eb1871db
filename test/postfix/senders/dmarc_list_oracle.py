# SPDX-License-Identifier: Apache-2.0
"""DMARC as RFC 7489 says, with the public suffix list of Debian's package publicsuffix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from .dmarc_oracle import POLICIES, Dmarc, a_labels, author_domain, parse
from .dns import Dns, NoSuchName, TemporaryFailure

LIST = Path("/usr/share/publicsuffix/public_suffix_list.dat")


@cache
def _rules() -> frozenset[str]:
    found = set()
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if rule := line.partition("//")[0].strip():
            labels = rule.removeprefix("!").split(".")
            name = ".".join(one if one == "*" else a_labels(one) for one in labels)
            found.add(f"!{name}" if rule.startswith("!") else name)
    return frozenset(found)


def organizational_domain(domain: str) -> str:
    """One label more than the public suffix (publicsuffix.org, "Formal Algorithm")."""
    labels = domain.split(".")
    suffix = 1
    for start in range(len(labels)):
        name, parent = ".".join(labels[start:]), ".".join(["*", *labels[start + 1 :]])
        if f"!{name}" in _rules():
            suffix = len(labels) - start - 1
            break
        if name in _rules() or parent in _rules():
            suffix = max(suffix, len(labels) - start)
    return ".".join(labels[-suffix - 1 :])


def result_by_list(
    dns: Dns, message: bytes, spf: tuple[str, str], dkim: Sequence[tuple[str, str]]
) -> Dmarc:
    """`spf`, `dkim`: results and the domains they are about."""
    author = author_domain(message)
    if not author:
        return Dmarc("none")
    try:
        place, tags = _discover(dns, author)
    except TemporaryFailure:
        return Dmarc("temperror", domain=author)
    policy = _policy(tags, place == author)
    if not policy:
        return Dmarc("none", domain=author)
    aligned = {
        result
        for mode, result, name in [("aspf", *spf), *(("adkim", *one) for one in dkim)]
        if _aligned(a_labels(name), author, tags.get(mode) == "s")
    }
    for outcome in ("pass", "temperror"):
        if outcome in aligned:
            return Dmarc(outcome, policy, domain=author)
    return Dmarc("fail", policy, domain=author)


def _discover(dns: Dns, author: str) -> tuple[str, dict[str, str]]:
    """Section 6.6.3: the author's record, else that of the organizational domain."""
    for place in dict.fromkeys((author, organizational_domain(author))):
        try:
            texts = dns.lookup(f"_dmarc.{place}", "TXT")
        except NoSuchName:
            continue
        records = [tags for strings in texts if (tags := parse(b"".join(strings))) is not None]
        if len(records) > 1:
            return "", {}  # step 5: several end it
        if records:
            return place, records[0]
    return "", {}


def _policy(tags: dict[str, str], is_own: bool) -> str:
    """Empty when there is none to apply."""
    used = [tags.get("p", "absent"), *([tags["sp"]] if "sp" in tags else [])]
    if any(value not in POLICIES for value in used):  # section 6.6.3, step 6
        return "none" if re.search(r"[a-z][a-z0-9+.-]*:[^,]", tags.get("rua", "")) else ""
    return tags["p"] if is_own else tags.get("sp", tags["p"])


def _aligned(name: str, author: str, strict: bool) -> bool:
    same = organizational_domain(name) == organizational_domain(author)
    return name == author or (bool(name) and same and not strict)
