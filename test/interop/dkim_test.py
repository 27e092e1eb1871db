#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""DKIM: messages signed by dkimpy and Mail::DKIM, whole and mutated, through our verifier,
libopendkim (behind its guards), dkimpy and Mail::DKIM.

The seed is fixed. What differs is a fault of ours, or stands in the table below with its reason.
"""
import base64
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
if subprocess.run(["perl", "-MMail::DKIM", "-e", "1"], capture_output=True).returncode:
    support.missing("libmail-dkim-perl")

SEED = 6376
MUTANTS = 2  # of each signed message, each in another way
FORMS = [(header, body) for header in ("simple", "relaxed") for body in ("simple", "relaxed")]

BODIES = [
    "", "\n", "\n\n\n", "Hello.\n", " \n", "\t \n \n", "one\n\n\ntwo\n\n\n",
    "trailing \t\nspaces   \n", "a  b\tc\n  indented\n", "Gr\u00fc\u00dfe\n", ".\n..\n",
    "x" * 998 + "\n", "line of the body\n" * 300,
]
HEADERS = [
    "From: a@example.com\nTo: b@example.org\nSubject: Hello\n",
    "From:a@example.com\nTo:  b@example.org  \nSubject: A folded\n subject  with   blanks\n",
    "FROM: \"A\"  <a@example.com>\nSubject:\n\tbegins on the next line\nX-Empty:\nTo: b@example.org\n",
    "From: a@example.com\nX-Seen: by one\nX-Seen: by two\nTo: b@example.org\nSubject: \u00fc\n",
]


def wire(text):
    return text.replace("\n", "\r\n").encode()


class Keys:
    """Of example.com: selectors rsa, big and ed."""

    def __init__(self, directory):
        self.private = {}
        self.zone = {}
        for selector, bits in (("rsa", "1024"), ("big", "2048")):
            file = pathlib.Path(directory) / selector
            subprocess.run(["openssl", "genrsa", "-traditional", "-out", file, bits], check=True,
                           capture_output=True)
            public = subprocess.run(["openssl", "rsa", "-in", file, "-pubout", "-outform", "DER"],
                                    check=True, capture_output=True).stdout
            self.private[selector] = file
            self.publish(selector, "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode())
        # RFC 8463 Appendix A.2.
        seed = base64.b64decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
        public = nacl.signing.SigningKey(seed).verify_key.encode()
        self.private["ed"] = base64.b64encode(seed)
        self.publish("ed", "v=DKIM1; k=ed25519; p=" + base64.b64encode(public).decode())

    def publish(self, selector, *texts):
        self.zone[f"{selector}._domainkey.example.com"] = {"TXT": list(texts)}


def sign_by_dkimpy(message, keys, selector, forms, length, oversign):
    signer = dkim.DKIM(message, signature_algorithm=b"ed25519-sha256" if selector == "ed"
                       else b"rsa-sha256")
    private = keys.private[selector]
    if selector != "ed":
        private = private.read_bytes()
    fields = [b"from", b"to", b"subject", b"x-seen"] + ([b"from", b"cc"] if oversign else [])
    return signer.sign(selector.encode(), b"example.com", private,
                       canonicalize=tuple(form.encode() for form in forms),
                       include_headers=fields, length=length) + message


def sign_without_padding(message, keys):
    """bh= is signed itself, so that it has to be written so from the beginning."""
    encode = dkim.base64.b64encode
    dkim.base64.b64encode = lambda octets: encode(octets).rstrip(b"=") if len(octets) == 32 else encode(octets)
    try:
        return sign_by_dkimpy(message, keys, "rsa", FORMS[3], False, False)
    finally:
        dkim.base64.b64encode = encode


def sign_by_perl(message, keys, perl, forms):
    answer = perl.ask(message, sign={"method": "/".join(forms), "headers": "From:To:Subject",
                                     "key": str(keys.private["rsa"])})
    return answer["field"].encode() + b"\r\n" + message


def signed_messages(rng, keys, perl):
    for headers in HEADERS:
        for body in BODIES:
            message = wire(headers + "\n" + body)
            for forms in rng.sample(FORMS, 2):
                selector = rng.choice(["rsa", "rsa", "big", "ed"])
                yield {"by": "dkimpy", "forms": forms, "message": sign_by_dkimpy(
                    message, keys, selector, forms, rng.random() < 0.25, rng.random() < 0.3)}
            forms = rng.choice(FORMS)
            yield {"by": "Mail::DKIM", "forms": forms,
                   "message": sign_by_perl(message, keys, perl, forms)}
    message = sign_by_dkimpy(wire(HEADERS[0] + "\n" + BODIES[3]), keys, "rsa", FORMS[0], False, False)
    yield {"by": "both", "forms": "several", "message": sign_by_dkimpy(
        sign_by_perl(message, keys, perl, FORMS[3]), keys, "ed", FORMS[2], False, False)}


def in_header(pattern, to):
    def mutate(message, rng):
        head, body = message.split(b"\r\n\r\n", 1)
        return re.sub(pattern, to, head, count=1, flags=re.S | re.I) + b"\r\n\r\n" + body
    return mutate


def in_body(change):
    def mutate(message, rng):
        head, body = message.split(b"\r\n\r\n", 1)
        return head + b"\r\n\r\n" + change(body, rng)
    return mutate


def flip(body, rng):
    if not body.strip():
        return b"x\r\n"
    at = rng.choice([i for i, octet in enumerate(body) if chr(octet).isalnum()] or [0])
    return body[:at] + b"Q" + body[at + 1:]


MUTATIONS = {
    "nothing": lambda message, rng: message,
    "a body octet": in_body(flip),
    "lines at the end": in_body(lambda body, rng: body + b"\r\n\r\n"),
    "a line of text at the end": in_body(lambda body, rng: body + b"more\r\n"),
    "blanks at line ends": in_body(lambda body, rng: body.replace(b"\r\n", b"  \r\n", 1)),
    "blanks between words": in_body(lambda body, rng: body.replace(b" ", b"   ", 1)),
    "a tab for a blank": in_body(lambda body, rng: body.replace(b" ", b"\t", 1)),
    "case of a name": in_header(rb"\r\nsubject:", rb"\r\nSUBJECT:"),
    "a blank behind the colon": in_header(rb"\r\nSubject:", rb"\r\nSubject: "),
    "another fold": in_header(rb"(\r\nTo: *\S+)", rb"\1\r\n "),
    "the subject": in_header(rb"\r\nSubject:", rb"\r\nSubject: Re:"),
    "no subject": in_header(rb"\r\nSubject:[^\r]*(\r\n[ \t][^\r]*)*", rb""),
    "a second From above": in_header(rb"^", rb"From: evil@example.net\r\n"),
    "a Cc": in_header(rb"\r\nTo:", rb"\r\nCc: c@example.org\r\nTo:"),
    "b= cut": in_header(rb"([ ;]b=\s*[^;\r]{20})[^;\r]{4}", rb"\1"),
    "bh= changed": in_header(rb"bh=.", rb"bh=A"),
    "d= changed": in_header(rb"([ ;])d=example.com", rb"\1d=example.net"),
    "s= unknown": in_header(rb"([ ;])s=\w+", rb"\1s=nobody"),
    "s= another": in_header(rb"([ ;])s=\w+", rb"\1s=big"),
    "a= unknown": in_header(rb"([ ;])a=[\w-]+", rb"\1a=rsa-sha512"),
    "c= swapped": in_header(rb"([ ;])c=\w+/", rb"\1c=relaxed/"),
    "v=2": in_header(rb"v=1", rb"v=2"),
    "a tag without value": in_header(rb"v=1;", rb"v=1; nonsense;"),
    "a tag twice": in_header(rb"v=1;", rb"v=1; v=1;"),
    "x= in the past": in_header(rb"v=1;", rb"v=1; x=1000000000;"),
    "no h=": in_header(rb"([ ;\t])h=[^;]*;", rb"\1"),
    "q= unknown": in_header(rb"v=1;", rb"v=1; q=foo;"),
    "l= too long": in_header(rb"v=1;", rb"v=1; l=999999;"),
    "the signature twice": lambda message, rng: message[:message.index(b"\r\nF")] + b"\r\n" + message
    if b"\r\nF" in message else message,
}

# Key records that are not quite what was signed with.
RECORDS = {
    "as it is": lambda text: [text],
    "revoked": lambda text: [re.sub("p=.*", "p=", text)],
    "no v=": lambda text: [text.replace("v=DKIM1; ", "")],
    "v= last": lambda text: [text.replace("v=DKIM1; ", "") + "; v=DKIM1"],
    "another version": lambda text: [text.replace("DKIM1", "DKIM2")],
    "for other services": lambda text: [text + "; s=tlsrpt"],
    "for mail": lambda text: [text + "; s=email"],
    "sha1 only": lambda text: [text + "; h=sha1"],
    "both hashes": lambda text: [text + "; h=sha1:sha256"],
    "testing": lambda text: [text + "; t=y"],
    "strict": lambda text: [text + "; t=s"],
    "blanks in p=": lambda text: [text[:60] + " " + text[60:]],
    "other tags": lambda text: [text + "; n=a note; x=y"],
    "p= twice": lambda text: [text + "; p="],
    "cut": lambda text: [text[:-30]],
    "another one first": lambda text: ["v=DKIM1; p=", text],
    "no key at all": lambda text: ["something else"],
}


def cases(rng, keys, perl):
    originals = list(signed_messages(rng, keys, perl))
    for original in originals:
        yield {**original, "mutation": "nothing", "record": "as it is", "zone": keys.zone}
        for mutation in rng.sample(sorted(MUTATIONS), MUTANTS):
            yield {**original, "mutation": mutation, "record": "as it is", "zone": keys.zone,
                   "message": MUTATIONS[mutation](original["message"], rng)}
    unsigned_body = sign_by_dkimpy(wire(HEADERS[0] + "\n"), keys, "rsa", FORMS[3], True, False)
    yield {"by": "dkimpy", "forms": FORMS[3], "mutation": "a line of text at the end",
           "record": "as it is", "zone": keys.zone, "message": unsigned_body + b"more\r\n"}
    for original in originals[:6]:
        yield {**original, "mutation": "b= without padding", "record": "as it is", "zone": keys.zone,
               "message": in_header(rb"([ ;\t]b=[^;]*?)=+(\r\n\S)", rb"\1\2")(original["message"], rng)}
    yield {"by": "dkimpy", "forms": FORMS[3], "mutation": "bh= without padding", "record": "as it is",
           "zone": keys.zone, "message": sign_without_padding(wire(HEADERS[0] + "\n" + BODIES[3]), keys)}
    for name, change in RECORDS.items():
        for original in rng.sample(originals, 3):
            zone = {key: {"TXT": change(value["TXT"][0])} for key, value in keys.zone.items()}
            yield {**original, "mutation": "nothing", "record": name, "zone": zone}


def ask_dkimpy(case, count):
    def lookup(name, timeout=5):
        texts = case["zone"].get(name.decode().rstrip(".").lower(), {"TXT": []})["TXT"]
        return texts[0].encode() if texts else None
    answers = []
    for index in range(count):
        try:
            passed = dkim.DKIM(case["message"], minkey=1024).verify(idx=index, dnsfunc=lookup)
        except Exception:  # each of its classes, and those of the libraries below, means "no"
            passed = False
        answers.append("pass" if passed else "fail")
    return answers


TABLE = [
    ("ed25519", lambda case, ours, other, theirs: other == "Mail::DKIM" and theirs == "invalid"
     and case["algorithm"] == "ed25519-sha256",
     "Mail::DKIM of Debian 12 knows no ed25519-sha256 (RFC 8463)"),
    ("a second From", lambda case, ours, other, theirs: other == "dkimpy" and ours == "pass"
     and case["mutation"] == "a second From above",
     "RFC 6376 section 5.4.2: the last instance is signed, and verifies; dkimpy demands that h= "
     "names From as often as it occurs. Several From fields are refused by the rule on From"),
    ("v= last in the key", lambda case, ours, other, theirs: case["record"] == "v= last"
     and ours == "permerror" and other in ("dkimpy", "Mail::DKIM"),
     "RFC 6376 section 3.6.1: v= MUST be the first tag of a key record; both do not mind"),
    ("h=sha1 in the key", lambda case, ours, other, theirs: case["record"] == "sha1 only"
     and ours == "permerror" and other == "dkimpy",
     "RFC 6376 section 3.6.1: h= lists the hashes that may be used; dkimpy does not look at it"),
    ("several keys", lambda case, ours, other, theirs: case["record"] == "another one first"
     and ours == "pass" and other in ("dkimpy", "Mail::DKIM"),
     "RFC 6376 section 6.1.2 lets a verifier try all records; both take the first alone"),
    ("b= without padding", lambda case, ours, other, theirs: other == "dkimpy" and ours == "pass"
     and case["mutation"] == "b= without padding",
     "RFC 2045 section 6.8: base64 is filled up with =; libopendkim and Mail::DKIM do without in b="),
    ("bh= without padding", lambda case, ours, other, theirs: other == "Mail::DKIM"
     and ours == "permerror" and case["mutation"] == "bh= without padding",
     "the same; in bh= Mail::DKIM alone does without"),
    ("l=0", lambda case, ours, other, theirs: other == "Mail::DKIM" and ours == "pass"
     and " l=0;" in case["message"] and not case["mutation"] == "nothing",
     "RFC 6376 section 3.5: l=0 signs no octet of the body; Mail::DKIM hashes what was added"),
]


def described(case):
    return {name: case[name] for name in ("by", "forms", "mutation", "record")} | {
        "message": case["message"].decode(errors="replace")[:900]}


def main():
    judge = support.Judge(support.arguments().ctl)
    rng = random.Random(SEED)
    keys = Keys(judge.directory.name)
    perl = support.Perl()
    differences = support.Differences(TABLE)
    all_cases = list(cases(rng, keys, perl))
    answers = support.in_parallel(lambda case: judge.verify(case["zone"], case["message"]), all_cases)
    unasked = {}
    for case, answer in zip(all_cases, answers):
        signatures = answer["dkim"]
        by_dkimpy = ask_dkimpy(case, len(signatures))
        by_perl = perl.ask(case["message"], verify={
            name: records["TXT"] for name, records in case["zone"].items()})["results"]
        for index, signature in enumerate(signatures):
            ours = signature["result"]
            shown = described(case) | {"algorithm": signature.get("algorithm"),
                                       "reason": signature["reason"], "index": index}
            opinion = signature["second_opinion"]
            if opinion["result"] is None:
                unasked[opinion["reason"]] = unasked.get(opinion["reason"], 0) + 1
            else:
                differences.compare(shown | {"opinion": opinion["reason"]}, ours, "libopendkim",
                                    opinion["result"],
                                    (ours == "pass") == (opinion["result"] == "pass"))
            differences.compare(shown, ours, "dkimpy", by_dkimpy[index],
                                (ours == "pass") == (by_dkimpy[index] == "pass"))
            theirs = by_perl[index] if index < len(by_perl) else "missing"
            differences.compare(shown, ours, "Mail::DKIM", theirs,
                                (ours == "pass") == (theirs == "pass"))
    perl.close()
    print(f"{sum(answer['dkim'][0]['result'] == 'pass' for answer in answers if answer['dkim'])} of "
          f"{len(answers)} messages pass")
    for reason, count in sorted(unasked.items(), key=lambda item: -item[1])[:12]:
        print(f"{count:5} times libopendkim was {reason[:110]}")
    return differences.report({"libopendkim": 300, "dkimpy": 400, "Mail::DKIM": 400})


if __name__ == "__main__":
    sys.exit(main())
