# SPDX-License-Identifier: Apache-2.0
"""Unsubscribing through Postfix: the milter adds the addresses, OpenDKIM signs them, Apple Mail's
button sends a mail to one, pipe(8) hands it over, and the gate stops what was queued before.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from support import PostfixCase, main

from lab.milter import USER
from lab.namespace import OUR_ADDRESS
from lab.postfix import Waiting
from lab.process import Program, run, wait_until
from lab.site import Site, letter

SIGNER = 8891
ADDRESS = "unsubscribe@corp.example"
NEWS = "spring@corp.example"

# All mail of this site is the stream "news", the only one whose programs add nothing.
WAY_OUT: dict[str, Any] = {
    "egress": {"addresses": [OUR_ADDRESS], "helo": "mx.corp.example"},
    "streams": [
        {"name": "news", "kind": "bulk", "sender_domains": ["corp.example"], "unsubscribe": "add"}
    ],
    "list_unsubscribe": {"mode": "enforce", "rules": {}},
}


class Signer:
    """OpenDKIM, told to cover both fields, as policy/unsubscribe/README.md has it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        key = folder / "news.private"
        run("openssl", "genrsa", "-out", key, "2048")
        key.chmod(0o600)
        self._public = subprocess.run(
            ["openssl", "rsa", "-in", key, "-pubout"], capture_output=True, check=True, timeout=180
        ).stdout.decode()
        (folder / "opendkim.conf").write_text(
            f"Domain corp.example\nSelector news\nKeyFile {key}\nMode s\nSyslog no\n"
            f"Socket inet:{SIGNER}@127.0.0.1\nInternalHosts 0.0.0.0/0\nRequireSafeKeys no\n"
            "SignHeaders *,+List-Unsubscribe,+List-Unsubscribe-Post\n"
        )
        self._program = Program(
            ["opendkim", "-f", "-x", folder / "opendkim.conf"], folder / "opendkim.log"
        )

    def record(self) -> str:
        key = "".join(line for line in self._public.splitlines() if "-----" not in line)
        parts = " ".join(f'"{key[at : at + 200]}"' for at in range(0, len(key), 200))
        return f'news._domainkey TXT "v=DKIM1; k=rsa; p=" {parts}'

    def start(self) -> None:
        def listens() -> bool:
            return f":{SIGNER}" in run("ss", "-ltn")

        self._program.start(ready=listens)

    def stop(self) -> None:
        self._program.stop()


class NewsSite(Site):
    def __init__(self, folder: Path, programs: Path) -> None:
        self.signer = Signer(folder / "signer")
        super().__init__(folder, programs, zones={"corp.example": [self.signer.record()]})

    def __enter__(self) -> NewsSite:
        super().__enter__()
        keys = self.milter.folder / "unsubscribe.keys"
        keys.write_text("5c" * 32 + "\n")
        keys.chmod(0o600)
        shutil.chown(keys, USER)
        self.signer.start()
        postfix = self.postfix
        milters, maps = run("postconf", "-h", "smtpd_milters", "transport_maps").split("\n", 1)
        postfix.set(
            smtpd_milters=f"{milters} inet:127.0.0.1:{SIGNER}",
            transport_maps=f"{' '.join(maps.split())} inline:{{{{{ADDRESS} = unsubscribe:}}}}",
            local_recipient_maps=f"$alias_maps unix:passwd.byname inline:{{{{{ADDRESS} = x}}}}",
            recipient_delimiter="+",
            unsubscribe_destination_recipient_limit="1",
        )
        self.hand_over_to(self.milter.config_file)
        self.milter.reload_with(self.settings())
        return self

    def settings(self) -> dict[str, Any]:
        return {
            **WAY_OUT,
            "unsubscribe": {
                "url": "https://news.corp.example/leave",
                "mailto": ADDRESS,
                "key_file": str(self.milter.folder / "unsubscribe.keys"),
            },
        }

    def hand_over_to(self, config: Path) -> None:
        """The transport of the README."""
        self.postfix.add_service(
            f"unsubscribe unix - n n - 2 pipe flags=R user={USER} null_sender= "
            f"argv={self.milter.control_program} unsubscribe intake --config {config} "
            "--sender ${sender} --recipient ${recipient}"
        )
        self.postfix.reload()

    def __exit__(self, *trouble: Any) -> None:
        self.signer.stop()
        super().__exit__(*trouble)

    def listed(self) -> list[tuple[str, str, str]]:
        lines = self.milter.control("suppress", "list", "--json").splitlines()
        found = [json.loads(line) for line in lines]
        return [(one["address"], one["scope"], one["reason"]) for one in found]


def news(message_id: str, *to: str) -> bytes:
    return letter(message_id, ", ".join(to), "Precedence: bulk", sender=f"News <{NEWS}>")


