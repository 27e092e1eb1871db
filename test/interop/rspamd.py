# SPDX-License-Identifier: Apache-2.0
"""rspamd as an oracle: a real one, asked over a unix socket, with nothing in it but DKIM and ARC,
and a real name server (nsd) on loopback for the keys. Both are stopped by stop().
"""
import contextlib
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

PROGRAM = pathlib.Path("/usr/bin/rspamd")
NSD = pathlib.Path("/usr/sbin/nsd")
NSD_CONFIG = """\
server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
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
"""
ZONE_TOP = """\
$ORIGIN .
$TTL 3600
example. SOA ns.example. root.example. 1 3600 900 86400 3600
example. NS ns.example.
ns.example. A 127.0.0.1
"""
# Seals only when it is asked to, with the key in the request, and takes the
# Authentication-Results that it finds.
CONFIG = """\
options {{
  filters = "dkim";
  disable_hyperscan = true;
  tempdir = "{directory}";
  hs_cache_dir = "{directory}/";
  control_socket = "{directory}/control.sock mode=0600";
  url_tld = "{directory}/top_level_domains";
  local_addrs = [];
  dns {{ nameserver = ["127.0.0.1:{port}"]; timeout = 4s; retransmits = 3; }}
}}
logging {{ type = "file"; filename = "{directory}/rspamd.log"; level = "info"; }}
worker "normal" {{ bind_socket = "{directory}/worker.sock mode=0600"; count = 1; }}
modules {{ path = "/usr/share/rspamd/plugins/arc.lua"; }}
dkim {{ }}
arc {{ use_http_headers = true; reuse_auth_results = true; }}
"""
RESULTS = {"ARC_ALLOW": "pass", "ARC_REJECT": "fail", "ARC_INVALID": "fail", "ARC_DNSFAIL": "temperror",
           "ARC_NA": "none"}
SET = ("ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results")  # from the top


def installed():
    return PROGRAM.exists() and NSD.exists()


def free_port():
    """Below those that the kernel gives to whoever names none, so that nobody has it before its owner."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.randrange(12000, 32000)))
            return probe.getsockname()[1]


def takes_connections(family, address):
    with socket.socket(family) as probe:
        return probe.connect_ex(address) == 0


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=180)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Rspamd:
    """With the TXT records of `zone`, which are all below "example."."""

    def __init__(self, directory, zone):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        self.socket = str(self.directory / "worker.sock")
        self.processes = []
        try:
            self.start(zone)
        except BaseException:
            self.stop()
            raise

    def start(self, zone):
        port = free_port()
        records = "".join(f"{name}. TXT {quoted}\n" for name, types in zone.items()
                          for quoted in map(character_strings, types["TXT"]))
        for name, text in {"example.zone": ZONE_TOP + records, "top_level_domains": "example\n",
                           "nsd.conf": NSD_CONFIG, "rspamd.conf": CONFIG}.items():
            if name.endswith(".conf"):
                text = text.format(directory=self.directory, port=port)
            (self.directory / name).write_text(text)
        self.run([NSD, "-d", "-c", self.directory / "nsd.conf"])
        self.wait_for(socket.AF_INET, ("127.0.0.1", port))
        self.run([PROGRAM, "--no-fork", "--insecure", "--config", self.directory / "rspamd.conf"])
        self.wait_for(socket.AF_UNIX, self.socket)

    def run(self, command):
        with open(self.directory / "output", "ab") as output:
            # Each has children: it gets a process group, so that all can be stopped.
            self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                                   stderr=output, start_new_session=True))

    def wait_for(self, family, address):
        for _ in range(7200):
            if self.processes[-1].poll() is not None:
                break
            if takes_connections(family, address):
                return
            time.sleep(0.025)
        said = "".join(path.read_text() for path in (self.directory / "output",
                                                     self.directory / "rspamd.log") if path.exists())
        raise AssertionError(f"{self.processes[-1].args[0]} does not answer at {address}: {said[-4000:]}")

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def ask(self, message, **fields):
        connection = Connection(self.socket)
        connection.request("POST", "/checkv2", message, {
            "IP": "192.0.2.1", "Helo": "origin.example", "From": "a@origin.example",
            "Rcpt": "b@example.org", **fields})
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
        connection.close()
        if response.status != 200:
            raise AssertionError(f"rspamd: {response.status}: {text}")
        return json.loads(text)

    def validate(self, message):
        """The state of the chain, and rspamd's reason."""
        answer = self.ask(message)
        found = [(result, answer["symbols"][symbol].get("options", []))
                 for symbol, result in RESULTS.items() if symbol in answer.get("symbols", {})]
        if len(found) > 1:
            raise AssertionError(f"rspamd says several things of ARC: {answer}")
        # When it cannot read the newest seal, arc.lua comes to no result.
        result, reasons = found[0] if found else ("no result", [])
        return result, "; ".join(reasons)

    def seal(self, message, key_file, domain):
        """The message with one set more on top, as rspamd tells a mail server to write it."""
        lines = pathlib.Path(key_file).read_text().splitlines()
        key = "".join(line for line in lines if not line.startswith("-"))
        answer = self.ask(message, PerformDkimSign="1", DkimDomain=domain, DkimSelector="arc",
                          DkimPrivateKey=key)
        if "ARC_SIGNED" not in answer["symbols"]:
            raise AssertionError(f"rspamd did not seal: {answer}")
        added = answer["milter"]["add_headers"]
        return "".join(f"{name}: {added[name]['value']}\r\n" for name in SET).encode() + message


def character_strings(text):
    return " ".join(f'"{text[i:i + 250]}"' for i in range(0, len(text), 250))
