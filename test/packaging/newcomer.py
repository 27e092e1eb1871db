#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The README's installation word for word, on a Debian 12 that has never seen the project.

Its commands are taken from README.md and typed into a real root of debootstrap's, where systemd and
Debian's Postfix run as on any server; Apple's MX is played by a sink. It prints what each step took,
and how long it was from the installation to the first judged message; then it upgrades, removes and
purges the package, and mail goes on. The package is built beforehand, and what Debian has to bring with
it is downloaded before the clock starts.

No test of the continuous integration: it takes minutes and the network.

  packaging/build-deb
  test/packaging/newcomer.py --package build/deb --base /var/tmp/icm-bookworm
"""
import argparse
import os
import pathlib
import re
import shutil
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "contrib" / "demo"))

import fresh_root  # noqa: E402
from lab.names import NameServer  # noqa: E402
from lab.namespace import APPLE_MX, OUR_ADDRESS, run_inside  # noqa: E402
from lab.process import wait_until  # noqa: E402
from lab.sink import Sink  # noqa: E402
from deb_test import next_version  # noqa: E402

NAME = "mx.corp.example"
CONF = "/etc/icloud-milter/milter.conf"
CLONE = "/root/icloud-milter"


def chapter(text, title):
    """What README.md has below a heading, up to the next of its kind."""
    return re.search(rf"(?ms)^## {title}$(.*?)^## ", text + "\n## ").group(1)


def shell_lines(text):
    """The commands of its blocks, without their comments."""
    for block in re.findall(r"(?ms)^ *```sh$(.*?)^ *```$", text):
        for line in block.strip().splitlines():
            command = re.sub(r"\s+#\s.*$", "", line.strip())
            if command:
                yield command


class Walk:
    """The steps, each timed."""

    def __init__(self, machine):
        self._machine = machine
        self._steps = []
        self._began = self._judged = time.monotonic()

    def judged(self):
        self._judged = time.monotonic()

    def type(self, command, said="", statuses=(0,)):
        before = time.monotonic()
        done = self._machine.ask("sh", "-c", f"cd {CLONE} && {command}", said=said)
        self._steps.append((command, time.monotonic() - before))
        print(f"# {command}\n{done.stdout}{done.stderr}", flush=True)
        if done.returncode not in statuses:
            raise RuntimeError(f"{command}: exit status {done.returncode}")
        return done.stdout

    def edit(self, *changes):
        """Lines of milter.conf that lose their "#" and get the site's values."""
        conf = self._machine.at(CONF)
        text = conf.read_text()
        for option, value in changes:
            text, count = re.subn(rf"(?m)^( +)#{option}: .*$", rf"\1{option}: {value}", text)
            if count != 1:
                raise RuntimeError(f"{CONF} has no line for {option}")
        self._machine.at(CONF).write_text(text)
        self._steps.append((f"edit {CONF}: " + ", ".join(option for option, _ in changes), 0.0))

    def report(self):
        for what, seconds in self._steps:
            print(f"{seconds:7.1f} s  {what[:100]}")
        print(f"{self._judged - self._began:7.1f} s  from the package's installation to the first judged message, "
              f"{len(self._steps)} steps")


def is_delivered(machine, sink, times):
    wait_until(f"Apple has {times} of them", lambda: len(sink.deliveries) == times,
               explain=lambda: machine.ask("sh", "-c", "mailq; journalctl --no-pager -n 50").stdout)
    if any(one.recipients != ("you@icloud.com",) for one in sink.deliveries):
        raise RuntimeError(f"Apple has {sink.deliveries}")


def follow_readme(machine, sink, before, later):
    """Installs, configures, attaches, asks the doctor, sends, and sees what was decided; then removes."""
    text = chapter((ROOT / "README.md").read_text(), "Install")
    build, install, status, send, log = list(shell_lines(text.split("\n`man ")[0]))
    if build != "packaging/build-deb":
        raise RuntimeError(f"README begins with {build}")
    walk = Walk(machine)
    walk.type(install, said="y\n")
    walk.type(status)
    walk.edit(("addresses", f"[{OUR_ADDRESS}]"), ("helo", NAME))
    walk.type("icloud-milterctl reload")
    walk.type("icloud-milterctl postfix enable", said="y\n")
    walk.edit(("covered", "yes"))
    walk.type("icloud-milterctl reload")
    walk.type("icloud-milterctl doctor", statuses=(0, 1))
    walk.type(send)
    decided = []

    def is_decided():
        decided[:] = re.findall(r"(?m)^.* accept .*ann@corp\.example -> you@icloud\.com.*$",
                                machine.ask("sh", "-c", log).stdout)
        return bool(decided)

    wait_until("the message is judged", is_decided, seconds=60,
               explain=lambda: machine.ask("sh", "-c", "mailq; journalctl --no-pager -n 50").stdout)
    walk.judged()
    walk.type(log)
    is_delivered(machine, sink, 1)
    walk.report()
    upgrade(machine, walk, later)
    walk.type(send)
    is_delivered(machine, sink, 2)
    take_away(machine, walk, re.findall(r"`(apt-get (?:remove|purge) icloud-milter)`", text), before)
    walk.type(send)
    is_delivered(machine, sink, 3)


