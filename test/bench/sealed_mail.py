# SPDX-License-Identifier: Apache-2.0
"""Sealed mail: how near the daemon comes to the limit that its signatures set.

An ARC set is two signatures. The daemon is held to one processor, where `openssl speed` has said how
many signatures it makes a second; the driver has the others.
"""
from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

TARGET = 0.8  # of the signatures that one processor makes

CONFIG = """\
arc_sealing:
  mode: enforce
  seal: always
  keys: [{{domain: shop.example, selector: bench, file: {key}}}]
"""


def signatures_a_second(core: int) -> float:
    done = subprocess.run(["taskset", "--cpu-list", str(core), "openssl", "speed", "-seconds", "3", "rsa2048"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True)
    # "rsa 2048 bits 0.000512s 0.000015s   1953.1  66666.7": sign/s, then verify/s.
    return float(re.search(r"^rsa\s+2048 bits.*?s\s+\S+s\s+([\d.]+)", done.stdout, re.M).group(1))


def measure(bench, kind, size: int, seconds: float, world) -> tuple[str, float]:
    """One line for people, and the share of the limit that was reached."""
    cores = sorted(os.sched_getaffinity(0))
    directory: Path = world.directory
    text = world.config() + CONFIG.format(key=world.key)
    rates, limit = [], signatures_a_second(cores[0]) / 2
    try:
        for count in range(1, min(len(cores), 2) + 1):
            bench.start_daemon(directory, text, cores[:count])
            os.sched_setaffinity(0, set(cores[1:]) or set(cores))  # the driver inherits it
            rates.append(bench.measure("icloud-milter", kind, 4, size, "--seconds", str(seconds)))
            os.sched_setaffinity(0, set(cores))
            bench.stop("icloud-milter")
    finally:
        os.sched_setaffinity(0, set(cores))
    findings = [finding["rule"] for finding in world.last_decision()["findings"]]
    if findings != ["arc_sealing.sealed"]:
        raise SystemExit(f"mail is not sealed: {findings}")
    one = rates[0]
    ratio = one["rate"] / limit
    line = (f"sealed mail of {size >> 10} KB, 4 connections, one processor: {one['rate']:.0f} messages a second, "
            f"{one['cpu_us']:.0f} µs each; two signatures a message allow {limit:.0f} "
            f"({ratio:.2f}, expected {TARGET})")
    if len(rates) == 2:
        line += (f"; two processors, one of them shared with the driver: {rates[1]['rate']:.0f} "
                 f"({rates[1]['rate'] / one['rate']:.2f})")
    return line, ratio
