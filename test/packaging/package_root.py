# SPDX-License-Identifier: Apache-2.0
"""The machine of the package's tests: a root of its own, made of the host's /usr, /etc and /var, with
everything that is written going elsewhere, in namespaces of its own. systemd does not run there; the
daemon is started as its unit says. The programs are those of the build under test, whatever
optimisation that has.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "contrib" / "demo"))

from lab.namespace import run_inside  # noqa: E402
from lab.process import Program, run as do  # noqa: E402

FOLDER = None
APPLE = "203.0.113.1"


def has_overlays(folder):
    """Whether one root may be laid over another here; a container may forbid it."""
    probe = folder / "probe"
    probe.mkdir()
    do("mount", "-t", "tmpfs", "tmpfs", probe)
    for name in ("upper", "work", "root"):
        (probe / name).mkdir()
    done = subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                           f"lowerdir=/etc,upperdir={probe}/upper,workdir={probe}/work", probe / "root"],
                          capture_output=True)
    if done.returncode == 0:
        do("umount", probe / "root")
    else:
        print(f"no root can be laid over this one, so nothing was shown: {done.stderr.decode()}")
    do("umount", probe)
    return done.returncode == 0


class Root:
    """The machine on which the package is installed."""

    def __init__(self, folder):
        self.path = folder / "root"
        self.written = folder / "written"
        for made in (self.path, self.written):
            made.mkdir()
            do("mount", "-t", "tmpfs", "tmpfs", made)
        self.path.chmod(0o755)
        for name in ("usr", "etc", "var"):
            upper, work = self.written / name, self.written / f"{name}.work"
            for made in (upper, work, self.path / name):
                made.mkdir()
            do("mount", "-t", "overlay", "overlay", "-o",
               f"lowerdir=/{name},upperdir={upper},workdir={work}", self.path / name)
        for link in pathlib.Path("/").iterdir():
            if link.is_symlink() and str(link.readlink()).lstrip("/").startswith("usr/"):
                (self.path / link.name).symlink_to(link.readlink())  # bin, lib, sbin
        for name in ("proc", "dev", "run/lock", "tmp", "root"):
            (self.path / name).mkdir(parents=True)
        self.at("/tmp").chmod(0o1777)
        do("mount", "-t", "proc", "proc", self.at("/proc"))
        # Never the host's /dev bound here: whoever clears the folder away would clear that.
        do("mount", "-t", "tmpfs", "tmpfs", self.at("/dev"))
        for name, minor in (("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)):
            do("mknod", "-m", "666", self.at(f"/dev/{name}"), "c", "1", str(minor))
        self.at("/dev/fd").symlink_to("/proc/self/fd")
        # What a daemon that was run by hand may have left.
        for name in ("etc", "var/lib", "var/log", "var/spool/postfix"):
            shutil.rmtree(self.path / name / "icloud-milter", ignore_errors=True)
        self.at("/var/lib/man-db/auto-update").unlink(missing_ok=True)  # no index of all manuals anew
        if self.at("/usr/sbin/icloud-milter").exists():
            raise RuntimeError("the package is installed on this host")
        self.write("/etc/hosts", f"127.0.0.1 localhost mx.corp.example\n{APPLE} icloud.com\n")
        self.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")

    def unmount(self):
        for mounted in (self.path, self.written):
            do("umount", "--recursive", "--lazy", mounted)

    def at(self, path):
        return self.path / path.lstrip("/")

    def write(self, path, text):
        self.at(path).unlink(missing_ok=True)
        self.at(path).write_text(text)

    def run(self, *argv, **more):
        return do("chroot", self.path, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                  "DEBIAN_FRONTEND=noninteractive", *argv, **more)

    def start_daemon(self, log):
        """As its unit starts it."""
        unit = self.at("/lib/systemd/system/icloud-milter.service").read_text()
        said = dict(line.split("=", 1) for line in unit.splitlines() if re.match(r"\w+=", line))
        daemon = Program(
            ["chroot", self.path, "setpriv", "--reuid", said["User"], "--regid", said["Group"],
             "--init-groups", "--no-new-privs", "sh", "-c", f"umask {said['UMask']}; exec {said['ExecStart']}"], log)
        control = self.at("/run/icloud-milter/control")
        control.unlink(missing_ok=True)
        daemon.start(control.exists)
        return daemon

    def ours(self):
        """Every path of the project that was written and is there."""
        found = sorted(path for top in ("usr", "etc", "var")
                       for path in (self.written / top).rglob("*icloud-milter*"))
        found += self.at("/run").rglob("*icloud-milter*")
        return [str(path) for path in found if not path.is_char_device()]  # that is: removed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--package", type=pathlib.Path, help="the folder of the package, where it is built already")
    chosen = parser.parse_args()

    def inside(folder):
        global FOLDER
        FOLDER = folder
        if not has_overlays(folder):
            return 77
        if chosen.package:
            (folder / "deb").symlink_to(chosen.package.resolve())
        elif not built(chosen.programs.resolve(), folder / "deb"):
            return 1
        done = unittest.main(argv=sys.argv[:1], exit=False, verbosity=2, failfast=True)
        return 0 if done.result.wasSuccessful() else 1

    return run_inside(inside)


def built(programs, target):
    """The package in that folder, or the reason why not on the screen."""
    done = subprocess.run([ROOT / "packaging" / "build-deb", "--programs", programs, target],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=500)
    if done.returncode != 0:
        print(done.stdout.decode())
    return done.returncode == 0
