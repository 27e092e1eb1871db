#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SPF: generated and mutated records through our evaluator, libspf2 (behind its guards) and pyspf.

The seed is fixed. What differs is a fault of ours, or stands in the table below with its reason.
"""
import random
import re
import socket
import sys

import support

try:
    import spf
except ImportError:
    support.missing("python3-spf")

CASES = 500
SEED = 7208
HELO = "example.com"  # so that the same record is asked for a null sender

# Everything that records may name.
WORLD = {
    "host.example.com": {"A": ["192.0.2.10", "192.0.2.11"], "AAAA": ["2001:db8::10"]},
    "other.example.com": {"A": ["198.51.100.7"]},
    "mail.example.com": {"MX": [[10, "mx1.example.com"], [20, "mx2.example.com"]]},
    "mx1.example.com": {"A": ["192.0.2.21"], "AAAA": ["2001:db8::21"]},
    "mx2.example.com": {"A": ["192.0.2.22"], "AAAA": ["2001:db8::22"]},
    "wide.example.com": {"MX": [[i, f"h{i}.example.com"] for i in range(11)]},
    "null.example.com": {"MX": [[0, "."]]},
    "late.example.com": {"A": ["TIMEOUT"], "AAAA": ["TIMEOUT"], "MX": ["TIMEOUT"],
                         "TXT": ["TIMEOUT"]},
    "pass.example.com": {"TXT": ["v=spf1 ip4:192.0.2.0/25 ip6:2001:db8::/64 -all"]},
    "fail.example.com": {"TXT": ["v=spf1 -all"]},
    "soft.example.com": {"TXT": ["v=spf1 a:host.example.com ~all"]},
    "nest.example.com": {"TXT": ["v=spf1 include:pass.example.com include:soft.example.com ?all"]},
    "hop.example.com": {"TXT": ["v=spf1 redirect=pass.example.com"]},
    "loop.example.com": {"TXT": ["v=spf1 include:loop.example.com -all"]},
    "none.example.com": {"TXT": ["no policy here"]},
    "two.example.com": {"TXT": ["v=spf1 -all", "v=spf1 +all"]},
    "bad.example.com": {"TXT": ["v=spf1 nonsense -all"]},
    "*.unused.example.com": {"A": ["192.0.2.99"]},
    "192.0.2.10.list.example.com": {"A": ["127.0.0.2"]},
    "10.2.0.192.in-addr.arpa": {"PTR": ["host.example.com", "other.example.com"]},
    "local.user.example.com": {"A": ["127.0.0.2"]},
}
CLIENTS = ["192.0.2.10", "::ffff:192.0.2.10", "192.0.2.22", "192.0.2.200", "203.0.113.5", "2001:db8::10", "2001:db8:1::1"]
NAMES = ["host.example.com", "other.example.com", "mail.example.com", "wide.example.com",
         "null.example.com", "late.example.com", "gone.example.com", "example.com", "%{d}",
         "%{d2}", "mx1.example.com.", "HOST.Example.COM"]
RECORDS = ["pass.example.com", "fail.example.com", "soft.example.com", "nest.example.com",
           "hop.example.com", "loop.example.com", "none.example.com", "two.example.com",
           "bad.example.com", "late.example.com", "gone.example.com"]
EXISTS = ["%{i}.list.example.com", "%{ir}.list.example.com", "%{l}.user.example.com",
          "%{l1r-}.user.example.com", "%{o}", "%{h}", "%{v}.%{d}", "%{s}.example.com"]
NETWORKS = ["ip4:192.0.2.10", "ip4:192.0.2.0/24", "ip4:198.51.100.0/8", "ip6:2001:db8::/32",
            "ip6:2001:db8::10", "ip4:192.0.2.10/32", "ip6:2001:db8::10/128", "ip4:0.0.0.0/0"]


def term(rng):
    kind = rng.choice(["a", "a", "mx", "mx", "ip", "ip", "ip", "include", "include", "exists", "ptr"])
    cidr = rng.choice([""] * 6 + ["/24", "/32", "//64", "/24//64", "//128", "/0"])
    if kind in ("a", "mx"):
        text = kind + rng.choice(["", ":" + rng.choice(NAMES)]) + cidr
    elif kind == "ip":
        text = rng.choice(NETWORKS)
    elif kind == "include":
        text = "include:" + rng.choice(RECORDS)
    elif kind == "exists":
        text = "exists:" + rng.choice(EXISTS)
    else:
        text = "ptr" + rng.choice(["", ":example.com"])
    return rng.choice([""] * 4 + ["+", "-", "~", "?"]) + text


def record(rng):
    terms = [term(rng) for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4, 6, 12]))]
    end = rng.choice(["-all", "-all", "~all", "?all", "all", "", "redirect=" + rng.choice(RECORDS)])
    modifier = rng.choice([""] * 8 + ["exp=why.example.com", "x=%{d}", "moo.cow=yes"])
    text = " ".join(part for part in ["v=spf1", *terms, modifier, end] if part)
    if rng.random() < 0.1:
        text = text.upper() if "%" not in text else "V=SpF1" + text[6:]
    if rng.random() < 0.25:
        for _ in range(rng.choice([1, 1, 2])):
            at = rng.randrange(6, len(text) + 1)
            text = text[:at] + rng.choice(list(" :/%{}.=-_0a9\t")) + text[at + rng.choice([0, 1]):]
    return text


def cases():
    for text in FIXED:
        yield {"record": text, "ip": "192.0.2.10", "sender": "local@example.com"}
    rng = random.Random(SEED)
    for _ in range(CASES):
        yield {"record": record(rng), "ip": rng.choice(CLIENTS),
               "sender": rng.choice(["local@example.com", "a-b.c@example.com", ""])}


def zone_of(case):
    return {**WORLD, "example.com": {"TXT": [case["record"]], "A": ["192.0.2.30"],
                                     "MX": [[10, "mx1.example.com"]]}}


def pyspf_lookup(zone):
    def lookup(name, qtype, strict=True, timeout=None):
        found = []
        for value in zone.get(name.lower().rstrip("."), {}).get(qtype, []):
            if value == "TIMEOUT":
                raise spf.TempError("DNS timeout")
            if qtype == "TXT":
                value = [value.encode()]
            elif qtype == "MX":
                value = (value[0], value[1].rstrip("."))
            elif qtype == "AAAA":
                value = socket.inet_pton(socket.AF_INET6, value)
            found.append(((name, qtype), value))
        return found
    return lookup


def ask_pyspf(case):
    spf.DNSLookup = pyspf_lookup(zone_of(case))
    question = spf.query(i=case["ip"], s=case["sender"], h=HELO, strict=True)
    question.set_default_explanation("")
    return question.check()[0]


MACRO = re.compile(r"%(%|_|-|\{[slodiphvSLODIPHV]([1-9][0-9]*)?[rR]?[-.+,/_=]*\})")


def is_pyspf(other, record, pattern):
    return other == "pyspf" and re.search(pattern, record)


TABLE = [
    ("upper-case modifiers",
     lambda case, ours, other, theirs: is_pyspf(other, case["record"], "REDIRECT="),
     "RFC 7208 section 12: names compare without case; pyspf ignores REDIRECT="),
    ("a tab in a domain",
     lambda case, ours, other, theirs: is_pyspf(other, case["record"], "\t"),
     "RFC 7208 section 7.1: a domain has visible characters only; pyspf takes a tab for one"),
    ("malformed macros",
     lambda case, ours, other, theirs: other == "pyspf" and ours == "permerror"
     and "%" in MACRO.sub("", case["record"]),
     "RFC 7208 section 7.1: a macro is a letter, digits but not 0, r and delimiters; pyspf takes "
     "what it finds"),
]

# Each row of the table has at least one case, whatever is generated.
FIXED = ["v=spf1 REDIRECT=pass.example.com", "v=spf1 exists:gone.list\texample.com -all",
         "v=spf1 exists:%{l0}.user.example.com -all"]


def main():
    judge = support.Judge(support.arguments().ctl)
    differences = support.Differences(TABLE)
    all_cases = list(cases())
    answers = support.in_parallel(
        lambda case: judge.spf(zone_of(case), case["ip"], HELO, case["sender"]),
        all_cases)
    unasked = {}
    for case, answer in zip(all_cases, answers):
        ours = answer["result"]
        opinion = answer["second_opinion"]
        if opinion["result"] is None:
            unasked[opinion["reason"]] = unasked.get(opinion["reason"], 0) + 1
        else:
            case["libspf2"] = opinion["reason"]
            case["problem"] = answer["problem"]
            differences.compare(case, ours, "libspf2", opinion["result"], ours == opinion["result"])
        theirs = ask_pyspf(case)
        differences.compare(case, ours, "pyspf", theirs, ours == theirs)
    for reason, count in sorted(unasked.items(), key=lambda item: -item[1])[:12]:
        print(f"{count:5} times libspf2 was {reason[:110]}")
    return differences.report({"libspf2": 200, "pyspf": CASES})


if __name__ == "__main__":
    sys.exit(main())
