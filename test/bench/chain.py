# SPDX-License-Identifier: Apache-2.0
"""The same signed mail through the filters that a mail server would have instead: opendkim, then
opendmarc, and openarc where it is installed.

A mail server asks its filters about a message one after the other, so what they cost together is the
sum of what they cost alone; milter_load speaks with one at a time. What opendkim writes stands on top
of the messages that opendmarc gets. All of them ask the name server of signed_mail.py. opendmarc and
openarc know of none but those of /etc/resolv.conf, and libunbound in opendkim asks none on 127.0.0.1:
hence namespaces of our own for mounts and the network.
"""
from __future__ import annotations

import dataclasses
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import signed_mail

CONNECTIONS = 4
CLIENT = "192.0.2.7"  # passes SPF
NAME_SERVER = "192.0.2.53"
AUTHSERV_ID = "mx.shop.example"
DIRECT = "ICLOUD-DIRECT"
INSIDE = "ICM_BENCH_INSIDE"  # the process that is in its namespaces

OPENDKIM = """\
Mode v
AuthservID {authserv_id}
AlwaysAddARHeader yes
Socket local:{directory}/opendkim.sock
Nameservers {name_server}
InternalHosts 198.51.100.99
Syslog no
"""
OPENDMARC = """\
AuthservID {authserv_id}
TrustedAuthservIDs {authserv_id}
SPFSelfValidate yes
SPFIgnoreResults yes
PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat
IgnoreHosts {directory}/nobody
Socket local:{directory}/opendmarc.sock
Syslog no
"""
OPENARC = """\
Mode sv
AuthservID {authserv_id}
Domain shop.example
Selector bench
KeyFile {directory}/key.pem
Socket local:{directory}/openarc.sock
Syslog no
"""
# Arrival writes what it found about a message; direct is that and seals it, in one pass.
DAEMON = """\
roles: {{direct: [{direct}]}}
arc_sealing:
  mode: enforce
  seal: always
  keys: [{{domain: shop.example, selector: bench, file: {directory}/key.pem}}]
"""


@dataclasses.dataclass
class Step:
    """One filter, with what it is asked and how that shows in the message."""

    title: str
    name: str  # of the filter
    load: tuple[str, ...]  # further arguments of milter_load
    rates: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    cpu: dict[str, list[float]] = dataclasses.field(default_factory=dict)

    def add(self, size: str, result: dict) -> None:
        self.rates.setdefault(size, []).append(result["rate"])
        self.cpu.setdefault(size, []).append(result["cpu_us"])


