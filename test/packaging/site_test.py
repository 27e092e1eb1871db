#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole of it on a machine that has never seen the project: the package is installed beside a
real Postfix and attached by its own command; mail for Apple is delivered, refused and sealed; the
doctor finds all in order, names each of fourteen things that are broken one by one, and Postfix gets
its files back as they were.

deb_test.py has the package's own life.
"""
import contextlib
import json
import os
import pathlib
import shutil
import smtplib
import subprocess
import sys
import time
import unittest

import package_root
from package_root import Root
from lab import client
from lab.names import NameServer
from lab.namespace import APPLE_MX, OUR_ADDRESS, OUTSIDE_CLIENT
from lab.process import wait_until
from lab.sink import Sink
from lab.site import letter

MAIN = f"""\
compatibility_level = 3.6
maillog_file = /var/log/mail.log
inet_interfaces = 127.0.0.1, {OUR_ADDRESS}
inet_protocols = ipv4
myhostname = mx.corp.example
mydomain = corp.example
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
virtual_alias_domains = corp.example
virtual_alias_maps = inline:{{{{bill@corp.example=bill@icloud.com}}, {{ann@corp.example=ann@elsewhere.example}}}}
# Nobody waits five minutes for the next try.
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
"""

MILTER = f"""\
egress: {{addresses: [{OUR_ADDRESS}], helo: mx.corp.example}}
arrival: {{covered: yes, authserv_id: mx.corp.example}}
streams:
  - {{name: letters, kind: transactional, from_domains: [corp.example]}}
private_relay: {{sources: [corp.example]}}
format: {{mode: enforce}}
suppression: {{mode: enforce}}
arc_sealing:
  mode: enforce
  keys:
    - {{domain: corp.example, selector: arc1, file: /etc/icloud-milter/arc1.pem}}
