#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The container file built and run: by buildah and podman, over a root of debootstrap's.

Its image is made by its own commands; then the program in it says its version, checks a
configuration, and runs as its user, who answers a milter's dialogue over TCP, healthy by the image's
own check, until it is told to end. What it is built from is no image of a registry but debootstrap's
root. Its first stage, which is packaging/build-deb and takes as long, is left out unless asked for:
the package that it would make is handed over.

No test of the continuous integration: it takes minutes, the network, buildah and podman.

  test/packaging/container.py --package build/deb --base /var/tmp/icm-bare
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "contrib" / "demo"))

import fresh_root  # noqa: E402
from lab.namespace import run_inside  # noqa: E402
from lab.process import Program, run  # noqa: E402

CONTAINERFILE = ROOT / "packaging" / "container" / "Containerfile"
IMAGE = "icloud-milter"
PORT = 10028

# Devices and control groups of its own, for who is in mounts of his own: never the host's. podman's
# locks are below /dev/shm, so that what runs together has to share it.
APART = r"""
set -e
mount -t tmpfs -o mode=755 tmpfs /dev
for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "/dev/${node%:*}" c 1 "${node#*:}"; done
mknod -m 666 /dev/tty c 5 0
mkdir /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts
ln -s pts/ptmx /dev/ptmx
mount -t tmpfs tmpfs /dev/shm
mount -t mqueue mqueue /dev/mqueue
ln -s /proc/self/fd /dev/fd
for stream in stdin:0 stdout:1 stderr:2; do ln -s "fd/${stream#*:}" "/dev/${stream%:*}"; done
mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec "$@"
"""

# Of a host that may not raise its own limits, and without systemd, which would ask for the health. The
# network is that of the caller.
RUN = ["run", "--rm", "--no-healthcheck", "--cgroups=disabled", "--network=host", "--ulimit", "nofile=4096:4096",
       "--ulimit", "nproc=1024:1024"]


class Store:
    """Images and containers in a folder of their own."""

    def __init__(self, folder):
        self._folder = folder
        self._before = ["unshare", "--mount", "--propagation", "private", "sh", "-c", APART, "sh"]

    def stay_apart(self):
        """For a caller in mounts of his own."""
        run("sh", "-c", APART, "sh", "true")
        self._before = []

    def argv(self, program, *words):
        return [*self._before, program, "--root", self._folder / "images", "--runroot", self._folder / "run",
                "--storage-driver", "vfs", *words]

    def do(self, program, *words, seconds=1800):
        return run(*self.argv(program, *words), seconds=seconds)

    def import_root(self, base):
        archive = self._folder / "root.tar"
        run("tar", "-C", base, "-cf", archive, ".")
        self.do("podman", "import", archive, "localhost/debian:bookworm")
        self.do("podman", "tag", "localhost/debian:bookworm", "localhost/debian:bookworm-slim")

    def build(self, package, compiles):
        words = ["bud", "--format", "docker", "--isolation", "chroot", "--pull=never", "--network", "host",
                 "-t", IMAGE]
        if compiles:
            return self.do("buildah", *words, "--ignorefile", CONTAINERFILE.with_name("ignored"), "-f", CONTAINERFILE,
                           ROOT, seconds=7200)
        context = self._folder / "context"
        (context / "package").mkdir(parents=True)
        shutil.copy(package, context / "package")
        (first, second) = re.split(r"(?m)^(?=FROM )", CONTAINERFILE.read_text())[1:]
        if "build-deb /package" not in first:
            raise RuntimeError("the first stage is not packaging/build-deb")
        (context / "Containerfile").write_text(second)
        return self.do("buildah", *words, "--build-context", f"build={context}", "-f", context / "Containerfile",
                       context)


