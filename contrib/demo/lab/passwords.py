# SPDX-License-Identifier: Apache-2.0
"""The lab's password check: Dovecot's authentication protocol, as Postfix's smtpd speaks it."""

from __future__ import annotations

import base64
import os
import socketserver
import threading
from pathlib import Path

PASSWORD = "correct horse"


class PasswordServer:
    """Lets everybody in who says PASSWORD, from start() to stop()."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._server: socketserver.ThreadingUnixStreamServer | None = None

    def start(self) -> None:
        self._server = socketserver.ThreadingUnixStreamServer(str(self._socket), _Dialogue)
        self._server.daemon_threads = True
        self._socket.chmod(0o666)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            os.unlink(self._socket)


class _Dialogue(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say("VERSION\t1\t1", "MECH\tPLAIN\tplaintext", "SPID\t1", "CUID\t1")
        self._say(f"COOKIE\t{os.urandom(16).hex()}", "DONE")
        while line := self.rfile.readline(8192):
            word, *arguments = line.decode().rstrip("\n").split("\t")
            if word != "AUTH":
                continue
            initial = next((one[5:] for one in arguments if one.startswith("resp=")), "")
            _, login, password = (base64.b64decode(initial) + b"\0\0").split(b"\0")[:3]
            if password.decode() == PASSWORD:
                self._say(f"OK\t{arguments[0]}\tuser={login.decode()}")
            else:
                self._say(f"FAIL\t{arguments[0]}\tuser={login.decode()}")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\n" for line in lines).encode())
