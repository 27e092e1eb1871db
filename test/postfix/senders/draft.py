# SPDX-License-Identifier: Apache-2.0
"""A sender in the making: traits change it, finish() makes its message."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .dns import TIMEOUT, Zone
from .signing import Plan, sign

EGRESS = "192.0.2.25"  # where the lab's mail leaves from
HELO = "mx.corp.example"
SELECTOR = "sel"
MX = "mx.elsewhere.example."  # where bounces to the senders go

# Records by relative name ("" is the domain itself) and type ("mail A"; TXT when none is given); or
# TIMEOUT. In the texts {d} is the domain.
Records = Mapping[str, Sequence[Any] | str]


@dataclass
class Draft:
    name: str
    base: str  # the registered domain
    zone: Zone = field(default_factory=Zone)
    author: str = ""  # the domain in From
    display: str = "{address}"  # the From field; {address}, {domain}, {local}
    envelope: str = ""  # the domain of MAIL FROM; "" for the null reverse-path
    is_null: bool = False
    has_mx: bool = True  # the envelope's domain gets the usual MX
    has_lost_helo: bool = False  # leaves with a HELO name that does not resolve
    is_local: bool = False  # enters by sendmail(1) instead of submission
    plans: list[Plan] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)  # more header fields
    subject: str = "A letter"
    body: bytes = b"Hello,\r\n\r\nthis is a letter.\r\n"
    # python3-dkim takes every signed From for an oversigned one; with two From fields it and
    # RFC 6376 agree only on signatures that name both.
    signs_from_twice: bool = False
    tamper: Callable[[bytes], bytes] = lambda message: message  # after signing

    @property
    def address(self) -> str:
        return f"post@{self.author}"

    @property
    def mail_from(self) -> str:
        return "" if self.is_null else f"post@{self.envelope}"

    @property
    def foreign(self) -> str:
        """A domain of somebody else, of this sender's own all the same."""
        return f"{self.name}-other.example"

    @property
    def plan(self) -> Plan:
        """The usual signature, to be changed with Plan.but."""
        return Plan(self.author, SELECTOR)

    def publish(self, domain: str, records: Records) -> None:
        for key, values in records.items():
            relative, _, kind = key.partition(" ")
            name = f"{relative}.{domain}" if relative else domain
            if values == TIMEOUT:
                self.zone.break_off(name)
                continue
            self.zone.add(name, kind or "TXT", *(_filled(value, domain) for value in values))

    def message(self, message_id: str, date: str, to: str) -> bytes:
        local, _, domain = self.address.partition("@")
        author = self.display.format(address=self.address, local=local, domain=domain)
        header = [
            *(f"Date: {date}", f"From: {author}", f"To: <{to}>", f"Subject: {self.subject}"),
            *(f"Message-ID: {message_id}", *self.fields),
        ]
        content = "\r\n".join(header).encode() + b"\r\n\r\n" + self.body
        for plan in self.plans:
            if self.signs_from_twice and "From" in plan.fields:
                plan = plan.but(fields=("From", *plan.fields))
            content = sign(content, plan)
        return self.tamper(content)


def _filled(value: Any, domain: str) -> Any:
    if isinstance(value, str):
        return re.sub(r"(?<!%)\{d\}", domain, value)  # %{d} is SPF's own
    return [_filled(part, domain) for part in value] if isinstance(value, (list, tuple)) else value
