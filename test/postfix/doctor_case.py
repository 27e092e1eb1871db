# SPDX-License-Identifier: Apache-2.0
"""A whole site for icloud-milterctl doctor to look at, in order until a test breaks a thing in it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from support import PostfixCase

from lab.milter import USER, Milter
from lab.namespace import OUR_ADDRESS
from lab.process import Program, run
from lab.site import Site

GATE = "127.0.0.1:10027/inet"
PORT_25 = f"{OUR_ADDRESS}:25/inet"
RELAY = "[smtp.mail.me.com]"

# Of the machine that the test runs on, whatever the site is like.
OF_THE_MACHINE = {"clock.unsynchronised", "disk.low"}


class CarefulMilter(Milter):
    """Our daemon with the settings and the keys of the site."""

    def __init__(self, folder: Path, programs: Path, spool: Path, site: DoctorSite) -> None:
        super().__init__(folder, programs, spool)
        self._site = site

    def prepare(self) -> None:
        for file in (self._site.key, self._site.tokens):
            shutil.chown(file, USER, "postfix")
            file.chmod(0o600)
        super().prepare()

    def configure(self, changes: dict[str, Any]) -> None:
        super().configure(self._site.settings() | changes)


class DoctorSite(Site):
    """The lab's site as a careful administrator leaves it: everything that the doctor can look at is
    there and in order."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.key = folder / "arc1.pem"
        self.tokens = folder / "unsubscribe.keys"
        self._programs = programs
        written = self._ctl("keys", "generate", "--domain", "corp.example", "--selector", "arc1",
                            "--out", str(self.key))
        self.tokens.write_text(secrets.token_hex(32) + "\n")
        record = next(line for line in written.splitlines() if line.startswith("arc1._domainkey"))
        zones = {
            "corp.example": [
                f'@ TXT "v=spf1 ip4:{OUR_ADDRESS} -all"',
                '_dmarc TXT "v=DMARC1; p=reject"',
                record,
                record.replace("arc1.", "news.", 1),
                *(f's{number} TXT "v=spf1 ip4:203.0.113.{number}"' for number in range(11)),
            ]
        }
        super().__init__(folder, programs, zones)
        self.milter = CarefulMilter(folder / "milter", programs, self.postfix.spool, self)
        self.page = Program(
            [programs / "icloud-milterctl", "unsubscribe", "serve", "--config",
             self.milter.config_file],
            folder / "page.log",
            user=USER,
            group="postfix",
        )

    def settings(self) -> dict[str, Any]:
        return {
            "egress": {"addresses": [OUR_ADDRESS], "helo": "mx.corp.example"},
            "streams": [
                {"name": "letters", "kind": "transactional", "from_domains": ["corp.example"]}
            ],
            "private_relay": {"sources": ["corp.example"]},
            "arc_sealing": {
                "mode": "enforce",
                "keys": [{"domain": "corp.example", "selector": "arc1", "file": str(self.key)}],
            },
            "unsubscribe": {
                "url": "https://page.corp.example/unsubscribe",
                "key_file": str(self.tokens),
                "endpoint": {"address": "inet:8058@127.0.0.1"},
            },
        }

    def __enter__(self) -> DoctorSite:
        super().__enter__()
        self.start_page()
        return self

    def __exit__(self, *what: Any) -> None:
        self.page.stop()
        super().__exit__(*what)

    def start_page(self) -> None:
        def listens() -> bool:
            return "00000000:1F7A" in _tcp() or "0100007F:1F7A" in _tcp()

        self.page.start(ready=listens)

    def _ctl(self, *words: str) -> str:
        return run(self._programs / "icloud-milterctl", *words)


def _tcp() -> str:
    return Path("/proc/net/tcp").read_text()


class DoctorCase(PostfixCase):
    site: DoctorSite  # type: ignore[misc]

    # -- asking -----------------------------------------------------------------------------

    def doctor(self, *words: str, **how: Any) -> tuple[int, list[dict[str, str]]]:
        """As root, which can be Postfix's user, unless `how` has another."""
        done = subprocess.run(
            [self.site.milter.control_program, "doctor", "--json", "--selector", "news",
             "--config", self.site.milter.config_file, *words],
            capture_output=True, text=True, timeout=400, check=False, **how,
        )
        self.assertEqual(done.stderr, "")
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def problems(self, *words: str) -> set[str]:
        status, findings = self.doctor(*words)
        ids = {one["id"] for one in findings if one["grade"] in ("warning", "fault")}
        self.assertEqual(status, 1 if ids else 0, findings)
        self.assertTrue(all(one["remedy"] for one in findings if one["grade"] != "ok"), findings)
        return ids - OF_THE_MACHINE

    def assert_found(self, *ids: str) -> None:
        self.assertEqual(self.problems(), set(ids))

    def evidence(self, name: str, area: str = "postfix") -> str:
        """Of all findings of this name."""
        _, findings = self.doctor("--only", area)
        return "; ".join(one["found"] for one in findings if one["id"] == name)

    # -- breaking, and mending again ------------------------------------------------------------

    @contextmanager
    def postfix(self, *commands: tuple[str, ...]) -> Iterator[None]:
        """What postconf is told to change; the doctor reads files, so nothing is reloaded."""
        kept = {
            name: (self.site.postfix.config / name).read_bytes() for name in ("main.cf", "master.cf")
        }
        try:
            for command in commands:
                run("postconf", *command)
                self._age(kept)
            yield
        finally:
            for name, content in kept.items():
                (self.site.postfix.config / name).write_bytes(content)
            self._age(kept)

    def _age(self, names: Iterable[str]) -> None:
        """Postfix's programs wait while a file may still be written to, until it is 2 s old."""
        for name in names:
            os.utime(self.site.postfix.config / name, (0, 0))

    def zone(self, name: str, old: str, new: str) -> AbstractContextManager[None]:
        """Another text in the name server's zone."""
        return self.site.names.changed(name, old, new)

    def table(self, kind: str, *lines: str) -> str:
        file = self.site.postfix.folder / "table"
        file.write_text("".join(f"{line}\n" for line in lines))
        self.addCleanup(file.unlink, missing_ok=True)
        return f"{kind}:{file}"
