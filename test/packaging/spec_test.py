#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The RPM spec is read by rpm and rpmlint, and packs what is installed and nothing else."""
import fnmatch
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEC = ROOT / "packaging" / "rpm" / "icloud-milter.spec"
BUILD = None
# What Fedora's macros say, which Debian's rpm does not know.
PLACES = {"_unitdir": "/usr/lib/systemd/system", "_sysusersdir": "/usr/lib/sysusers.d",
          "_tmpfilesdir": "/usr/lib/tmpfiles.d", "_libexecdir": "/usr/libexec",
          "_sysconfdir": "/etc", "_docdir": "/usr/share/doc", "_datadir": "/usr/share",
          "_mandir": "/usr/share/man", "_bindir": "/usr/bin", "_sbindir": "/usr/sbin"}
# Its scriptlets, as words that are seen in the package; what it runs as a build is put in their place.
SCRIPTLETS = ("sysusers_create_compat", "tmpfiles_create", "systemd_post", "systemd_preun",
              "systemd_postun_with_restart")


def said(*argv):
    done = subprocess.run(argv, capture_output=True, timeout=300, text=True)
    return done.returncode, done.stdout, done.stderr


class Spec(unittest.TestCase):
    def test_is_read_by_rpm_and_rpmlint(self):
        status, _, errors = said("rpmspec", "-P", SPEC)
        self.assertEqual((status, errors), (0, ""))
        _, report, _ = said("rpmlint", SPEC)
        self.assertIn("0 errors", report)
        warned = [line.split()[2] for line in report.splitlines() if " W: " in line]
        # Fedora needs no BuildRoot; the source is this tree.
        self.assertEqual(sorted(warned), ["invalid-url", "no-buildroot-tag"], report)

    def test_lists_every_file_that_is_installed(self):
        defined = [word for name, place in PLACES.items() for word in ("-D", f"{name} {place}")]
        status, spec, errors = said("rpmspec", "-P", *defined, SPEC)
        self.assertEqual((status, errors), (0, ""))
        lines = re.split(r"(?m)^%(files|changelog)$", spec)[2].split("\n")
        listed = [line.split()[-1] for line in lines if line.split()[-1:] and "/" in line.split()[-1]]
        listed = [line + "*" if line.endswith("/") else line for line in listed if line.startswith("/")]
        with tempfile.TemporaryDirectory() as folder:
            status, _, errors = said("env", f"DESTDIR={folder}", "cmake", "--install", BUILD, "--prefix", "/usr")
            self.assertEqual((status, errors), (0, ""))
            installed = {str(file).removeprefix(folder) for file in pathlib.Path(folder).rglob("*")
                         if file.is_file()}
        installed = {file.replace("zsh/vendor-completions", "zsh/site-functions") for file in installed}
        installed |= {"/etc/icloud-milter/milter.conf", "/etc/logrotate.d/icloud-milter"}
        for file in installed:
            self.assertTrue(any(fnmatch.fnmatch(file, one) for one in listed), f"{file} is not listed")
        for one in listed:
            if one != "/etc/icloud-milter":
                self.assertTrue(fnmatch.filter(installed, one), f"{one} is not installed")

    def test_becomes_a_package_of_what_is_built(self):
        with tempfile.TemporaryDirectory() as folder:
            defined = PLACES | {
                "_topdir": folder, "_tmppath": folder, "debug_package": "%{nil}",
                "__os_install_post": "%{nil}", "_binary_payload": "w1.gzdio", "cmake": "true",
                "cmake_build": "true",
                "cmake_install": f"DESTDIR=%{{buildroot}} cmake --install {BUILD} --prefix /usr"}
            defined |= {f"{name}()": f"echo {name}" for name in SCRIPTLETS}
            words = [word for name, value in defined.items() for word in ("--define", f"{name} {value}")]
            # Nothing that was installed may be missing in %files, or rpmbuild fails.
            done = subprocess.run(["rpmbuild", "-bb", "--nodeps", "--build-in-place", *words, SPEC],
                                  cwd=ROOT, capture_output=True, timeout=300, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            (package,) = pathlib.Path(folder).rglob("*.rpm")
            files = said("rpm", "-qpl", package)[1].split()
            for file in ("/usr/sbin/icloud-milter", "/usr/share/man/man7/icloud-milter-rules.7",
                         "/usr/share/zsh/site-functions/_icloud-milterctl", "/etc/icloud-milter/milter.conf"):
                self.assertIn(file, files)
            kept = said("rpm", "-qpc", package)[1].split()
            self.assertEqual(kept, ["/etc/icloud-milter/milter.conf", "/etc/logrotate.d/icloud-milter"])
            scripts = said("rpm", "-qp", "--scripts", package)[1]
            for name in SCRIPTLETS:
                self.assertIn(f"echo {name}", scripts)
            self.assertIn("/usr/libexec/icloud-milter/detach-postfix", scripts)


if __name__ == "__main__":
    BUILD = pathlib.Path(sys.argv.pop(1))
    unittest.main()
