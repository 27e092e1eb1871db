#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""contrib/postfix/icloud-relay.md, taken by its word: its lines make a configuration that Postfix takes,
where all mail that leaves goes through the gate, and from there to Apple with a login and TLS alone."""
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECIPE = ROOT / "contrib" / "postfix"
PAGE = (RECIPE / "icloud-relay.md").read_text()


def said(*argv, text=None):
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=300)
    return done.stdout, done.stderr


def blocks(language):
    """The page's blocks of code, without the blanks that a list puts in front."""
    for indent, block in re.findall(rf"(?ms)^( *)```{language}\n(.*?)^ *```$", PAGE):
        yield re.sub(rf"(?m)^{indent}", "", block)


class Relay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        master_lines, main_lines = blocks("text")
        gate, transport = re.findall(r"(?m)^#.*\n((?: .*\n)+)", master_lines)
        master = pathlib.Path("/usr/share/postfix/master.cf.dist").read_text()
        master += (RECIPE / "master.cf.gate").read_text()
        assert master.count("    -o content_filter=icloud-out:\n") == 1
        master = master.replace("    -o content_filter=icloud-out:\n", gate) + transport
        (cls.folder / "master.cf").write_text(master)
        main = (RECIPE / "main.cf.gate").read_text()
        for limit in re.findall(r"(?m)^icloud-out_\S+", main_lines):
            main = re.sub(rf"(?m)^{limit} = .*\n", "", main)
        (cls.folder / "main.cf").write_text(
            "compatibility_level = 3.6\nmyhostname = nas.home.arpa\nmydestination = localhost\n"
            f"data_directory = {cls.folder}/data\nqueue_directory = {cls.folder}/spool\n"
            + main + main_lines)

    def conf(self, *words):
        out, errors = said("postconf", "-c", self.folder, *words)
        self.assertEqual(errors, "", words)
        return out.strip()

    def test_is_a_configuration_without_unused_or_repeated_settings(self):
        self.conf("-n")
        self.conf("-P")
        self.assertEqual(len(re.findall(r"(?m)^icloud-out", self.conf("-M"))), 1)

    def test_sends_all_mail_through_the_gate_and_from_there_to_apple(self):
        self.assertEqual(self.conf("-hx", "default_transport"), "icloud-gate:[127.0.0.1]:10027")
        self.assertEqual(self.conf("-P", "127.0.0.1:10027/inet/content_filter").split(" = ")[1],
                         "icloud-out:[smtp.mail.me.com]:587")

    def test_logs_in_over_tls_that_is_verified_and_nowhere_else(self):
        for name, value in (("smtp_sasl_auth_enable", "yes"), ("smtp_tls_security_level", "secure"),
                            ("smtp_sasl_security_options", "noanonymous")):
            self.assertEqual(self.conf("-P", f"icloud-out/unix/{name}").split(" = ")[1], value)
        self.assertEqual(self.conf("-P", "icloud-gate/unix/smtp_sasl_auth_enable").split(" = ")[1], "no")

    def test_finds_the_password_of_the_very_server_that_mail_goes_to(self):
        (shell,) = [block for block in blocks("sh") if "icloud_password" in block]
        line = re.search(r"echo '(.*)' > /etc/postfix/icloud_password", shell)[1]
        (self.folder / "icloud_password").write_text(line + "\n")
        maps = self.conf("-P", "icloud-out/unix/smtp_sasl_password_maps").split(" = ")[1]
        table = maps.replace("/etc/postfix", str(self.folder))
        server = self.conf("-P", "127.0.0.1:10027/inet/content_filter").split("icloud-out:")[1]
        self.assertEqual(said("postmap", "-c", self.folder, "-q", server, table)[0].strip(), "ann@icloud.com:abcd-efgh-ijkl-mnop")

    def test_gives_names_of_the_host_the_address_of_the_account(self):
        maps = self.conf("-hx", "sender_canonical_maps")
        for sender, becomes in (("root@nas.home.arpa", "ann@icloud.com"), ("me@localhost", "ann@icloud.com"),
                                ("ann@icloud.com", ""), ("bob@elsewhere.example", "")):
            self.assertEqual(said("postmap", "-c", self.folder, "-q", sender, maps)[0].strip(), becomes, maps)


if __name__ == "__main__":
    unittest.main()
