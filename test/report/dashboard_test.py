#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus reads a real daemon and a real reply follower: it understands the alerts, raises
none for who is well, and has an answer to what each panel of the dashboard asks; and it raises one
when an outage at Apple shows in the log.
"""
import argparse
import contextlib
import json
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import alerts_test  # noqa: E402
import follower_test  # noqa: E402
import made_site  # noqa: E402

OPTIONS = None
# What there is only once something happened.
EMPTY_AT_FIRST = {"What was stopped, by the rule that decided", "Found, and without effect",
                  "Refusals and delays, by class", "What followed from answers"}


def free_port():
    """Below those that the kernel gives to whoever names none, so that nobody has it before its owner."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.randrange(12000, 32000)))
            return probe.getsockname()[1]


class Watched:
    """A daemon, a follower and the Prometheus that reads both, for as long as the block lasts."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.daemon_port, self.follower_port, self.port = free_port(), free_port(), free_port()
        made = made_site.MadeSite(folder, OPTIONS.ctl)
        assert made.run("store", "init")[0] == 0
        made.write_mail_log()
        with open(made.config, "a", encoding="utf-8") as config:
            config.write(f"metrics: {{address: \"inet:{self.daemon_port}@127.0.0.1\"}}\n")
        # made_site has the section replies on one line.
        made.config.write_text(made.config.read_text().replace(
            "replies: {", f"replies: {{metrics: {{address: \"inet:{self.follower_port}@127.0.0.1\"}}, "))
        (self.folder / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(alerts_test.RULES / "icloud-milter.rules.yml")],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
                for job, port in (("icloud-milter", self.daemon_port),
                                  ("icloud-milter-replies", self.follower_port))]}))
        self.commands = [
            [OPTIONS.daemon, "--config", str(made.config)],
            [OPTIONS.ctl, "replies", "follow", "--config", str(made.config)],
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"]]

    def __enter__(self):
        self.log = open(self.folder / "log", "w+b")
        self.processes = [subprocess.Popen(one, stdout=self.log, stderr=self.log) for one in self.commands]
        end = time.monotonic() + 180
        while time.monotonic() < end:
            time.sleep(0.5)
            try:
                if self.ask("min(count_over_time({__name__=~\"icloud_milter_(replies_)?build_info\"}[1m])) >= 4"
                            " and count(icloud_milter_replies_build_info) == 1"):
                    return self
            except OSError:
                continue
        self.__exit__()
        raise AssertionError((self.folder / "log").read_text(errors="replace"))

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            process.wait(timeout=180)
        self.log.close()

    def get(self, path, **fields):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(fields)}"
        with urllib.request.urlopen(url, timeout=90) as answer:
            return json.load(answer)["data"]

    def firing(self):
        return {alert["labels"]["alertname"] for alert in self.get("alerts")["alerts"]
                if alert["state"] == "firing"}

    def have_an_outage(self):
        with open(self.folder / "mail.log", "a", encoding="utf-8") as log:
            for number in range(40):
                to = f"there{number}@icloud.com"
                log.write(follower_test.line(number, to, follower_test.GONE.format(to), "bounced"))

    def ask(self, words):
        return self.get("query", query=words)["result"]

    def answer(self, words):
        """After a reading that came too late nothing is known of anything, until the next."""
        end = time.monotonic() + 90
        while not (found := self.ask(words)) and time.monotonic() < end:
            time.sleep(0.5)
        return found


class Dashboard(unittest.TestCase):
    def test_prometheus_understands_all_of_it(self):
        board = json.loads((alerts_test.CONTRIB / "grafana" / "icloud-milter.json").read_text())
        with tempfile.TemporaryDirectory(prefix="watched.") as folder, Watched(folder) as watched:
            for title, words in alerts_test.questions(board):
                if title in EMPTY_AT_FIRST:
                    watched.ask(words)
                else:
                    self.assertTrue(watched.answer(words), f"{title}: {words}")
            self.assertTrue(watched.answer("sum(icloud_milter_replies_total) > 0"))
            rules = [rule for group in watched.get("rules")["groups"] for rule in group["rules"]]
            self.assertEqual({rule["name"]: rule.get("lastError", "") for rule in rules if rule["health"] == "err"},
                             {})
            self.assertEqual(watched.firing(), set())
            watched.have_an_outage()
            end = time.monotonic() + 180
            while not watched.firing() and time.monotonic() < end:
                time.sleep(0.5)
            self.assertEqual(watched.firing(), {"IcloudMilterBreakerOpen"})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctl", required=True)
    parser.add_argument("--daemon", required=True)
    OPTIONS, rest = parser.parse_known_args()
    if shutil.which("prometheus") is None:
        print("skipped: Prometheus is not installed (apt-get install prometheus); nothing was scraped")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + rest)
