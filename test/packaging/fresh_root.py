# SPDX-License-Identifier: Apache-2.0
"""A Debian 12 that has never seen the project: debootstrap's own, with its own systemd running.

Making one takes minutes and the network, so it is kept and laid under each machine. systemd gets a
part of the version 2 control groups for itself, and no way to the host's kernel settings.
"""
import pathlib
import subprocess

from lab.process import run, wait_until

RELEASE = "bookworm"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Units for a real machine: they would write to the kernel's settings, which are the host's, too.
MASKED = ("systemd-sysctl.service", "systemd-modules-load.service", "sys-kernel-debug.mount",
          "sys-kernel-tracing.mount", "sys-fs-fuse-connections.mount", "dev-hugepages.mount")

# In mount and process namespaces of its own. Never the host's /dev: whoever clears the folder away
# would clear that.
FURNISH = r"""
set -e
root=$1
shift
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null:3 zero:5 full:7 random:8 urandom:9; do
  mknod -m 666 "$root/dev/${node%:*}" c 1 "${node#*:}"
done
mknod -m 666 "$root/dev/tty" c 5 0
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs tmpfs "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
for stream in stdin:0 stdout:1 stderr:2; do ln -s "fd/${stream#*:}" "$root/dev/${stream%:*}"; done
"""
COMMAND = FURNISH + 'exec chroot "$root" env -i HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"\n'
BOOT = FURNISH + r"""
hostname "$1"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
cd "$root"
mkdir .host
pivot_root . .host
umount -l /.host
rmdir /.host
exec env -i container=other /lib/systemd/systemd
"""


def inside(root, *argv, seconds=600):
    """A command in `root`, with the host's network; what it says."""
    return run("unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "sh", "-c",
               COMMAND, "sh", root, PATH, *argv, seconds=seconds)


def sources():
    """Where this machine has Debian 12 from, a line of sources.list each: the release itself first."""
    known = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages")
    lines = {tuple(line.split()) for line in known.splitlines() if line.endswith(" main") and f" {RELEASE}" in line}
    return sorted(lines, key=lambda line: (len(line[1]), line))


def make_bare(base):
    """What debootstrap makes, in the folder `base`."""
    lines = sources()
    if not lines or lines[0][1] != RELEASE:
        raise RuntimeError(f"apt has no source of {RELEASE} main here")
    run("debootstrap", "--variant=minbase", RELEASE, base, lines[0][0], seconds=600)
    (base / "etc/apt/sources.list").write_text("".join(f"deb {' '.join(line)}\n" for line in lines))


def make(base, packages):
    """Debian with systemd and `packages`, in the folder `base`, where nothing has run yet."""
    make_bare(base)
    policy = base / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")  # nothing starts on the host
    policy.chmod(0o755)
    inside(base, "apt-get", "update")
    inside(base, "apt-get", "install", "-y", "systemd-sysv", *packages)
    policy.unlink()
    for unit in MASKED:
        (base / "etc/systemd/system" / unit).symlink_to("/dev/null")


def control_groups():
    """Where the host has version 2 of them."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        if fields[fields.index("-") + 1] == "cgroup2":
            return pathlib.Path(fields[4])
    raise RuntimeError("no control groups of version 2 are mounted here")


class Machine:
    """A base that was booted, in the network of its caller, who is in namespaces of his own."""

    def __init__(self, base, folder, name):
        self.path = folder / "machine"
        self._name = name
        self._log = folder / "boot.log"
        self._group = control_groups() / f"icm-{folder.name}"
        written = folder / "written"
        for made in (self.path, written):
            made.mkdir()
        run("mount", "-t", "tmpfs", "tmpfs", written)
        for made in ("upper", "work"):
            (written / made).mkdir()
        run("mount", "-t", "overlay", "overlay", "-o",
            f"lowerdir={base},upperdir={written}/upper,workdir={written}/work", self.path)
        self._written = written

    def at(self, path):
        return self.path / path.lstrip("/")

    def inside(self, *argv):
        """A command before it runs."""
        return inside(self.path, *argv)

    def boot(self):
        self._group.mkdir()
        into_group = f'echo $$ >"{self._group}/cgroup.procs"; exec "$@"'
        with self._log.open("wb") as log:
            self._outer = subprocess.Popen(
                ["sh", "-c", into_group, "sh", "unshare", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork",
                 "--kill-child", "--propagation", "private", "sh", "-c", BOOT, "sh", self.path, self._name],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until("systemd is there", lambda: self._first() or self._outer.poll() is not None,
                   explain=self._log.read_text)
        wait_until("systemd has started everything", lambda: self._state() in ("running", "degraded"),
                   seconds=90, explain=self._state)
        if self._state() != "running":
            raise RuntimeError(self.ask("systemctl", "--no-pager", "--failed").stdout)

    def _first(self):
        """The pid of its systemd, as the host sees it."""
        return pathlib.Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children").read_text().strip()

    def _state(self):
        return self.ask("systemctl", "is-system-running").stdout.strip()

    def ask(self, *argv, said="", seconds=300):
        """A command as the administrator types it into a shell, with what he answers."""
        if self._outer.poll() is not None or not (first := self._first()):
            raise RuntimeError("the machine does not run: " + self._log.read_text())
        return subprocess.run(
            ["nsenter", "-t", first, "-m", "-p", "-u", "-i", "-C", "-r", "-w", "env", "-i", "HOME=/root", PATH,
             "LC_ALL=C.UTF-8", *argv], input=said, capture_output=True, text=True, timeout=seconds)

    def _clear_groups(self):
        try:
            for group in sorted(self._group.glob("**/"), reverse=True):
                group.rmdir()
        except OSError:  # of a process that is still about to end
            return False
        return True

    def end(self):
        self._outer.kill()  # and the kernel all others of its process namespace
        self._outer.wait()
        wait_until("its control groups are empty", self._clear_groups)
        for mounted in (self.path, self._written):
            run("umount", "--recursive", "--lazy", mounted)
