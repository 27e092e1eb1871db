# SPDX-License-Identifier: Apache-2.0
"""What the interop tests share: our command asked about generated cases, and the one table of
differences that are known, each with its reason.
"""
import argparse
import base64
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import tempfile


class Judge:
    """icloud-milterctl, asked about one case at a time; several may be asked at once."""

    def __init__(self, program):
        self.program = program
        self.directory = tempfile.TemporaryDirectory(prefix="interop.")
        self.count = 0

    def _ask(self, word, zone, ip, helo, sender, arguments, message):
        self.count += 1
        zone_file = pathlib.Path(self.directory.name) / f"{self.count}.json"
        zone_file.write_text(json.dumps(zone))
        command = [self.program, word, "--json", "--zone", zone_file, *arguments]
        if ip:
            command += ["--client-ip", ip, "--helo", helo, "--mail-from", sender]
        done = subprocess.run(command, input=message, capture_output=True, timeout=300)
        zone_file.unlink()
        if done.returncode not in (0, 1) or done.stderr:
            raise AssertionError(f"{command}: exit status {done.returncode}\n{done.stderr.decode()}")
        return json.loads(done.stdout)

    def spf(self, zone, ip, helo, sender):
        return self._ask("spf", zone, ip, helo, sender, [], None)

    def verify(self, zone, message, ip=None, helo=None, sender=None, arguments=()):
        return self._ask("verify", zone, ip, helo, sender, [*arguments, "-"], message)


class Perl:
    """Mail::DKIM in a process of its own."""

    def __init__(self):
        program = pathlib.Path(__file__).parent / "mail_dkim.pl"
        self.process = subprocess.Popen(["perl", program], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, message, **question):
        question["message"] = base64.b64encode(message).decode()
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        if self.process.wait(180):
            raise AssertionError("mail_dkim.pl failed")


def in_parallel(function, cases):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(function, cases))


class Differences:
    """Compares answers; a difference must be in the table, a row of the table must be met."""

    def __init__(self, table):
        self.table = table  # (name, predicate(case, ours, other, theirs), reason)
        self.met = {name: 0 for name, _, _ in table}
        self.unknown = []
        self.compared = {}

    def compare(self, case, ours, other, theirs, agree):
        """`other` is who said `theirs`; `agree` says whether the two answers mean the same."""
        self.compared[other] = self.compared.get(other, 0) + 1
        if agree:
            return
        for name, is_it, _ in self.table:
            if is_it(case, ours, other, theirs):
                self.met[name] += 1
                return
        self.unknown.append(f"ours {ours}, {other} {theirs}: {case}")

    def report(self, at_least):
        """Exit status of the test. Each of `at_least` must have been compared that often."""
        for other, count in self.compared.items():
            print(f"{count} answers compared with {other}")
        for name, _, reason in self.table:
            print(f"{self.met[name]:5} times {name}: {reason}")
        failures = [f"difference that is not in the table: {text}" for text in self.unknown]
        failures += [f"row of the table that no case needs: {name}"
                     for name, count in self.met.items() if not count]
        failures += [f"only {self.compared.get(other, 0)} answers of {other}"
                     for other, count in at_least.items() if self.compared.get(other, 0) < count]
        for failure in failures[:40]:
            print(failure)
        return 1 if failures else 0


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctl", required=True, help="the icloud-milterctl to ask")
    return parser.parse_args()


def missing(package):
    """Ends the test as skipped (77) when an oracle is not installed."""
    print(f"{package} is not installed (test/packages)")
    sys.exit(77)
