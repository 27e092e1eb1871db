#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the shells offer when Tab is pressed, each asked by its own means; and the manual pages."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANUAL = None

# Sourced by bash; ICM_* are what it has when Tab is pressed.
BASH = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
function=$(complete -p "$1"); function=${function#*-F }; ${function%% *}
printf '%s\n' "${COMPREPLY[@]}"
"""

# zsh completes only for a terminal, so it is given one; Tab, then a key that tells what stands there.
ZSH = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
wait_for() { local out= all=; while zpty -r shell out; do all+=$out; [[ $out != *$1* ]] || break; done; print -r -- $all }
zpty -w shell "PS1=; unsetopt zle_bracketed_paste; unset zle_bracketed_paste; fpath=($FOLDER \$fpath)
autoload -U compinit; compinit -u -d $FOLDER/dump
finish() { print; print -r -- END\$BUFFER; BUFFER=; zle accept-line }; zle -N finish; bindkey '^X' finish
print READ''Y"
wait_for READY >/dev/null
for line in "${(@f)TYPED}"; do
  zpty -w -n shell "$line"$'\t\x18'
  wait_for END
done
zpty -d shell
"""


def words(*argv, **settings):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=True, **settings)
    return done.stdout.split("\n")


def bash(*line):
    script = MANUAL / "completion" / "bash" / line[0]
    return [word for word in words("bash", "-c", BASH, "bash", script, *line) if word]


def fish(*line):
    script = MANUAL / "completion" / "fish" / (line[0] + ".fish")
    typed = " ".join(line)
    with tempfile.TemporaryDirectory() as home:
        said = words("fish", "--no-config", "-c", f"source {script}; complete -C '{typed}'",
                     env={"HOME": home, "PATH": "/usr/bin:/bin"})
    return [word.split("\t")[0] for word in said if word]


def commands_below(*line):
    """As --help lists them."""
    said = words(MANUAL.parent / line[0], *line[1:], "--help")
    return [line.split()[0] for line in said[said.index("Subcommands:") + 1:]
            if line.startswith("  ") and not line.startswith("   ")]


