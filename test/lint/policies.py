#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds code, rules.inc and the manuals of the policies together.

Every policy of policies.inc has its .cc, its page and its test. Every rule that a policy's code
names is in rules.inc, every rule of rules.inc is named by the code and explained on the page, and
the page speaks of no rule that there is not. Every rule is expected by name in a scenario, or in a
test of its policy. Prints what does not fit; exit status 1 if anything.
"""
import pathlib
import re
import sys

RULE = re.compile(r'^ICM_RULE\((\w+),\s*"([^"]*)",\s*"([^"]*)"\)', re.M)
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

# Made by the engine, not by the policy: "could not judge".
ENGINES_RULE = "error"


def policies_of(root):
    return re.findall(r"^ICM_POLICY\((\w+)\)", (root / "policy/policies.inc").read_text(), re.M)


def sources_of(root, policy, policies):
    """The policy's own files: format.cc, format_fields.cc; not those of a policy format_more."""
    longer = [other for other in policies if other.startswith(policy + "_")]
    for file in sorted((root / "policy").glob(policy + "*.cc")):
        stem = file.stem
        if stem != policy and not stem.startswith(policy + "_"):
            continue
        if not any(stem == other or stem.startswith(other + "_") for other in longer):
            yield file


def complaints(root):
    policies = policies_of(root)
    rules = {}
    for policy, name, sentence in RULE.findall((root / "policy/rules.inc").read_text()):
        if policy not in policies:
            yield f"rules.inc: {policy}.{name}: there is no policy {policy}"
        if name in rules.setdefault(policy, []):
            yield f"rules.inc: {policy}.{name} stands twice"
        if not NAME.fullmatch(name):
            yield f"rules.inc: {policy}.{name}: expected small letters, digits and hyphens"
        if not sentence.endswith("."):
            yield f"rules.inc: {policy}.{name}: the sentence has no full stop"
        rules[policy].append(name)
    for policy in policies:
        yield from complaints_of(root, policy, policies, rules.get(policy, []))


def names_in_tests(root, policy):
    """What scenarios and unit tests call rules of this policy; its own tests leave its name out."""
    expected = "".join(file.read_text() for file in sorted((root / "test/scenarios").glob("*.scn")))
    own = "".join(
        file.read_text() for file in sorted((root / "test/policy").glob(f"{policy}*_test.cc"))
    )
    named = set(re.findall(rf"\b{policy}\.([a-z0-9]+(?:-[a-z0-9]+)*)", expected + own))
    return named | set(re.findall(r"(?<![\w-])[a-z0-9]+(?:-[a-z0-9]+)*(?![\w-])", own))


def complaints_of(root, policy, policies, rules):
    sources = list(sources_of(root, policy, policies))
    page = root / f"policy/{policy}.md"
    for file in (root / f"policy/{policy}.cc", page, root / f"test/policy/{policy}_test.cc"):
        if not file.exists():
            yield f"{policy}: {file.relative_to(root).as_posix()} is missing"
    code = "".join(file.read_text() for file in sources)
    named = set(re.findall(rf'"{policy}\.([a-z0-9-]+)"', code))
    for name in sorted(named - set(rules)):
        yield f"{policy}.{name}: named in the code, not in rules.inc"
    for name in rules:
        if name not in named and name != ENGINES_RULE:
            yield f"{policy}.{name}: in rules.inc, not named in the code"
    tested = names_in_tests(root, policy)
    for name in rules:
        if name not in tested and name != ENGINES_RULE:
            yield f"{policy}.{name}: in no scenario and no test of {policy}"
    if ENGINES_RULE not in rules:
        yield f"{policy}.{ENGINES_RULE}: not in rules.inc"
    if not page.exists():
        return
    text = page.read_text()
    own_options = root / f"policy/config/{policy}_config.h"
    options = (root / "policy/config/policy_options.h").read_text()
    options += own_options.read_text() if own_options.exists() else ""
    words = set(re.findall(r"`([^`\s]+)`", text))
    for name in rules:
        if name not in words and f"{policy}.{name}" not in words:
            yield f"{policy}.{name}: not explained in policy/{policy}.md"
    for word in sorted(words):
        if re.fullmatch(rf"{policy}\.[a-z0-9-]+", word) and word.split(".")[1] not in rules:
            if f'"{word.split(".")[1]}"' not in options:
                yield f"policy/{policy}.md: {word} is no rule and no option"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    found = list(complaints(root))
    for complaint in found:
        print(complaint)
    print(f"{len(policies_of(root))} policies, {len(found)} things that do not fit")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
