# SPDX-License-Identifier: Apache-2.0
"""Programs that the lab starts and stops by their process id, and waiting with a bound."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path


class Overdue(AssertionError):
    """Something that had to happen did not happen in time."""


def wait_until(
    what: str,
    condition: Callable[[], bool],
    seconds: float = 90.0,
    explain: Callable[[], str] | None = None,
) -> None:
    """Returns as soon as `condition` holds; Overdue names `what` after `seconds`."""
    end = time.monotonic() + seconds
    pause = 0.005
    while not condition():
        if time.monotonic() > end:
            more = f"\n{explain()}" if explain else ""
            raise Overdue(f"not within {seconds:g} s: {what}{more}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def run(*argv: str | Path, stdin: bytes = b"", seconds: float = 300.0) -> str:
    """Runs a program to its end and gives back what it printed; raises when it fails."""
    done = subprocess.run(
        [str(word) for word in argv], input=stdin, capture_output=True, timeout=seconds, check=False
    )
    output = (done.stdout + done.stderr).decode(errors="replace")
    if done.returncode != 0:
        raise RuntimeError(f"{argv[0]} ended with {done.returncode}: {output.strip()}")
    return output


class Program:
    """One program in the background, its output in a file."""

    def __init__(
        self,
        argv: Sequence[str | Path],
        log: Path,
        user: str | None = None,
        group: str | None = None,
    ) -> None:
        """`user` and `group`: whose rights it has; ours when not given."""
        self._argv = [str(word) for word in argv]
        self._log = log
        self._user = user
        self._group = group
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._popen is None:
            raise RuntimeError(f"{self._argv[0]} is not running")
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def start(self, ready: Callable[[], bool], seconds: float = 90.0) -> None:
        """Starts the program; returns when `ready`. One that ends instead is an error."""
        with self._log.open("ab") as log:
            popen = subprocess.Popen(
                self._argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self._user,
                group=self._group,
                extra_groups=[] if self._user else None,
            )
        self._popen = popen

        def ready_or_dead() -> bool:
            if popen.poll() is not None:
                raise RuntimeError(
                    f"{self._argv[0]} ended at its start with {popen.returncode}:\n{self.output()}"
                )
            return ready()

        wait_until(f"{self._argv[0]} is ready", ready_or_dead, seconds, self.output)

    def output(self) -> str:
        return self._log.read_text(errors="replace")[-4000:] if self._log.exists() else ""

    def send(self, number: signal.Signals) -> None:
        if self._popen is not None:
            self._popen.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 60.0) -> int | None:
        """Ends it and gives back its exit status; one that does not listen is killed and reported."""
        if self._popen is None:
            return None
        self._popen.send_signal(number)
        try:
            status = self._popen.wait(seconds)
        except subprocess.TimeoutExpired as late:
            self._popen.kill()
            self._popen.wait()
            raise Overdue(
                f"{self._argv[0]} did not end within {seconds:g} s of {number.name}"
            ) from late
        finally:
            self._popen = None
        return status
