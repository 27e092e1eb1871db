# SPDX-License-Identifier: Apache-2.0
"""All the senders: each trait once where everything else is in order, once where something else is
wrong, and many at random. The same ones in every run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from .dkim_traits import DKIM
from .dmarc_traits import DMARC
from .dns import Zone
from .draft import MX, Draft
from .other_traits import AUTHOR, ENVELOPE, LAB, PLACE, SHAPE
from .spf_traits import SPF

SEED = 9989
AT_RANDOM = 70

GOOD = {
    "place": "example",
    "author": "plain",
    "envelope": "same",
    "spf": "ip4",
    "dkim": "good",
    "dmarc": "reject",
    "shape": "letter",
}


@dataclass(frozen=True)
class Sender:
    name: str  # "s017", also the local part of whom it writes to
    traits: str  # what is not as usual
    mail_from: str
    has_lost_helo: bool
    is_local: bool
    message: Callable[[str, str, str], bytes] = field(
        compare=False
    )  # of Message-ID, Date and recipient
    zone: Zone = field(repr=False, compare=False)  # its own part of the whole


@dataclass(frozen=True)
class Corpus:
    senders: list[Sender]
    zone: Zone


def _choices() -> Iterator[dict[str, str]]:
    yield {}
    for name in SPF:
        yield {"spf": name}
        yield {"spf": name, "dkim": "unsigned"}
        yield {"spf": name, "dkim": "foreign", "dmarc": "quarantine"}
    for name in DKIM:
        yield {"dkim": name}
        yield {"dkim": name, "spf": "fail"}
    for name in DMARC:
        yield {"dmarc": name, "envelope": "below"}
        yield {"dmarc": name, "envelope": "foreign", "dkim": "foreign"}
        yield {"dmarc": name, "author": "nowhere", "envelope": "foreign", "dkim": "unsigned"}
        yield {"dmarc": name, "spf": "fail", "dkim": "organization"}
    for group, table in (("author", AUTHOR), ("envelope", ENVELOPE), ("place", PLACE)):
        for name in table:
            yield {group: name}
            yield {group: name, "dkim": "foreign"}
            yield {group: name, "spf": "fail", "dkim": "unsigned"}
    for name in PLACE:
        yield {"place": name, "dmarc": "missing", "spf": "fail", "dkim": "organization"}
        yield {"place": name, "author": "nowhere", "dmarc": "missing", "dkim": "foreign"}
        yield {"place": name, "author": "subdomain", "dmarc": "missing", "dkim": "public-suffix"}
    for name in SHAPE:
        yield {"shape": name}
        yield {"shape": name, "dkim": "simple", "spf": "no-record"}
    chance = random.Random(SEED)
    tables: dict[str, Mapping[str, object]] = {
        **{"place": PLACE, "author": AUTHOR, "envelope": ENVELOPE, "spf": SPF, "dkim": DKIM},
        **{"dmarc": DMARC, "shape": SHAPE},
    }
    for _ in range(AT_RANDOM):
        yield {group: chance.choice(list(table)) for group, table in tables.items()}


def _draft(name: str, choice: dict[str, str]) -> Draft:
    draft = Draft(name, base=f"{name}.example")
    PLACE[choice["place"]](draft)
    draft.author = draft.base
    AUTHOR[choice["author"]](draft)
    draft.envelope = draft.author
    ENVELOPE[choice["envelope"]](draft)
    DMARC[choice["dmarc"]](draft)  # may move the author below the organization
    DKIM[choice["dkim"]](draft)
    draft.publish(draft.envelope, SPF[choice["spf"]])
    SHAPE[choice["shape"]](draft)
    if draft.has_mx:
        draft.zone.add(draft.envelope, "MX", [10, MX])
    return draft


def corpus() -> Corpus:
    senders: list[Sender] = []
    zone = Zone()
    zone.merge(LAB)
    seen: set[str] = set()
    for choice in _choices():
        traits = " ".join(
            f"{group}={choice[group]}"
            for group in GOOD
            if choice.get(group, GOOD[group]) != GOOD[group]
        )
        if traits in seen:
            continue
        seen.add(traits)
        draft = _draft(f"s{len(senders):03}", GOOD | choice)
        draft.zone.merge(LAB)
        zone.merge(draft.zone)
        senders.append(
            Sender(
                name=draft.name,
                traits=traits or "all good",
                mail_from=draft.mail_from,
                has_lost_helo=draft.has_lost_helo,
                is_local=draft.is_local,
                message=draft.message,
                zone=draft.zone,
            )
        )
    return Corpus(senders, zone)