class Completion(unittest.TestCase):
    def everywhere(self, line, expected):
        """bash and fish, where it is installed, offer these and nothing else."""
        self.assertEqual(sorted(bash(*line)), sorted(expected), line)
        if shutil.which("fish"):
            self.assertEqual(sorted(fish(*line)), sorted(expected), line)

    def test_offers_commands_and_those_below_them(self):
        self.everywhere(["icloud-milterctl", "su"], ["suppress"])
        self.everywhere(["icloud-milterctl", "suppress", "imp"], ["import", "imports"])
        for command in ("config", "suppress"):
            self.everywhere(["icloud-milterctl", command, ""],
                            commands_below("icloud-milterctl", command))

    def test_offers_the_options_of_the_command_that_stands_there(self):
        self.everywhere(["icloud-milterctl", "suppress", "remove", "--act"], ["--act-of-recipient"])
        self.everywhere(["icloud-milterctl", "suppress", "add", "--act"], [])
        self.everywhere(["icloud-milter", "--ch"], ["--check-config"])

    def test_offers_the_words_that_an_option_or_an_argument_takes(self):
        self.everywhere(["icloud-milterctl", "suppress", "add", "--reason", "un"], ["unsubscribe"])
        self.everywhere(["icloud-milterctl", "log", "--verdict", "re"], ["reject"])
        self.everywhere(["icloud-milterctl", "log", "--rule", "list_unsubscribe.post-m"],
                        ["list_unsubscribe.post-missing"])
        self.everywhere(["icloud-milterctl", "policy", "align"], ["alignment"])
        self.everywhere(["icloud-milterctl", "policy", "al"], ["alignment", "all"])

    def test_bash_knows_which_argument_comes_next(self):
        self.assertEqual(bash("icloud-milterctl", "policy", "alignment", "obs"), ["observe"])
        self.assertEqual(bash("icloud-milterctl", "policy", "alignment", "al"), [])

    def test_bash_takes_a_value_for_no_command_and_an_equals_sign_for_a_blank(self):
        self.assertEqual(bash("icloud-milterctl", "log", "--sender", "summary", "--verdict", "re"),
                         ["reject"])
        self.assertEqual(bash("icloud-milterctl", "log", "--verdict", "=", "re"), ["reject"])
        self.assertEqual(bash("icloud-milterctl", "log", "--verdict", "="),
                         ["accept", "tag", "quarantine", "defer", "reject"])

    def test_offers_files_with_blanks_in_their_names(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "two words.eml").touch()
            self.assertEqual(bash("icloud-milterctl", "verify", folder + "/two"),
                             [folder + "/two words.eml"])
            self.assertEqual(bash("icloud-milter", "--config", folder + "/two"),
                             [folder + "/two words.eml"])

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_completes_what_is_typed(self):
        becomes = {
            "icloud-milterctl supp": "icloud-milterctl suppress ",
            "icloud-milterctl suppress expo": "icloud-milterctl suppress export ",
            "icloud-milterctl log --verdict=rej": "icloud-milterctl log --verdict=reject ",
            "icloud-milterctl policy alignment obs": "icloud-milterctl policy alignment observe ",
            "icloud-milter --fore": "icloud-milter --foreground ",
        }
        with tempfile.TemporaryDirectory() as folder:
            for script in (MANUAL / "completion" / "zsh").iterdir():
                shutil.copy(script, folder)
            said = words("zsh", "-f", "-c", ZSH, env={
                "TYPED": "\n".join(becomes), "FOLDER": folder, "HOME": folder, "TERM": "dumb",
                "PATH": "/usr/bin:/bin"})
        ended = [line.split("END", 1)[1].rstrip("\r") for line in said if "END" in line]
        self.assertEqual(ended, list(becomes.values()), said)


class Pages(unittest.TestCase):
    def test_are_there_for_every_command(self):
        commands = commands_below("icloud-milterctl")
        pages = {page.name for page in (MANUAL / "man" / "man1").iterdir()}
        self.assertEqual(pages, {"icloud-milterctl.1"} | {
            f"icloud-milterctl-{command}.1" for command in commands})

    def test_lead_from_the_words_of_a_refusal_to_the_fix(self):
        index = (ROOT / "policy" / "rules.md").read_text()
        self.assertEqual((MANUAL / "rules.md").read_text(), index, "policy/rules.md: ninja docs")
        rules = re.findall(r'^ICM_RULE\((\w+), "([^"]*)"', (ROOT / "policy" / "rules.inc").read_text(),
                           re.M)
        page = words("groff", "-man", "-Kutf8", "-Tutf8", "-P-cbu", "-rLL=1000n", "-rHY=0",
                     MANUAL / "man/man7/icloud-milter-rules.7")
        for policy, name in rules:
            self.assertIn(f"| `{policy}.{name}` |", index)
            self.assertTrue(any(f"{policy}.{name}, " in line for line in page), name)
        found = [at for at, line in enumerate(page) if "there is no Message-ID field" in line]
        self.assertEqual(len(found), 1)
        self.assertIn("format.message-id-missing, 550 5.6.0", page[found[0] - 1])

    def test_are_read_by_groff_without_a_warning(self):
        pages = sorted((MANUAL / "man").glob("*/*"))
        done = subprocess.run(["groff", "-man", "-ww", "-Kutf8", "-Tutf8", "-P-c", *pages],
                              capture_output=True, timeout=300, check=True)
        self.assertEqual(done.stderr.decode(), "")
        for page in pages:
            self.assertIn(f"{page.stem} - ", done.stdout.decode())


if __name__ == "__main__":
    MANUAL = pathlib.Path(sys.argv.pop(1))
    unittest.main()
