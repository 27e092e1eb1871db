# SPDX-License-Identifier: Apache-2.0
"""DMARC as RFC 9989 says, written from its text: discovery by tree walk, alignment, policy."""

from __future__ import annotations

import email.parser
import email.policy
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .dns import Dns, NoSuchName, TemporaryFailure

POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True)
class Dmarc:
    result: str  # none, pass, fail, temperror
    policy: str = ""  # what applies: p, sp or np
    testing: bool = False
    domain: str = ""  # of the author

    @property
    def treatment(self) -> str:
        """What a receiver that follows the policy does: "", "junk" or "reject"."""
        if self.result != "fail":
            return ""
        level = max(POLICIES.index(self.policy) - self.testing, 0)  # section 4.7, t
        return ("", "junk", "reject")[level]


def author_domain(message: bytes) -> str:
    """The one domain of the one From field, in A-labels; empty when there is no such thing."""
    header = re.split(rb"\r?\n\r?\n", message, maxsplit=1)[0]
    fields = re.findall(rb"(?im)^From[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)", header)
    if len(fields) != 1:
        return ""
    text = re.sub(r"\r?\n", "", fields[0].decode("utf-8", "replace"))
    parsed = email.parser.Parser(policy=email.policy.SMTPUTF8).parsestr(f"From:{text}\n\n")
    domains = {a_labels(one.domain) for one in parsed["From"].addresses}
    return domains.pop() if len(domains) == 1 else ""


def a_labels(domain: str) -> str:
    try:
        return domain.encode("idna").decode().lower()
    except UnicodeError:
        return ""


def parse(text: bytes) -> dict[str, str] | None:
    """The tags of a record (section 4.8); None when it is none."""
    record = text.decode("ascii", "replace")
    if not re.match(r"v[ \t]*=[ \t]*DMARC1[ \t]*(;|$)", record):
        return None
    tags: dict[str, str] = {}
    for spec in record.split(";"):
        name, equals, value = spec.partition("=")
        if equals:
            tags.setdefault(name.strip(" \t").lower(), value.strip(" \t").lower())
    return tags


class Evaluation:
    """One message's DMARC; looks up as it goes."""

    def __init__(self, dns: Dns) -> None:
        self._dns = dns

    def result(
        self, message: bytes, spf: tuple[str, str], dkim: Sequence[tuple[str, str]]
    ) -> Dmarc:
        """`spf`, `dkim`: results and the domains they are about."""
        author = author_domain(message)
        if not author:
            return Dmarc("none")
        try:
            return self._judge(author, [("aspf", *spf), *(("adkim", *one) for one in dkim)])
        except TemporaryFailure:
            return Dmarc("temperror", domain=author)

    def _judge(self, author: str, names: Sequence[tuple[str, str, str]]) -> Dmarc:
        own = self._record(author)
        try:
            walk = self._walk(author)
        except TemporaryFailure:
            if own is None:
                raise
            walk = None  # only the organization is unknown: exact matches still count
        place, tags = self._applicable(author, own, walk)
        if tags is None:
            return Dmarc("none", domain=author)
        policy = self._policy(author, place, tags)
        if policy is None:
            return Dmarc("none", domain=author)
        outcome = "fail"
        for mode, result, name in names:
            if result not in ("pass", "temperror"):
                continue
            try:
                aligned = self._aligned(name, author, tags.get(mode) == "s", walk)
            except TemporaryFailure:
                outcome = "temperror"
                continue
            if aligned and result == "pass":
                outcome = "pass"
                break
            if aligned:
                outcome = "temperror"
        return Dmarc(outcome, policy, tags.get("t") == "y", author)

    def _applicable(
        self, author: str, own: dict[str, str] | None, walk: list[tuple[str, dict[str, str]]] | None
    ) -> tuple[str, dict[str, str] | None]:
        """Section 4.10.1: the author's record, the organization's, the public suffix domain's."""
        if own is not None or walk is None:
            return author, own
        organization = self._organization(author, walk)
        for place, tags in walk:
            if place == organization:
                return place, tags
        if walk and walk[-1][1].get("psd") == "y":
            return walk[-1]
        return "", None

    def _policy(self, author: str, place: str, tags: dict[str, str]) -> str | None:
        used = [tags[name] for name in ("p", "sp", "np") if name in tags]
        if any(value not in POLICIES for value in used):
            # Section 4.7: as p=none where there is a place to report to, else no DMARC.
            return "none" if re.search(r"[a-z][a-z0-9+.-]*:[^,]", tags.get("rua", "")) else None
        policy = tags.get("p", "none")
        if place == author:
            return policy
        below = tags.get("sp", policy)
        return below if "np" not in tags or self._exists(author) else tags["np"]

    def _exists(self, name: str) -> bool:
        try:
            self._dns.lookup(name, "A")
        except NoSuchName:
            return False
        return True

    def _aligned(
        self, name: str, author: str, strict: bool, walk: list[tuple[str, dict[str, str]]] | None
    ) -> bool:
        name = a_labels(name)
        if name == author:
            return True
        if strict or not name:
            return False
        if walk is None:
            raise TemporaryFailure(author)
        organization = self._organization(author, walk)
        # A name outside the organization's own tree can have no walk that ends there.
        if name != organization and not name.endswith(f".{organization}"):
            return False
        return self._organization(name, self._walk(name)) == organization

    def _record(self, name: str) -> dict[str, str] | None:
        try:
            texts = self._dns.lookup(f"_dmarc.{name}", "TXT")
        except NoSuchName:
            return None
        found = [tags for strings in texts if (tags := parse(b"".join(strings))) is not None]
        return found[0] if len(found) == 1 else None

    def _walk(self, start: str) -> list[tuple[str, dict[str, str]]]:
        """Section 4.10: the records from the longest name to the shortest."""
        found = []
        labels = start.split(".")
        while labels:
            name = ".".join(labels)
            if (tags := self._record(name)) is not None:
                found.append((name, tags))
                if tags.get("psd") in ("y", "n"):
                    break
            labels = labels[-7:] if len(labels) > 7 else labels[1:]
        return found

    @staticmethod
    def _organization(start: str, walk: list[tuple[str, dict[str, str]]]) -> str:
        """Section 4.10.2."""
        for name, tags in walk:
            if tags.get("psd") == "n":
                return name
            if tags.get("psd") == "y" and name != start:
                count = name.count(".") + 2
                return ".".join(start.split(".")[-count:])
        return walk[-1][0] if walk else start
