# SPDX-License-Identifier: Apache-2.0
"""Our own daemon and its control program, in the lab."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

from .process import Program, wait_until

# Everything enforced at the gate but what needs a signature: nobody signs in the lab. What enters is
# covered, so that the origin of mail is known.
CONFIG: dict[str, Any] = {
    "arrival": {"authserv_id": "mx.corp.example", "covered": True},
    "log": {"destination": "stderr"},
    "format": {"mode": "enforce"},
    "list_unsubscribe": {"mode": "enforce", "rules": {"not-signed": "observe"}},
    "suppression": {"mode": "enforce"},
    # A busy machine may stand still for seconds.
    "authentication": {"deadline": "15s"},
    "dns": {"timeout": "15s"},
    "limits": {"message_deadline": "20s"},
}

PATIENCE = 3.0  # seconds, with a line of the decision log

USER = "icmilter"  # in the lab's own passwd: the daemon needs no privilege but Postfix's group


class Milter:
    """icloud-milter from start() to stop(), and again."""

    def __init__(self, folder: Path, programs: Path, spool: Path) -> None:
        self.folder = folder
        self.config_file = folder / "milter.conf"
        self.decisions_file = folder / "decisions.jsonl"
        self.log_file = folder / "milter.log"
        self.socket = spool / "icloud-milter" / "milter.sock"
        self.control_program = programs / "icloud-milterctl"  # icloud-milterctl
        self._daemon = programs / "icloud-milter"
        self._program: Program | None = None

    def prepare(self) -> None:
        self.folder.mkdir(parents=True)
        shutil.chown(self.folder, USER, "postfix")
        self.socket.parent.mkdir(parents=True)
        shutil.chown(self.socket.parent, USER, "postfix")
        self.socket.parent.chmod(0o750)
        self.configure({})

    def configure(self, changes: dict[str, Any]) -> None:
        """Writes milter.conf anew: the lab's settings with `changes` on top."""
        settings = deepcopy(CONFIG)
        settings["socket"] = {"address": f"unix:{self.socket}", "group": "postfix"}
        settings["log"]["decisions"] = str(self.decisions_file)
        settings["store"] = {"path": str(self.folder / "store.db")}
        settings["control"] = {"socket": str(self.folder / "control")}
        for section, values in changes.items():
            if isinstance(values, dict):
                settings.setdefault(section, {}).update(values)
            else:
                settings[section] = values
        self.config_file.write_text(json.dumps(settings, indent=1) + "\n")  # JSON is YAML

    def start(self) -> None:
        self._program = Program(
            [self._daemon, "--config", self.config_file],
            self.log_file,
            user=USER,
            group="postfix",
        )
        self._program.start(ready=self._listens)

    def _listens(self) -> bool:
        """A socket file may be left over from a crash; only a connection tells."""
        with socket.socket(socket.AF_UNIX) as trying:
            try:
                trying.connect(str(self.socket))
            except OSError:
                return False
        return True

    @property
    def pid(self) -> int:
        if self._program is None:
            raise RuntimeError("icloud-milter is not running")
        return self._program.pid

    @property
    def running(self) -> bool:
        return self._program is not None and self._program.running

    def stop(self) -> int | None:
        return self._program.stop() if self._program else None

    def kill(self) -> None:
        """As a crash ends it: at once, with whatever it was doing."""
        if self._program is not None:
            self._program.stop(signal.SIGKILL)

    def reload(self) -> None:
        os.kill(self.pid, signal.SIGHUP)

    def reload_with(self, changes: dict[str, Any]) -> None:
        """A new configuration, in force when this returns."""
        mark = self._length()
        self.configure(changes)
        self.reload()
        wait_until(
            "the daemon has reloaded", lambda: "reload" in self.log()[mark:], explain=self.log
        )

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def _length(self) -> int:
        return len(self.log())

    def decisions(self, message_id: str | None = None, role: str = "gate") -> list[dict[str, Any]]:
        """The decision log of that role, the oldest first; of one message when given. A line is written
        a little after the mail went on, so the first of a message is waited for, not for long."""
        end = time.monotonic() + PATIENCE
        while True:
            found = self._logged(message_id, role)
            if found or message_id is None or time.monotonic() > end:
                return found
            time.sleep(0.05)

    def _logged(self, message_id: str | None, role: str) -> list[dict[str, Any]]:
        if not self.decisions_file.exists():
            return []
        found = []
        for line in self.decisions_file.read_text().splitlines(keepends=True):
            if not line.endswith("\n"):
                continue  # being written, or cut off by a crash
            one = json.loads(line)
            if one["role"] == role and message_id in (None, one["message_id"]):
                found.append(one)
        return found

    def control(self, *words: str, status: int = 0) -> str:
        """icloud-milterctl; gives back what it printed. Another exit status is an error."""
        done = self._control_run(words, subprocess.PIPE)
        if done.returncode != status:
            raise AssertionError(
                f"icloud-milterctl {' '.join(words)} ended with {done.returncode}: {done.stdout}"
            )
        return done.stdout

    def control_shown(self, *words: str) -> int:
        """icloud-milterctl writing where we write; gives back its exit status."""
        return self._control_run(words, None).returncode

    def _control_run(
        self, words: tuple[str, ...], output: int | None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.control_program, *words, "--config", self.config_file],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output is not None else None,
            text=True,
            timeout=300,
            check=False,
            user=USER,
            group="postfix",
            extra_groups=[],
        )
