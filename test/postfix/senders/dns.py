# SPDX-License-Identifier: Apache-2.0
"""DNS for the oracles, asked from a zone in memory or from a real name server; and the zone itself
in the forms that icloud-milterctl and nsd read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Protocol

import dns.exception
import dns.resolver

TIMEOUT = "TIMEOUT"
TYPES = ("A", "AAAA", "MX", "TXT", "PTR")
LONGEST_STRING = 255  # RFC 1035 section 3.3
LONGEST_CHAIN = 16  # CNAMEs in a row


class TemporaryFailure(Exception):
    """The DNS did not answer this time."""


class NoSuchName(Exception):
    """NXDOMAIN: neither this name nor one below it exists (RFC 8020)."""


class Dns(Protocol):
    """Values by type: A, AAAA, PTR texts; MX (preference, host); TXT lists of octet strings. No
    record of that type is an empty list. Raises TemporaryFailure and NoSuchName."""

    def lookup(self, name: str, kind: str) -> list[Any]:
        ...


def plain(name: str) -> str:
    return name.rstrip(".").lower()


class Zone:
    """Records by name, in the form of the zone files of icloud-milterctl."""

    def __init__(self) -> None:
        self.names: dict[str, dict[str, list[Any]]] = {}

    def add(self, name: str, kind: str, *values: Any) -> None:
        records = self.names.setdefault(plain(name), {}).setdefault(kind, [])
        records += [value for value in values if value not in records]

    def break_off(self, name: str) -> None:
        """Every question about the name fails temporarily."""
        self.names[plain(name)] = {kind: [TIMEOUT] for kind in TYPES}

    def merge(self, other: Zone) -> None:
        for name, records in other.names.items():
            for kind, values in records.items():
                self.add(name, kind, *values)

    def to_json(self) -> str:
        return json.dumps({f"{name}.": records for name, records in self.names.items()})

    @property
    def broken(self) -> list[str]:
        return [name for name, records in self.names.items() if records.get("TXT") == [TIMEOUT]]

    def lookup(self, name: str, kind: str) -> list[Any]:
        name = plain(name)
        for _ in range(LONGEST_CHAIN):
            records = self.names.get(name)
            if records is None:
                if any(one.endswith(f".{name}") for one in self.names):
                    return []
                raise NoSuchName(name)
            if "CNAME" not in records:
                values = records.get(kind, [])
                if TIMEOUT in values:
                    raise TemporaryFailure(name)
                return [_rdata(kind, value) for value in values]
            name = plain(records["CNAME"][0])
        raise TemporaryFailure(name)

    def master_zones(self, apexes: Iterable[str] = ()) -> dict[str, list[str]]:
        """What nsd reads: the lines of the zones at `apexes`, and at top-level domains for the names
        that are below none. Names that are broken off are missing."""
        zones: dict[str, list[str]] = {}
        longest_first = sorted(apexes, key=len, reverse=True)
        for name, records in self.names.items():
            if any(name == one or name.endswith(f".{one}") for one in self.broken):
                continue
            above = (apex for apex in longest_first if name == apex or name.endswith(f".{apex}"))
            zones.setdefault(next(above, name.rpartition(".")[2]), []).extend(
                f"{name}. {kind} {_presented(kind, value)}"
                for kind, values in records.items()
                for value in values
            )
        return zones


def _chunks(value: Any) -> list[bytes]:
    parts = value if isinstance(value, list) else [value]
    return [part.encode("latin-1") for part in parts]


def _rdata(kind: str, value: Any) -> Any:
    if kind == "TXT":
        return _chunks(value)
    if kind == "MX":
        return (value[0], plain(value[1]))
    return plain(value) if kind == "PTR" else value


def _presented(kind: str, value: Any) -> str:
    if kind == "MX":
        return f"{value[0]} {value[1]}"
    if kind != "TXT":
        return str(value)
    strings = [
        part[start : start + LONGEST_STRING]
        for part in _chunks(value)
        for start in range(0, max(len(part), 1), LONGEST_STRING)
    ]
    return " ".join(f'"{_quoted(part)}"' for part in strings)


def _quoted(octets: bytes) -> str:
    return "".join(
        chr(octet) if 32 <= octet < 127 and octet not in b'"\\' else f"\\{octet:03}"
        for octet in octets
    )


class LiveDns:
    """A real name server, asked with dnspython. Every question once: the lab's zones stay as they
    are. Safe from any thread."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self._resolver = dns.resolver.Resolver(configure=False)
        self._resolver.nameservers = [address]
        self._resolver.lifetime = 60  # of a busy machine
        self._known: dict[tuple[str, str], list[Any] | Exception] = {}

    def lookup(self, name: str, kind: str) -> list[Any]:
        key = (plain(name), kind)
        if key not in self._known:
            try:
                self._known[key] = self._ask(*key)
            except (TemporaryFailure, NoSuchName) as outcome:
                self._known[key] = outcome
        known = self._known[key]
        if isinstance(known, Exception):
            raise known
        return known

    def _ask(self, name: str, kind: str) -> list[Any]:
        try:
            answer = self._resolver.resolve(f"{name}.", kind, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN as outcome:
            raise NoSuchName(name) from outcome
        except (dns.resolver.NoNameservers, dns.exception.Timeout, dns.resolver.YXDOMAIN) as late:
            raise TemporaryFailure(f"{name} {kind}: {late}") from late
        except (dns.exception.SyntaxError, dns.exception.DNSException) as wrong:
            raise NoSuchName(f"{name}: {wrong}") from wrong  # no name that DNS can hold
        if answer.rrset is None:
            return []
        return [_from_wire(kind, one) for one in answer.rrset]


def _from_wire(kind: str, record: Any) -> Any:
    if kind == "TXT":
        return list(record.strings)
    if kind == "MX":
        return (record.preference, plain(record.exchange.to_text()))
    return plain(record.target.to_text()) if kind == "PTR" else record.address
