# SPDX-License-Identifier: Apache-2.0
"""Two hosts, one suppression list in Redis: how long after an address was suppressed on one of them
the other one answers so."""
from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

TARGET = 1.0  # seconds, the longest
ADDRESSES = 200


def measure(build: Path, directory: Path) -> list[str]:
    """Prints what it measures and returns which targets were missed."""
    program, socket = build / "test/bench/fleet_load", directory / "redis.sock"
    server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", socket, "--dir", directory,
                               "--appendonly", "yes"], stdout=subprocess.DEVNULL)

    def host(deed: str) -> subprocess.Popen[bytes]:
        own = directory / deed  # each host has its own, as if it were another machine
        own.mkdir()
        return subprocess.Popen([program, "--server", f"unix:{socket}", "--directory", own, "--addresses",
                                 str(ADDRESSES), deed], stdout=subprocess.PIPE)

    try:
        while not socket.exists():
            if server.poll() is not None:
                sys.exit("redis-server does not start")
        waiting = host("await")
        if waiting.stdout.readline() != b"ready\n":
            sys.exit("the list in Redis cannot be used")
        said = host("suppress").communicate(timeout=600)[0]
        seen = waiting.communicate(timeout=60)[0]
    finally:
        server.terminate()
        server.wait()
    # What is seen before it was said to be done took no time.
    took = [max(later - earlier, 0) / 1e9 for earlier, later in zip(json.loads(said), json.loads(seen))]
    print(f"{len(took)} addresses suppressed on one host, seen on another one after: median "
          f"{statistics.median(took) * 1000:.0f} ms, at most {max(took) * 1000:.0f} ms")
    return [f"fleet: {max(took):.2f} s, expected {TARGET}"] if max(took) > TARGET else []