def upgrade(machine, walk, later):
    """A later release, whose milter.conf is another, too: dpkg asks, and the site's is kept."""
    shutil.copy(later, machine.at(CLONE))
    mine = machine.at(CONF).read_text()
    process = machine.ask("systemctl", "show", "-P", "MainPID", "icloud-milter").stdout
    said = walk.type(f"apt-get install ./{later.name}", said="N\n")
    if "The default action is to keep your current version" not in said or machine.at(CONF).read_text() != mine:
        raise RuntimeError("milter.conf was not kept")
    if machine.ask("systemctl", "show", "-P", "MainPID", "icloud-milter").stdout in (process, "0\n"):
        raise RuntimeError("the daemon was not restarted")
    walk.type("icloud-milterctl postfix status")


def take_away(machine, walk, commands, before):
    """The package goes, with all that is the project's, and Postfix is what it was."""
    remove, purge = commands
    said = walk.type(remove, said="y\n")
    if "/etc/postfix is detached" not in said:
        raise RuntimeError("Postfix was not detached")
    if machine.ask("systemctl", "is-active", "icloud-milter").stdout != "inactive\n":
        raise RuntimeError("the daemon is not stopped")
    walk.type(purge, said="y\n")
    if left := machine.ask("find", "/etc", "/var/lib", "/var/log", "/var/spool", "/run", "/usr", "-name",
                           "*icloud-milter*").stdout:
        raise RuntimeError(f"the purge left {left}")
    for name in ("main.cf", "master.cf"):
        if machine.at(f"/etc/postfix/{name}").read_bytes() != before[name]:
            raise RuntimeError(f"{name} is not what it was")


def prepared(base, package):
    """The base with Postfix, and what the package needs downloaded into apt's cache."""
    if not (base / "etc/debian_version").exists():
        fresh_root.make(base, ("postfix",))
    target = base / CLONE.lstrip("/") / "build/deb"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    shutil.copy(package, target)
    fresh_root.inside(base, "sh", "-c",
                      f"cd {CLONE} && apt-get update && apt-get install -y --download-only ./build/deb/{package.name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--package", type=pathlib.Path, required=True, help="the folder of the package")
    parser.add_argument("--base", type=pathlib.Path, required=True,
                        help="the folder of the root, which is made when it is not there")
    chosen = parser.parse_args()
    (package,) = chosen.package.resolve().glob("icloud-milter_*.deb")
    base = chosen.base.resolve()
    prepared(base, package)

    def body(folder):
        names = NameServer(folder / "names", {
            "corp.example": [f'@ TXT "v=spf1 ip4:{OUR_ADDRESS} -all"', '_dmarc TXT "v=DMARC1; p=reject"']})
        names.start()
        sink = Sink({"mx01.mail.icloud.com": APPLE_MX[0], "mx02.mail.icloud.com": APPLE_MX[1]})
        sink.start()
        machine = fresh_root.Machine(base, folder, NAME)
        machine.at("/etc/resolv.conf").write_text("nameserver 127.0.0.1\n")
        machine.at("/etc/hostname").write_text(NAME + "\n")
        # Port 25 of all other addresses is Apple's here.
        machine.inside("postconf", "-e", f"inet_interfaces = 127.0.0.1, {OUR_ADDRESS}")
        before = {name: machine.at(f"/etc/postfix/{name}").read_bytes() for name in ("main.cf", "master.cf")}
        try:
            machine.boot()
            follow_readme(machine, sink, before, next_version(package, folder))
        finally:
            machine.end()
            sink.stop()
            names.stop()
        return 0

    return run_inside(body)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
