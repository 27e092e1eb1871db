#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long icloud-milterctl replies follow takes for a log it has not read, and in how much memory.

Writes a log as Postfix does, and the decisions to it, runs the program as an administrator does,
on one processor, and prints what that took. With --deliveries every line is a delivery to Apple.
"""
import argparse
import datetime
import json
import os
import pathlib
import resource
import subprocess
import tempfile
import time

MX = "mx01.mail.icloud.com[17.57.155.25]"
REFUSED = f"host {MX} said: 550 5.1.1 <{{to}}>: user does not exist (in reply to RCPT TO command)"
BUSY = f"host {MX} said: 421 4.7.1 Messages to {{to}} deferred due to excessive volume"


def delivery(stamp, number):
    """One in a hundred is refused, two are deferred."""
    to = f"customer{number % 300_000}@icloud.com"
    status, dsn, words = "sent", "2.0.0", f"250 2.0.0 Ok: queued as {number:X}"
    if number % 100 == 7:
        status, dsn, words = "bounced", "5.1.1", REFUSED.format(to=to)
    elif number % 100 in (31, 67):
        status, dsn, words = "deferred", "4.7.1", BUSY.format(to=to)
    return (
        f"{stamp} mx postfix/icloud-out/smtp[771]: {number:012X}: to=<{to}>, relay={MX}:25, "
        f"delay=1.2, delays=0.1/0/0.5/0.6, dsn={dsn}, status={status} ({words})\n"
    )


def others(stamp, number):
    """What else Postfix logs of a message."""
    queue_id = f"{number:012X}"
    yield f"{stamp} mx postfix/icloud-gate/smtpd[770]: {queue_id}: client=localhost[127.0.0.1]\n"
    yield f"{stamp} mx postfix/cleanup[772]: {queue_id}: message-id=<{number}@shop.example>\n"
    yield f"{stamp} mx postfix/qmgr[773]: {queue_id}: from=<n@shop.example>, size=4012, nrcpt=1\n"
    yield f"{stamp} mx postfix/qmgr[773]: {queue_id}: removed\n"


def write(folder, lines, only_deliveries):
    now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=30)
    with open(folder / "mail.log", "w") as log, open(folder / "decisions.jsonl", "w") as decisions:
        written = number = 0
        while written < lines:
            at = (now + datetime.timedelta(milliseconds=written * 100)).isoformat()
            log.write(delivery(at, number))
            written += 1
            if not only_deliveries:
                for line in others(at, number):
                    log.write(line)
                    written += 1
            decision = {"time": at, "event": "message", "queue_id": f"{number:012X}",
                        "mail_from": "n@shop.example", "apple_recipients": 1,
                        "from": ["n@shop.example"], "form": "0011223344556677",
                        "stream": "news", "verdict": "accept"}
            decisions.write(json.dumps(decision) + "\n")
            number += 1


def run(what, *argv, **how):
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([str(word) for word in argv], check=True, **how)
    took, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    print(f"{what}: {took:.1f} s, {busy:.1f} s of the processor's, at most "
          f"{after.ru_maxrss // 1024} MiB", flush=True)
    return took


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--programs", type=pathlib.Path, default="build/release")
    arguments.add_argument("--lines", type=int, default=1_000_000)
    arguments.add_argument("--deliveries", action="store_true")
    chosen = arguments.parse_args()
    program = chosen.programs / "icloud-milterctl"
    os.sched_setaffinity(0, {0})
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        config = folder / "milter.conf"
        config.write_text(json.dumps({
            "log": {"decisions": str(folder / "decisions.jsonl")},
            "store": {"path": str(folder / "store.db")},
            "replies": {"mode": "enforce", "log": str(folder / "mail.log"),
                        "book": str(folder / "replies.db")}}))
        write(folder, chosen.lines, chosen.deliveries)
        subprocess.run([program, "store", "init", "--store",
                        folder / "store.db"], check=True, stdout=subprocess.DEVNULL)
        follow = [program, "replies", "follow", "--once", "--config", config]
        run("read without learning", *follow, "--dry-run", stdout=subprocess.DEVNULL)
        took = run("caught up", *follow)
        print(f"{chosen.lines / took:.0f} lines a second")
        run("again, nothing new", *follow)
        with open(folder / "mail.log") as log:
            took = run("replies classify --json", program, "replies", "classify", "--json",
                       stdin=log, stdout=subprocess.DEVNULL)
        print(f"{chosen.lines / took:.0f} lines a second")


if __name__ == "__main__":
    main()
