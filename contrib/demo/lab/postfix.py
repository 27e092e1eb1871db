# SPDX-License-Identifier: Apache-2.0
"""A whole Postfix in one folder, wired to the gate by the very files of contrib/postfix."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from .namespace import OUR_ADDRESS, bind
from .passwords import PasswordServer
from .process import run, wait_until

WIRING = Path(__file__).resolve().parents[2] / "postfix"

PORT_25 = 25
SUBMISSION = 587
UNCOVERED = (
    10025  # a listener without the milter: mail gets into the queue whatever the milter does
)

# People with a mailbox on the lab's host, by name; made-up users in a passwd of our own.
FIRST_USER_ID = 61000

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1, {address}
inet_protocols = ipv4
myhostname = mx.corp.example
mydomain = corp.example
myorigin = corp.example
mydestination = corp.example, mx.corp.example, localhost
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth
alias_maps = texthash:{folder}/aliases
virtual_alias_maps = texthash:{folder}/virtual
alias_database =
home_mailbox = Maildir/
mailbox_size_limit = 0
message_size_limit = 41943040
biff = no
smtp_host_lookup = dns
smtp_tls_security_level = none
# A test does not wait five minutes for the next try.
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 4s
# Postfix since 3.7.10 turns a stray CR into a blank. Here it stays, as an older Postfix leaves it.
cleanup_replace_stray_cr_lf = no
"""

