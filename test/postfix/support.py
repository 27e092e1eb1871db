# SPDX-License-Identifier: Apache-2.0
"""What the tests with a real Postfix have in common: one site for a whole file of tests."""

from __future__ import annotations

import argparse
import os
import sys
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "contrib" / "demo"))

from lab.namespace import run_inside  # noqa: E402
from lab.process import wait_until  # noqa: E402
from lab.site import Site  # noqa: E402
from lab.sink import Delivery  # noqa: E402


class PostfixCase(unittest.TestCase):
    """A test in the running site. Each finds the queue empty and the daemon as configured."""

    site: ClassVar[Site]
    longMessage = True
    maxDiff = None

    def setUp(self) -> None:
        self.site.sink.answer_as_usual()
        self.addCleanup(self.site.postfix.discard_queue)

    def configure(self, changes: dict[str, Any]) -> None:
        """Another configuration of the daemon for this test."""
        mark = len(self.site.milter.log())
        self.addCleanup(self.site.milter.reload_with, {})
        self.site.milter.reload_with(changes)
        said = self.site.milter.log()[mark:]
        self.assertNotIn("not reloaded", said, said)

    def delivered_once(self, message_id: str) -> Delivery:
        """The one delivery of that message, after everything has come to rest."""
        self.site.sink.wait_for(message_id)
        self.site.postfix.wait_until_idle()
        deliveries = self.site.sink.of(message_id)
        self.assertEqual(len(deliveries), 1, f"deliveries of {message_id}")
        return deliveries[0]

    def not_delivered(self, message_id: str) -> None:
        self.site.postfix.wait_until_idle()
        self.assertEqual(self.site.sink.of(message_id), [])

    def verdicts(self, message_id: str) -> list[str]:
        """What the gate decided about the message as a whole, each time it came by."""
        return [
            one["verdict"]
            for one in self.site.milter.decisions(message_id)
            if one["event"] == "message"
        ]

    def bounce_to(self, person: str, message_id: str) -> str:
        """The one bounce of that message in the person's mailbox."""

        def bounces() -> list[bytes]:
            return [
                mail
                for mail in self.site.postfix.mailbox(person)
                if b"multipart/report" in mail and message_id.encode() in mail
            ]

        wait_until(f"a bounce of {message_id} reaches {person}", lambda: bool(bounces()))
        self.site.postfix.wait_until_idle()
        self.assertEqual(len(bounces()), 1, f"bounces of {message_id}")
        return bounces()[0].decode()


class _Result(unittest.TextTestResult):
    """One line a test: its name as the sentence it is, and how long it took."""

    def startTest(self, test: unittest.TestCase) -> None:
        self._began = time.monotonic()
        unittest.TestResult.startTest(self, test)

    def stopTest(self, test: unittest.TestCase) -> None:
        # A subTest stands among them by itself.
        failed = any(
            test is getattr(one, "test_case", one) for one, _ in self.failures + self.errors
        )
        sentence = test.id().rsplit(".", 1)[-1].removeprefix("test_").replace("_", " ")
        took = time.monotonic() - self._began
        print(f"{'FAILED' if failed else 'ok':6}  {sentence} ({took:.1f} s)", flush=True)
        super().stopTest(test)


def main(name: str, make_site: Callable[[Path, Path], Site] = Site) -> None:
    """Runs the tests of the calling file in a site of its own, and ends the process; status 77 says
    that they need root."""
    arguments = argparse.ArgumentParser(description="Tests with a real Postfix; run as root.")
    arguments.add_argument(
        "--programs",
        type=Path,
        default=ROOT / "build" / "dev",
        help="where icloud-milter and icloud-milterctl are (%(default)s)",
    )
    arguments.add_argument("--keep", action="store_true", help="keep logs and queue, and say where")
    arguments.add_argument("only", nargs="*", help="names of tests; all when none is given")
    chosen = arguments.parse_args()
    if os.geteuid() != 0:
        print("skipped: the tests with Postfix make namespaces, and that needs root")
        sys.exit(77)
    suite = _chosen(name, chosen.only)
    if suite.countTestCases() == 0:
        arguments.error(f"no test is called {' or '.join(chosen.only)}")

    def body(folder: Path) -> int:
        with make_site(folder, chosen.programs.resolve()) as site:
            PostfixCase.site = site
            runner = unittest.TextTestRunner(sys.stdout, resultclass=_Result, verbosity=0)
            good = runner.run(suite).wasSuccessful()
            if not good:
                print("--- Postfix\n" + site.postfix.log()[-12000:])
                print("--- icloud-milter\n" + site.milter.log()[-6000:])
        if chosen.keep:
            print(f"kept in {folder}")
        return 0 if good else 1

    sys.exit(run_inside(body, keep=chosen.keep))


def _chosen(name: str, only: list[str]) -> unittest.TestSuite:
    loader = unittest.defaultTestLoader
    if not only:
        return loader.loadTestsFromModule(sys.modules[name])
    loader.testNamePatterns = [f"*.test_{word}" for word in only]
    return loader.loadTestsFromModule(sys.modules[name])
