# SPDX-License-Identifier: Apache-2.0
"""What the tests of unsubscribing share: a site with its keys, its store and its own configuration,
and icloud-milterctl on it.
"""
import contextlib
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = None


def free_port():
    """Below those that the kernel gives to whoever names none, so that nobody has it before its owner."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.randrange(12000, 32000)))
            return probe.getsockname()[1]


class Site:
    """A directory with everything that icloud-milterctl needs; gone with the object."""

    def __init__(self, endpoint="", more=""):
        self._directory = tempfile.TemporaryDirectory(prefix="unsubscribe.")
        self.path = pathlib.Path(self._directory.name)
        self.store = self.path / "store.db"
        self.keys = self.path / "keys"
        self.keys.write_text("0f" * 32 + "\n")
        self.keys.chmod(0o600)
        self.port = free_port()
        self.config = self.path / "milter.conf"
        self.config.write_text(f"""
log: {{destination: stderr}}
store: {{path: {self.store}}}
suppression: {{mode: enforce}}
streams:
  - {{name: news, logins: [a]}}
  - {{name: offers, logins: [b]}}
unsubscribe:
  url: https://news.example.com/unsubscribe
  mailto: unsubscribe@news.example.com
  key_file: {self.keys}
  endpoint:
    address: inet:{self.port}@127.0.0.1
{endpoint}
{more}
""")

        status, _, err = self.run("store", "init")
        assert status == 0, err

    def __del__(self):
        self._directory.cleanup()

    def run(self, *words, given=b""):
        done = subprocess.run([PROGRAM, *words, "--config", str(self.config)], input=given,
                              capture_output=True, timeout=300)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def minted(self, address, stream="news"):
        status, out, err = self.run("unsubscribe", "address", address, "--stream", stream, "--json")
        assert (status, err) == (0, ""), err
        return json.loads(out)

    def token(self, address="bob@icloud.com", stream="news"):
        return self.minted(address, stream)["https"].rpartition("/")[2]

    def lose_store(self):
        self.store.rename(self.path / "lost")

    def put_store_back(self):
        (self.path / "lost").rename(self.store)

    def listed(self):
        """(address, scope, reason) of all that stands on the suppression list."""
        if not self.store.exists():
            return []
        status, out, err = self.run("suppress", "list", "--json")
        assert status == 0, err
        lines = [json.loads(line) for line in out.splitlines()]
        return [(one["address"], one["scope"], one["reason"]) for one in lines]


class Endpoint:
    """icloud-milterctl unsubscribe serve, until the end of the block."""

    def __init__(self, site, *words, environment=None):
        self.site = site
        self.words = words
        self.environment = environment

    def __enter__(self):
        self.log_file = open(self.site.path / "log", "wb+")
        self.process = subprocess.Popen(
            [PROGRAM, "unsubscribe", "serve", "--config", str(self.site.config), *self.words],
            stdout=self.log_file, stderr=self.log_file, env=self.environment)
        end = time.monotonic() + 180
        while " serves " not in self.log():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("the endpoint did not start: " + self.log())
            time.sleep(0.02)
        return self

    def log(self):
        return (self.site.path / "log").read_text()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=400)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        self.log_file.close()

    def connect(self, timeout=90):
        return socket.create_connection(("127.0.0.1", self.site.port), timeout=timeout)

    def _sockets(self):
        """(remote port, octets unread, inode) of each TCP socket at the endpoint's port."""
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) == self.site.port:
                yield (int(fields[2].rpartition(":")[2], 16),
                       int(fields[4].rpartition(":")[2], 16), int(fields[9]))

    def await_reading(self, client):
        """Until the endpoint has taken the connection and read all that was sent."""
        port = client.getsockname()[1]
        while not any(remote == port and unread == 0 and inode != 0
                      for remote, unread, inode in self._sockets()):
            time.sleep(0.02)

    def raw(self, *pieces, wait=0.0):
        """Sends octets, and answers with all that comes back until the end of the connection."""
        with self.connect() as client:
            try:
                for piece in pieces:
                    client.sendall(piece)
                    time.sleep(wait)
            except OSError:
                pass
            return read_all(client)


def read_all(client):
    octets = b""
    while True:
        try:
            piece = client.recv(65536)
        except ConnectionResetError:
            return octets
        if not piece:
            return octets
        octets += piece


def main():
    global PROGRAM
    at = sys.argv.index("--ctl")
    PROGRAM = os.path.abspath(sys.argv[at + 1])
    del sys.argv[at:at + 2]
    unittest.main(verbosity=1)
