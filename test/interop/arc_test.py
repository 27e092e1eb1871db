#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""ARC: chains sealed alternately by us, dkimpy, Mail::DKIM and rspamd, whole and tampered with,
through the verifiers of all four. What validates must validate everywhere, what was touched nowhere.

The seed is fixed. What differs is a fault of ours, or stands in the table below with its reason.
"""
import itertools
import pathlib
import random
import subprocess
import sys

import rspamd
import support

try:
    import authres
    import dkim
except ImportError:
    support.missing("python3-dkim with python3-authres")
if subprocess.run(["perl", "-MMail::DKIM::ARC::Signer", "-e", "1"], capture_output=True).returncode:
    support.missing("libmail-dkim-perl")
if not rspamd.installed():
    support.missing("rspamd (with nsd)")
import arc_chains  # wants dkim
from arc_chains import (OF_SEVERAL, SEALERS, TAMPERING, blank_body, ends_in_blanks, random_message,
                        subjects)

SEED = 8617
MESSAGES = 40
TAMPERED = 5  # of each chain, each in another way


def by_dkimpy(message, zone):
    def lookup(name, timeout=5):
        texts = zone.get(name.decode().rstrip(".").lower(), {"TXT": []})["TXT"]
        return texts[0].encode() if texts else None
    try:
        cv, _, reason = dkim.arc_verify(message, dnsfunc=lookup)
    except Exception as exception:  # each of its classes, and those of libraries below, means "no"
        return "fail", repr(exception)
    return (cv.decode() if cv else "ended"), reason


TABLE = [
    ("blanks at the very end", lambda case, ours, other, theirs: other == "dkimpy"
     and ours == "pass" and case["ends in blanks"],
     "RFC 6376 section 3.4.4: \"Ignore all whitespace at the end of lines\"; dkimpy keeps it in a "
     "last line without CRLF"),
    ("blanks after text at the very end", lambda case, ours, other, theirs: other == "rspamd"
     and ours == "pass" and case["ends in blanks"],
     "RFC 6376 section 3.4.4, the same sentence; so does rspamd, if they follow text"),
    ("a body of blanks", lambda case, ours, other, theirs: other == "rspamd"
     and ours == "pass" and case["blank body"],
     "RFC 6376 section 3.4.4: \"Ignore all empty lines at the end of the message body\"; rspamd keeps "
     "a first line that is empty only once its blanks are gone"),
    ("two subjects", lambda case, ours, other, theirs: other == "rspamd"
     and ours == "pass" and case["subjects"] > 1,
     "RFC 6376 section 5.4.2: of a field that occurs more than once the \"physically last instance\" "
     "is signed; rspamd takes no signature over a Subject when there are two, since RFC 5322 "
     "section 3.6 allows one"),
    ("two AAR", lambda case, ours, other, theirs: other == "rspamd" and theirs == "pass"
     and case["tampering"] == "two newest AAR",
     "RFC 8617 section 5.2: \"Each ARC Set MUST contain exactly one each of the three ARC header "
     "fields\"; rspamd counts AMS and AS alone"),
    ("more than ten sets", lambda case, ours, other, theirs: other == "rspamd"
     and ours == "pass" and len(case["order"]) > 10,
     "RFC 8617 section 5.2: \"The maximum number of ARC Sets that can be attached to a message is 50\"; "
     "rspamd takes ten (RSPAMD_DKIM_MAX_ARC_IDX)"),
]
BLANK_ENDS = [b"text \t", b" \r\n"]


def cases(rng, sealers):
    orders = itertools.cycle(order for length in (1, 2, 3) for order in arc_chains.orders(length))
    for _ in range(MESSAGES):
        order = next(orders)
        message = sealers.chain(random_message(rng), order)
        yield {"order": order, "tampering": "nothing", "message": message}
        known = TAMPERING | (OF_SEVERAL if len(order) > 1 else {})
        for tampering in rng.sample(sorted(known), TAMPERED):
            yield {"order": order, "tampering": tampering,
                   "message": known[tampering](message, len(order))}


def blank_ends(sealers):
    head = [b"From: a@origin.example\r\n", b"Subject: blanks\r\n"]
    for body in BLANK_ENDS:
        yield {"order": ("ours",), "tampering": "nothing",
               "message": sealers.chain(arc_chains.joined(head, body), ["ours"])}


def check_long_chains(rng, sealers):
    """Ten sets, and fifty; nobody adds the fifty-first."""
    order = ["rspamd", "ours"] + [SEALERS[i % 3] for i in range(48)]
    for length in (10, 11):
        yield {"order": order[:length], "tampering": "nothing",
               "message": sealers.chain(random_message(rng), order[:length])}
    message = sealers.chain(random_message(rng), order)
    yield {"order": order, "tampering": "nothing", "message": message}
    yield {"order": order, "tampering": "first AAR", "message": TAMPERING["first AAR"](message, 50)}
    done = sealers.run_ours(sealers.arrive(message, 51, "pass"), "mx51.example")
    expected = b"icloud-milterctl: the chain stands at 50 sets, no more are allowed\n"
    if done.returncode != 1 or done.stderr != expected:
        raise AssertionError(f"51st set: exit status {done.returncode}: {done.stderr.decode()}")
    if done.stdout != sealers.arrive(message, 51, "pass"):
        raise AssertionError("51st set: the message was changed")


def check_failed_chain(rng, sealers, zone):
    """Sealed once, over its own set only (RFC 8617 section 5.1.2), and then left alone."""
    def lookup(name, timeout=5):
        return zone[name.decode().rstrip(".")]["TXT"][0].encode()
    for order in itertools.permutations(SEALERS, 2):
        broken = arc_chains.in_body(sealers.chain(random_message(rng), order), 2)
        sealed = sealers.ours(sealers.arrive(broken, 3, "fail"), 3, "fail")
        top = sealed[:sealed.index(b"\r\nARC-Message")]
        if b"cv=fail" not in top or b"i=3;" not in top:
            raise AssertionError(f"not sealed as failed: {top.decode()}")
        newest = arc_chains.each_field(lambda field, kind, instance, _: field if instance == 3 else None)
        verifier = dkim.ARC(newest(sealed, 3))
        found = verifier.verify_instance(verifier.sorted_arc_headers()[1], 3, dnsfunc=lookup)
        if not (found["ams-valid"] and found["as-valid"] and found["cv"] == b"fail"):
            raise AssertionError(f"the set of a failed chain does not verify alone: {found}")
        yield {"order": order, "tampering": "sealed as failed", "message": sealed}
        done = sealers.run_ours(sealed, "mx3.example")
        expected = b"icloud-milterctl: the chain has ended: i=3 says cv=fail\n"
        if done.returncode != 1 or done.stderr != expected or done.stdout != sealed:
            raise AssertionError(f"ended chain: exit status {done.returncode}: {done.stderr.decode()}")


def check_third_set(rng, sealers):
    """RFC 8617 section 5.1.1: the fields "are supplied to the hash function in increasing instance
    order". From its third set on rspamd 3.4 takes the AARs in that order and the AMS and AS in the
    other (arc_sign_seal in its arc.lua): nobody validates what it seals, itself included.
    """
    for order in (("ours", "dkimpy", "rspamd"), ("ours", "ours", "Mail::DKIM", "rspamd")):
        yield {"order": order, "tampering": "rspamd's third set or later",
               "message": sealers.chain(random_message(rng), order)}


def check_rspamd_knows_keys(rng, sealers):
    """Brings all keys into its cache, too. While it waits for one, it calls a chain good as soon as the
    newest seal is: gen_arc_seal_cb in its arc.lua asks nothing about the older ones.
    """
    for sealer in SEALERS:
        result = sealers.running_rspamd.validate(sealers.chain(random_message(rng), ["rspamd", sealer]))
        if result[0] != "pass":
            raise AssertionError(f"rspamd does not validate what {sealer} sealed: {result}")


class Comparison:
    """Each case through the other three; what they say, and how many whole chains they took."""

    def __init__(self, zone, perl, running_rspamd):
        self.zone, self.perl, self.rspamd = zone, perl, running_rspamd
        self.records = {name: entry["TXT"] for name, entry in zone.items()}
        self.differences = support.Differences(TABLE)
        self.passed = {other: 0 for other in SEALERS[1:]}

    def ask(self, message):
        answer = self.perl.ask(message, chain=self.records)
        return {"dkimpy": by_dkimpy(message, self.zone),
                "Mail::DKIM": (answer["result"], answer["reason"]),
                "rspamd": self.rspamd.validate(message)}

    def compare(self, case, ours, expected):
        for other, (theirs, reason) in self.ask(case["message"]).items():
            self.passed[other] += theirs == expected == "pass"
            self.differences.compare(shown(case) | {"theirs": reason}, ours, other, theirs,
                                     (theirs == "pass") == (expected == "pass"))

    def report(self):
        print(f"whole chains that pass: {self.passed}")
        few = [other for other, count in self.passed.items() if count < 24]
        if few:
            print(f"too few whole chains pass with {few}")
        return self.differences.report(dict.fromkeys(SEALERS[1:], 240)) or (1 if few else 0)


def shown(case):
    message = case["message"]
    return case | {"ends in blanks": ends_in_blanks(message), "blank body": blank_body(message),
                   "subjects": subjects(message), "message": message.decode(errors="replace")[:3000]}


def compare_all(judge, keys, rng, perl, running_rspamd):
    sealers = arc_chains.Sealers(judge, keys, perl, running_rspamd)
    check_rspamd_knows_keys(rng, sealers)
    all_cases = list(cases(rng, sealers))
    all_cases += check_long_chains(rng, sealers)
    all_cases += blank_ends(sealers)
    all_cases += check_failed_chain(rng, sealers, keys.zone)
    all_cases += check_third_set(rng, sealers)
    answers = support.in_parallel(lambda case: judge.verify(keys.zone, case["message"]), all_cases)
    comparison = Comparison(keys.zone, perl, running_rspamd)
    wrong = []
    for case, answer in zip(all_cases, answers):
        ours = answer["arc"]
        expected = "pass" if case["tampering"] == "nothing" else "fail"
        whole = expected == "fail" or ours["instance"] == len(case["order"])
        if ours["result"] != expected or not whole:
            wrong.append(f"expected {expected}: {ours} {shown(case)}")
        comparison.compare(case, ours["result"], expected)
    print(f"{sum(answer['arc']['result'] == 'pass' for answer in answers)} of {len(answers)} chains "
          "pass")
    for text in wrong[:10]:
        print(text)
    return comparison.report() or (1 if wrong else 0)


def main():
    judge = support.Judge(support.arguments().ctl)
    keys = arc_chains.Keys(judge.directory.name)
    perl = support.Perl()
    running_rspamd = rspamd.Rspamd(pathlib.Path(judge.directory.name) / "rspamd", keys.zone)
    try:
        status = compare_all(judge, keys, random.Random(SEED), perl, running_rspamd)
    finally:
        running_rspamd.stop()
    perl.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
