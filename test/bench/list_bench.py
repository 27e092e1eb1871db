# SPDX-License-Identifier: Apache-2.0
"""A suppression list of ten million: import, start, memory, lookups, lookups beside an import."""
from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

IMPORT_TARGET = 200_000   # entries a second
START_TARGET = 0.5        # seconds after a clean stop
MEMORY_TARGET = 16        # octets an entry
LOOKUP_TARGET = 2000      # nanoseconds, p99 of what is not listed


def write_addresses(path: Path, first: int, count: int) -> None:
    """In an order that is not the list's."""
    step = 7_368_787  # prime to any count below it, and to ten million
    with open(path, "w", encoding="ascii") as file:
        for begin in range(0, count, 100_000):
            numbers = (first + i * step % count for i in range(begin, min(begin + 100_000, count)))
            file.write("".join(f"u{number}@icloud.com\n" for number in numbers))


def start_import(ctl: Path, config: Path, addresses: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([ctl, "suppress", "import", addresses, "--reason", "unsubscribe", "--config",
                             config], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def load(program: Path, store: Path, entries: int, *arguments: str) -> dict:
    done = subprocess.run([program, "--store", store, "--entries", str(entries), *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=900)
    if done.returncode != 0:
        sys.exit(done.stderr.decode())
    return json.loads(done.stdout)


def lookup_row(name: str, figures: dict) -> str:
    if figures["wrong"]:
        sys.exit(f"{name}: {figures['wrong']} wrong answers")
    return (f"| {name} | {figures['lookups']} | {figures['p50_ns'] / 1000:.2f} | "
            f"{figures['p99_ns'] / 1000:.2f} | {figures['p999_ns'] / 1000:.2f} |")


def measure(build: Path, directory: Path, entries: int) -> list[str]:
    """Prints what it measures and returns which targets were missed."""
    ctl, program = build / "icloud-milterctl", build / "test/bench/list_load"
    config, store, addresses = (directory / name for name in ("list.conf", "list.db", "addresses"))
    config.write_text(f"store: {{path: {store}}}\n")
    write_addresses(addresses, 0, entries)
    subprocess.run([ctl, "store", "init", "--config", config], stdout=subprocess.DEVNULL, check=True, timeout=60)
    began, load_before = time.monotonic(), os.getloadavg()[0]
    job = start_import(ctl, config, addresses)
    said = job.communicate(timeout=900)[0].decode()
    took = time.monotonic() - began
    if job.returncode != 0:
        sys.exit(f"the import failed: {said}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"import: {entries / took:.0f} entries a second ({took:.1f} s, of processor time "
          f"{used.ru_utime + used.ru_stime:.1f} s; load {load_before:.1f} before), {used.ru_maxrss / 1024:.0f} MiB "
          f"at most, {store.stat().st_size / entries:.1f} octets an entry in the store", flush=True)
    first = load(program, store, entries, "--lookups", "1000")
    figures = load(program, store, entries)
    print(f"in memory after {figures['in_memory_s']:.3f} s out of the file, "
          f"{first['in_memory_s']:.1f} s out of the store; first lookup possible after "
          f"{figures['first_lookup_possible_s'] * 1000:.1f} ms; end {figures['end_s']:.3f} s")
    print(f"memory: {figures['octets_an_entry']:.2f} octets an entry; the process grew by "
          f"{figures['resident_octets_an_entry']:.2f}, while the list was read from the store by "
          f"{first['peak_octets_an_entry']:.2f} at most\n")
    print("| lookups, µs | number | p50 | p99 | p99.9 |\n|---|---|---|---|---|")
    print(lookup_row("not listed", figures["miss"]))
    print(lookup_row("not listed, with siblings", figures["miss_with_siblings"]))
    print(lookup_row("listed, evidence from SQLite", figures["hit_in_store"]), flush=True)
    more = entries // 10
    write_addresses(addresses, entries, more)
    job = start_import(ctl, config, addresses)
    beside = load(program, store, entries, "--seconds", "20")["beside"]
    job.communicate(timeout=900)
    print(lookup_row(f"not listed, beside an import of {more}", beside))
    print(f"\n{beside['from_memory']:.0%} of the last were answered from memory")
    return [text for is_missed, text in (
        (entries / took < IMPORT_TARGET, f"import: {entries / took:.0f} a second, expected {IMPORT_TARGET}"),
        (figures["in_memory_s"] > START_TARGET,
         f"start: {figures['in_memory_s']:.2f} s, expected {START_TARGET}"),
        (figures["octets_an_entry"] > MEMORY_TARGET,
         f"memory: {figures['octets_an_entry']:.1f} octets an entry, expected {MEMORY_TARGET}"),
        (figures["miss_with_siblings"]["p99_ns"] > LOOKUP_TARGET,
         f"lookup: p99 {figures['miss_with_siblings']['p99_ns']} ns, expected {LOOKUP_TARGET}"),
    ) if is_missed]
