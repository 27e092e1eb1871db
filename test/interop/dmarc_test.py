#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""DMARC: generated and mutated records, authors and authenticated names through our RFC 7489
verdict, libopendmarc (behind its guards) and Mail::DMARC::PurePerl.

The seed is fixed. What differs is a fault of ours, or stands in the table below with its reason.
"""
import base64
import json
import pathlib
import random
import re
import subprocess
import sys

import support

try:
    import dkim
    import nacl.signing
except ImportError:
    support.missing("python3-dkim")
if subprocess.run(["perl", "-MMail::DMARC::PurePerl", "-e", "1"], capture_output=True).returncode:
    support.missing("libmail-dmarc-perl")

CASES = 400
SEED = 7489
HERE = pathlib.Path(__file__).parent
KEY = base64.b64decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")  # RFC 8463 Appendix A.2

DOMAINS = ["example.com", "a.example.com", "b.example.com", "x.a.example.com", "example.org",
           "mail.example.org", "example.co.uk", "a.example.co.uk", "other.co.uk", "user.github.io",
           "deep.user.github.io"]
ORGANIZATIONS = ["example.com", "example.org", "example.co.uk", "user.github.io"]


def record(rng):
    tags = ["p=" + rng.choice(["none", "quarantine", "reject"])]
    for name, values in (("sp", ["none", "quarantine", "reject"]), ("adkim", ["r", "s", "s"]),
                         ("aspf", ["r", "s", "s"]), ("pct", ["0", "50", "100", "abc"]),
                         ("rua", ["mailto:d@example.com", "mailto:a@example.com,mailto:b@example.org"]),
                         ("fo", ["1", "0:d:s"]), ("ri", ["3600"]), ("rf", ["afrf"]),
                         ("np", ["reject"]), ("psd", ["n"]), ("t", ["y"]), ("x", ["unknown"])):
        if rng.random() < 0.25:
            tags.append(name + rng.choice(["=", " = "]) + rng.choice(values))
    if rng.random() < 0.2:
        rng.shuffle(tags)
    text = "v=DMARC1" + rng.choice([";", "; ", " ; "]) + rng.choice(["; ", ";"]).join(tags)
    text += rng.choice(["", "", ";"])
    if rng.random() < 0.2:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(list("=; ,vDp1x")) + text[at + rng.choice([0, 1]):]
    return text


def cases():
    for case in FIXED:
        yield {"spf": None, "dkim": [], "records": {"example.com": ["v=DMARC1; p=reject"]}} | case
    rng = random.Random(SEED)
    for _ in range(CASES):
        author = rng.choice(DOMAINS)
        records = {}
        for domain in sorted({author, *ORGANIZATIONS}):
            if rng.random() < (0.4 if domain == author else 0.8):
                records[domain] = [record(rng)] + ([record(rng)] if rng.random() < 0.04 else [])
        near = [name for name in DOMAINS if name.split(".")[-2:] == author.split(".")[-2:]]
        pick = lambda: rng.choice(near if rng.random() < 0.7 else DOMAINS)
        yield {"from": author, "records": records, "spf": pick() if rng.random() < 0.5 else None,
               "dkim": [pick() for _ in range(rng.choice([0, 0, 1, 1, 2]))]}


def zone_of(case):
    public = base64.b64encode(nacl.signing.SigningKey(KEY).verify_key.encode()).decode()
    zone = {"nobody.net": {"A": ["192.0.2.2"]}}
    for name in {*DOMAINS, case["from"]}:
        zone[name] = {"A": ["192.0.2.1"], "TXT": ["v=spf1 a -all"]}
        zone["s._domainkey." + name] = {"TXT": ["v=DKIM1; k=ed25519; p=" + public]}
    for name, texts in case["records"].items():
        zone["_dmarc." + name] = {"TXT": texts}
    return zone


def message_of(case):
    message = f"From: a@{case['from']}\r\nSubject: x\r\n\r\nHello.\r\n".encode()
    field = b""
    for name in case["dkim"]:
        signer = dkim.DKIM(message, signature_algorithm=b"ed25519-sha256")
        field += signer.sign(b"s", name.encode(), base64.b64encode(KEY), include_headers=[b"from"])
    return field + message


class Perl:
    """Mail::DMARC::PurePerl in a process of its own."""

    def __init__(self):
        self.process = subprocess.Popen(["perl", HERE / "mail_dmarc.pl"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, case):
        question = {name: case[name] for name in ("from", "spf", "dkim")} | {"zone": zone_of(case)}
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        if self.process.wait(180):
            raise AssertionError("mail_dmarc.pl failed")


def has_invalid_policy(case):
    """p= or sp= of the record that applies says none of the three words, or p= is missing."""
    tags = [tag.split("=", 1) for tag in " ".join(case["records"].get(
        case["record_domain"], [])).split(";")[1:] if "=" in tag]
    found = {}
    for name, value in tags:
        found.setdefault(name.strip().lower(), value.strip().lower())
    words = ("none", "quarantine", "reject")
    return found.get("p") not in words or found.get("sp", "none") not in words


def has_repeated_tag(case):
    tags = " ".join(case["records"].get(case["record_domain"], [])).split(";")
    names = [tag.split("=")[0].strip().lower() for tag in tags if tag.strip()]
    return len(set(names)) < len(names)


TABLE = [
    ("an invalid p= or sp=",
     lambda case, ours, other, theirs: other == "Mail::DMARC" and has_invalid_policy(case),
     "RFC 7489 section 6.6.3: with an invalid p= or sp= the record acts as p=none when it has a "
     "rua=, and otherwise not at all; Mail::DMARC takes other ways"),
    ("a tag twice",
     lambda case, ours, other, theirs: other == "Mail::DMARC" and has_repeated_tag(case),
     "the first one counts here, the last one with Mail::DMARC; RFC 7489 section 6.3 does not say"),
    ("no semicolon behind the version",
     lambda case, ours, other, theirs: other == "Mail::DMARC" and any(
         not re.match(r"v\s*=\s*DMARC1\s*(;|$)", text)
         for text in case["records"].get(case["from"], [])),
     "RFC 7489 section 6.4: the version ends with a semicolon; what does not is no record, and the "
     "organizational domain is asked. Mail::DMARC looks at the first eight octets"),
]

# Each row of the table has at least one case, whatever is generated.
FIXED = [
    {"from": "example.com", "records": {"example.com": ["v=DMARC1; p=reject; sp=never"]}},
    {"from": "example.com", "records": {"example.com": ["v=DMARC1; p=none; p=reject"]}},
    {"from": "a.example.com", "records": {"a.example.com": ["v=DMARC1 p=none"],
                                          "example.com": ["v=DMARC1; p=reject"]}},
]


def main():
    judge = support.Judge(support.arguments().ctl)
    perl = Perl()
    differences = support.Differences(TABLE)
    all_cases = list(cases())

    def ask(case):
        return judge.verify(zone_of(case), message_of(case), "192.0.2.1", "mx.nobody.net",
                            "a@" + (case["spf"] or "nobody.net"), ["--dmarc", "rfc7489"])

    unasked = {}
    for case, answer in zip(all_cases, support.in_parallel(ask, all_cases)):
        ours = answer["dmarc"]
        shown = case | {"reason": ours["reason"], "record_domain": ours["record_domain"]}
        shown["records"] = {name: texts for name, texts in case["records"].items()
                            if name == case["from"] or case["from"].endswith("." + name)}
        opinion = ours["second_opinion"]
        if opinion["result"] is None:
            unasked[opinion["reason"]] = unasked.get(opinion["reason"], 0) + 1
        else:
            differences.compare(shown, ours["result"], "libopendmarc", opinion["result"],
                                ours["result"] == opinion["result"])
        theirs = perl.ask(case)
        shown["error"] = theirs["error"]
        said = theirs["result"]
        verdict = ours["result"]
        if verdict == "fail" and said == "fail":
            verdict, said = f"fail {ours['policy']}", f"fail {theirs['policy']}"
        differences.compare(shown, verdict, "Mail::DMARC", said, verdict == said)
    perl.close()
    for reason, count in sorted(unasked.items(), key=lambda item: -item[1])[:12]:
        print(f"{count:5} times libopendmarc was {reason[:110]}")
    return differences.report({"libopendmarc": 150, "Mail::DMARC": CASES})


if __name__ == "__main__":
    sys.exit(main())