MASTER = """\
{address}:25       inet n - n - - smtpd
{address}:587      inet n - n - - smtpd
    -o syslog_name=postfix/submission
    -o smtpd_sasl_auth_enable=yes
    -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
    -o smtpd_recipient_restrictions=
127.0.0.1:10025    inet n - n - - smtpd
    -o syslog_name=postfix/uncovered
    -o smtpd_milters=
    -o local_header_rewrite_clients=
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
    -o smtp_bind_address={address}
relay     unix - - n - - smtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
local     unix - n n - - local
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Waiting:
    """A message in the queue."""

    queue_id: str
    queue: str  # "deferred", "hold", "active", "incoming", "maildrop"
    sender: str
    recipients: tuple[str, ...]
    reason: str  # why the first recipient waits; empty when nobody tried yet


class Postfix:
    """The lab's mail server, from start() to stop()."""

    def __init__(self, folder: Path, people: dict[str, str]) -> None:
        """`people`: login names and, for each, the text of a .forward file or ""."""
        self.folder = folder
        self.config = folder / "etc"
        self.spool = folder / "spool"
        self.log_file = folder / "mail.log"
        self._people = people
        self._passwords = PasswordServer(folder / "auth")

    # -- life -------------------------------------------------------------------------------

    def configure(self, aliases: dict[str, str], virtual: dict[str, str]) -> None:
        self.config.mkdir(parents=True)
        self.spool.mkdir()
        data = self.folder / "data"
        data.mkdir()
        shutil.chown(data, "postfix", "postfix")
        self._write_table("aliases", aliases)
        self._write_table("virtual", virtual)
        for part, base in (("main.cf", MAIN), ("master.cf", MASTER)):
            own = base.format(folder=self.folder, address=OUR_ADDRESS)
            (self.config / part).write_text(own)
        self.attach()
        self._make_people()
        # sendmail(1) and postdrop, which is set-group-id, read /etc/postfix and nothing else.
        for name in ("dynamicmaps.cf", "postfix-files"):
            if (source := Path("/etc/postfix", name)).exists():
                shutil.copy(source, self.config / name)
        bind(self.config, Path("/etc/postfix"))

    def attach(self) -> None:
        """The gate and the arrival, as the files have them."""
        for part in ("main.cf", "master.cf"):
            with (self.config / part).open("a") as file:
                file.write("\n" + (WIRING / f"{part}.gate").read_text())
        # What a site would add for its own way out: the address Apple shall see.
        own = f"icloud-out/unix/smtp_bind_address={OUR_ADDRESS}"
        run("postconf", "-c", self.config, "-P", own)

    def start(self) -> None:
        self._passwords.start()
        run("postfix", "start")
        wait_until("Postfix listens", lambda: "daemon started" in self.log(), explain=self.log)

    def stop(self) -> None:
        run("postfix", "stop")
        self._passwords.stop()

    def reload(self) -> None:
        run("postfix", "reload")

    def set(self, **parameters: str) -> None:
        """Changes main.cf and lets Postfix read it."""
        run("postconf", "-e", *(f"{name}={value}" for name, value in parameters.items()))
        self.reload()

    def add_service(self, entry: str, **parameters: str) -> None:
        """A further line of master.cf, "name type - - n - - command", with its options."""
        name, kind = entry.split()[:2]
        run("postconf", "-M", f"{name}/{kind}={entry}")
        self.set_service(f"{name}/{kind}", **parameters)

    def set_service(self, service: str, **parameters: str) -> None:
        """Changes options of a service, "name/type", and lets Postfix read them."""
        for name, value in parameters.items():
            if " " in value:  # which postconf does not write into master.cf
                run("postconf", "-e", f"lab_{name}={value}")
                value = f"$lab_{name}"
            run("postconf", "-P", f"{service}/{name}={value}")
        self.reload()

    # -- queue ------------------------------------------------------------------------------

    def queue(self) -> list[Waiting]:
        waiting = []
        for line in run("postqueue", "-j").splitlines():
            one = json.loads(line)
            who = one["recipients"]
            waiting.append(
                Waiting(
                    queue_id=one["queue_id"],
                    queue=one["queue_name"],
                    sender=one["sender"],
                    recipients=tuple(each["address"] for each in who),
                    reason=who[0].get("delay_reason", "") if who else "",
                )
            )
        return waiting

    def at_rest(self) -> list[Waiting]:
        """What waits, each as it was seen at a moment when it was not being tried: a message that is
        has no reason."""
        resting: dict[str, Waiting] = {}
        waiting: list[str] = []

        def rests() -> bool:
            queue = self.queue()
            waiting[:] = [one.queue_id for one in queue]
            resting.update({one.queue_id: one for one in queue if one.queue in ("deferred", "hold")})
            kept = {
                file
                for folder in ("maildrop", "incoming", "active", "deferred", "hold")
                for _, _, files in os.walk(self.spool / folder)
                for file in files
            }
            return set(waiting) == kept and kept <= resting.keys()

        wait_until("all that waits is at rest", rests, explain=lambda: str(self.queue()))
        return [resting[one] for one in waiting]

    def flush(self) -> None:
        run("postqueue", "-f")

    def discard_queue(self) -> None:
        """Throws away everything that waits, held mail too."""
        run("postsuper", "-d", "ALL")

    def wait_until_idle(self, seconds: float = 240.0) -> None:
        """Until nothing is on its way any more; what is deferred or held may wait on.

        A busy queue manager may pass over a message that enters the incoming queue while it looks
        there, and looks again after minutes only: it is asked to look every few seconds."""
        next_look = time.monotonic() + 3

        def idle() -> bool:
            nonlocal next_look
            if time.monotonic() > next_look:
                self.flush()
                next_look = time.monotonic() + 3
            return self._idle()

        wait_until("no mail on its way", idle, seconds, lambda: str(self.queue()))

    def wait_until_empty(self, seconds: float = 400.0) -> None:
        """Until the queue is empty, trying deferred mail again and again."""
        end = time.monotonic() + seconds
        while True:
            self.flush()
            self.wait_until_idle(max(1.0, end - time.monotonic()))
            left = self.queue()
            if not left:
                return
            if time.monotonic() > end:
                raise AssertionError(f"still queued after {seconds:g} s: {left[:5]}")
            time.sleep(0.3)

    def _idle(self) -> bool:
        # A message may pass from one queue to the next between two looks, but not three times.
        for _ in range(3):
            for queue in ("maildrop", "incoming", "active"):
                if any(files for _, _, files in os.walk(self.spool / queue)):
                    return False
            time.sleep(0.03)
        return True

    # -- people and their mail --------------------------------------------------------------

    def mailbox(self, name: str) -> list[bytes]:
        """The messages in a person's mailbox, the oldest first."""
        files = sorted(
            (self._home(name) / "Maildir" / "new").glob("*"),
            key=lambda file: file.stat().st_mtime_ns,
        )
        return [file.read_bytes() for file in files]

    def sendmail(self, login: str, *arguments: str, content: bytes) -> None:
        """sendmail(1), run by that person."""
        person = pwd.getpwnam(login)
        who = ("setpriv", f"--reuid={person.pw_uid}", f"--regid={person.pw_gid}", "--clear-groups")
        run(*who, "/usr/sbin/sendmail", *arguments, stdin=content)

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def _home(self, name: str) -> Path:
        return self.folder / "home" / name

    def _make_people(self) -> None:
        lines = Path("/etc/passwd").read_text()
        for number, (name, forward) in enumerate(self._people.items(), FIRST_USER_ID):
            home = self._home(name)
            home.mkdir(parents=True)
            if forward:
                (home / ".forward").write_text(forward + "\n")
                os.chown(home / ".forward", number, 65534)
            os.chown(home, number, 65534)
            lines += f"{name}:x:{number}:65534:{name}:{home}:/bin/sh\n"
        passwd = self.folder / "passwd"
        passwd.write_text(lines)
        bind(passwd, Path("/etc/passwd"))

    def _write_table(self, name: str, entries: dict[str, str]) -> None:
        lines = [f"{key} {value}" for key, value in entries.items()]
        (self.folder / name).write_text("\n".join(lines) + "\n")
