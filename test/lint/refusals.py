#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds refusals.inc, the index from a bounce's words to the fix, against what is really said.

It has every rule of rules.inc once, in the same order. The words of each stand in the texts of its
policy's code, or, where others make the text, in a page or a test behind the rule's name. The codes are
those of the policy's page and of every reply that a page, a test or a scenario shows. Prints what does
not fit; exit status 1 if anything.
"""
import pathlib
import re
import sys

STRING = r'"((?:[^"\\]|\\.)*)"'
RULE = re.compile(rf"^ICM_RULE\((\w+),\s*{STRING}", re.M)
REFUSAL = re.compile(rf"^ICM_REFUSAL\((\w+),\s*{STRING},\s*{STRING},\s*{STRING},\s*{STRING}\)", re.M)
REPLY = re.compile(r"[45]\d\d [45]\.\d{1,3}\.\d{1,3}")
SHOWN = re.compile(rf"({REPLY.pattern}) ([a-z_]+)\.([a-z0-9-]+): ")


def plain(text):
    return text.replace('\\"', '"').replace("\\\\", "\\")


def texts_of(code):
    """The string literals, neighbours joined, as the compiler joins them."""
    for run in re.finditer(rf"{STRING}(?:\s*{STRING})*", code):
        yield plain("".join(re.findall(STRING, run[0])))


def said_by(root, policy):
    """All that a policy's code may say; what several policies share says it for each of them."""
    shared = ("ledger_policy", "engine")
    files = [file for file in sorted((root / "policy").glob("*.cc"))
             if file.stem == policy or file.stem.startswith(policy + "_") or file.stem in shared]
    files += sorted((root / "policy/auth").glob("*.cc"))  # reasons of SPF, DKIM, DMARC and ARC
    return "\n".join(text for file in files for text in texts_of(file.read_text()))


def is_said(words, texts):
    """Each piece between what varies is in some text, whose own gaps may be anything."""
    for way in words.split(" / "):
        for piece in way.split("…"):
            piece = piece.strip(" :,()<>\"")
            if len(piece) > 2 and not re.search(pattern_of(piece), texts):
                return piece
    return None


def pattern_of(piece):
    """"bulk mail without List-Id" is said by "bulk mail{} without {}", too."""
    gap = r"(?:\{[^}]*\}|\s)+"
    words = [rf"(?:{re.escape(word)}|\{{[^}}]*\}})" if word[0].isupper() else re.escape(word)
             for word in piece.split()]
    return gap.join(words)


def codes_on_page(page, rule):
    """Those in the lines of tables that begin with the rule, and with those that have no name of their
    own below it."""
    codes, is_below = set(), False
    for line in page.splitlines():
        cells = line.split("|")
        if len(cells) < 3:
            is_below = False
            continue
        if cells[1].strip():
            is_below = re.search(rf"`(\w+\.)?{rule}`", cells[1]) is not None
        if is_below:
            codes.update(REPLY.findall("|".join(cells[3:])))  # what is asked may quote Apple
    return codes


def besides(root):
    """What is said for no rule's sake stands in the index as the milter says it."""
    index = root / "milter/ctl/manual/rules_page.cc"
    if not index.exists():
        return
    texts = "\n".join(text for file in sorted((root / "milter").glob("*.cc"))
                      for text in texts_of(file.read_text()))
    for reply, words in re.findall(rf'{{"({REPLY.pattern})",\s*{STRING},', index.read_text()):
        missing = is_said(plain(words), texts)
        if missing and not words.startswith(("Service unavailable", "RULE: ")):
            yield f"rules_page.cc: {reply}: no milter/*.cc says \"{missing}\""


def complaints(root):
    yield from besides(root)
    rules = RULE.findall((root / "policy/rules.inc").read_text())
    refusals = REFUSAL.findall((root / "policy/refusals.inc").read_text())
    listed = [one[:2] for one in refusals]
    for policy, rule in rules:
        if listed.count((policy, rule)) != 1:
            yield f"refusals.inc: {policy}.{rule}: expected once, found {listed.count((policy, rule))}"
    for policy, rule in listed:
        if (policy, rule) not in rules:
            yield f"refusals.inc: {policy}.{rule} is no rule of rules.inc"
    if sorted(listed) == sorted(rules) and listed != rules:
        yield "refusals.inc: expected the order of rules.inc"
    shown = [(file.relative_to(root).as_posix(), *found)
             for folder in ("policy", "test/policy", "test/scenarios", "test/postfix")
             for file in sorted((root / folder).rglob("*")) if file.is_file()
             and file.suffix in (".md", ".cc", ".scn", ".py")
             for found in SHOWN.findall(file.read_text())]
    for policy, rule, reply, words, fix in refusals:
        texts = said_by(root, policy)
        missing = is_said(plain(words), texts)
        if missing:
            yield f"refusals.inc: {policy}.{rule}: the code of {policy} does not say \"{missing}\""
        if not fix.endswith("."):
            yield f"refusals.inc: {policy}.{rule}: the fix has no full stop"
        codes = set(REPLY.findall(reply))
        if not codes and reply not in ("advice", "done"):
            yield f"refusals.inc: {policy}.{rule}: \"{reply}\" is no reply"
        page = root / f"policy/{policy}.md"
        told = codes_on_page(page.read_text(), rule) if page.exists() else set()
        if told and told != codes:
            yield f"refusals.inc: {policy}.{rule}: {reply}, its page has {', '.join(sorted(told))}"
        for where, code, by, name in shown:
            deferred = {f"451 4{one[5:]}" for one in codes}  # action: defer
            if (by, name) == (policy, rule) and code not in codes | deferred | {"451 4.3.0"}:
                yield f"refusals.inc: {policy}.{rule}: {reply}, {where} has {code}"


if __name__ == "__main__":
    problems = list(complaints(pathlib.Path(sys.argv[1])))
    print("".join(f"{problem}\n" for problem in problems), end="")
    sys.exit(1 if problems else 0)
