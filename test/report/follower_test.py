#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The reply follower's figures, as a real follower tells them while it reads a real log."""
import argparse
import contextlib
import datetime
import http.client
import pathlib
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

OPTIONS = None
GONE = "host mx01.mail.icloud.com[17.57.152.5] said: 550 5.1.1 <{}>: user does not exist (in reply to RCPT TO command)"
POLICY = "host mx01.mail.icloud.com[17.57.152.5] said: 550 5.7.1 [CS01] Message rejected due to local policy. (in reply to end of DATA command)"
BUSY = "host mx01.mail.icloud.com[17.57.152.5] refused to talk to me: 421 4.7.0 [HCM1] mail was deferred"

CONFIG = """
log: {{decisions: ""}}
store: {{path: {folder}/store.db}}
replies:
  mode: enforce
  only_observe: [suspend]
  book: {folder}/replies.db
  log: {folder}/mail.log
  metrics: {{address: "unix:{folder}/door/figures"}}
  alerts: {{command: [/bin/false]}}
"""


def line(number, to, reply, status):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
    return (f"{now} mx postfix/icloud-out/smtp[1]: 4{number:08X}: to=<{to}>, "
            f"relay=mx01.mail.icloud.com[17.57.152.5]:25, delay=1, dsn=5.0.0, status={status} ({reply})\n")


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=90)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)  # closed with this, also where nobody listens
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Follower:
    """A site's follower, and who reads its figures."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.log = self.folder / "mail.log"
        self.log.touch()
        self.config = self.folder / "milter.conf"
        self.config.write_text(CONFIG.format(folder=folder))
        self.number = 0
        self.process = None
        done = subprocess.run([OPTIONS.ctl, "store", "init", "--config", self.config], capture_output=True)
        assert done.returncode == 0, done

    def start(self):
        self.said = open(self.folder / "said", "a+b")
        self.process = subprocess.Popen([OPTIONS.ctl, "replies", "follow", "--config", self.config],
                                        stdin=subprocess.DEVNULL, stderr=self.said)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            assert self.process.wait(timeout=300) == 0, self.words()
            self.said.close()
            self.process = None

    def words(self):
        return (self.folder / "said").read_text(errors="replace")

    def write(self, to, reply="250 2.0.0 Ok: queued", status="sent"):
        self.number += 1
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(line(self.number, to, reply.format(to), status))

    def page(self):
        with contextlib.closing(Connection(self.folder / "door" / "figures")) as asked:
            asked.request("GET", "/metrics")
            answer = asked.getresponse()
            assert answer.status == 200, answer.status
            return answer.read().decode()

    def figures(self):
        return {name: float(value) for name, value in
                re.findall(r"(?m)^(icloud_milter_replies_[^ ]+) ([^ ]+)$", self.page())}

    def until(self, **expected):
        """The figures, once these are there: metric=value, or metric__label=value."""
        end = time.monotonic() + 180
        while True:
            try:
                figures = self.figures()
                told = {name: sum(value for series, value in figures.items() if is_called(series, name))
                        for name in expected}
            except OSError as error:
                told = {"error": str(error)}
            if told == expected:
                return figures
            if time.monotonic() > end:
                raise AssertionError(f"{told} instead of {expected}: {self.words()}")
            time.sleep(0.1)


def is_called(series, name):
    metric, *labels = name.split("__")
    found = set(re.findall(r'"([^"]*)"', series))
    return series.split("{")[0] == f"icloud_milter_replies_{metric}" and found >= {
        label.replace("_", "-") for label in labels}


class Figures(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="follower.")
        self.addCleanup(folder.cleanup)
        (pathlib.Path(folder.name) / "door").mkdir()
        self.follower = Follower(folder.name)
        self.addCleanup(self.follower.stop)

    def test_follow_a_log(self):
        it = self.follower
        it.write("a@icloud.com")
        it.write("b@icloud.com", GONE, "bounced")
        with open(it.log, "a", encoding="utf-8") as log:
            log.write("what is no line of a log\n2026-11-22T01:00:00Z mx sshd[1]: something: else\n")
        it.start()
        figures = it.until(deliveries_total=2, lines_total__unreadable=1, lines_total__other=1)
        self.assertEqual(len([name for name in figures if name.startswith("icloud_milter_replies_total{")]), 19 * 4)
        it.until(total=2, total__success__2xx=1, total__recipient_gone__5xx=1, addresses_waiting=1,
                 breaker_open=0, breaker_addresses=1, breaker_threshold_addresses=20, log_behind_bytes=0)
        it.write("c@icloud.com", POLICY, "bounced")
        it.write("d@icloud.com", BUSY, "deferred")
        it.write("e@icloud.com", "something that nobody knows", "deferred")
        figures = it.until(total=5, total__content__5xx=1, total__throttle__4xx=1, total__unknown__none=1,
                           deliveries_total__deferred=2, actions_total__pause__enforce=1)
        self.assertLess(figures["icloud_milter_replies_log_behind_seconds"], 120)
        self.assertAlmostEqual(figures["icloud_milter_replies_configuration_loaded_timestamp_seconds"],
                               time.time(), delta=120)
        lost = sum(value for name, value in figures.items() if is_called(name, "alerts_lost_total"))
        self.assertEqual(lost, sum(value for name, value in figures.items() if is_called(name, "alerts_total")))
        self.assertGreater(lost, 0)

    def test_who_only_looks_on_opens_no_door(self):
        it = self.follower
        it.write("a@icloud.com")
        with subprocess.Popen([OPTIONS.ctl, "replies", "follow", "--dry-run", "--config", it.config],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as onlooker:
            self.assertIn(b'"status":"sent"', onlooker.stdout.readline())
            it.write("b@icloud.com")  # is read a turn later
            self.assertIn(b"b@icloud.com", onlooker.stdout.readline())
            self.assertEqual(list((it.folder / "door").iterdir()), [])
            onlooker.terminate()
            self.assertEqual(onlooker.communicate(timeout=300)[1], b"")

    def test_nothing_of_mail_is_told(self):
        it = self.follower
        it.write("hidden.person@icloud.com", GONE, "bounced")
        it.start()
        it.until(total__recipient_gone=1)
        self.assertNotIn("hidden", it.page())

    def test_the_breaker_is_open_after_a_restart_too(self):
        it = self.follower
        it.start()
        for number in range(25):
            it.write(f"p{number}@icloud.com", GONE, "bounced")
        it.until(breaker_open=1, breaker_openings_total=1, breaker_addresses=25, addresses_waiting=25,
                 alerts_total__breaker=1)
        it.stop()
        self.assertFalse((it.folder / "door" / "figures").exists())
        it.start()
        it.until(breaker_open=1, breaker_openings_total=0, breaker_addresses=25, total=0)

    def test_what_is_in_the_way_of_the_door_keeps_nobody_from_following(self):
        it = self.follower
        door = it.folder / "door"
        door.rmdir()
        door.write_text("in the way")
        it.write("b@icloud.com", GONE, "bounced")
        it.start()
        end = time.monotonic() + 180
        while "nobody can read the figures" not in it.words() and time.monotonic() < end:
            time.sleep(0.1)
        self.assertIn("icloud-milterctl: replies.metrics.address: ", it.words())
        door.unlink()
        door.mkdir()
        it.until(total__recipient_gone=1)
        self.assertIn("replies.metrics: open now", it.words())
        self.assertEqual(it.words().count("nobody can read the figures"), 1)

    def test_a_follower_that_stands_still_is_behind(self):
        it = self.follower
        it.start()
        it.until(total=0)
        writer = sqlite3.connect(it.folder / "replies.db", isolation_level=None, timeout=90)
        self.addCleanup(writer.close)
        writer.execute("BEGIN IMMEDIATE")
        it.write("b@icloud.com", GONE, "bounced")
        end = time.monotonic() + 180
        behind = 0
        while behind < 4 and time.monotonic() < end:
            behind = it.figures()["icloud_milter_replies_log_behind_seconds"]
            time.sleep(0.2)
        writer.execute("ROLLBACK")
        self.assertGreaterEqual(behind, 4)
        figures = it.until(total__recipient_gone=1)
        end = time.monotonic() + 180
        while figures["icloud_milter_replies_log_behind_seconds"] >= 4 and time.monotonic() < end:
            time.sleep(0.2)
            figures = it.figures()
        self.assertLess(figures["icloud_milter_replies_log_behind_seconds"], 4)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctl", required=True)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=sys.argv[:1] + rest)
