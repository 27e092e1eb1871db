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

WIDTH = 100
TITLE = 34
MARK = 6


@dataclass(frozen=True)
class Happened:
    ending: Ending
    told: list[str]  # what the sender or the queue was told
    hosts: dict[str, str]  # the MX that took it, by recipient


class Painter:
    """Colours on a terminal only, and none under NO_COLOR."""

    def __init__(self) -> None:
        self._on = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def _paint(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._on else text

    def progress(self, text: str) -> None:
        """On a terminal only: one line that each call writes over."""
        if sys.stdout.isatty():
            print(f"\r{text:40}\r" if not text else f"\r{text:40}", end="", flush=True)

    def good(self, text: str) -> str:
        return self._paint("32", text)

    def bad(self, text: str) -> str:
        return self._paint("1;31", text)

    def heading(self, text: str) -> str:
        return self._paint("1", text)

    def quiet(self, text: str) -> str:
        return self._paint("2", text)


def happened(site: Site, message_id: str, case: Case, on_the_way: str) -> Happened:
    """Where the message ended. What is missing of what was announced shows in its reason."""
    hosts = {to: one.host for one in site.sink.of(message_id) for to in one.recipients}
    returned = [
        report
        for mail in site.postfix.mailbox("ann")
        if b"multipart/report" in mail and message_id.encode() in mail
        for report in reports(mail)
    ]
    waiting = [
        one for one in site.postfix.queue() if set(one.recipients) & set(case.ending.waiting)
    ]
    told = [words for _, words in returned] + [one.reason for one in waiting]
    told += [on_the_way] if on_the_way else []
    everything = " ".join(told)
    good = case.ending.reason in everything and case.on_the_way in everything
    ending = Ending(
        delivered=tuple(sorted(hosts)),
        bounced=tuple(sorted(recipient for recipient, _ in returned)),
        waiting=tuple(sorted(to for one in waiting for to in one.recipients)),
        reason=case.ending.reason if good else "not the reason announced",
    )
    return Happened(ending, told, hosts)


def reports(bounce: bytes) -> list[tuple[str, str]]:
    """Recipient and Diagnostic-Code of each report in a bounce (RFC 3464 section 2.3)."""
    found = []
    for part in message_from_bytes(bounce, policy=policy.default).walk():
        recipient = str(part.get("Final-Recipient", ""))
        if recipient:
            words = re.sub(r"\s+", " ", str(part.get("Diagnostic-Code", "")))
            found.append((recipient.split(";")[1].strip(), words.removeprefix("smtp; ")))
    return found


def row(number: int, title: str, mark: str, text: str) -> str:
    """One line of a table; a long text goes on below its beginning."""
    indent = " " * (TITLE + MARK + 7)
    lines = textwrap.wrap(text, WIDTH - len(indent), break_on_hyphens=False, break_long_words=False)
    return f"{number:3}  {title:{TITLE}} {mark} " + f"\n{indent}".join(lines)


def show_announced(todo: list[Case], painter: Painter) -> None:
    print(painter.heading("\nAnnounced"))
    for number, case in enumerate(todo, 1):
        text = str(case.ending)
        if case.on_the_way:
            text += f", after a wait ({case.on_the_way})"
        print(row(number, case.title, " " * MARK, text))


def show_one(number: int, case: Case, result: Happened, painter: Painter) -> bool:
    good = result.ending == case.ending.in_order()
    mark = painter.good("ok".center(MARK)) if good else painter.bad("NOT SO")
    print(row(number, case.title, mark, result.ending.text(result.hosts)))
    for words in result.told:
        for line in textwrap.wrap(words, WIDTH - 9, break_on_hyphens=False):
            print(painter.quiet(f"         {line}"))
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
        painter.progress(f"sending {number} of {len(todo)}")
        message_id = site.new_id("demo")
        sent.append((message_id, case.send(site, message_id)))
    painter.progress("waiting until all have come to rest")
    site.postfix.wait_until_idle()
    painter.progress("")
    print(painter.heading("\nWhat happened"))
    good = [
        show_one(number, case, happened(site, message_id, case, seen), painter)
        for number, (case, (message_id, seen)) in enumerate(zip(todo, sent, strict=True), 1)
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
