# SPDX-License-Identifier: Apache-2.0
"""Sends the demo's messages through a private Postfix with icloud-milter and shows where each
ended. contrib/demo/run builds the programs and calls this."""

from __future__ import annotations

import argparse
import os
import re
import sys
import textwrap
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

from lab.namespace import run_inside
from lab.site import Site

from messages import APPLE_SAYS, OVER_QUOTA, STREAMS, SUPPRESSED, Case, Ending, cases

WIDTH = 98
TITLE = 36


@dataclass(frozen=True)
class Happened:
    ending: Ending
    why: list[str]  # what the sender or the queue was told
    hosts: list[str]  # the MX hosts that took it


class Painter:
    """Colours on a terminal only, and none under NO_COLOR."""

    def __init__(self) -> None:
        self._on = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def _paint(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._on else text

    def good(self, text: str) -> str:
        return self._paint("32", text)

    def bad(self, text: str) -> str:
        return self._paint("1;31", text)

    def heading(self, text: str) -> str:
        return self._paint("1", text)

    def quiet(self, text: str) -> str:
        return self._paint("2", text)


def happened(site: Site, message_id: str, announced: Ending) -> Happened:
    deliveries = site.sink.of(message_id)
    bounced: list[str] = []
    why: list[str] = []
    for mail in site.postfix.mailbox("ann"):
        if b"multipart/report" not in mail or message_id.encode() not in mail:
            continue
        for recipient, words in reports(mail):
            bounced.append(recipient)
            why.append(words)
    waiting = [
        one
        for one in site.postfix.queue()
        if one.sender == "ann@corp.example" and set(one.recipients) & set(announced.waiting)
    ]
    why += [one.reason for one in waiting]
    told = " ".join(why)
    return Happened(
        Ending(
            delivered=tuple(sorted(to for one in deliveries for to in one.recipients)),
            bounced=tuple(sorted(bounced)),
            waiting=tuple(sorted(to for one in waiting for to in one.recipients)),
            reason=announced.reason if announced.reason in told else told,
        ),
        why,
        sorted({one.host for one in deliveries}),
    )


def reports(bounce: bytes) -> list[tuple[str, str]]:
    """Recipient and Diagnostic-Code of each report in a bounce (RFC 3464 section 2.3)."""
    found = []
    for part in message_from_bytes(bounce, policy=policy.default).walk():
        recipient = str(part.get("Final-Recipient", ""))
        if recipient:
            words = re.sub(r"\s+", " ", str(part.get("Diagnostic-Code", "")))
            found.append((recipient.split(";")[1].strip(), words.removeprefix("smtp; ")))
    return found


def show_announced(todo: list[Case], painter: Painter) -> None:
    print(painter.heading("\nAnnounced"))
    for number, case in enumerate(todo, 1):
        print(f"{number:3}  {case.title:{TITLE}}  {wrapped(str(case.ending))}")


def wrapped(text: str) -> str:
    """In the second column, further lines below the first."""
    lines = textwrap.wrap(text, WIDTH - TITLE - 7, break_on_hyphens=False)
    return ("\n" + " " * (TITLE + 7)).join(lines)


def show_one(number: int, case: Case, result: Happened, painter: Painter) -> bool:
    good = result.ending == Ending(
        tuple(sorted(case.ending.delivered)),
        tuple(sorted(case.ending.bounced)),
        tuple(sorted(case.ending.waiting)),
        case.ending.reason,
    )
    text = str(result.ending)
    if result.hosts:
        text += f" at {', '.join(result.hosts)}"
    mark = painter.good("as announced") if good else painter.bad("NOT AS ANNOUNCED")
    print(f"{number:3}  {case.title:{TITLE}}  {mark}")
    for line in textwrap.wrap(text, WIDTH - 5, break_on_hyphens=False):
        print(f"     {line}")
    for words in result.why:
        for line in textwrap.wrap(words, WIDTH - 7, break_on_hyphens=False):
            print(painter.quiet(f"       {line}"))
    return good


def review(site: Site, painter: Painter) -> bool:
    """What the administrator reads afterwards."""
    good = True
    for words in (("log",), ("log", "summary")):
        print(painter.heading(f"\n$ icloud-milterctl {' '.join(words)}"), flush=True)
        good = site.milter.control_shown(*words) == 0 and good
    return good


def show(site: Site, painter: Painter) -> bool:
    site.milter.reload_with({"streams": STREAMS})
    note = "550 5.1.1 user does not exist"
    site.milter.control("suppress", "add", SUPPRESSED, "--reason", "hard-bounce", "--note", note)
    site.sink.answer(f"RCPT TO:<{re.escape(OVER_QUOTA)}>", APPLE_SAYS)
    todo = cases()
    show_announced(todo, painter)
    sent = []
    for number, case in enumerate(todo, 1):
        if sys.stdout.isatty():
            print(f"\rsending {number} of {len(todo)} ", end="", flush=True)
        message_id = site.new_id("demo")
        case.send(site, message_id)
        sent.append(message_id)
    site.postfix.wait_until_idle()
    print(painter.heading("\rWhat happened      "))
    good = [
        show_one(number, case, happened(site, message_id, case.ending), painter)
        for number, (case, message_id) in enumerate(zip(todo, sent, strict=True), 1)
    ]
    reviewed = review(site, painter)
    if all(good):
        print(painter.good(f"\nAll {len(good)} messages ended as announced."))
    else:
        print(
            painter.bad(f"\n{good.count(False)} of {len(good)} messages did not end as announced.")
        )
    return all(good) and reviewed


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--programs", type=Path, required=True)
    arguments.add_argument("--keep", action="store_true")
    chosen = arguments.parse_args()
    painter = Painter()

    def body(folder: Path) -> int:
        print("starting a name server, Apple's MX, Postfix and icloud-milter", flush=True)
        with Site(folder, chosen.programs.resolve()) as site:
            good = show(site, painter)
        if chosen.keep:
            print(f"Logs, queues and configuration are kept in {folder}")
        return 0 if good else 1

    return run_inside(body, keep=chosen.keep)


if __name__ == "__main__":
    sys.exit(main())