"""

KEY = "/etc/icloud-milter/arc1.pem"
SOCKET = "/var/spool/postfix/icloud-milter/milter.sock"
GATE = "127.0.0.1:10027/inet"
ME = "{me.com=icloud-gate:[127.0.0.1]:10027}"


class Site(unittest.TestCase):
    """One life of the attachment; the tests follow each other by name."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = package_root.FOLDER
        cls.root = Root(folder)
        cls.addClassCleanup(cls.root.unmount)
        cls.root.write("/etc/postfix/main.cf", MAIN)
        cls.root.write("/etc/postfix/master.cf", pathlib.Path("/usr/share/postfix/master.cf.dist").read_text())
        cls.root.write("/etc/hosts", "127.0.0.1 localhost\n")
        # smtp lives in its chroot, as Debian's package has it.
        for name in ("resolv.conf", "hosts"):
            cls.root.at("/var/spool/postfix/etc").mkdir(exist_ok=True)
            cls.root.write(f"/var/spool/postfix/etc/{name}", cls.root.at(f"/etc/{name}").read_text())
        # systemd, which would have the clock set, does not run there.
        clock = cls.root.at("/run/systemd/timesync/synchronized")
        clock.parent.mkdir(parents=True)
        clock.touch()
        cls.before = cls.postfix_as_it_is()
        cls.root.run("postfix", "start")
        (package,) = (folder / "deb").glob("*.deb")
        shutil.copy(package, cls.root.at("/tmp/now.deb"))
        cls.began = time.monotonic()
        cls.root.run("dpkg", "-i", "/tmp/now.deb", seconds=300)
        cls.root.at("/etc/icloud-milter/milter.conf").write_text(MILTER)
        made = cls.root.run("icloud-milterctl", "keys", "generate", "--domain", "corp.example",
                            "--selector", "arc1", "--out", KEY)
        cls.root.run("chown", "icloud-milter", KEY)
        record = next(line for line in made.splitlines() if line.startswith("arc1._domainkey"))
        cls.names = NameServer(folder / "names", {
            "corp.example": [f'@ TXT "v=spf1 ip4:{OUR_ADDRESS} -all"', '_dmarc TXT "v=DMARC1; p=reject"',
                             record, record.replace("arc1.", "news.", 1)],
            "elsewhere.example": [f'@ TXT "v=spf1 ip4:{OUTSIDE_CLIENT} -all"']})
        cls.names.start()
        cls.sink = Sink({"mx01.mail.icloud.com": APPLE_MX[0], "mx02.mail.icloud.com": APPLE_MX[1]})
        cls.sink.start()
        cls.daemon = cls.root.start_daemon(folder / "daemon.log")

    @classmethod
    def tearDownClass(cls):
        cls.root.run("postfix", "stop")
        cls.daemon.stop()
        cls.sink.stop()
        cls.names.stop()

    # -- looking ------------------------------------------------------------------------------

    @classmethod
    def postfix_as_it_is(cls):
        files = {name: cls.root.at(f"/etc/postfix/{name}") for name in ("main.cf", "master.cf")}
        found = {name: (file.read_bytes(), file.stat().st_mode, file.stat().st_uid, file.stat().st_mtime_ns)
                 for name, file in files.items()}
        found["postconf -n"] = cls.root.run("postconf", "-n")
        found["folder"] = sorted(os.listdir(cls.root.at("/etc/postfix")))
        return found

    def decisions(self, message_id):
        lines = self.root.run("icloud-milterctl", "log", "--json").splitlines()
        return [one for one in map(json.loads, lines)
                if one.get("role") == "gate" and one.get("message_id") == message_id]

    def ask(self, *words):
        """icloud-milterctl, whatever its exit status."""
        return subprocess.run(["chroot", self.root.path, "icloud-milterctl", *words], capture_output=True,
                              text=True, timeout=400)

    def problems(self):
        done = self.ask("doctor", "--json", "--selector", "news")
        self.assertEqual(done.stderr, "")
        findings = [json.loads(line) for line in done.stdout.splitlines()]
        bad = {one["id"]: one for one in findings if one["grade"] in ("warning", "fault")}
        self.assertEqual(done.returncode, 1 if bad else 0, findings)
        return bad

    def submit(self, word, to):
        message_id = f"<{word}@corp.example>"
        with smtplib.SMTP("127.0.0.1", 25, timeout=300) as submission:
            submission.sendmail("ann@corp.example", [to], letter(message_id, to))
        return message_id

    # -- attached -----------------------------------------------------------------------------

    def test_1_is_attached_by_its_own_command(self):
        said = self.root.run("icloud-milterctl", "postfix", "enable", "--yes")
        self.assertIn('icloud-milter refused it: "553 5.1.3 ', said)
        self.assertIn("/etc/postfix is attached", said)

    def test_2_delivers_mail_to_apple(self):
        message_id = self.submit("direct", "bob@icloud.com")
        self.sink.wait_for(message_id)
        self.assertEqual(self.sink.of(message_id)[0].recipients, ("bob@icloud.com",))
        wait_until("it is logged", lambda: bool(self.decisions(message_id)))
        # newcomer.py takes the same way in a root of debootstrap's, with systemd and the README's words.
        print(f"from the package's installation to the first judged message: "
              f"{time.monotonic() - self.began:.1f} s", file=sys.stderr)

    def test_2_refuses_who_is_on_the_list(self):
        self.root.run("icloud-milterctl", "suppress", "add", "gone@icloud.com")
        message_id = self.submit("refused", "gone@icloud.com")
        log = self.root.at("/var/log/mail.log")
        wait_until("it comes back to its sender",
                   lambda: "to=<gone@icloud.com>, relay=127.0.0.1[127.0.0.1]:10027" in log.read_text(),
                   explain=log.read_text)
        (line,) = [line for line in log.read_text().splitlines() if "to=<gone@icloud.com>, relay=127" in line]
        self.assertRegex(line, r"dsn=5\.\d\.\d, status=bounced .*suppress")
        self.assertEqual(self.sink.of(message_id), [])

    def test_2_seals_what_is_forwarded(self):
        message_id = "<forwarded@elsewhere.example>"
        client.send(25, "dora@elsewhere.example", ["bill@corp.example"],
                    letter(message_id, "bill@corp.example", sender="Dora <dora@elsewhere.example>"),
                    source=OUTSIDE_CLIENT, host=OUR_ADDRESS)
        self.sink.wait_for(message_id)
        (sealed,) = self.sink.of(message_id)
        self.assertEqual(sealed.recipients, ("bill@icloud.com",))
        self.root.at("/tmp/sealed.eml").write_bytes(sealed.content)
        seen = json.loads(self.ask("verify", "--json", "/tmp/sealed.eml").stdout)
        self.assertEqual(seen["arc"]["result"], "pass", seen)
        self.assertIn(b"d=corp.example", sealed.fields("ARC-Seal")[0])
        self.assertIn(b"spf=pass", sealed.fields("ARC-Authentication-Results")[0])

    def test_3_has_all_that_in_its_log(self):
        wait_until("both are logged", lambda: self.decisions("<direct@corp.example>")
                   and self.decisions("<forwarded@elsewhere.example>"))
        (direct,) = [one for one in self.decisions("<direct@corp.example>") if one["event"] == "message"]
        self.assertEqual(direct["verdict"], "accept")
        (sealed,) = [one for one in self.decisions("<forwarded@elsewhere.example>") if one["event"] == "message"]
        self.assertEqual((sealed["verdict"], sealed["origin"]), ("accept", "forwarded"))
        shown = self.root.run("icloud-milterctl", "log")
        self.assertIn("gone@icloud.com", shown)

    # -- the doctor ---------------------------------------------------------------------------

    def test_4_is_in_order(self):
        self.assertEqual(self.problems(), {})

    @contextlib.contextmanager
    def files(self, *paths):
        """Which are as they were afterwards."""
        kept = {path: (self.root.at(path).read_bytes(), self.root.at(path).stat()) for path in paths}
        try:
            yield
        finally:
            for path, (content, status) in kept.items():
                self.root.at(path).write_bytes(content)
                os.utime(self.root.at(path), ns=(status.st_atime_ns, status.st_mtime_ns))

    @contextlib.contextmanager
    def postconf(self, *words):
        with self.files("/etc/postfix/main.cf", "/etc/postfix/master.cf"):
            self.root.run("postconf", *words)
            for name in ("main.cf", "master.cf"):
                os.utime(self.root.at(f"/etc/postfix/{name}"), (0, 0))  # nothing waits for it to be stable
            yield

    @contextlib.contextmanager
    def milter_conf(self, text):
        with self.files("/etc/icloud-milter/milter.conf"):
            self.root.at("/etc/icloud-milter/milter.conf").write_text(text)
            yield

    @contextlib.contextmanager
    def unreadable(self, path):
        mode = self.root.at(path).stat().st_mode
        self.root.at(path).chmod(0o600)
        try:
            yield
        finally:
            self.root.at(path).chmod(mode)

    @contextlib.contextmanager
    def no_daemon(self):
        self.daemon.stop()
        try:
            yield
        finally:
            type(self).daemon = self.root.start_daemon(package_root.FOLDER / "daemon.log")

    def test_5_has_each_thing_named_that_is_broken(self):
        zone = self.names.changed
        less = self.root.run("postconf", "-hx", "transport_maps").replace(ME, "").strip()
        broken = {
            "daemon.silent": self.no_daemon(),
            "configuration.errors": self.milter_conf("egress: {addresses: nonsense}\n"),
            "socket.unreachable": self.unreadable(SOCKET),
            "postfix.gate-name": self.postconf("-PX", f"{GATE}/milter_macro_daemon_name"),
            "postfix.gate-missing": self.postconf("-P", f"{GATE}/smtpd_milters="),
            "postfix.default-action": self.postconf("-P", f"{GATE}/milter_default_action=accept"),
            "postfix.transport-missing": self.postconf("-e", f"transport_maps={less}"),
            "postfix.arrival-uncovered": self.postconf("-P", "smtp/inet/smtpd_milters="),
            "postfix.arrival-local-uncovered": self.postconf("-e", "non_smtpd_milters="),
            "postfix.exit-unknown": self.postconf("-MX", "icloud-out/unix"),
            "egress.reverse-missing": zone("2.0.192.in-addr.arpa", "25 PTR mx.corp.example.", ""),
            "domain.spf-fail": zone("corp.example", f"ip4:{OUR_ADDRESS}", "ip4:203.0.113.9"),
            "domain.dmarc-missing": zone("corp.example", "_dmarc TXT", "_other TXT"),
            "key.unpublished": zone("corp.example", "arc1._domainkey", "old._domainkey"),
        }
        self.assertEqual(len(broken), 14)
        # The gate is asked, too, and answers nobody while the daemon does not.
        follows = {"daemon.silent": {"postfix.gate-silent"}, "socket.unreachable": {"postfix.gate-silent"}}
        for finding, breakage in broken.items():
            with self.subTest(finding):
                with breakage:
                    found = self.problems()
                self.assertEqual(set(found) - follows.get(finding, set()), {finding})
                self.assertTrue(found[finding]["found"] and found[finding]["remedy"], found)
        self.assertEqual(self.problems(), {})

    def test_6_gives_postfix_back_as_it_was(self):
        self.assertNotEqual(self.postfix_as_it_is(), self.before)
        self.assertIn("byte for byte what they were",
                      self.root.run("icloud-milterctl", "postfix", "disable", "--yes"))
        self.assertEqual(self.postfix_as_it_is(), self.before)
        self.sink.wait_for(self.submit("detached", "bob@icloud.com"))
        self.assertEqual(self.decisions("<detached@corp.example>"), [])


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(package_root.main())
