#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""systemd finds nothing wrong with the units, and little that a broken-in process could reach."""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

UNITS = None
MOST_EXPOSED = 1.5


def analyze(*words):
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, timeout=60)
    return (done.stdout + done.stderr).decode()


def complaints(name, text):
    """What systemd says of a unit with this text; programs and network are not looked at here."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, name)
        copy.write_text(re.sub(r"(?m)^(Exec\w+=)\S+", r"\1/bin/true", text))
        said = analyze("verify", "--man=no", "--recursive-errors=no", str(copy))
        return [line for line in said.splitlines() if name in line]


class Units(unittest.TestCase):
    def test_take_away_whatever_systemd_can(self):
        units = sorted(UNITS.glob("*.service"))
        self.assertEqual([unit.name for unit in units],
                         ["icloud-milter-unsubscribe.service", "icloud-milter.service"])
        for unit in units:
            said = analyze("security", "--offline=true", "--no-pager", str(unit))
            level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
            self.assertIsNotNone(level, said)
            self.assertLessEqual(float(level[1]), MOST_EXPOSED, said)

    def test_are_read_by_systemd_without_complaint(self):
        for unit in UNITS.glob("*.service"):
            text = unit.read_text()
            self.assertEqual(complaints(unit.name, text), [])
            wrong = text.replace("ProtectSystem=strict", "ProtectSystem=stritc")
            self.assertIn("stritc", "".join(complaints(unit.name, wrong)))


if __name__ == "__main__":
    UNITS = pathlib.Path(sys.argv.pop(1))
    unittest.main()