def program(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")


def enter_namespaces() -> None:
    """Starts this program again in namespaces of its own, or ends it with what is missing."""
    absent = [name for name in ("opendkim", "opendmarc", "unshare", "ip") if not program(name)]
    if absent:
        sys.exit(f"not installed: {', '.join(absent)} (packaging/install-packages test/bench/packages)")
    if os.geteuid() != 0:
        sys.exit("run as root: the filters get an /etc/resolv.conf and a network of their own")
    if os.environ.get(INSIDE) != str(os.getpid()):
        # unshare becomes this program again, under the same process id.
        os.environ[INSIDE] = str(os.getpid())
        os.execvp("unshare", ["unshare", "--mount", "--net", sys.executable, *sys.argv])


class Chain:
    """The name server and the filters, all started; the bench stops the filters."""

    def __init__(self, bench, kind, directory: Path) -> None:
        self.bench = bench
        subprocess.run([program("ip"), "link", "set", "lo", "up"], check=True)
        subprocess.run([program("ip"), "address", "add", f"{NAME_SERVER}/32", "dev", "lo"], check=True)
        self.world = signed_mail.SignedWorld(directory, more_addresses=(f"{NAME_SERVER}@53",))
        self.kind = kind(self.world)
        self.directory = directory
        self.steps: list[Step] = []

    def start(self) -> None:
        resolv_conf = self.write("resolv.conf", f"nameserver {NAME_SERVER}\n")
        subprocess.run(["mount", "--bind", resolv_conf, "/etc/resolv.conf"], check=True)
        self.write("nobody", "198.51.100.99\n")
        self.start_filter("opendkim", OPENDKIM, "-f", "-x")
        self.start_filter("opendmarc", OPENDMARC, "-f", "-c")
        if program("openarc"):
            self.start_filter("openarc", OPENARC, "-f", "-c")
        self.bench.start_daemon(self.directory, self.world.config()
                                + DAEMON.format(direct=DIRECT, directory=self.directory))

    def write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.write_text(text.format(directory=self.directory, authserv_id=AUTHSERV_ID,
                                    name_server=NAME_SERVER))
        return path

    def start_filter(self, name: str, config: str, *options: str) -> None:
        command = [program(name), *options, self.write(f"{name}.conf", config)]
        with open(self.directory / f"{name}.log", "wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        self.bench.started(name, process, self.directory)

    def inserted(self, name: str, *load: str) -> str:
        """What the filter writes on top of one message, without its line ends."""
        kind = dataclasses.replace(self.kind, load=(*self.kind.load, *load))
        result = self.bench.measure(name, kind, 1, 4 << 10, "--messages", "1", "--warm-up", "0")
        return " ".join("\n".join(result["inserted"]).split())

    def proved(self, title: str, name: str, load: tuple[str, ...], *expected: str) -> str:
        """Adds a step, once the filter has been seen to do its work."""
        written = self.inserted(name, *load)
        missing = [text for text in expected if text not in written]
        if missing:
            sys.exit(f"{name} does not write {missing}, but \"{written}\"; see its log: "
                     + (self.directory / f"{name}.log").read_text(errors="replace")[-2000:])
        self.steps.append(Step(title, name, load))
        return written

    def prove(self) -> None:
        client = ("--client", CLIENT)
        found = self.proved("opendkim: DKIM", "opendkim", client, "dkim=pass")
        altered = self.inserted("opendkim", *client, "--alter")
        if "dkim=fail" not in altered:
            sys.exit(f"opendkim does not notice that a message was changed: \"{altered}\"")
        self.proved("opendmarc: SPF and DMARC", "opendmarc", (*client, "--field", found),
                    "dmarc=pass", "spf=pass")
        stranger = ("--client", "198.51.100.7")  # fails SPF
        for load, expected in ((stranger, "dmarc=fail"), ((*stranger, "--field", found), "dmarc=pass")):
            written = self.inserted("opendmarc", *load)
            if expected not in written:
                sys.exit(f"opendmarc: expected {expected} of {load}, got \"{written}\"")
        if "openarc" in self.bench.filters:
            self.proved("openarc: ARC and a set", "openarc", (*client, "--field", found), "ARC-Seal: i=1;")
        whole = ("dkim=pass", "spf=pass", "dmarc=pass", "arc=none")
        self.proved("icloud-milter: DKIM, SPF, DMARC and ARC", "icloud-milter",
                    (*client, "--daemon-name", "mx"), *whole)
        self.proved("icloud-milter: the same, all policies, and a set", "icloud-milter",
                    (*client, "--daemon-name", DIRECT), *whole, "ARC-Seal: i=1;")

    def measure(self, sizes: dict[str, int], rounds: int, seconds: float) -> None:
        for number in range(rounds):
            for size, octets in sizes.items():
                for step in self.steps if number % 2 == 0 else reversed(self.steps):
                    kind = dataclasses.replace(self.kind, load=(*self.kind.load, *step.load))
                    step.add(size, self.bench.measure(step.name, kind, CONNECTIONS, octets, "--seconds",
                                                      str(seconds)))

    def rows(self, sizes: dict[str, int]) -> list[tuple[str, list[tuple[float, float]]]]:
        """(title, (rate, processor time) for each size); the chain's are of the sums."""
        found = [(step.title, [(statistics.median(step.rates[size]), statistics.median(step.cpu[size]))
                               for size in sizes]) for step in self.steps]
        others = [values for step, (_, values) in zip(self.steps, found) if step.name != "icloud-milter"]
        together = [(1 / sum(1 / rate for rate, _ in values), sum(cpu for _, cpu in values))
                    for values in zip(*others)]
        return [*found[:len(others)], ("one after the other (computed)", together),
                *found[len(others):]]


def measure(bench, kind, directory: Path, sizes: dict[str, int], rounds: int, seconds: float) -> None:
    """Prints the table. `kind` makes the kind of mail from a SignedWorld."""
    chain = Chain(bench, kind, directory)
    try:
        chain.start()
        chain.prove()
        chain.measure(sizes, rounds, seconds)
    finally:
        chain.world.stop()
    print("| filter | " + " | ".join(f"{size}: messages a second | CPU µs" for size in sizes) + " |")
    print("|---" * (1 + 2 * len(sizes)) + "|")
    for title, values in chain.rows(sizes):
        print(f"| {title} | " + " | ".join(f"{rate:.0f} | {cpu:.0f}" for rate, cpu in values) + " |")
    if not program("openarc"):
        print("\nopenarc is not installed: not measured")
