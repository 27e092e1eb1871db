# SPDX-License-Identifier: Apache-2.0
"""The messages of the demo: how each is sent, and where it will end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.site import Site, letter

ONE_CLICK = (
    "List-Unsubscribe: <https://news.corp.example/u/7fa2>, <mailto:leave@news.corp.example>",
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
)
NEWS = "Corp News <news@news.corp.example>"
SHOP = "Corp Shop <orders@shop.corp.example>"

# What the demo adds to the lab's configuration: two declared streams.
STREAMS = [
    {"name": "news", "kind": "bulk", "from_domains": ["news.corp.example"]},
    {"name": "receipts", "kind": "transactional", "from_domains": ["shop.corp.example"]},
]

SUPPRESSED = "gone@icloud.com"
OVER_QUOTA = "full@icloud.com"
APPLE_SAYS = f"452 4.2.2 <{OVER_QUOTA}>: user is overquota"


@dataclass(frozen=True)
class Ending:
    """Where a message ends."""

    delivered: tuple[str, ...] = ()  # recipients whose MX took it
    bounced: tuple[str, ...] = ()  # recipients its sender got back, with our reason
    waiting: tuple[str, ...] = ()  # recipients for whom it stays in the queue
    reason: str = ""  # the rule, or the words, that the bounce or the queue shows

    def in_order(self) -> Ending:
        return Ending(
            tuple(sorted(self.delivered)),
            tuple(sorted(self.bounced)),
            tuple(sorted(self.waiting)),
            self.reason,
        )

    def text(self, hosts: dict[str, str]) -> str:
        """In words; `hosts` names the MX of a recipient where it is known."""
        delivered = [f"{to} at {hosts[to]}" if to in hosts else to for to in self.delivered]
        parts = [
            f"{verb} {', '.join(who)}"
            for verb, who in (
                ("delivered to", delivered),
                ("bounced for", self.bounced),
                ("waits for", self.waiting),
            )
            if who
        ]
        text = "; ".join(parts) or "nowhere"
        return f"{text} ({self.reason})" if self.reason else text

    def __str__(self) -> str:
        return self.text({})


@dataclass(frozen=True)
class Case:
    title: str
    send: Callable[[Site, str], str]  # takes the site and the Message-ID; what it saw on the way
    ending: Ending
    on_the_way: str = ""  # words that must have been seen


def _submitted(*to: str, fields: tuple[str, ...] = (), **how: object) -> Callable[[Site, str], str]:
    """Over submission, with a password."""

    def send(site: Site, message_id: str) -> str:
        content = letter(message_id, ", ".join(to), *fields, **how)  # type: ignore[arg-type]
        site.submit(content, *to)
        return ""

    return send


def _from_outside(to: str) -> Callable[[Site, str], str]:
    def send(site: Site, message_id: str) -> str:
        site.arrive(letter(message_id, to, sender="Dora <dora@elsewhere.example>"), to)
        return ""

    return send


def _by_sendmail(to: str) -> Callable[[Site, str], str]:
    def send(site: Site, message_id: str) -> str:
        content = letter(message_id, to, subject="Disk report").replace(b"\r\n", b"\n")
        site.postfix.sendmail("ann", to, content=content)
        return ""

    return send


def _without_date(to: str) -> Callable[[Site, str], str]:
    def send(site: Site, message_id: str) -> str:
        lines = letter(message_id, to).splitlines(keepends=True)
        site.submit(b"".join(line for line in lines if not line.startswith(b"Date:")), to)
        return ""

    return send


def _without_the_daemon(to: str) -> Callable[[Site, str], str]:
    """Sent while icloud-milter is stopped, which is then started again."""

    def send(site: Site, message_id: str) -> str:
        site.milter.stop()
        site.queue_up(letter(message_id, to), to)
        site.postfix.wait_until_idle()
        waiting = [one.reason for one in site.postfix.queue() if to in one.recipients]
        site.milter.start()
        site.postfix.flush()
        site.sink.wait_for(message_id)
        return f"waited at first: {', '.join(waiting)}" if waiting else "did not wait"

    return send


def cases() -> list[Case]:
    bob, eve, dora = "bob@icloud.com", "eve@me.com", "dora@elsewhere.example"
    late = "late@icloud.com"
    relay = "x7k2p@privaterelay.appleid.com"
    return [
        Case("a letter, by submission", _submitted(bob), Ending((bob,))),
        Case(
            "to a virtual alias",
            _submitted("hello@corp.example"),
            Ending(("hello.there@icloud.com",)),
        ),
        Case(
            "to an alias, expanded by local(8)",
            _submitted("office@corp.example"),
            Ending(("office.team@icloud.com",)),
        ),
        Case(
            "from outside, to a .forward file",
            _from_outside("ben@corp.example"),
            Ending(("ben.away@icloud.com",)),
        ),
        Case("by the sendmail command", _by_sendmail(eve), Ending((eve,))),
        Case("to Apple and to others", _submitted(bob, dora), Ending((bob, dora))),
        Case("to the private relay", _submitted(relay), Ending((relay,))),
        Case(
            "bulk without unsubscription",
            _submitted(bob, sender=NEWS, subject="Spring"),
            Ending(bounced=(bob,), reason="list_unsubscribe.missing"),
        ),
        Case(
            "bulk with one-click",
            _submitted(bob, sender=NEWS, subject="Spring", fields=ONE_CLICK),
            Ending((bob,)),
        ),
        Case(
            "a receipt, declared transactional",
            _submitted(bob, sender=SHOP, subject="Your order", fields=("Feedback-ID: r:corp",)),
            Ending((bob,)),
        ),
        Case(
            "to three, one of them suppressed",
            _submitted("first@icloud.com", SUPPRESSED, "last@me.com"),
            Ending(
                ("first@icloud.com", "last@me.com"), (SUPPRESSED,), reason="suppression.hard-bounce"
            ),
        ),
        Case(
            "two From fields",
            _submitted(bob, fields=("From: Ann <other@corp.example>",)),
            Ending(bounced=(bob,), reason="format.from-repeated"),
        ),
        Case(
            "no Date",
            _without_date(bob),
            Ending(bounced=(bob,), reason="format.date-missing"),
        ),
        Case(
            "a CR without its LF",
            _submitted(bob, body=b"one\rtwo\r\n"),
            Ending(bounced=(bob,), reason="format.bare-cr"),
        ),
        Case(
            "a line of 1,500 octets",
            _submitted(bob, body=b"x" * 1500 + b"\r\n"),
            Ending(bounced=(bob,), reason="format.body-line-length"),
        ),
        Case(
            "to a mailbox that Apple calls full",
            _submitted(OVER_QUOTA),
            Ending(waiting=(OVER_QUOTA,), reason="user is overquota"),
        ),
        Case(
            "while icloud-milter is stopped",
            _without_the_daemon(late),
            Ending((late,)),
            on_the_way="Service unavailable - try again later",
        ),
    ]
