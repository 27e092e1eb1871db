# SPDX-License-Identifier: Apache-2.0
"""Signed mail: what it costs to judge who a message is from.

A real name server on loopback (nsd) publishes SPF, a key of 2048 bits and DMARC for shop.example;
milter_load signs. All policies are in mode enforce, and nothing is off.
"""
from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

CONFIG = """\
socket: {{address: "unix:{directory}/icloud-milter.sock", group: ""}}
arrival: {{authserv_id: mx.shop.example}}
egress: {{addresses: [192.0.2.7], helo: out.shop.example}}
dns: {{servers: ["127.0.0.1:{port}"]}}
log: {{destination: stderr, decisions: {directory}/decisions.jsonl}}
store: {{path: {directory}/store.db}}
control: {{socket: ""}}
format: {{mode: enforce}}
list_unsubscribe: {{mode: enforce}}
suppression: {{mode: enforce}}
alignment: {{mode: enforce, on_error: defer}}
private_relay: {{mode: enforce}}
sender_identity: {{mode: enforce, on_error: defer}}
"""
NSD_CONFIG = """\
server:
  ip-address: 127.0.0.1@{port}
{more}  server-count: 1
  username: ""
  chroot: ""
  database: ""
  zonesdir: "{directory}"
  pidfile: "{directory}/nsd.pid"
  xfrdfile: "{directory}/xfrd"
  zonelistfile: "{directory}/zones"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "example."
  zonefile: "example.zone"
zone:
  name: "2.0.192.in-addr.arpa."
  zonefile: "reverse.zone"
"""
ZONE_TOP = """\
$ORIGIN {zone}.
$TTL 3600
@ SOA ns.example. root.example. 1 3600 900 86400 3600
@ NS ns.example.
"""
EXAMPLE_ZONE = """\
ns A 127.0.0.1
shop TXT "v=spf1 ip4:192.0.2.7 -all"
shop MX 10 mx.shop
mx.shop A 198.51.100.1
out.shop A 192.0.2.7
_dmarc.shop TXT "v=DMARC1; p=reject"
bench._domainkey.shop TXT "v=DKIM1; k=rsa; p=" {key}
"""
REVERSE_ZONE = "7 PTR out.shop.example.\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_key(path: Path) -> str:
    """Writes a private key; returns the public half as character-strings of a TXT record."""
    subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, stderr=subprocess.DEVNULL)
    der = subprocess.run(["openssl", "rsa", "-in", path, "-pubout", "-outform", "DER"], check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    text = subprocess.run(["openssl", "base64", "-A"], input=der, check=True,
                          stdout=subprocess.PIPE).stdout.decode().strip()
    return " ".join(f'"{text[i:i + 250]}"' for i in range(0, len(text), 250))


class SignedWorld:
    """The name server and the key, in a directory; stopped by stop()."""

    def __init__(self, directory: Path, more_addresses: tuple[str, ...] = ()) -> None:
        self.directory = directory
        directory.mkdir()
        self.key = directory / "key.pem"
        self.port = free_port()
        public = make_key(self.key)
        (directory / "example.zone").write_text(ZONE_TOP.format(zone="example")
                                                + EXAMPLE_ZONE.format(key=public))
        (directory / "reverse.zone").write_text(ZONE_TOP.format(zone="2.0.192.in-addr.arpa")
                                                + REVERSE_ZONE)
        config = directory / "nsd.conf"
        more = "".join(f"  ip-address: {address}\n" for address in more_addresses)
        config.write_text(NSD_CONFIG.format(directory=directory, port=self.port, more=more))
        with open(directory / "nsd.log", "wb") as log:
            # nsd has children: it gets a process group, which is stopped as a whole.
            self.nsd = subprocess.Popen(["/usr/sbin/nsd", "-d", "-c", config], stdout=log, stderr=log,
                                        start_new_session=True)
        self.wait_for_nsd()

    def wait_for_nsd(self) -> None:
        for _ in range(400):
            if self.nsd.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.025)
        sys.exit(f"nsd does not answer: {(self.directory / 'nsd.log').read_text()}")

    def config(self) -> str:
        return CONFIG.format(directory=self.directory, port=self.port)

    def stop(self) -> None:
        if self.nsd.poll() is None:
            os.killpg(self.nsd.pid, signal.SIGKILL)
        self.nsd.wait()

    def last_decision(self) -> dict:
        """The newest line of the decision log, which is written a moment after the answer."""
        log = self.directory / "decisions.jsonl"
        before = ""
        for _ in range(200):
            lines = log.read_text().splitlines() if log.exists() else []
            if lines and lines[-1] == before:
                return json.loads(before)
            before = lines[-1] if lines else ""
            time.sleep(0.1)
        sys.exit("no line in the decision log")


def check_judgement(bench, kind, world: SignedWorld) -> str:
    """Sends one good message and one that was changed, and returns what was decided."""
    good = bench.measure("icloud-milter", kind, 1, 4 << 10, "--messages", "1", "--warm-up", "0")
    decision = world.last_decision()
    if decision["verdict"] != "accept" or decision["findings"]:
        sys.exit(f"signed mail is not judged as pass: {good['answers']} {decision}")
    altered = bench.answers_to("icloud-milter", kind, "--alter")
    if not any("alignment.dkim-fail" in answer for answer in altered):
        sys.exit(f"mail that was changed after it was signed is not refused: {altered}")
    return f"{decision['verdict']} of {decision['policy'] or 'all policies'}, {decision['bytes']} octets"


def measure_cores(bench, kind, size: int, seconds: float, directory: Path, config: str) -> list[dict]:
    """The daemon on one processor, then on two, each time with the driver on both."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    results = []
    for count in range(1, len(cores) + 1):
        bench.start_daemon(directory, config, cores[:count])
        results.append(bench.measure("icloud-milter", kind, 4, size, "--seconds", str(seconds)))
        bench.stop("icloud-milter")
    return results
