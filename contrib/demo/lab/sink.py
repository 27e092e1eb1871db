# SPDX-License-Identifier: Apache-2.0
"""SMTP sinks: they play Apple's MX and somebody else's, and keep every message octet by octet."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from .process import wait_until

MAX_COMMAND = 4096  # RFC 5321 section 4.5.3.1.4 asks for 512; extensions add to it

CONNECTION = "connection"  # what a scripted greeting answers: no command is called so
HANG_UP = "(hang up)"  # an answer that is none: the connection ends without a word


@dataclass(frozen=True)
class Delivery:
    """One message as it was handed over."""

    host: str  # the MX that took it
    client: str
    helo: str
    mail_from: str  # without angle brackets; empty for the null sender
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)  # dots unstuffed, without the final dot line
    at: float

    @property
    def header(self) -> bytes:
        """The header with the CRLF of its last field."""
        end = self.content.find(b"\r\n\r\n")
        return self.content if end < 0 else self.content[: end + 2]

    @property
    def body(self) -> bytes:
        end = self.content.find(b"\r\n\r\n")
        return b"" if end < 0 else self.content[end + 4 :]

    def fields(self, name: str) -> list[bytes]:
        """The values of all fields of that name, unfolded, from the top."""
        unfolded = re.sub(rb"\r\n(?=[ \t])", b"", self.header)
        wanted = name.lower().encode() + b":"
        return [
            line[len(wanted) :].strip()
            for line in unfolded.split(b"\r\n")
            if line.lower().startswith(wanted)
        ]

    @property
    def message_id(self) -> str:
        return next(iter(self.fields("Message-ID")), b"").decode("ascii", "replace")


@dataclass
class Scripted:
    """An answer other than the usual one: to commands that match, so often."""

    command: re.Pattern[str]  # matched at the start of the command line; "." is the end of data
    reply: str
    times: int = 1_000_000


class Judge(Protocol):
    """Who decides what a sink answers. Called from many threads. "" accepts."""

    def at_recipient(self, host: str, helo: str, mail_from: str, recipient: str) -> str:
        ...

    def at_end(self, delivery: Delivery) -> str:
        ...


@dataclass
class _Book:
    judge: Judge | None = None
    deliveries: list[Delivery] = field(default_factory=list)
    scripted: list[Scripted] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Sink:
    """All the MX hosts of the lab. Safe from any thread."""

    def __init__(self, hosts: dict[str, str], judge: Judge | None = None) -> None:
        """`hosts`: the name of each MX and the address it listens on, port 25."""
        self._book = _Book(judge)
        self._servers = [_Server(name, address, self._book) for name, address in hosts.items()]

    def start(self) -> None:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def answer(self, command: str, reply: str, times: int = 1_000_000) -> None:
        """Answers commands that begin as the pattern `command` says with `reply`."""
        with self._book.lock:
            self._book.scripted.append(Scripted(re.compile(command, re.IGNORECASE), reply, times))

    def answer_as_usual(self) -> None:
        with self._book.lock:
            self._book.scripted.clear()

    @property
    def deliveries(self) -> list[Delivery]:
        with self._book.lock:
            return list(self._book.deliveries)

    def of(self, message_id: str) -> list[Delivery]:
        return [one for one in self.deliveries if one.message_id == message_id]

    def wait_for(self, message_id: str, count: int = 1, seconds: float = 90.0) -> list[Delivery]:
        wait_until(
            f"{message_id} delivered {count} time(s)",
            lambda: len(self.of(message_id)) >= count,
            seconds,
        )
        return self.of(message_id)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, name: str, address: str, book: _Book) -> None:
        self.name = name
        self.book = book
        super().__init__((address, 25), _Dialogue)


class _Dialogue(socketserver.StreamRequestHandler):
    """One connection, RFC 5321 as far as a sending Postfix uses it."""

    server: _Server
    rbufsize = 1 << 16

    def setup(self) -> None:
        self.request.settimeout(120)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().setup()
        self._helo = ""
        self._forget()

    def _forget(self) -> None:
        self._sender: str | None = None
        self._recipients: list[str] = []

    def handle(self) -> None:
        try:
            if greeting := self._scripted(CONNECTION):
                if greeting != HANG_UP:
                    self._say(greeting)
                return
            self._say(f"220 {self.server.name} ESMTP")
            while line := self.rfile.readline(MAX_COMMAND):
                if not self._obey(line.decode("ascii", "replace").strip()):
                    return
        except OSError:
            return  # the client has gone; what it had not finished is not delivered

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def _scripted(self, command: str) -> str | None:
        with self.server.book.lock:
            for one in self.server.book.scripted:
                if one.times > 0 and one.command.match(command):
                    one.times -= 1
                    return one.reply
        return None

    def _obey(self, command: str) -> bool:
        """Answers one command; False when the connection ends."""
        if reply := self._scripted(command):
            if reply == HANG_UP:
                return False
            self._say(reply)
            return not reply.startswith("421")
        verb = command[:4].upper()
        if verb == "EHLO":
            self._helo = command[5:]
            extensions = ("PIPELINING", "SIZE 28319744", "8BITMIME")
            self._say(*_multiline([self.server.name, *extensions, "ENHANCEDSTATUSCODES"]))
        elif verb == "HELO":
            self._helo = command[5:]
            self._say(f"250 {self.server.name}")
        elif verb == "MAIL":
            self._forget()
            self._sender = _path(command)
            self._say("250 2.1.0 Ok")
        elif verb == "RCPT" and self._sender is not None:
            self._recipient(_path(command))
        elif verb == "DATA" and self._recipients:
            self._take()
        elif verb in ("RSET", "NOOP"):
            self._forget()
            self._say("250 2.0.0 Ok")
        elif verb == "QUIT":
            self._say("221 2.0.0 Bye")
            return False
        else:
            self._say("503 5.5.1 Bad sequence or unknown command")
        return True

    def _recipient(self, recipient: str) -> None:
        judge, host = self.server.book.judge, self.server.name
        if judge and (reply := judge.at_recipient(host, self._helo, self._sender or "", recipient)):
            self._say(reply)
            return
        self._recipients.append(recipient)
        self._say("250 2.1.5 Ok")

    def _take(self) -> None:
        self._say("354 End data with <CR><LF>.<CR><LF>")
        content = self._content()
        if content is None:
            return
        if reply := self._scripted("."):
            self._say(reply)
        else:
            one = Delivery(
                host=self.server.name,
                client=self.client_address[0],
                helo=self._helo,
                mail_from=self._sender or "",
                recipients=tuple(self._recipients),
                content=content,
                at=time.time(),
            )
            judge = self.server.book.judge
            reply = judge.at_end(one) if judge else ""
            if not reply:
                with self.server.book.lock:
                    self.server.book.deliveries.append(one)
            self._say(reply or "250 2.0.0 Ok: taken")
        self._forget()

    def _content(self) -> bytes | None:
        """Up to the dot line, which only CRLF.CRLF makes (RFC 5321 section 4.1.1.4); None when the
        client leaves before it."""
        lines: list[bytes] = []
        at_line_start = True
        while line := self.rfile.readline():
            if at_line_start and line == b".\r\n":
                return b"".join(lines)
            if at_line_start and line.startswith(b"."):
                line = line[1:]  # RFC 5321 section 4.5.2
            at_line_start = line.endswith(b"\r\n")
            lines.append(line)
        return None


def _multiline(texts: Iterable[str]) -> list[str]:
    every = list(texts)
    return [f"250-{text}" for text in every[:-1]] + [f"250 {every[-1]}"]


def _path(command: str) -> str:
    found = re.search(r"<([^>]*)>", command)
    return found.group(1) if found else ""
