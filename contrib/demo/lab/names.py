# SPDX-License-Identifier: Apache-2.0
"""The lab's name server: nsd on the private loopback, authoritative for everything there is."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from .namespace import APPLE_MX, ELSEWHERE_MX, OUR_ADDRESS, OUTSIDE_CLIENT, RELAY_MX
from .process import Program

SOA = "SOA ns.corp.example. hostmaster.corp.example. 1 3600 600 86400 60"

# Zone name without its final dot; "" is the root, so that an unknown name does not exist instead of
# being refused.
ZONES: dict[str, list[str]] = {
    "": [],
    "icloud.com": [
        "@ MX 10 mx01.mail",
        "@ MX 10 mx02.mail",
        f"mx01.mail A {APPLE_MX[0]}",
        f"mx02.mail A {APPLE_MX[1]}",
    ],
    "me.com": ["@ MX 10 mx01.mail.icloud.com.", "@ MX 10 mx02.mail.icloud.com."],
    "mac.com": ["@ MX 10 mx01.mail.icloud.com.", "@ MX 10 mx02.mail.icloud.com."],
    "appleid.com": [
        "privaterelay MX 10 smtp1.privaterelay",
        f"smtp1.privaterelay A {RELAY_MX}",
    ],
    "corp.example": ["@ MX 10 mx", f"mx A {OUR_ADDRESS}", f"ns A {OUR_ADDRESS}"],
    "elsewhere.example": ["@ MX 10 mx", f"mx A {ELSEWHERE_MX}", f"out A {OUTSIDE_CLIENT}"],
    "2.0.192.in-addr.arpa": [f"{OUR_ADDRESS.split('.')[3]} PTR mx.corp.example."],
    "100.51.198.in-addr.arpa": [f"{OUTSIDE_CLIENT.split('.')[3]} PTR out.elsewhere.example."],
}


class NameServer:
    """Answers on 127.0.0.1 port 53 from start() to stop()."""

    def __init__(
        self,
        folder: Path,
        more: Mapping[str, Sequence[str]] | None = None,
        broken: Sequence[str] = (),
    ) -> None:
        """`more`: records for zones beside those of the lab, or to be added to them; `broken`: zones
        in which every question fails (SERVFAIL)."""
        self._folder = folder
        self._zones = {zone: list(records) for zone, records in ZONES.items()}
        for zone, records in (more or {}).items():
            self._zones.setdefault(zone, []).extend(records)
        self._broken = broken
        self._program = Program(["nsd", "-d", "-c", folder / "nsd.conf"], folder / "nsd.log")

    def start(self) -> None:
        self._folder.mkdir(parents=True)
        blocks = [
            "server:",
            "  ip-address: 127.0.0.1",
            "  server-count: 1",
            '  username: ""',
            '  chroot: ""',
            '  database: ""',
            f'  zonesdir: "{self._folder}"',
            f'  pidfile: "{self._folder}/nsd.pid"',
            f'  xfrdfile: "{self._folder}/xfrd.state"',
            f'  zonelistfile: "{self._folder}/zone.list"',
            "  rrl-ratelimit: 0",  # one resolver asks everything; it is no attacker
            "remote-control:",
            "  control-enable: no",
        ]
        for zone, records in self._zones.items():
            file = self._folder / f"zone.{zone or 'root'}"
            origin = f"{zone}." if zone else "."
            lines = [f"$ORIGIN {origin}", "$TTL 60", f"@ {SOA}", "@ NS ns.corp.example.", *records]
            file.write_text("\n".join(lines) + "\n")
            blocks += ["zone:", f'  name: "{origin}"', f'  zonefile: "{file.name}"']
        for zone in self._broken:  # a zone without its file
            blocks += ["zone:", f'  name: "{zone}."', '  zonefile: "zone.missing"']
        (self._folder / "nsd.conf").write_text("\n".join(blocks) + "\n")
        self._program.start(ready=_answers)

    @contextmanager
    def changed(self, zone: str, old: str, new: str) -> Iterator[None]:
        """With another text in a zone; afterwards it is as it was."""
        file = self._folder / f"zone.{zone}"
        kept = file.read_text()
        if old not in kept:
            raise ValueError(f"{old!r} is not in {file}")
        try:
            self._serve(file, kept.replace(old, new, 1))
            yield
        finally:
            self._serve(file, kept)

    def _serve(self, file: Path, content: str) -> None:
        self._program.stop()
        file.write_text(content)
        self._program.start(ready=_answers)

    def stop(self) -> None:
        self._program.stop()


def _answers() -> bool:
    """Whether a question for the root's SOA gets an answer without error (RFC 1035 section 4.1)."""
    question = struct.pack(">HHHHHH", 7, 0, 1, 0, 0, 0) + b"\0" + struct.pack(">HH", 6, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(1)
        try:
            asking.connect(("127.0.0.1", 53))
            asking.send(question)
            answer = asking.recv(512)
        except OSError:
            return False
    return len(answer) >= 12 and answer[:2] == question[:2] and answer[3] & 15 == 0
