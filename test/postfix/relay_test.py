# SPDX-License-Identifier: Apache-2.0
"""iCloud as the relay: all mail leaves by a submission server that wants TLS and a login, as
contrib/postfix/icloud-relay.md sets it up, and all of it counts against the account."""

from __future__ import annotations

import base64
import json
import re
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path

from support import ROOT, PostfixCase, main

from lab.namespace import APPLE_MX
from lab.process import run, wait_until
from lab.site import Site, letter

PAGE = (ROOT / "contrib" / "postfix" / "icloud-relay.md").read_text()
SERVER = "smtp.mail.me.com"
LOGIN = "ann@icloud.com:abcd-efgh-ijkl-mnop"  # of the page


@dataclass
class Handed:
    login: str
    tls: bool
    sender: str
    recipients: list[str]
    content: str


@dataclass
class Account:
    """What the submission server was handed."""

    mails: list[Handed] = field(default_factory=list)

    def has(self, message_id: str) -> list[Handed]:
        return [one for one in self.mails if message_id in one.content]


class _Submission(socketserver.StreamRequestHandler):
    """One connection: nothing but STARTTLS before TLS, nothing but AUTH before a login."""

    server: _Server

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        try:
            self.converse()
        except OSError:
            return  # the client has gone

    def converse(self) -> None:
        self.request.settimeout(60)
        tls, login, sender, recipients = False, "", "", []
        self.say(f"220 {SERVER} ESMTP")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ")[0].upper()
            path = (re.findall(r"<([^>]*)>", line) or [""])[0]
            if verb == "EHLO":
                self.say(f"250-{SERVER}\r\n250-{'AUTH PLAIN' if tls else 'STARTTLS'}")
                self.say("250 SIZE 28319744")
            elif verb == "STARTTLS":
                self.say("220 2.0.0 Ready")
                self.request = self.server.context.wrap_socket(self.request, server_side=True)
                self.setup()
                tls = True
            elif verb == "AUTH" and tls:
                login = base64.b64decode(line.split()[2]).decode().strip("\0").replace("\0", ":")
                self.say("235 2.7.0 Ok" if login == LOGIN else "535 5.7.8 Error: failed")
            elif verb == "QUIT":
                return self.say("221 2.0.0 Bye")
            elif login != LOGIN:
                self.say("530 5.7.0 Authentication required")
            elif verb == "MAIL":
                sender, recipients = path, []
                self.say("250 2.1.0 Ok")
            elif verb == "RCPT":
                recipients.append(path)
                self.say("250 2.1.5 Ok")
            elif verb == "DATA":
                self.say("354 Go on")
                lines = iter(lambda: self.rfile.readline().decode(), ".\r\n")
                handed = Handed(login, tls, sender, recipients, "".join(lines))
                self.server.account.mails.append(handed)
                self.say("250 2.0.0 Ok")
            else:
                self.say("250 2.0.0 Ok")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        self.account = Account()
        self.certificate = folder / "certificate.pem"
        key = folder / "key.pem"
        name = ["-subj", f"/CN={SERVER}", "-addext", f"subjectAltName=DNS:{SERVER}", "-days", "2"]
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        run("openssl", "req", "-x509", *kind, *name, "-keyout", key, "-out", self.certificate)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        super().__init__((APPLE_MX[0], 587), _Submission)


def blocks(language: str) -> list[str]:
    return [block for _, block in re.findall(rf"(?ms)^( *)```{language}\n(.*?)^ *```$", PAGE)]