class Unsubscribing(PostfixCase):
    site: NewsSite

    def leave(self, reader: str, address: str) -> None:
        """What Apple Mail's button sends."""
        button = letter(
            self.site.new_id("leave"),
            address,
            "X-Apple-Unsubscribe: true",
            sender=f"Bob <{reader}>",
            subject="",
        )
        self.site.arrive(button, address, sender=reader)

    def waiting(self, message_id: str, word: str) -> Waiting:
        """That message in the queue, deferred for a reason with `word` in it."""

        def found() -> list[Waiting]:
            return [one for one in self.site.postfix.queue() if word in one.reason]

        wait_until(f"{message_id} waits for {word}", lambda: bool(found()))
        return found()[0]

    def test_what_is_added_is_signed_and_ends_what_was_queued_before(self) -> None:
        site = self.site
        first = site.new_id("first")
        site.submit(news(first, "bob@icloud.com"), "bob@icloud.com", sender=NEWS)
        delivery = self.delivered_once(first)
        (added,) = delivery.fields("List-Unsubscribe")
        self.assertEqual(
            delivery.fields("List-Unsubscribe-Post"), [b"List-Unsubscribe=One-Click"]
        )
        (signature,) = delivery.fields("DKIM-Signature")
        covered = re.sub(rb"\s", b"", signature).lower().split(b";h=")[1].split(b";")[0].split(b":")
        self.assertIn(b"list-unsubscribe", covered)
        self.assertIn(b"list-unsubscribe-post", covered)
        self.assertEqual(
            [one["rule"] for one in site.milter.decisions(first)[0]["findings"]
             if one["rule"].startswith("list_unsubscribe")],
            [],
        )

        queued = site.new_id("queued")
        site.postfix.set(defer_transports="icloud-gate")
        self.addCleanup(site.postfix.set, defer_transports="")
        site.submit(news(queued, "bob@icloud.com"), "bob@icloud.com", sender=NEWS)
        self.waiting(queued, "deferred transport")
        mailto = re.search(rb"<mailto:([^>?]+)", added)
        assert mailto is not None
        self.leave("bob@icloud.com", mailto[1].decode().replace("%2B", "+"))
        bob = ("bob@icloud.com", "stream:news", "unsubscribe")
        wait_until("the wish is heard", lambda: bob in site.listed(), explain=site.postfix.log)
        site.postfix.set(defer_transports="")
        site.postfix.wait_until_empty()
        self.assertEqual(site.sink.of(queued), [])
        refusals = [line for line in site.postfix.log().splitlines()
                    if "milter-reject: RCPT" in line and "to=<bob@icloud.com>" in line]
        self.assertEqual(len(refusals), 1)
        self.assertIn("550 5.7.1 suppression.unsubscribe: unsubscribed from stream news",
                      refusals[0])

    def test_mail_for_two_is_left_to_its_author_and_refused(self) -> None:
        site, message_id = self.site, self.site.new_id("two")
        to = ("eve@icloud.com", "mallory@icloud.com")
        site.submit(news(message_id, *to), *to, sender=NEWS)
        self.not_delivered(message_id)
        self.assertIn("reject", self.verdicts(message_id))

    def test_a_wish_waits_in_the_queue_while_the_configuration_is_broken(self) -> None:
        site = self.site
        broken = site.milter.folder / "broken.conf"
        broken.write_text("unsubscribe: {url: x}\n")
        shown = site.milter.control("unsubscribe", "address", "eve@me.com", "--stream", "news",
                                    "--json")
        address = re.sub(r"^mailto:([^?]*).*", r"\1", json.loads(shown)["mailto"])
        site.hand_over_to(broken)
        self.addCleanup(site.hand_over_to, site.milter.config_file)
        self.leave("eve@me.com", address.replace("%2B", "+"))
        waiting = self.waiting("the wish", "unsubscribe.url")
        self.assertEqual(waiting.queue, "deferred")
        site.hand_over_to(site.milter.config_file)
        site.postfix.flush()
        eve = ("eve@me.com", "stream:news", "unsubscribe")
        wait_until("the wish is heard", lambda: eve in site.listed(), explain=site.postfix.log)

    def test_mail_that_is_no_wish_is_told_what_to_do(self) -> None:
        site = self.site
        content = letter(site.new_id("hello"), ADDRESS, sender="Ben <ben@corp.example>")
        site.queue_up(content, ADDRESS, sender="postmaster@corp.example")

        def told() -> bool:
            return any(
                b"please use the unsubscribe link" in mail
                for mail in site.postfix.mailbox("postmaster")
            )

        wait_until("the sender is told", told, explain=site.postfix.log)


if __name__ == "__main__":
    main(__name__, NewsSite)
