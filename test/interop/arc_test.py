#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""ARC: chains sealed alternately by us, dkimpy and Mail::DKIM, whole and tampered with, through our
verifier, dkimpy and Mail::DKIM. What validates must validate everywhere, what was touched nowhere.

The seed is fixed. What differs is a fault of ours, or stands in the table below with its reason.
"""
import itertools
import random
import subprocess
import sys

import support

try:
    import authres
    import dkim
except ImportError:
    support.missing("python3-dkim with python3-authres")
if subprocess.run(["perl", "-MMail::DKIM::ARC::Signer", "-e", "1"], capture_output=True).returncode:
    support.missing("libmail-dkim-perl")
import arc_chains  # wants dkim
from arc_chains import OF_SEVERAL, SEALERS, TAMPERING, ends_in_blanks, random_message

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
]


def cases(rng, sealers):
    orders = itertools.cycle(itertools.chain(
        itertools.permutations(SEALERS, 1), itertools.permutations(SEALERS, 2),
        itertools.permutations(SEALERS, 3)))
    for _ in range(MESSAGES):
        order = next(orders)
        message = random_message(rng)
        if "dkimpy" in order and ends_in_blanks(message):
            message += b"\r\n"
        message = sealers.chain(message, order)
        yield {"order": order, "tampering": "nothing", "message": message}
        known = TAMPERING | (OF_SEVERAL if len(order) > 1 else {})
        for tampering in rng.sample(sorted(known), TAMPERED):
            yield {"order": order, "tampering": tampering,
                   "message": known[tampering](message, len(order))}


def check_long_chain(rng, sealers, judge):
    """Fifty sets validate everywhere; nobody adds the fifty-first."""
    order = [SEALERS[i % 3] for i in range(50)]
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


def main():
    judge = support.Judge(support.arguments().ctl)
    rng = random.Random(SEED)
    keys = arc_chains.Keys(judge.directory.name)
    perl = support.Perl()
    sealers = arc_chains.Sealers(judge, keys, perl)
    differences = support.Differences(TABLE)
    all_cases = list(cases(rng, sealers))
    all_cases += check_long_chain(rng, sealers, judge)
    all_cases += check_failed_chain(rng, sealers, keys.zone)
    answers = support.in_parallel(lambda case: judge.verify(keys.zone, case["message"]), all_cases)
    records = {name: entry["TXT"] for name, entry in keys.zone.items()}
    wrong = []
    for case, answer in zip(all_cases, answers):
        ours = answer["arc"]
        expected = "pass" if case["tampering"] == "nothing" else "fail"
        shown = {"order": case["order"], "tampering": case["tampering"], "reason": ours.get("reason"),
                 "ends in blanks": ends_in_blanks(case["message"]),
                 "message": case["message"].decode(errors="replace")[:3000]}
        whole = expected == "fail" or ours["instance"] == len(case["order"])
        if ours["result"] != expected or not whole:
            wrong.append(f"expected {expected}: {ours} {shown}")
        theirs, reason = by_dkimpy(case["message"], keys.zone)
        differences.compare(shown | {"theirs": reason}, ours["result"], "dkimpy", theirs,
                            (theirs == "pass") == (expected == "pass"))
        theirs = perl.ask(case["message"], chain=records)
        differences.compare(shown | {"theirs": theirs["reason"]}, ours["result"], "Mail::DKIM",
                            theirs["result"], (theirs["result"] == "pass") == (expected == "pass"))
    perl.close()
    print(f"{sum(answer['arc']['result'] == 'pass' for answer in answers)} of {len(answers)} chains "
          "pass")
    for text in wrong[:10]:
        print(text)
    return differences.report({"dkimpy": 240, "Mail::DKIM": 240}) or (1 if wrong else 0)


if __name__ == "__main__":
    sys.exit(main())
