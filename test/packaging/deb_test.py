#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Debian package, from its installation to its purge, beside a real Postfix.

It happens in a root of its own, made of the host's /usr, /etc and /var, with everything that is
written going elsewhere, in namespaces of its own. systemd does not run there; the daemon is started
as its unit says. The programs are those of the build under test, whatever optimisation that has.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import smtplib
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "contrib" / "demo"))
sys.path.insert(0, str(ROOT / "test" / "lint"))

import links  # noqa: E402
from lab.namespace import run_inside  # noqa: E402
from lab.process import Program, run, wait_until  # noqa: E402
from lab.sink import Sink  # noqa: E402

FOLDER = None
APPLE = "203.0.113.1"

MAIN = f"""\
compatibility_level = 3.6
maillog_file = /var/log/mail.log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.corp.example
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
# Where mail for Apple goes is in /etc/hosts.
disable_dns_lookups = yes
smtp_host_lookup = native
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
"""


def do(*argv, **more):
    """A command that has to succeed; what it says."""
    return run(*argv, **more)


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


def next_version(package, folder):
    """The package as a later release would be: another version, another milter.conf."""
    tree = folder / "next"
    do("dpkg-deb", "-R", package, tree)
    control = tree / "DEBIAN" / "control"
    control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1+next", control.read_text()))
    with (tree / "etc/icloud-milter/milter.conf").open("a") as conf:
        conf.write("# A later release.\n")
    later = folder / "later.deb"
    do("dpkg-deb", "-Zgzip", "-z1", "--root-owner-group", "-b", tree, later)
    return later


def leave_older_store(path):
    """The store as the first release made it, with carol on its list."""
    owner = path.stat()
    for file in path.parent.glob(path.name + "*"):
        file.unlink()
    with contextlib.closing(sqlite3.connect(path)) as store:
        store.executescript((ROOT / "policy/store/schema/1.sql").read_text() + """
            PRAGMA application_id = 0x49434d53;
            PRAGMA user_version = 1;
            INSERT INTO deed VALUES (1, 1780000000000, 'root', 'add', '');
            INSERT INTO suppression VALUES
              ('carol@icloud.com', 'global', 'unsubscribe', 'cli', '', 1780000000000, NULL, 1);""")
    os.chown(path, owner.st_uid, owner.st_gid)
    path.chmod(owner.st_mode)


