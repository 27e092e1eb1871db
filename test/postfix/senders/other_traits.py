# SPDX-License-Identifier: Apache-2.0
"""Where senders live, who they say they are, by what path their mail goes, and what it looks
like."""

from __future__ import annotations

from collections.abc import Callable

from .dns import Zone
from .draft import EGRESS, HELO, MX, Draft

Trait = Callable[[Draft], None]


def _nothing(draft: Draft) -> None:
    del draft


# -- where the registered domain is -------------------------------------------------------------


def _below_a_registry(draft: Draft) -> None:
    parent = f"{draft.name}-registry.example"
    draft.base = f"shop.{parent}"
    draft.publish(parent, {"_dmarc": ["v=DMARC1; p=reject; psd=y; np=reject"]})


def _below_a_registry_that_asks_little(draft: Draft) -> None:
    parent = f"{draft.name}-registry.example"
    draft.base = f"shop.{parent}"
    draft.publish(parent, {"_dmarc": ["v=DMARC1; p=none; psd=y"]})


def _international(draft: Draft) -> None:
    draft.base = f"bücher-{draft.name}.example".encode("idna").decode()


PLACE: dict[str, Trait] = {
    "example": _nothing,
    "co-uk": lambda draft: setattr(draft, "base", f"{draft.name}.co.uk"),
    "registry": _below_a_registry,
    "lax-registry": _below_a_registry_that_asks_little,
    "international": _international,
    "deep": lambda draft: setattr(draft, "base", f"a.b.c.{draft.name}.example"),
}

# -- who the message says it is from ------------------------------------------------------------


def _as(display: str) -> Trait:
    return lambda draft: setattr(draft, "display", display)


def _author_below(prefix: str) -> Trait:
    def apply(draft: Draft) -> None:
        draft.author = f"{prefix}.{draft.base}"
        draft.zone.add(draft.author, "A", "203.0.113.80")

    return apply


def _author_nowhere(draft: Draft) -> None:
    draft.author = f"ghost.{draft.base}"


def _twice(draft: Draft) -> None:
    draft.display = "{address}\r\nFrom: x@unrelated.example"
    draft.signs_from_twice = True


def _in_u_labels(draft: Draft) -> None:
    _international(draft)
    draft.author = draft.base
    draft.display = f"post@bücher-{draft.name}.example"


AUTHOR: dict[str, Trait] = {
    "plain": _nothing,
    "named": _as("A Shop <{address}>"),
    "quoted": _as('"Shop, A (fine) one" <{address}>'),
    "commented": _as("(who) {local} @ {domain} (that is us)"),
    "encoded": _as("=?utf-8?Q?B=C3=BCcher?= <{address}>"),
    "folded": _as("A Shop\r\n <{address}>"),
    "capitals": lambda draft: setattr(draft, "display", f"<Post@{draft.base.upper()}>"),
    "two-of-one-domain": _as("{address}, Two <two@{domain}>"),
    "two-domains": _as("{address}, x@unrelated.example"),
    "address-in-the-name": _as('"x@unrelated.example" <{address}>'),
    "group": _as("Us: {address};"),
    "twice": _twice,
    "subdomain": _author_below("news"),
    "deep-subdomain": _author_below("a.b.c.d.e.f.g.h"),
    "nowhere": _author_nowhere,
    "u-labels": _in_u_labels,
}

# -- the envelope -------------------------------------------------------------------------------


def _from_below(draft: Draft) -> None:
    draft.envelope = f"bounce.{draft.base}"


def _from_foreign(draft: Draft) -> None:
    draft.envelope = draft.foreign


def _from_beside(draft: Draft) -> None:
    draft.envelope = f"sibling.{draft.base}"


def _from_parent(draft: Draft) -> None:
    draft.envelope = draft.base.split(".", 1)[1]


def _null(draft: Draft) -> None:
    draft.is_null = True


def _exchange(*records: tuple[str, object]) -> Trait:
    """The envelope's domain has these records instead of the usual MX."""

    def apply(draft: Draft) -> None:
        draft.envelope = f"bounce.{draft.base}"
        draft.has_mx = False
        for kind, value in records:
            draft.zone.add(draft.envelope, kind, value)

    return apply


def _lost_helo(draft: Draft) -> None:
    draft.has_lost_helo = True


def _local(draft: Draft) -> None:
    draft.is_local = True


def _local_null(draft: Draft) -> None:
    draft.is_local = draft.is_null = True


ENVELOPE: dict[str, Trait] = {
    "same": _nothing,
    "below": _from_below,
    "beside": _from_beside,
    "foreign": _from_foreign,
    "null": _null,
    "no-mx-no-address": _exchange(),
    "null-mx": _exchange(("MX", [0, "."])),
    "address-only": _exchange(("A", "203.0.113.50")),
    "ipv6-only": _exchange(("AAAA", "2001:db8::50")),
    "two-mx": _exchange(("MX", [10, MX]), ("MX", [20, "nowhere.elsewhere.example."])),
    "lost-helo": _lost_helo,
    "local": _local,
    "local-null": _local_null,
}

# -- what the message looks like ----------------------------------------------------------------


def _subject(text: str) -> Trait:
    return lambda draft: setattr(draft, "subject", text)


def _body(octets: bytes) -> Trait:
    return lambda draft: setattr(draft, "body", octets)


def _fields(*lines: str) -> Trait:
    return lambda draft: draft.fields.extend(lines)


SHAPE: dict[str, Trait] = {
    "letter": _nothing,
    "empty-body": _body(b""),
    "only-empty-lines": _body(b"\r\n\r\n\r\n"),
    "trailing-empty-lines": _body(b"text\r\n\r\n\r\n"),
    "blanks": _body(b"one  two\t three \r\n\t \r\n  four\r\n"),
    "eight-bit": _body("Grüße\r\n".encode()),
    "dots": _body(b".\r\n..\r\n.x\r\n"),
    "long": _body((b"x" * 900 + b"\r\n") * 60),
    "folded-subject": _subject("A letter\r\n\twith   a fold\r\n and another"),
    "empty-subject": _subject(""),
    "many-fields": _fields(*(f"X-Field-{number}: {number}" for number in range(40))),
    "repeated-fields": _fields("Comments: one", "Comments: two", "Received: from a by b; now"),
}

LAB = Zone()  # what null senders need: SPF asks about the HELO name
LAB.add(HELO, "TXT", "v=spf1 a -all")
LAB.add(HELO, "A", EGRESS)
LAB.add("25.2.0.192.in-addr.arpa", "PTR", f"{HELO}.")
