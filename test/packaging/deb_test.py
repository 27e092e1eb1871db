#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Debian package, from its installation to its purge, beside a real Postfix."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import smtplib
import sqlite3
import sys
import threading
import time
import unittest

import package_root
from package_root import APPLE, ROOT, Root, do

sys.path.insert(0, str(ROOT / "test" / "lint"))

import links  # noqa: E402
from lab.process import wait_until  # noqa: E402
from lab.sink import Sink  # noqa: E402

MAIN = """\
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


LATER = "# A later release.\n"


def next_version(package, folder):
    """The package as a later release would be: another version, another milter.conf."""
    tree = folder / "next"
    do("dpkg-deb", "-R", package, tree)
    control = tree / "DEBIAN" / "control"
    control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1+next", control.read_text()))
    with (tree / "etc/icloud-milter/milter.conf").open("a") as conf:
        conf.write(LATER)
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
        cls.root = Root(package_root.FOLDER)
        cls.addClassCleanup(cls.root.unmount)
        cls.sink = Sink({"mx.icloud.com": APPLE})
        cls.sink.start()
        cls.daemon = None
        (package,) = (package_root.FOLDER / "deb").glob("*.deb")
        for name, file in (("now.deb", package), ("later.deb", next_version(package, package_root.FOLDER))):
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
        cls.daemon = cls.root.start_daemon(package_root.FOLDER / "daemon.log")

    @classmethod
    def stop(cls):
        if cls.daemon is not None:
            cls.daemon.stop()
            cls.daemon = None

    def install(self, name):
        return self.root.run("dpkg", "--force-confold", "-i", "/tmp/" + name, seconds=300)

    def submit(self, subject):
        with smtplib.SMTP("127.0.0.1", 25, timeout=300) as client:
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
        wait_until("it is logged", lambda: self.judged_messages() == ["<attached@corp.example>"])
        self.root.run("logrotate", "--force", "--state", "/tmp/rotated", "/etc/logrotate.d/icloud-milter")
        self.send("rotated")
        wait_until("the new file has the new one", lambda: self.judged_messages() == ["<rotated@corp.example>"])

    def judged_messages(self):
        """Beside these the gate's log has the recipient by which enable tried it."""
        return [one["message_id"] for one in self.decisions() if one.get("role") == "gate" and one["event"] == "message"]

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
        self.assertTrue(conf.with_name("milter.conf.dpkg-dist").read_text().endswith(LATER))
        self.start()
        self.assertTrue(store.with_name("store.db-version-1.backup").exists())
        self.assertIn("unsubscribe", self.root.run("icloud-milterctl", "suppress", "show", "carol@icloud.com"))
        self.send("upgraded")

    def test_3_loses_no_mail_when_it_is_upgraded(self):
        """Clients that come again when they are told so, as mail servers do, while the daemon is away."""
        self.stop()
        self.install("now.deb")
        self.start()
        subjects = []
        told_to_wait = []
        is_back = threading.Event()

        def flow():
            while len(subjects) < 20 or not is_back.is_set():
                subjects.append(f"flowing-{len(subjects)}")
                for _ in range(3000):
                    try:
                        self.submit(subjects[-1])
                        break
                    except smtplib.SMTPException as later:
                        told_to_wait.append(str(later))
                        time.sleep(0.1)
                time.sleep(0.1)

        client = threading.Thread(target=flow)
        client.start()
        try:
            time.sleep(0.5)
            self.stop()
            self.install("later.deb")
            self.start()
        finally:
            is_back.set()
            client.join()
        self.assertTrue(told_to_wait)
        wait_until("the queue is empty", lambda: "is empty" in self.root.run("postqueue", "-p"), seconds=180)
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

    def test_7_brings_the_configuration_of_the_release_where_nobody_changed_it(self):
        self.install("now.deb")
        conf = self.root.at("/etc/icloud-milter/milter.conf")
        self.assertFalse(conf.read_text().endswith(LATER))
        key = conf.with_name("arc1.pem")
        key.write_text("of the administrator\n")
        self.install("later.deb")
        self.assertTrue(conf.read_text().endswith(LATER))
        self.root.run("dpkg", "--purge", "icloud-milter")
        self.assertEqual([file.name for file in conf.parent.iterdir()], [key.name])


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(package_root.main())
