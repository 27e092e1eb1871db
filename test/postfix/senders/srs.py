# SPDX-License-Identifier: Apache-2.0
"""The sender rewriting scheme, by Debian's postsrsd."""

from __future__ import annotations

import socket
from pathlib import Path

from lab.postfix import Postfix
from lab.process import Program

FORWARD, REVERSE = 10001, 10002  # ports of its tables: senders out, recipients of bounces back


class SenderRewriting:
    """Senders that are not of `domain` get an address there, from start() to stop()."""

    def __init__(self, folder: Path, postfix: Postfix, domain: str) -> None:
        """`folder`: for its secret and its log."""
        self._postfix = postfix
        self._secret = folder / "srs.secret"
        ports = (f"-f{FORWARD}", f"-r{REVERSE}")
        self._program = Program(
            ["postsrsd", "-4", f"-s{self._secret}", f"-d{domain}", *ports],
            folder / "postsrsd.log",
        )

    def start(self) -> None:
        self._secret.write_text("known to this run alone\n")
        self._program.start(ready=lambda: all(_listens(port) for port in (FORWARD, REVERSE)))
        self._postfix.set(
            sender_canonical_maps=f"tcp:127.0.0.1:{FORWARD}",
            sender_canonical_classes="envelope_sender",
            recipient_canonical_maps=f"tcp:127.0.0.1:{REVERSE}",
            recipient_canonical_classes="envelope_recipient,header_recipient",
        )

    def stop(self) -> None:
        self._postfix.set(sender_canonical_maps="", recipient_canonical_maps="")
        self._program.stop()


def _listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0
