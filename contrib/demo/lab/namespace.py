# SPDX-License-Identifier: Apache-2.0
"""Private namespaces for one run: its own network, mounts and processes.

The process namespace is what makes "nothing left running" a fact: when its first process ends, for
whatever reason, the kernel ends all others. A parent stays outside to pass signals on and to remove
the files.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType

CLONE_NEWNS = 0x00020000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

# What the lab runs that a Debian need not have.
PROGRAMS = ("ip", "nsd", "postfix", "postconf", "setpriv")

# Addresses of the site and of the world around it, all on the private loopback device. They are
# documentation ranges (RFC 5737): nothing real can be meant by them.
OUR_ADDRESS = "192.0.2.25"
OUR_NEWS_ADDRESS = "192.0.2.26"  # a second one, for a stream of its own
OUTSIDE_CLIENT = "198.51.100.7"
APPLE_MX = ("203.0.113.1", "203.0.113.2")
RELAY_MX = "203.0.113.3"
ELSEWHERE_MX = "203.0.113.50"


def run_inside(body: Callable[[Path], int], keep: bool = False) -> int:
    """Runs `body` in fresh namespaces with a folder of its own; gives back its exit status.

    The folder is removed afterwards unless `keep`; who keeps it says where it is.
    """
    if os.geteuid() != 0:
        print("must be run as root: it makes network namespaces of its own", file=sys.stderr)
        return 2
    if missing := [program for program in PROGRAMS if shutil.which(program) is None]:
        print(
            f"not installed: {', '.join(missing)}; packaging/install-packages "
            "contrib/demo/packages installs them",
            file=sys.stderr,
        )
        return 2
    folder = Path(tempfile.mkdtemp(prefix="icm-lab.", dir=_scratch()))
    folder.chmod(0o755)  # Postfix and the lab's users walk through it
    try:
        return _fork_into(folder, body)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _scratch() -> str:
    """Where temporary files go, as long as Postfix and the lab's users can walk there."""
    place = Path(tempfile.gettempdir()).resolve()
    passable = all(step.stat().st_mode & 0o001 for step in (place, *place.parents))
    return str(place) if passable else "/tmp"


def _fork_into(folder: Path, body: Callable[[Path], int]) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET) != 0:
        problem = os.strerror(ctypes.get_errno())
        print(
            f"cannot make namespaces: {problem}; in a container this needs CAP_SYS_ADMIN "
            "(docker run --privileged)",
            file=sys.stderr,
        )
        return 2
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        status = 70
        try:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            signal.signal(signal.SIGTERM, _leave)  # the first process of a namespace gets no
            signal.signal(signal.SIGHUP, _leave)  # default action for a signal
            _furnish(folder)
            status = body(folder)
        except SystemExit as leaving:
            status = leaving.code if isinstance(leaving.code, int) else 1
        except KeyboardInterrupt:
            status = 130
        except BaseException as problem:  # shown here, for nobody above us will
            sys.excepthook(type(problem), problem, problem.__traceback__)
            status = 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        os.kill(child, number)

    previous = {number: signal.signal(number, pass_on) for number in FORWARDED}
    _, wait_status = os.waitpid(child, 0)
    for number, handler in previous.items():
        signal.signal(number, handler)
    return os.waitstatus_to_exitcode(wait_status) if os.WIFEXITED(wait_status) else 128


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _furnish(folder: Path) -> None:
    """Loopback up with the site's addresses; our own resolv.conf, passwd and /proc."""
    _do("mount", "--make-rprivate", "/")
    _do("mount", "-t", "proc", "proc", "/proc")
    _do("ip", "link", "set", "lo", "up")
    for address in (
        OUR_ADDRESS,
        OUR_NEWS_ADDRESS,
        OUTSIDE_CLIENT,
        *APPLE_MX,
        RELAY_MX,
        ELSEWHERE_MX,
    ):
        _do("ip", "address", "add", f"{address}/32", "dev", "lo")
    resolver = folder / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:2\n")
    bind(resolver, Path("/etc/resolv.conf").resolve())
    hosts = folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    bind(hosts, Path("/etc/hosts"))


def bind(source: Path, target: Path) -> None:
    """Shows `source` at `target`, in this mount namespace alone."""
    if not target.exists():  # a bare container; an empty file says what none says
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    _do("mount", "--bind", str(source), str(target))


def _do(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{' '.join(argv)}: {done.stderr.strip()}")