class Dialogue:
    """The mail server's side of libmilter's protocol (its mfdef.h), as far as the first recipient."""

    def __init__(self):
        self._socket = socket.create_connection(("127.0.0.1", PORT), timeout=90)

    def say(self, command, data=b""):
        self._socket.sendall(struct.pack(">I", len(data) + 1) + command + data)

    def hear(self):
        (length,) = struct.unpack(">I", self._read(4))
        answer = self._read(length)
        return answer[:1], answer[1:]

    def _read(self, count):
        octets = b""
        while len(octets) < count:
            if not (more := self._socket.recv(count - len(octets))):
                raise RuntimeError("the milter hung up")
            octets += more
        return octets

    def refusal_at_recipient(self):
        """What is answered to a recipient that every gate refuses."""
        self.say(b"O", struct.pack(">III", 6, 0x1FF, 0x1FFFFF))
        kind, offer = self.hear()
        if kind != b"O":
            raise RuntimeError(f"options were answered with {kind}")
        silent = struct.unpack(">III", offer[:12])[2]
        self.say(b"D", b"Cj\0mx.corp.example\0{daemon_name}\0ICLOUD-GATE\0")
        for command, data, unanswered, unasked in (
                (b"C", b"localhost\x004" + struct.pack(">H", 40000) + b"127.0.0.1\0", 0x1000, 0x01),
                (b"H", b"localhost\0", 0x2000, 0x02),
                (b"M", b"<ann@corp.example>\0", 0x4000, 0x04)):
            if silent & unasked:
                continue
            self.say(command, data)
            if not silent & unanswered and (answer := self.hear())[0] != b"c":
                raise RuntimeError(f"{command} was answered with {answer}")
        self.say(b"R", b"<bob%icloud.com@localhost>\0")
        return self.hear()


def answers():
    try:
        socket.create_connection(("127.0.0.1", PORT), timeout=1).close()
    except OSError:
        return False
    return True


def live(store, folder):
    """The image's life, in namespaces with a network of their own."""
    store.stay_apart()
    conf = folder / "milter.conf"
    conf.write_text(f'socket: {{address: "inet:{PORT}@0.0.0.0"}}\nlog: {{destination: stderr}}\n')
    mounted = ["-v", f"{conf}:/etc/icloud-milter/milter.conf:ro"]
    print(store.do("podman", *RUN, IMAGE, "--version"))
    print(store.do("podman", *RUN, *mounted, IMAGE, "--check-config", "/etc/icloud-milter/milter.conf"))
    wrong = folder / "wrong.conf"
    wrong.write_text("egres: {}\n")
    done = subprocess.run(store.argv("podman", *RUN, "-v", f"{wrong}:/etc/icloud-milter/milter.conf:ro", IMAGE),
                          capture_output=True, text=True, timeout=300)
    print(done.stderr)
    if done.returncode != 1 or 'did you mean "egress"?' not in done.stderr:
        raise RuntimeError(f"a wrong configuration ends with {done.returncode}")
    daemon = Program(store.argv("podman", *RUN, "--name", "milter", *mounted, "-v", "list:/var/lib/icloud-milter",
                                IMAGE), folder / "daemon.log")
    daemon.start(answers, seconds=60)
    user = run("sh", "-c", "ps -eo uid,args | grep '[/]usr/sbin/icloud-milter$'").split()[0]
    if user == "0":
        raise RuntimeError("it runs as root")
    kind, reply = Dialogue().refusal_at_recipient()
    print(kind, reply.decode())
    if kind != b"y" or not reply.startswith(b"553 5.1.3 "):
        raise RuntimeError("the recipient was not refused")
    check = re.search(r"(?m)^HEALTHCHECK CMD (.*)$", CONTAINERFILE.read_text()).group(1)
    store.do("podman", "exec", "milter", "sh", "-c", check)
    print(store.do("podman", "exec", "milter", "icloud-milterctl", "suppress", "add", "gone@icloud.com"))
    status = daemon.stop(signal.SIGTERM)
    print(daemon.output())
    if status != 0:
        raise RuntimeError(f"it ended with {status} when it was told to")
    listed = store.do("podman", *RUN, "-v", "list:/var/lib/icloud-milter", "--entrypoint", "icloud-milterctl", IMAGE,
                      "suppress", "list")
    print(listed)
    if "gone@icloud.com" not in listed:
        raise RuntimeError("the list was not kept")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--package", type=pathlib.Path, required=True, help="the folder of the package")
    parser.add_argument("--base", type=pathlib.Path, required=True,
                        help="the folder of debootstrap's root, which is made when it is not there")
    parser.add_argument("--compile", action="store_true", help="the first stage, too: an hour")
    chosen = parser.parse_args()
    (package,) = chosen.package.resolve().glob("icloud-milter_*.deb")
    base = chosen.base.resolve()
    if not (base / "etc/debian_version").exists():
        fresh_root.make_bare(base)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="icm-container.", dir=base.parent))
    try:
        store = Store(folder)
        store.import_root(base)
        print(store.build(package, chosen.compile))

        def body(own):
            live(store, own)
            return 0

        # Who has been inside can start no process any more, and there is something to clear away.
        if (child := os.fork()) == 0:
            os._exit(run_inside(body))
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        run("rm", "-rf", "--one-file-system", folder)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
