# SPDX-License-Identifier: Apache-2.0
"""A Postfix that knows nothing of a gate, and icloud-milterctl postfix to attach to it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from support import PostfixCase

from lab.namespace import OUR_ADDRESS
from lab.postfix import Postfix
from lab.site import PEOPLE, Site, letter

FILES = ("main.cf", "master.cf")
CUSTOM = "family.example"  # an iCloud+ custom domain


class PlainPostfix(Postfix):
    """A mail server that knows nothing of a gate yet."""

    def attach(self) -> None:
        pass


class PlainSite(Site):
    def __init__(self, folder: Path, programs: Path) -> None:
        super().__init__(folder, programs, {CUSTOM: ["@ MX 10 mx01.mail.icloud.com."]})
        self.postfix = PlainPostfix(folder / "postfix", PEOPLE)


class WiringCase(PostfixCase):
    def setUp(self) -> None:
        super().setUp()
        self.files = {name: (self.site.postfix.config / name).read_bytes() for name in FILES}
        self.addCleanup(self.put_back)

    def put_back(self) -> None:
        """However the test ended, the next one finds the site as it was."""
        self.ctl("disable", "--all", "--yes")
        for name, content in self.files.items():
            (self.site.postfix.config / name).write_bytes(content)
        # Copies of files that were edited meanwhile are kept.
        shutil.rmtree(self.site.postfix.config / "icloud-milter", ignore_errors=True)
        if not self.site.milter.running:
            self.site.milter.start()
        self.site.postfix.reload()
        self.site.postfix.discard_queue()

    def write(self, name: str, more: str) -> None:
        with (self.site.postfix.config / name).open("a") as file:
            file.write(more)

    def ctl(self, word: str, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                self.site.milter.control_program,
                *("postfix", word, "--config", self.site.milter.config_file),
                *options,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )

    def does(self, word: str, *options: str, status: int = 0) -> str:
        done = self.ctl(word, *options)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def state(self, config: Path | None = None) -> dict[str, object]:
        """All of both files that an administrator could miss."""
        found: dict[str, object] = {}
        for name in FILES:
            path = (config or self.site.postfix.config) / name
            status = path.stat()
            found[name] = path.read_bytes()
            found[f"{name} status"] = (
                status.st_mode,
                status.st_uid,
                status.st_gid,
                status.st_mtime_ns,
            )
        found["postconf -n"] = self.postconf("-c", str(config or "/etc/postfix"), "-n")
        found["directory"] = sorted(os.listdir(config or self.site.postfix.config))
        return found

    def postconf(self, *words: str) -> str:
        """What it says beside its warnings."""
        done = subprocess.run(["postconf", *words], capture_output=True, check=False)
        return done.stdout.decode("latin-1").strip()

    def value(self, name: str) -> str:
        return self.postconf("-x", "-h", name)

    def send(self, word: str, *to: str) -> str:
        message_id = self.site.new_id(word)
        self.site.submit(letter(message_id, ", ".join(to)), *to)
        return message_id

    def assert_judged(self, word: str) -> None:
        message_id = self.send(word, "bob@icloud.com")
        self.assertEqual(self.delivered_once(message_id).client, OUR_ADDRESS)
        self.assertEqual(self.verdicts(message_id), ["accept"])

    def assert_unjudged(self, word: str) -> None:
        message_id = self.send(word, "bob@icloud.com")
        self.assertEqual(self.delivered_once(message_id).client, OUR_ADDRESS)
        self.assertEqual(self.verdicts(message_id), [])

    def other_instance(self, folder: Path) -> Path:
        """The configuration of an instance that does not run, in `folder`."""
        main = self.files["main.cf"].decode()
        for name, now in (("spool", self.site.postfix.spool), ("data", self.site.postfix.folder / "data")):
            made = self.site.postfix.folder / f"out.{name}"
            made.mkdir(exist_ok=True)
            main = main.replace(str(now), str(made))
        folder.mkdir(exist_ok=True)
        (folder / "main.cf").write_text(
            main + "multi_instance_name = postfix-out\nmulti_instance_enable = no\n"
        )
        (folder / "master.cf").write_bytes(self.files["master.cf"])
        return folder
