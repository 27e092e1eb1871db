#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""systemd finds nothing wrong with the units, and little that a broken-in process could reach; and
the programs start with the system calls that are left to them."""
import errno
import grp
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

import seccomp

UNITS = None
DAEMON = CTL = None  # absent under a sanitizer, which needs calls of its own
MOST_EXPOSED = 1.5
NOBODY = 65534


def analyze(*words):
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, timeout=300)
    return (done.stdout + done.stderr).decode()


def complaints(name, text):
    """What systemd says of a unit with this text; programs and network are not looked at here."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, name)
        copy.write_text(re.sub(r"(?m)^(Exec\w+=)\S+", r"\1/bin/true", text))
        said = analyze("verify", "--man=no", "--recursive-errors=no", str(copy))
        return [line for line in said.splitlines() if name in line]


def call_groups():
    """"@chown" and the like: the names in each, groups in it included."""
    groups, name = {}, None
    for line in analyze("syscall-filter", "--no-pager").splitlines():
        if line.startswith("@"):
            name = line.strip()
            groups[name] = []
        elif name and line.startswith("    ") and not line.strip().startswith("#"):
            groups[name].append(line.strip())
    return groups


def calls(groups, word):
    if not word.startswith("@"):
        return {word}
    return {call for part in groups[word] for call in calls(groups, part)}


def allowed_calls(unit):
    """systemd.exec(5), SystemCallFilter=: an allow list first, then each line adds or takes away."""
    groups = call_groups()
    allowed = calls(groups, "@default") | {"execve"}
    for line in re.findall(r"(?m)^SystemCallFilter=(.*)$", unit.read_text()):
        listed = set().union(*(calls(groups, word) for word in line.lstrip("~").split()))
        allowed = allowed - listed if line.startswith("~") else allowed | listed
    return allowed


def held_to(unit):
    """What a child does before it becomes the unit's program."""
    allowed = allowed_calls(unit)

    def hold():
        if os.geteuid() == 0:  # root gives files away, which the unit's user does not
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
        for call in allowed:
            try:
                rules.add_rule(seccomp.ALLOW, call)
            except (OSError, RuntimeError, ValueError):
                pass  # of another processor, or newer than this library
        rules.load()
    return hold


def figures_at(path):
    with socket.socket(socket.AF_UNIX) as reader:
        reader.connect(path)
        reader.settimeout(180)
        reader.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with reader.makefile("rb") as answer:
            return answer.read()


class Units(unittest.TestCase):
    def starts(self, unit, argv, meanwhile=lambda: None):
        """Whether the program tells systemd that it is ready and, again and again, that it is alive,
        and ends when it is told to."""
        text = (UNITS / unit).read_text()
        self.assertIn("Type=notify\n", text)
        self.assertIn("\nWatchdogSec=", text)
        with tempfile.TemporaryDirectory() as folder, \
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(f"{folder}/notify")
            for path in (folder, f"{folder}/notify"):
                os.chmod(path, 0o777)
            manager.settimeout(180)
            child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                preexec_fn=held_to(UNITS / unit),
                env=os.environ | {"NOTIFY_SOCKET": f"{folder}/notify", "WATCHDOG_USEC": "400000"})
            told = []
            try:
                while told.count("WATCHDOG=1") < 3:
                    told += manager.recv(4096).decode().split("\n")
                self.assertIn("READY=1", told)
                self.assertLess(told.index("READY=1"), told.index("WATCHDOG=1"))
                meanwhile()
                child.send_signal(signal.SIGTERM)
                while "STOPPING=1" not in told:
                    told += manager.recv(4096).decode().split("\n")
                said = child.stderr.read().decode()
                self.assertEqual(child.wait(timeout=180), 0, said)
            except TimeoutError:
                child.kill()
                self.fail(f"{told}: {child.stderr.read().decode()}")
            finally:
                child.kill()
                child.stderr.close()

    @unittest.skipUnless(sys.argv[2:], "a sanitizer needs system calls of its own")
    def test_leave_the_programs_what_they_need(self):
        with tempfile.TemporaryDirectory() as folder:
            keys = pathlib.Path(folder, "unsubscribe.keys")
            keys.write_text("01" * 32 + "\n")
            keys.chmod(0o600)
            conf = pathlib.Path(folder, "milter.conf")
            group = grp.getgrgid(NOBODY if os.geteuid() == 0 else os.getgid()).gr_name
            conf.write_text(f"""\
socket: {{address: "unix:{folder}/milter.sock", group: {group}}}
control: {{socket: "{folder}/control"}}
store: {{path: "{folder}/store.db"}}
log: {{destination: stderr, decisions: ""}}
replies:
  mode: observe
  log: "{folder}/mail.log"
  book: "{folder}/book"
  metrics: {{address: "unix:{folder}/figures.sock", group: {group}}}
unsubscribe:
  key_file: {keys}
  url: https://example.org/u
  endpoint: {{address: "unix:{folder}/web.sock", group: {group}}}
""")
            pathlib.Path(folder, "mail.log").touch()
            if os.geteuid() == 0:
                for path in (pathlib.Path(folder), *pathlib.Path(folder).iterdir()):
                    os.chown(path, NOBODY, NOBODY)
            self.starts("icloud-milter.service", [DAEMON, "--config", conf])
            self.starts("icloud-milter-unsubscribe.service",
                        [CTL, "unsubscribe", "serve", "--config", conf])
            self.starts("icloud-milter-replies.service",
                        [CTL, "replies", "follow", "--config", conf],
                        lambda: self.assertIn(b"\nicloud_milter_replies_breaker_open 0\n",
                                              figures_at(f"{folder}/figures.sock")))

    def test_take_away_whatever_systemd_can(self):
        units = sorted(UNITS.glob("*.service"))
        self.assertEqual([unit.name for unit in units],
                         ["icloud-milter-replies.service", "icloud-milter-unsubscribe.service",
                          "icloud-milter.service"])
        for unit in units:
            said = analyze("security", "--offline=true", "--no-pager", str(unit))
            level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
            self.assertIsNotNone(level, said)
            self.assertLessEqual(float(level[1]), MOST_EXPOSED, said)

    def test_try_again_less_and_less_often_where_systemd_can(self):
        version = int(analyze("--version").split()[1])
        for unit in UNITS.glob("*.service"):
            text = unit.read_text()
            self.assertIn("\nRestart=on-failure\nRestartSec=5\n", text)
            self.assertEqual("\nRestartSteps=" in text, version >= 254, unit.name)

    def test_are_read_by_systemd_without_complaint(self):
        for unit in UNITS.glob("*.service"):
            text = unit.read_text()
            self.assertEqual(complaints(unit.name, text), [])
            wrong = text.replace("ProtectSystem=strict", "ProtectSystem=stritc")
            self.assertIn("stritc", "".join(complaints(unit.name, wrong)))


if __name__ == "__main__":
    UNITS, programs = pathlib.Path(sys.argv[1]), sys.argv[2:]
    if programs:
        DAEMON, CTL = programs
    unittest.main(argv=sys.argv[:1])
