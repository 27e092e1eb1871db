# SPDX-License-Identifier: Apache-2.0
"""A real systemd-journald, in a journal namespace of its own: what the mail server logs is read
once, over restarts and rotations, and what another user forges is not."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any, ClassVar

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "contrib" / "demo"))

from lab.process import Program, run, wait_until  # noqa: E402

JOURNALD = Path("/usr/lib/systemd/systemd-journald")
MX = "mx01.mail.icloud.com[17.57.155.25]"
GONE = f"host {MX} said: 550 5.1.1 <{{}}>: user does not exist (in reply to RCPT TO command)"
SMTP = "postfix/icloud-out/smtp"
MAIL_INFO = 2 * 8 + 6  # RFC 3164 section 4.1.1


class Journal(unittest.TestCase):
    programs: ClassVar[Path]

    def setUp(self) -> None:
        self.name = f"icm{os.getpid()}"
        self.sockets = Path(f"/run/systemd/journal.{self.name}")
        machine = Path("/etc/machine-id").read_text().strip()
        self.kept = Path(f"/var/log/journal/{machine}.{self.name}")
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.sockets.mkdir(parents=True)
        for made in (self.sockets, self.kept, Path(f"/run/log/journal/{machine}.{self.name}")):
            self.addCleanup(shutil.rmtree, made, True)
        self.daemon = Program(["/usr/bin/env", f"RUNTIME_DIRECTORY={self.sockets}", JOURNALD, self.name],
                              self.folder / "journald.log")
        self.daemon.start(lambda: (self.sockets / "dev-log").exists())
        self.addCleanup(self.daemon.stop)
        self.config = self.folder / "milter.conf"
        self.config.write_text(json.dumps({
            "log": {"decisions": ""},
            "store": {"path": str(self.folder / "store.db")},
            "replies": {"mode": "enforce", "book": str(self.folder / "replies.db"),
                        "metrics": {"address": f"unix:{self.folder}/figures"},
                        "breaker": {"wait": "0s"}}}))
        self.ctl("store", "init")

    def ctl(self, *words: Any) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run([str(self.programs / "icloud-milterctl"), *map(str, words),
                               "--config", str(self.config)],
                              check=False, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def log(self, user: str, message: str, program: str = SMTP) -> None:
        """As syslog(3) writes it, by a process of that user."""
        number = pwd.getpwnam(user).pw_uid
        stamp = datetime.datetime.now().strftime("%b %e %H:%M:%S")
        datagram = f"<{MAIL_INFO}>{stamp} {program}[{os.getpid()}]: {message}"
        child = os.fork()
        if child == 0:
            os.setuid(number)
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
                way.sendto(datagram.encode(), str(self.sockets / "dev-log"))
            os._exit(0)
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    def gone(self, user: str, queue_id: str, address: str) -> None:
        self.log(user, f"{queue_id}: to=<{address}>, relay={MX}:25, delay=1, delays=0/0/0/1, "
                       f"dsn=5.1.1, status=bounced ({GONE.format(address)})")

    def follow(self) -> "subprocess.CompletedProcess[str]":
        run("journalctl", f"--namespace={self.name}", "--sync")
        return self.ctl("replies", "follow", "--once", "--journal", self.kept)

    def figures(self) -> str:
        return subprocess.run(["curl", "-sf", "--unix-socket", str(self.folder / "figures"),
                               "http://localhost/metrics"], check=True, capture_output=True, text=True,
                              timeout=180).stdout

    def suppressed(self) -> list[str]:
        listed = self.ctl("suppress", "list", "--json").stdout.splitlines()
        return sorted(json.loads(line)["address"] for line in listed if line.startswith("{"))

    def test_each_entry_counts_once_over_restarts_and_rotations(self) -> None:
        self.gone("postfix", "4A5B6C7D8E", "a@icloud.com")
        self.assertIn("1 deliveries to Apple read", self.follow().stdout)
        self.assertIn("0 deliveries", self.follow().stdout)
        run("journalctl", f"--namespace={self.name}", "--rotate")
        self.gone("root", "4A5B6C7D8F", "b@icloud.com")
        self.assertIn("1 deliveries", self.follow().stdout)
        self.assertIn("0 deliveries", self.follow().stdout)
        self.assertEqual(self.suppressed(), ["a@icloud.com", "b@icloud.com"])

    def test_what_another_user_writes_as_if_it_were_the_mail_server_is_not_read(self) -> None:
        self.gone("nobody", "4A5B6C7D8E", "victim@icloud.com")
        self.gone("postfix", "4A5B6C7D8F", "gone@icloud.com")
        done = self.follow()
        self.assertIn("1 deliveries to Apple read", done.stdout)
        self.assertEqual(self.suppressed(), ["gone@icloud.com"])
        nobody = pwd.getpwnam("nobody").pw_uid
        self.assertIn(f"not read: what user {nobody} wrote as if it were the mail server; expected "
                      "root", done.stderr)

    def test_a_follower_that_stays_learns_as_it_is_written(self) -> None:
        follower = Program([self.programs / "icloud-milterctl", "replies", "follow", "--journal",
                            self.kept, "--config", self.config], self.folder / "follow.log")
        self.gone("postfix", "4A5B6C7D8E", "a@icloud.com")
        follower.start(lambda: self.suppressed() == ["a@icloud.com"])
        self.addCleanup(follower.stop)
        run("journalctl", f"--namespace={self.name}", "--rotate")
        self.gone("postfix", "4A5B6C7D8F", "b@icloud.com")
        wait_until("the second is learnt", lambda: len(self.suppressed()) == 2)
        self.gone("nobody", "4A5B6C7D90", "victim@icloud.com")
        wait_until("the stranger is counted", lambda: 'lines_total{kind="stranger"} 1\n' in self.figures())
        self.assertIn('lines_total{kind="delivery"} 2\n', self.figures())
        self.assertIn('replies_total{class="recipient-gone",code="5xx"} 2\n', self.figures())
        # How much of a journal is left nobody knows before it is read.
        self.assertNotIn("log_behind_bytes", self.figures())
        self.assertEqual(follower.stop(), 0)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--programs", type=Path, default=ROOT / "build" / "dev")
    arguments.add_argument("only", nargs="*")
    chosen = arguments.parse_args()
    if os.geteuid() != 0 or not JOURNALD.exists():
        print("skipped: it needs root, and systemd's journal daemon")
        sys.exit(77)
    Journal.programs = chosen.programs.resolve()
    unittest.main(argv=[sys.argv[0], *chosen.only], verbosity=2)


if __name__ == "__main__":
    main()