class RelaySite(Site):
    """The lab's site, set up as the page says, with its own files in the places of /etc."""

    def __init__(self, folder: Path, programs: Path) -> None:
        super().__init__(folder, programs, zones={"me.com": [f"smtp.mail A {APPLE_MX[0]}"]})
        self.folder = folder

    def __enter__(self) -> Site:
        super().__enter__()
        self.server = _Server(self.folder)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        (password,) = re.findall(r"echo '(.*)' > /etc/postfix/icloud_password", PAGE)
        passwords = self.folder / "icloud_password"
        passwords.write_text(password + "\n")
        master, main_lines = blocks("text")
        gate, transport = re.findall(r"(?m)^ *#.*\n((?: +-o .*\n)+)", master)
        for service, lines in (("127.0.0.1:10027/inet", gate), ("icloud-out/unix", transport)):
            for name, value in re.findall(r"-o (\S+?)=(.*)", lines):
                value = value.replace("/etc/postfix/icloud_password", str(passwords))
                trusted = "/etc/ssl/certs/ca-certificates.crt"
                value = value.replace(trusted, str(self.server.certificate))
                self.postfix.set_service(service, **{name: value})
        for name, value in re.findall(r"(?m)^ *([\w-]+) = (.*)$", main_lines):
            # The lab's host is called corp.example.
            self.postfix.set(**{name: value.replace("|lan", r"|lan|corp\.example")})
        return self

    def __exit__(self, *why: object) -> None:
        self.server.shutdown()
        super().__exit__(*why)  # type: ignore[arg-type]


class Relay(PostfixCase):
    site: RelaySite  # type: ignore[assignment]

    def limited(self, *limits: object) -> None:
        self.configure(
            {
                "throttle": {"mode": "enforce", "preset": "icloud-account", "limits": list(limits)},
                "alignment": {"mode": "off"},
                "sender_identity": {"mode": "off"},
            }
        )

    def sent(self, to: str) -> str:
        one = self.site.new_id("relayed")
        self.site.postfix.sendmail("ann", to, content=letter(one, to))
        return one

    def shown(self) -> dict[str, int]:
        milter = self.site.milter
        words = ("throttle", "show", "--json", "--config", milter.config_file)
        said = run(milter.control_program, *words)
        return {one["name"]: one["used"] for one in json.loads(said)["limits"]}

    def test_all_mail_leaves_with_the_login_and_counts_and_what_is_too_much_waits(self) -> None:
        self.limited({"name": "few", "at_most": 3, "within": "1d"})
        account = self.site.server.account
        for to in ("bob@icloud.com", "dora@elsewhere.example", "eve@elsewhere.example"):
            one = self.sent(to)
            wait_until(f"{to} is served", lambda: bool(account.has(one)))
            (handed,) = account.has(one)
            self.assertEqual((handed.login, handed.tls, handed.recipients), (LOGIN, True, [to]))
            self.assertEqual(handed.sender, "ann@icloud.com")
            self.assertRegex(handed.content, r"(?m)^From: .*ann@icloud\.com")
        self.assertEqual(self.site.sink.deliveries, [], "nothing leaves by an MX")
        self.site.postfix.wait_until_idle()
        late = self.sent("late@elsewhere.example")
        self.site.postfix.wait_until_idle()
        (waiting,) = self.site.postfix.at_rest()
        self.assertIn("throttle.rate: few (all) allows 3 recipients in 1d", waiting.reason)
        self.assertEqual(account.has(late), [])
        self.assertEqual(self.shown(), {"account-messages": 3, "account-recipients": 3, "few": 3})

    def test_mail_waits_where_the_certificate_is_of_another_name(self) -> None:
        self.limited()
        gate, other = "127.0.0.1:10027/inet", "icloud-out:[mx01.mail.icloud.com]:587"
        self.site.postfix.set_service(gate, content_filter=other)
        way_out = f"icloud-out:[{SERVER}]:587"
        self.addCleanup(self.site.postfix.set_service, gate, content_filter=way_out)
        one = self.sent("bob@icloud.com")
        self.site.postfix.wait_until_idle()
        (waiting,) = self.site.postfix.at_rest()
        self.assertIn("Server certificate not verified", waiting.reason)
        self.assertEqual(self.site.server.account.has(one), [])


if __name__ == "__main__":
    main(__name__, RelaySite)
