# SPDX-License-Identifier: Apache-2.0
"""An SMTP client that sends exactly the octets it is given, legal or not."""

from __future__ import annotations

import base64
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

from .passwords import PASSWORD


@dataclass(frozen=True)
class Reply:
    code: int
    text: str

    @property
    def accepted(self) -> bool:
        return 200 <= self.code < 400


class Refused(Exception):
    """A server did not take a command."""

    def __init__(self, command: str, reply: Reply) -> None:
        super().__init__(f"{command}: {reply.code} {reply.text}")
        self.reply = reply


class Client:
    """One connection. Not for several threads."""

    def __init__(
        self,
        port: int,
        host: str = "127.0.0.1",
        source: str | None = None,
        helo: str = "client.corp.example",
    ) -> None:
        self._socket = socket.create_connection(
            (host, port), timeout=400, source_address=(source, 0) if source else None
        )
        self._reader = self._socket.makefile("rb")
        self._must("greeting", self.read())
        self.must(f"EHLO {helo}")

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reader.close()
        self._socket.close()

    def read(self) -> Reply:
        lines = []
        while True:
            line = self._reader.readline().decode(errors="replace").rstrip("\r\n")
            if len(line) < 3:
                raise ConnectionError("the server closed the connection")
            lines.append(line[4:])
            if line[3:4] != "-":
                return Reply(int(line[:3]), "\n".join(lines))

    def command(self, line: str) -> Reply:
        self._socket.sendall(line.encode() + b"\r\n")
        return self.read()

    def must(self, line: str) -> Reply:
        return self._must(line, self.command(line))

    @staticmethod
    def _must(command: str, reply: Reply) -> Reply:
        if not reply.accepted:
            raise Refused(command, reply)
        return reply

    def log_in(self, login: str, password: str = PASSWORD) -> None:
        """AUTH PLAIN (RFC 4616)."""
        response = base64.b64encode(f"\0{login}\0{password}".encode()).decode()
        self._must("AUTH PLAIN", self.command(f"AUTH PLAIN {response}"))

    def send(
        self, mail_from: str, recipients: Sequence[str], content: bytes, options: str = ""
    ) -> Reply:
        """One message, as it is: only dots are stuffed (RFC 5321 section 4.5.2). Raises Refused."""
        self.must(f"MAIL FROM:<{mail_from}>{options}")
        for recipient in recipients:
            self.must(f"RCPT TO:<{recipient}>")
        self.must("DATA")
        if content and not content.endswith(b"\r\n"):
            content += b"\r\n"
        stuffed = re.sub(rb"(?:\A|(?<=\r\n))\.", b"..", content)
        self._socket.sendall(stuffed + b".\r\n")
        return self._must("end of data", self.read())


def send(
    port: int,
    mail_from: str,
    recipients: Sequence[str],
    content: bytes,
    login: str = "",
    source: str | None = None,
    host: str = "127.0.0.1",
    options: str = "",
) -> Reply:
    """One message on a connection of its own."""
    with Client(port, host, source) as client:
        if login:
            client.log_in(login)
        reply = client.send(mail_from, recipients, content, options)
        client.command("QUIT")
        return reply
