# SPDX-License-Identifier: Apache-2.0
"""The whole site: name server, sinks, Postfix and our daemon, started and stopped together."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from pathlib import Path
from types import TracebackType

from . import client
from .milter import USER, Milter
from .names import NameServer
from .namespace import APPLE_MX, ELSEWHERE_MX, OUR_ADDRESS, OUTSIDE_CLIENT, RELAY_MX
from .postfix import PORT_25, SUBMISSION, UNCOVERED, Postfix
from .sink import Judge, Sink

MX_HOSTS = {
    "mx01.mail.icloud.com": APPLE_MX[0],
    "mx02.mail.icloud.com": APPLE_MX[1],
    "smtp1.privaterelay.appleid.com": RELAY_MX,
    "mx.elsewhere.example": ELSEWHERE_MX,
}

PEOPLE = {"ann": "", "ben": "ben.away@icloud.com", "postmaster": "", USER: ""}
ALIASES = {
    "office": "office.team@icloud.com",
    "crew": "crew.one@icloud.com, dora@elsewhere.example",
}
VIRTUAL = {"hello@corp.example": "hello.there@icloud.com"}


class Site:
    """`with Site(folder, programs) as site:`, inside the lab's namespaces."""

    def __init__(
        self,
        folder: Path,
        programs: Path,
        zones: Mapping[str, Sequence[str]] | None = None,
        broken_zones: Sequence[str] = (),
        judge: Judge | None = None,
    ) -> None:
        """`zones`, `broken_zones`: more for the name server; `judge`: who answers for the sinks."""
        self.names = NameServer(folder / "names", zones, broken_zones)
        self.sink = Sink(MX_HOSTS, judge)
        self.postfix = Postfix(folder / "postfix", PEOPLE)
        self.milter = Milter(folder / "milter", programs, self.postfix.spool)
        self._numbers = itertools.count(1)

    def __enter__(self) -> Site:
        self.names.start()
        self.sink.start()
        self.postfix.folder.mkdir(parents=True)
        self.postfix.configure(ALIASES, VIRTUAL)
        self.milter.prepare()
        self.milter.start()
        self.postfix.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Whatever does not stop on its word ends with the process namespace.
        for stop in (self.postfix.stop, self.milter.stop, self.sink.stop, self.names.stop):
            try:
                stop()
            except Exception as problem:  # the first problem is the one to see
                if value is None:
                    raise
                print(f"while stopping: {problem}")

    def new_id(self, word: str = "m") -> str:
        """A Message-ID that no other message of this run has."""
        return f"<{word}.{next(self._numbers)}@corp.example>"

    # -- ways in ----------------------------------------------------------------------------

    def submit(self, content: bytes, *to: str, sender: str = "ann@corp.example") -> client.Reply:
        """As a person with a password does: submission, authenticated."""
        return client.send(
            SUBMISSION,
            sender,
            to,
            content,
            login=sender,
            source=OUTSIDE_CLIENT,
            host=OUR_ADDRESS,
        )

    def arrive(
        self, content: bytes, *to: str, sender: str = "dora@elsewhere.example", options: str = ""
    ) -> client.Reply:
        """As a stranger's mail server does: port 25, from outside."""
        return client.send(
            PORT_25, sender, to, content, source=OUTSIDE_CLIENT, host=OUR_ADDRESS, options=options
        )

    def queue_up(
        self, content: bytes, *to: str, sender: str = "ann@corp.example", options: str = ""
    ) -> client.Reply:
        """Into the queue past the arrival, whether or not our daemon runs."""
        return client.send(UNCOVERED, sender, to, content, options=options)


def letter(
    message_id: str,
    to: str,
    *fields: str,
    body: bytes = b"Hello.\r\n",
    sender: str = "Ann <ann@corp.example>",
    subject: str = "A letter",
) -> bytes:
    """A message in good order, with more `fields` where given."""
    header = [
        f"Date: {formatdate(localtime=False)}",
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        f"Message-ID: {message_id}",
        *fields,
    ]
    return "\r\n".join(header).encode() + b"\r\n\r\n" + body