class Package(unittest.TestCase):
    """One life of the package; the tests follow each other by name."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.root = Root(FOLDER)
        cls.addClassCleanup(cls.root.unmount)
        cls.sink = Sink({"mx.icloud.com": APPLE})
        cls.sink.start()
        cls.daemon = None
        (package,) = (FOLDER / "deb").glob("*.deb")
        for name, file in (("now.deb", package), ("later.deb", next_version(package, FOLDER))):
            cls.root.at("/tmp/" + name).write_bytes(file.read_bytes())
        cls.root.write("/etc/postfix/main.cf", MAIN)
        cls.root.write("/etc/postfix/master.cf", pathlib.Path("/usr/share/postfix/master.cf.dist").read_text())
        # Without the gate mail for Apple leaves by smtp, which is in its chroot and has hosts there.
        hosts = cls.root.at("/etc/hosts").read_text()
        cls.root.at("/var/spool/postfix/etc").mkdir(exist_ok=True)
        cls.root.write("/var/spool/postfix/etc/hosts", hosts)
        cls.root.run("postfix", "start")

    @classmethod
    def tearDownClass(cls):
        cls.stop()
        cls.root.run("postfix", "stop")
        cls.sink.stop()


    @classmethod
    def start(cls):
        cls.daemon = cls.root.start_daemon(FOLDER / "daemon.log")

    @classmethod
    def stop(cls):
        if cls.daemon is not None:
            cls.daemon.stop()
            cls.daemon = None

    def install(self, name):
        return self.root.run("dpkg", "--force-confold", "-i", "/tmp/" + name, seconds=300)

    def submit(self, subject):
        with smtplib.SMTP("127.0.0.1", 25, timeout=20) as client:
            client.sendmail("ann@corp.example", ["bob@icloud.com"],
                            f"From: ann@corp.example\r\nTo: bob@icloud.com\r\nSubject: {subject}\r\n"
                            f"Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{subject}@corp.example>\r\n"
                            "\r\nHello\r\n")

    def send(self, subject):
        self.submit(subject)
        self.sink.wait_for(f"<{subject}@corp.example>")

    def decisions(self):
        lines = self.root.run("icloud-milterctl", "log", "--json").splitlines()
        return [json.loads(line) for line in lines]

    def test_1_is_installed_and_observes(self):
        self.install("now.deb")
        self.assertIn("postfix", self.root.run("id", "-nG", "icloud-milter").split())
        wanted = self.root.at("/etc/systemd/system/multi-user.target.wants")
        self.assertEqual([unit.name for unit in wanted.glob("icloud*")], ["icloud-milter.service"])
        modes = re.findall(r"(?m)^  mode: (observe|enforce|off)$",
                           self.root.run("icloud-milterctl", "config", "show"))
        self.assertEqual(set(modes), {"observe", "off"})
        self.assertEqual(self.root.at("/etc/icloud-milter/milter.conf").read_bytes(),
                         (ROOT / "packaging" / "site" / "milter.conf").read_bytes())
        example = "/usr/share/doc/icloud-milter/examples/milter.conf"
        self.assertEqual(self.root.at(example).read_bytes(), (ROOT / "packaging" / "milter.conf").read_bytes())
        self.assertIn("nothing differs", self.root.run(
            "icloud-milterctl", "config", "diff", "/etc/icloud-milter/milter.conf", example))
        # debian/copyright has the licence.
        self.assertEqual(list(links.complaints(self.root.at("/usr/share/doc/icloud-milter"), ["LICENSE"])), [])
        for page in ("icloud-milter", "icloud-milterctl", "icloud-milterctl-suppress", "icloud-milter-rules",
                     "milter.conf"):
            self.assertTrue(list(self.root.at("/usr/share/man").glob(f"man*/{page}.?.gz")), page)

    def test_2_judges_mail_of_a_postfix_in_its_chroot(self):
        self.start()
        type(self).unattached = self.postfix_files()
        said = self.root.run("icloud-milterctl", "postfix", "enable", "--yes")
        self.assertIn('icloud-milter refused it: "553 5.1.3 ', said)
        self.root.run("icloud-milterctl", "postfix", "status")
        self.send("attached")
        judged = self.judged_messages()
        self.assertTrue(judged)
        self.root.run("logrotate", "--force", "--state", "/tmp/rotated", "/etc/logrotate.d/icloud-milter")
        self.send("rotated")
        self.assertEqual(len(self.judged_messages()), len(judged))

    def judged_messages(self):
        """Beside these the gate's log has the recipient by which enable tried it."""
        return [one for one in self.decisions() if one.get("role") == "gate" and one["event"] == "message"]

    def test_3_keeps_configuration_and_list_when_it_is_upgraded(self):
        conf = self.root.at("/etc/icloud-milter/milter.conf")
        mine = re.sub(r"(?m)^  #helo: .*$", "  helo: mail.corp.example", conf.read_text())
        self.assertNotEqual(mine, conf.read_text())
        conf.write_text(mine)
        store = self.root.at("/var/lib/icloud-milter/store.db")
        self.stop()
        leave_older_store(store)
        self.install("later.deb")
        self.assertEqual(conf.read_text(), mine)
        self.start()
        self.assertTrue(store.with_name("store.db-version-1.backup").exists())
        self.assertIn("unsubscribe", self.root.run("icloud-milterctl", "suppress", "show", "carol@icloud.com"))
        self.send("upgraded")

    def test_3_loses_no_mail_when_it_is_upgraded(self):
        """Clients that come again when they are told so, as mail servers do, while the daemon is away."""
        self.stop()
        self.install("now.deb")
        self.start()
        subjects = [f"flowing-{number}" for number in range(20)]
        told_to_wait = []

        def flow():
            for subject in subjects:
                for _ in range(600):
                    try:
                        self.submit(subject)
                        break
                    except smtplib.SMTPException as later:
                        told_to_wait.append(str(later))
                        time.sleep(0.1)
                time.sleep(0.1)

        client = threading.Thread(target=flow)
        client.start()
        time.sleep(0.5)
        self.stop()
        self.install("later.deb")
        self.start()
        client.join()
        self.assertTrue(told_to_wait)
        wait_until("the queue is empty", lambda: "is empty" in self.root.run("postqueue", "-p"), seconds=60)
        for subject in subjects:
            self.assertEqual(len(self.sink.of(f"<{subject}@corp.example>")), 1, subject)

    def test_3_finds_its_socket_however_it_is_written(self):
        for address, line, left in (
            ("unix:/var/spool/postfix/other/sock.et", "smtpd_milters = unix:other/sock.et, inet:h:1", ", inet:h:1"),
            ("unix:/run/icloud.sock", "    -o smtpd_milters=local:/run/icloud.sock", ""),
            ("inet:10028@127.0.0.1", "smtpd_milters = inet:127.0.0.1:10028 inet:127.0.0.2:10028",
             " inet:127.0.0.2:10028"),
            ("inet6:10028@::1", "smtpd_milters={ inet:[::1]:10028, default_action=accept },a:b", ",a:b"),
            ("inet:1@127.0.0.1", "smtpd_milters = inet:127x0.0.1:1,inet:127.0.0.1:10",
             "inet:127x0.0.1:1,inet:127.0.0.1:10"),
            ("inet:1@127.0.0.1", "smtpd_milters = unix:/var/spool/postfix/icloud-milter/milter.sock", ""),
            ("", "transport_maps = socketmap:unix:icloud-milter/routes.sock:icloud", ""),
            ("", "transport_maps = hash:/etc/t, proxy:socketmap:unix:icloud-milter/routes.sock:icloud a:b",
             "hash:/etc/t,  a:b"),
            ("unix:/run/r.sock", "transport_maps = socketmap:unix:/run/r.sock:icloud,socketmap:unix:/run/rxsock:i",
             ",socketmap:unix:/run/rxsock:i"),
            ("inet:10029@127.0.0.1", "transport_maps = socketmap:inet:127.0.0.1:10029:icloud socketmap:inet:h:1:m",
             " socketmap:inet:h:1:m"),
        ):
            shown = fr'socket:\n  address: "{address}"\nrouting:\n  socketmap:\n    address: "{address}"\nx:\n'
            self.root.write("/tmp/icloud-milterctl", f"#!/bin/sh\nprintf '{shown}'\n")
            self.root.write("/tmp/postmulti", "#!/bin/sh\necho - - y /tmp/instance\n")
            for name in ("icloud-milterctl", "postmulti"):
                self.root.at("/tmp/" + name).chmod(0o755)
            self.root.at("/tmp/instance").mkdir(exist_ok=True)
            self.root.write("/tmp/instance/main.cf", f"# {line}\n{line}\n")
            self.root.run("env", "PATH=/tmp:/usr/sbin:/usr/bin", "/usr/libexec/icloud-milter/detach-postfix")
            setting = line[:line.index("=") + 1 + line[line.index("=") + 1:].startswith(" ")]
            self.assertEqual(self.root.at("/tmp/instance/main.cf").read_text(), f"# {line}\n{setting}{left}\n")
        shutil.rmtree(self.root.at("/var/lib/icloud-milter/detached"))

    def postfix_files(self):
        return {name: self.root.at(f"/etc/postfix/{name}").read_bytes() for name in ("main.cf", "master.cf")}

    def test_4_leaves_mail_flowing_when_it_is_removed(self):
        said = self.root.run("dpkg", "-r", "icloud-milter")
        self.stop()
        self.send("removed")
        self.assertIn("/etc/postfix is detached", said)
        self.assertEqual(self.postfix_files(), self.unattached)
        self.assertTrue(self.root.at("/etc/icloud-milter/milter.conf").exists())

    def test_5_says_when_it_is_back_that_nothing_is_attached(self):
        self.assertIn("Postfix was taken off icloud-milter", self.install("later.deb"))

    def test_6_leaves_nothing_when_it_is_purged(self):
        self.root.run("dpkg", "--purge", "icloud-milter")
        self.assertEqual(self.root.ours(), [])
        self.send("purged")


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


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
