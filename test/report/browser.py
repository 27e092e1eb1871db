# SPDX-License-Identifier: Apache-2.0
"""Debian's chromium, headless, as a reader of one page: what it makes of it, and pictures of it."""
import json
import pathlib
import shutil
import struct
import subprocess
import tempfile
import urllib.parse
import zlib

PROGRAM = shutil.which("chromium")

# A name server that knows nobody, a proxy that nobody listens at: what is asked of a network fails.
ALONE = ["--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking", "--no-first-run",
         "--disable-component-update", "--disable-sync", "--disable-default-apps"]

MAKER = ("google.com", "googleapis.com", "gstatic.com")


def run(*words, width=1100, height=1400):
    with tempfile.TemporaryDirectory(prefix="chromium.") as home:
        done = subprocess.run(
            [PROGRAM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             f"--user-data-dir={home}", f"--window-size={width},{height}", *ALONE, *words],
            capture_output=True, timeout=400, env={"HOME": home, "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done


def dom(page):
    """The page as the browser has it once it was read."""
    return run("--dump-dom", pathlib.Path(page).as_uri()).stdout.decode()


def picture(page, to, dark=False, width=1100, height=1400):
    look = ["--blink-settings=preferredColorScheme=0"] if dark else ["--blink-settings=preferredColorScheme=1"]
    run(f"--screenshot={to}", *look, pathlib.Path(page).as_uri(), width=width, height=height)


def printed(page, to):
    run(f"--print-to-pdf={to}", "--no-pdf-header-footer", pathlib.Path(page).as_uri())


def requests(page, log):
    """The hosts that the page made the browser ask for something, by the browser's own record. What
    a browser asks its maker for unbidden, whatever page it shows, is left out.
    """
    run("--dump-dom", f"--log-net-log={log}", "--net-log-capture-mode=Everything",
        pathlib.Path(page).as_uri())
    words = pathlib.Path(log).read_text(errors="replace")
    try:
        record = json.loads(words)
    except json.JSONDecodeError:  # ended in the middle
        record = json.loads(words.rstrip().rstrip(",") + "]}")
    asked = {event.get("params", {}).get("url", "") for event in record["events"]
             if isinstance(event.get("params", {}).get("url", ""), str)}
    hosts = {urllib.parse.urlsplit(url).hostname or "" for url in asked
             if url.startswith(("http:", "https:", "ws:", "wss:", "ftp:"))}
    return {host for host in hosts if not host.endswith(MAKER)}


def first_pixel(picture_path):
    """Red, green and blue of a PNG's first pixel: enough to tell dark from light."""
    octets = pathlib.Path(picture_path).read_bytes()
    assert octets.startswith(b"\x89PNG\r\n\x1a\n"), picture_path
    data, at = b"", 8
    while at < len(octets):
        length, kind = struct.unpack(">I4s", octets[at:at + 8])
        if kind == b"IDAT":
            data += octets[at + 8:at + 8 + length]
        at += 12 + length
    first = zlib.decompressobj().decompress(data, 4)
    return tuple(first[1:4])  # whatever the filter, there is nothing left of it or above
