#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""contrib/sendmail with a real Sendmail: mail for Apple is judged and sealed at its gate.

Sendmail's package cannot be installed beside Postfix's, so its files are laid over the root of this
test alone. Where they cannot be had from Debian the test is skipped, and says so.
"""
import argparse
import json
import pathlib
import re
import shutil
import smtplib
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import package_root  # noqa: E402
from package_root import ROOT, Root, do  # noqa: E402
from lab.names import NameServer  # noqa: E402
from lab.namespace import APPLE_MX, OUR_ADDRESS, OUTSIDE_CLIENT, run_inside  # noqa: E402
from lab.process import Program, wait_until  # noqa: E402
from lab.sink import Sink  # noqa: E402

PACKAGES = ["sendmail-bin", "sendmail-base", "sendmail-cf", "sensible-mda", "libwrap0", "libnsl2",
            "libtirpc3", "liblockfile1", "m4", "libsigsegv2"]
RECIPE = ROOT / "contrib" / "sendmail"
FOLDER = None
PROGRAMS = None

# The host in these namespaces has the name of another.
NAME = "divert(0)dnl\ndefine(`confDOMAIN_NAME', `mx.corp.example')dnl\n"

# A site as any: its own domain, an alias.
SITE = """\
OSTYPE(`linux')dnl
FEATURE(`no_default_msa')dnl
DAEMON_OPTIONS(`Name=MTA, Addr=127.0.0.1, Port=25, Family=inet')dnl
DAEMON_OPTIONS(`Name=MX, Addr=192.0.2.25, Port=25, Family=inet')dnl
define(`ALIAS_FILE', `/etc/mail/aliases')dnl
define(`confPID_FILE', `/run/sendmail-site.pid')dnl
FEATURE(`accept_unresolvable_domains')dnl
LOCAL_DOMAIN(`corp.example')dnl
"""

CONFIGURATION = """\
socket: {address: "inet:10028@127.0.0.1"}
arrival: {covered: yes, authserv_id: mx.corp.example}
egress: {addresses: [192.0.2.25], helo: mx.corp.example}
suppression: {mode: enforce}
replies: {mode: enforce, log: /var/log/mail.log, breaker: {wait: 0s}}
arc_sealing:
  mode: enforce
  keys:
    - {domain: corp.example, selector: arc1, file: /etc/icloud-milter/arc1.pem}
log: {destination: stderr}
"""


def fetch(folder):
    """Sendmail's files from Debian, once; False where there is no way to it."""
    files = folder / "files"
    if not (files / "usr/share/sendmail/cf/m4/cf.m4").exists():
        shutil.rmtree(folder, ignore_errors=True)
        files.mkdir(parents=True)
        done = subprocess.run(["apt-get", "download", "-q", *PACKAGES], cwd=folder, timeout=400,
                              capture_output=True)
        if done.returncode != 0:
            print(done.stderr.decode())
            return False
        for package in folder.glob("*.deb"):
            do("dpkg", "-x", package, files)
    return True


def keep_log(at, file):
    """What a syslog daemon does: takes the lines at the socket and writes them into a file."""
    way = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    way.bind(str(at))
    at.chmod(0o666)
    file.write_text("")

    def write():
        while True:
            line = way.recv(16384).decode(errors="replace").rstrip("\0\n")
            _, _, line = line.partition(">")  # behind the priority (RFC 3164 section 4.1.1)
            with file.open("a") as log:
                log.write(f"{line[:15]} mx {line[16:]}\n")

    threading.Thread(target=write, daemon=True).start()


class Sendmail(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = root = Root(FOLDER)
        cls.addClassCleanup(root.unmount)
        for name in ("usr", "etc"):
            do("cp", "-a", f"{PROGRAMS}/sendmail/files/{name}/.", root.at(f"/{name}"))
        for program in ("icloud-milter", "icloud-milterctl"):
            shutil.copy(PROGRAMS / program, root.at("/usr/bin"))
        root.at("/etc/icloud-milter").mkdir()
        root.write("/etc/icloud-milter/milter.conf", CONFIGURATION)
        root.run("openssl", "genrsa", "-out", "/etc/icloud-milter/arc1.pem", "2048")
        for name in ("/etc/mail", "/var/spool/mqueue", "/var/spool/mqueue-icloud", "/var/lib/icloud-milter",
                     "/var/log/icloud-milter"):
            root.at(name).mkdir(parents=True, exist_ok=True)
            root.at(name).chmod(0o700 if "mqueue" in name else 0o755)
        root.write("/etc/hosts", "127.0.0.1 localhost\n192.0.2.25 mx.corp.example mx\n")
        root.write("/tmp/site.mc", NAME + SITE + (RECIPE / "sendmail.mc.gate").read_text())
        root.write("/tmp/gate.mc", NAME + (RECIPE / "icloud-gate.mc").read_text())
        root.write("/etc/mail/mailertable", (RECIPE / "mailertable.gate").read_text())
        root.write("/tmp/icloud-out", (RECIPE / "icloud-out.gate").read_text())
        root.write("/etc/mail/aliases", "office: office.team@icloud.com\n")
        root.run("sh", "-c", "cd /usr/share/sendmail/cf/cf && m4 ../m4/cf.m4 /tmp/site.mc >/etc/mail/sendmail.cf && "
                             "m4 ../m4/cf.m4 /tmp/gate.mc >/etc/mail/icloud-gate.cf && "
                             "/usr/libexec/sendmail/makemap hash /etc/mail/mailertable </etc/mail/mailertable && "
                             "/usr/libexec/sendmail/makemap hash /etc/mail/icloud-out </tmp/icloud-out && "
                             "/usr/libexec/sendmail/sendmail -bi -C /etc/mail/sendmail.cf")
        root.run("icloud-milterctl", "store", "init")
        root.run("icloud-milterctl", "suppress", "add", "gone@icloud.com", "--reason", "hard-bounce")
        keep_log(root.at("/dev/log"), root.at("/var/log/mail.log"))
        cls.names = NameServer(FOLDER / "names")
        cls.names.start()
        cls.sink = Sink({"mx01.mail.icloud.com": APPLE_MX[0], "mx02.mail.icloud.com": APPLE_MX[1]})
        cls.sink.start()
        cls.daemon = cls.program("milter", "/usr/bin/icloud-milter")
        cls.daemon.start(root.at("/run/icloud-milter/control").exists)
        cls.gate = cls.mailer("gate", "/etc/mail/icloud-gate.cf", 10027)
        cls.site = cls.mailer("site", "/etc/mail/sendmail.cf", 25)

    @classmethod
    def program(cls, name, *argv):
        return Program(["chroot", cls.root.path, *argv], FOLDER / f"{name}.log")

    @classmethod
    def mailer(cls, name, configuration, port):
        def listens():
            try:
                smtplib.SMTP("127.0.0.1", port, timeout=2).quit()
            except OSError:
                return False
            return True

        program = cls.program(name, "/usr/libexec/sendmail/sendmail", "-bD", "-q1s", "-C", configuration,
                              "-X", f"/tmp/{name}.wire")
        program.start(listens)
        return program

    @classmethod
    def tearDownClass(cls):
        for one in (cls.site, cls.gate, cls.daemon, cls.sink, cls.names):
            one.stop()

    def send(self, subject, recipient, sender="ann@corp.example", host="127.0.0.1", source=None):
        source = (source, 0) if source else None
        with smtplib.SMTP(host, 25, timeout=300, source_address=source) as client:
            client.sendmail(sender, [recipient],
                            f"From: {sender}\r\nTo: {recipient}\r\nSubject: {subject}\r\n"
                            f"Message-ID: <{subject}@corp.example>\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
                            "\r\nHello\r\n")

    def decisions(self, subject, role):
        """Written a little after the mail went on."""
        wait_until(f"{subject} is logged", lambda: self.logged(subject, role))
        return self.logged(subject, role)

    def logged(self, subject, role):
        lines = self.root.at("/var/log/icloud-milter/decisions.jsonl").read_text().splitlines()
        return [one for one in map(json.loads, lines)
                if subject in json.dumps(one) and one.get("role") == role]

    def test_direct_mail_is_judged_at_the_gate_and_goes_on(self):
        self.send("direct", "bob@icloud.com")
        self.sink.wait_for("<direct@corp.example>")
        self.assertTrue(self.decisions("direct", "gate"))

    def test_an_alias_is_judged_as_the_apple_address_it_stands_for(self):
        self.send("aliased", "office@corp.example")
        (delivery,) = self.sink.wait_for("<aliased@corp.example>")
        self.assertEqual(delivery.recipients, ("office.team@icloud.com",))
        self.assertIn("office.team@icloud.com", json.dumps(self.decisions("aliased", "gate")))

    def test_mail_of_others_that_is_forwarded_is_sealed(self):
        self.send("forwarded", "office@corp.example", "dora@elsewhere.example", OUR_ADDRESS, OUTSIDE_CLIENT)
        (delivery,) = self.sink.wait_for("<forwarded@corp.example>")
        self.assertIn(b"ARC-Seal: i=1; ", delivery.content)
        self.assertIn(b"d=corp.example; s=arc1", delivery.content)
        (judged, *_) = self.decisions("forwarded", "gate")
        self.assertEqual(judged["origin"], "forwarded")

    def test_what_is_refused_at_the_gate_never_leaves(self):
        self.send("refused", "gone@icloud.com")
        wait_until("the gate refuses", lambda: "550 5.1.1 <gone@icloud.com>... suppression.hard-bounce: "
                   in self.wire("gate"))
        wait_until("the sender is told", lambda: "550 5.1.1 <gone@icloud.com>... suppression.hard-bounce: "
                   in self.wire("site"))
        self.assertEqual(self.sink.of("<refused@corp.example>"), [])

    def test_what_apple_refuses_comes_home_as_a_bounce(self):
        self.sink.answer("RCPT", "550 5.1.1 <nobody@icloud.com>: user does not exist", times=1)
        self.send("bounced", "nobody@icloud.com")
        wait_until("the bounce is handed back", lambda: re.search(
            r"<<< MAIL From:<>.*<<< RCPT To:<ann@corp.example>", self.wire("site"), re.DOTALL))

    def test_what_apple_answers_is_learnt_from_the_log_and_obeyed(self):
        self.sink.answer("RCPT", "550 5.1.1 <leaver@icloud.com>: user does not exist", times=1)
        self.sink.answer("RCPT", "550 5.1.1 <ann@corp.example>: unauthorized sender", times=1)
        self.send("leaves", "leaver@icloud.com")
        log = self.root.at("/var/log/mail.log")
        wait_until("the log has it", lambda: re.search(
            r"to=<leaver@icloud.com>, .*dsn=5.1.1, .*stat=", log.read_text()))
        self.send("stays", "innocent@icloud.com")
        wait_until("the log has that, too", lambda: re.search(
            r"to=<innocent@icloud.com>, .*dsn=5.1.1, .*stat=", log.read_text()))
        told = self.root.run("icloud-milterctl", "replies", "follow", "--once")
        self.assertRegex(told, r"[1-9]\d* deliveries to Apple read")
        listed = self.root.run("icloud-milterctl", "suppress", "list", "--json")
        self.assertIn("leaver@icloud.com", listed)
        self.assertNotIn("innocent@icloud.com", listed)
        self.assertIn("0 deliveries", self.root.run("icloud-milterctl", "replies", "follow", "--once"))
        self.send("again", "leaver@icloud.com")
        wait_until("the gate refuses", lambda: "550 5.1.1 <leaver@icloud.com>... suppression.hard-bounce: "
                   in self.wire("gate"))
        self.assertEqual(self.sink.of("<again@corp.example>"), [])

    def test_when_the_package_goes_mail_goes_on(self):
        shutil.copy(ROOT / "packaging" / "detach-sendmail", self.root.at("/tmp"))
        self.daemon.stop()
        told = self.root.run("/tmp/detach-sendmail")
        self.assertEqual(told.count("mail goes on without icloud-milter"), 2, told)
        self.assertEqual(self.root.run("/tmp/detach-sendmail"), "")
        for name in ("sendmail.cf", "icloud-gate.cf"):
            kept = self.root.at(f"/var/lib/icloud-milter/detached/etc/mail/{name}").read_text()
            self.assertEqual(kept.replace(", F=T", ""), self.root.at(f"/etc/mail/{name}").read_text())
        wait_until("both take mail again", lambda: self.sent("unjudged", "bob@icloud.com"))
        self.sink.wait_for("<unjudged@corp.example>")

    def sent(self, *mail):
        try:
            self.send(*mail)
        except OSError:
            return False
        return True

    def wire(self, name):
        return self.root.at(f"/tmp/{name}.wire").read_text(errors="replace")


def main():
    global PROGRAMS
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    PROGRAMS = parser.parse_args().programs.resolve()
    if not fetch(PROGRAMS / "sendmail"):
        print("Sendmail could not be had from Debian: nothing was shown")
        return 77

    def inside(folder):
        global FOLDER
        FOLDER = package_root.FOLDER = folder
        if not package_root.has_overlays(folder):
            return 77
        done = unittest.main(argv=sys.argv[:1], exit=False, verbosity=2)
        return 0 if done.result.wasSuccessful() else 1

    return run_inside(inside)


if __name__ == "__main__":
    sys.exit(main())
