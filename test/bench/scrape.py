#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a scrape a second costs the daemon while it judges as much mail as it can.

The same mail through the same daemon, a stretch with scrapes and a stretch without in turn, on one
processor; ratios are taken within a round, and the median is told.
"""
import argparse
import http.client
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

CONFIG = """\
socket: {{address: "unix:{folder}/milter.sock", group: ""}}
arrival: {{authserv_id: mx.shop.example, authenticate: no}}
log: {{destination: stderr, decisions: {folder}/decisions.jsonl}}
store: {{path: {folder}/store.db}}
control: {{socket: ""}}
metrics: {{address: "unix:{folder}/metrics"}}
format: {{mode: enforce}}
alignment: {{mode: off}}
private_relay: {{mode: off}}
sender_identity: {{mode: off}}
suppression: {{mode: enforce}}
"""


def scrape(path):
    """Seconds and octets."""
    begin = time.monotonic()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(path)
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        octets = len(answer.read())
    if answer.status != 200:
        sys.exit(f"the daemon answers {answer.status}")
    return time.monotonic() - begin, octets


class Scraper:
    """Once a second, for as long as the block lasts."""

    def __init__(self, path):
        self.path, self.seen, self.done = path, [], threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self.work)
        self.thread.start()
        return self

    def work(self):
        while True:
            self.seen.append(scrape(self.path))
            if self.done.wait(1):
                return

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


def busy(pid):
    """The processor's seconds that a process had, proc(5)."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def alone(path, pid, count=200):
    """The processor's seconds for a scrape, of a daemon that does nothing else."""
    before = busy(pid)
    for _ in range(count):
        scrape(path)
    return (busy(pid) - before) / count


def load(programs, folder, pid, options):
    done = subprocess.run(
        [programs / "test/bench/milter_load", "--milter", f"unix:{folder}/milter.sock", "--pid", str(pid),
         "--connections", str(options.connections), "--seconds", str(options.seconds)],
        stdout=subprocess.PIPE, check=True, timeout=600)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=pathlib.Path, default="build/release")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=4)
    options = parser.parse_args()
    rates, cpu, scrapes = [], [], []
    with tempfile.TemporaryDirectory(prefix="scrape.") as folder:
        config = pathlib.Path(folder, "milter.conf")
        config.write_text(CONFIG.format(folder=folder))
        with open(pathlib.Path(folder, "log"), "wb") as log:
            daemon = subprocess.Popen([options.programs / "icloud-milter", "--config", config], stderr=log,
                                      preexec_fn=lambda: os.sched_setaffinity(0, {0}))
        try:
            while not (os.path.exists(f"{folder}/metrics") and os.path.exists(f"{folder}/milter.sock")):
                if daemon.poll() is not None:
                    sys.exit(pathlib.Path(folder, "log").read_text())
                time.sleep(0.1)
            for number in range(options.rounds):
                found = {}
                for scraped in (False, True) if number % 2 else (True, False):
                    if scraped:
                        with Scraper(f"{folder}/metrics") as scraper:
                            found[True] = load(options.programs, folder, daemon.pid, options)
                        scrapes += scraper.seen
                    else:
                        found[False] = load(options.programs, folder, daemon.pid, options)
                rates.append(found[True]["rate"] / found[False]["rate"])
                cpu.append(found[True]["cpu_us"] / found[False]["cpu_us"])
            one = alone(f"{folder}/metrics", daemon.pid)
        finally:
            daemon.terminate()
            daemon.wait(timeout=60)
    print(f"a scrape a second: {statistics.median(rates):.3f} of the messages a second "
          f"({min(rates):.3f} to {max(rates):.3f}), {statistics.median(cpu):.3f} of the processor's time "
          f"for each; a scrape took {statistics.median(took for took, _ in scrapes) * 1000:.1f} ms, "
          f"{max(took for took, _ in scrapes) * 1000:.1f} at most, and had {scrapes[-1][1]} octets; alone it "
          f"takes {one * 1000:.1f} ms of the processor's")


if __name__ == "__main__":
    main()
