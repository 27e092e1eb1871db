# SPDX-License-Identifier: Apache-2.0
"""Chains for the ARC test: messages, who seals them, and the ways in which they are tampered with."""
import base64
import itertools
import json
import pathlib
import re
import subprocess

import dkim

SEALERS = ["ours", "dkimpy", "Mail::DKIM", "rspamd"]
FIELD = re.compile(rb"[^\r\n]*(?:\r\n[ \t][^\r\n]*)*\r\n")
ARC = re.compile(rb"arc-(seal|message-signature|authentication-results)\s*:", re.I)


class Keys:
    """Of the sealing domains, one for each sealer, and a zone with them."""

    def __init__(self, directory):
        self.file = {}
        self.zone = {}
        for sealer, name in zip(SEALERS, ("one", "two", "three", "four")):
            file = pathlib.Path(directory) / name
            subprocess.run(["openssl", "genrsa", "-traditional", "-out", file, "2048"], check=True,
                           capture_output=True)
            file.chmod(0o600)
            public = subprocess.run(["openssl", "rsa", "-in", file, "-pubout", "-outform", "DER"],
                                    check=True, capture_output=True).stdout
            self.file[sealer] = (file, f"{name}.example")
            self.zone[f"arc._domainkey.{name}.example"] = {
                "TXT": ["v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()]}


def random_blank(rng):
    return rng.choice([" ", " ", " ", "  ", "\t", " \t ", "\r\n ", "\r\n\t", " \r\n  "])


def random_words(rng, most):
    words = [rng.choice(["a", "Hello", "gr\u00fc\u00dfe", "x" * 60, "(c)", "=?utf-8?q?=C3=A9?=", "1;2"])
             for _ in range(rng.randrange(1, most))]
    return "".join(random_blank(rng) + word for word in words)


def random_message(rng):
    fields = ["From:" + random_blank(rng) + "a@origin.example", "To: b@example.org",
              "Subject:" + random_words(rng, 6), "Date: Fri, 11 Jul 2025 21:00:37 -0700"]
    fields += ["X-Seen:" + random_words(rng, 3) for _ in range(rng.randrange(3))]
    fields += ["Received: from a\r\n\tby b" for _ in range(rng.randrange(3))]
    fields += rng.sample(["Cc: c@example.org", "MIME-Version: 1.0", "List-Id: <l.example>",
                          "Comments:", "Subject: another", "SENDER:  s@example.org",
                          "Content-Transfer-Encoding:8bit"], 3)
    rng.shuffle(fields)
    lines = [rng.choice([b"", b"", b"text", b"trailing blanks \t ", b"\tindented  twice", b" ", b"\t",
                         "gr\u00fc\u00dfe".encode(), b"\xff\xfe\x80 raw", b".", b"x" * 998, b"From me"])
             for _ in range(rng.randrange(12))]
    body = b"\r\n".join(lines) + rng.choice([b"", b"\r\n", b"\r\n\r\n\r\n", b"  ", b" \r\n"])
    return "\r\n".join(fields).encode() + b"\r\n\r\n" + body


def ends_in_blanks(message):
    return message.endswith((b" ", b"\t"))


def blank_body(message):
    """Starts with blanks, and has nothing but blanks and empty lines."""
    body = parts(message)[1]
    return body.startswith((b" ", b"\t")) and not body.strip()


def subjects(message):
    return sum(field.lower().startswith(b"subject:") for field in parts(message)[0])


def suited_to(order, message):
    """Without what a sealer would sign otherwise than the RFC says: see the table of the test."""
    if ends_in_blanks(message) and {"dkimpy", "rspamd"} & set(order):
        message += b"\r\n"
    if "rspamd" in order:
        fields, body = parts(message)
        fields = [field for field in fields if field != b"Subject: another\r\n"]
        message = joined(fields, body if body.strip() else b"")
    return message


def orders(length):
    """In which the sealers may come; rspamd as the first or the second (check_third_set)."""
    return [order for order in itertools.permutations(SEALERS, length) if "rspamd" not in order[2:]]


class Sealers:
    def __init__(self, program, keys, perl, rspamd):
        self.program, self.keys, self.perl, self.running_rspamd = program, keys, perl, rspamd
        self.zone_file = pathlib.Path(program.directory.name) / "seal.json"
        self.zone_file.write_text(json.dumps(keys.zone))

    def arrive(self, message, hop, cv):
        """What a host writes on top before it seals. Both libraries want their arc= there."""
        method = "" if cv == "none" else f"arc={cv}; "
        return (f"Authentication-Results: mx{hop}.example; {method}spf=pass\r\n"
                f"\tsmtp.mailfrom=a@origin.example; dmarc=pass header.from=origin.example\r\n"
                ).encode() + message

    def run_ours(self, message, authserv_id, *more):
        file, domain = self.keys.file["ours"]
        return subprocess.run(
            [self.program.program, "seal", "-", "--zone", self.zone_file, "--key", file, "--domain",
             domain, "--selector", "arc", "--authserv-id", authserv_id, *more],
            input=message, capture_output=True, timeout=300)

    def ours(self, message, hop, cv):
        done = self.run_ours(message, f"mx{hop}.example")
        if done.returncode or done.stderr:
            raise AssertionError(f"seal: exit status {done.returncode}: {done.stderr.decode()}")
        if not done.stdout.endswith(message):
            raise AssertionError("seal: changed the message below its set")
        return done.stdout

    def dkimpy(self, message, hop, cv):
        file, domain = self.keys.file["dkimpy"]
        fields = dkim.arc_sign(message, b"arc", domain.encode(), file.read_bytes(),
                               f"mx{hop}.example".encode(),
                               include_headers=[b"from", b"to", b"subject", b"x-seen", b"from"])
        if len(fields) != 3:
            raise AssertionError(f"dkimpy did not seal: {fields}")
        return b"".join(fields) + message

    def mail_dkim(self, message, hop, cv):
        file, domain = self.keys.file["Mail::DKIM"]
        answer = self.perl.ask(message, seal={
            "cv": cv, "authserv_id": f"mx{hop}.example", "domain": domain, "selector": "arc",
            "headers": "From:To:Subject:X-Seen", "key": str(file)})
        if answer["result"] != "sealed":
            raise AssertionError(f"Mail::DKIM did not seal: {answer}")
        return "".join(field + "\r\n" for field in answer["fields"]).encode("latin-1") + message

    def rspamd(self, message, hop, cv):
        return self.running_rspamd.seal(message, *self.keys.file["rspamd"])

    def chain(self, message, order):
        """`message` with one set after the other."""
        by = {"ours": self.ours, "dkimpy": self.dkimpy, "Mail::DKIM": self.mail_dkim,
              "rspamd": self.rspamd}
        message = suited_to(order, message)
        for hop, sealer in enumerate(order, 1):
            cv = "none" if hop == 1 else "pass"
            message = by[sealer](self.arrive(message, hop, cv), hop, cv)
        return message


def parts(message):
    head, body = message.split(b"\r\n\r\n", 1)
    return FIELD.findall(head + b"\r\n"), body


def joined(fields, body):
    return b"".join(fields) + b"\r\n" + body


def each_field(change):
    """Calls change(field, kind, instance) for every field of ARC; None takes it out."""
    def tamper(message, newest):
        fields, body = parts(message)
        result = []
        for field in fields:
            kind = ARC.match(field)
            if kind:
                instance = int(re.search(rb"[:;\s]i\s*=\s*(\d+)", field)[1])
                field = change(field, kind[1].lower(), instance, newest)
            result += field if isinstance(field, list) else [field] if field else []
        return joined(result, body)
    return tamper


def only(kind, which, pattern, to):
    def change(field, its_kind, instance, newest):
        wanted = newest if which == "newest" else 1
        if its_kind != kind or instance != wanted:
            return field
        changed = re.sub(pattern, to, field, count=1, flags=re.S)
        if changed == field:
            raise AssertionError(f"{pattern} is not in {field}")
        return changed
    return each_field(change)


def drop(kind, which):
    return each_field(lambda field, its_kind, instance, newest: None if (
        kind in (its_kind, b"all") and instance == (newest if which == "newest" else 1)) else field)


def twice(kind):
    return each_field(lambda field, its_kind, instance, newest: [field, field] if (
        its_kind == kind and instance == newest) else field)


def swap_instances(field, kind, instance, newest):
    other = {1: newest, newest: 1}.get(instance, instance)
    return re.sub(rb"([:;\s]i\s*=\s*)\d+", rb"\g<1>%d" % other, field, count=1)


def in_body(message, newest):
    fields, body = parts(message)
    return joined(fields, body + b"one line more\r\n")


def in_subject(message, newest):
    fields, body = parts(message)
    at = max(i for i, field in enumerate(fields) if field.lower().startswith(b"subject:"))
    fields[at] = re.sub(rb":\s*", b": Re: ", fields[at], count=1)
    return joined(fields, body)


def no_from(message, newest):
    fields, body = parts(message)
    return joined([field for field in fields if not field.startswith(b"From:")], body)


B = rb"([;\s]b\s*=\s*)"
TAMPERING = {
    "a line more": in_body,
    "the subject": in_subject,
    "no From": no_from,
    "newest AAR": only(b"authentication-results", "newest", rb"spf=pass", b"spf=fail"),
    "first AAR": only(b"authentication-results", "first", rb"spf=pass", b"spf=fail"),
    "newest AMS b=": only(b"message-signature", "newest", B + rb"[\w+/]{4}", rb"\1AAAA"),
    "first AMS t=": only(b"message-signature", "first", rb"([;\s]t=)\d+", rb"\g<1>1"),
    "newest AMS bh=": only(b"message-signature", "newest", rb"(bh=\s*)[\w+/]{4}", rb"\1AAAA"),
    "newest AMS d=": only(b"message-signature", "newest", rb"([;\s]d=)\w+\.", rb"\1other."),
    "newest AS b=": only(b"seal", "newest", B + rb"[\w+/]{4}", rb"\1AAAA"),
    "first AS b=": only(b"seal", "first", B + rb"[\w+/]{4}", rb"\1AAAA"),
    "newest AS t=": only(b"seal", "newest", rb"([;\s]t=)\d+", rb"\g<1>1"),
    "newest AS s=": only(b"seal", "newest", rb"([;\s]s=)\w+", rb"\1nobody"),
    "newest AS with h=": only(b"seal", "newest", rb"([;\s])t=", rb"\1h=from; t="),
    "first cv=pass": only(b"seal", "first", rb"cv=none", rb"cv=pass"),
    "first cv=fail": only(b"seal", "first", rb"cv=none", rb"cv=fail"),
    "newest cv=fail": only(b"seal", "newest", rb"cv=\w+", rb"cv=fail"),
    "newest cv=odd": only(b"seal", "newest", rb"cv=\w+", rb"cv=odd"),
    "no newest AAR": drop(b"authentication-results", "newest"),
    "no newest AMS": drop(b"message-signature", "newest"),
    "no newest AS": drop(b"seal", "newest"),
    "no first AAR": drop(b"authentication-results", "first"),
    "no first AMS": drop(b"message-signature", "first"),
    "no first AS": drop(b"seal", "first"),
    "two newest AAR": twice(b"authentication-results"),
    "two newest AMS": twice(b"message-signature"),
    "two newest AS": twice(b"seal"),
    "AS i=51": only(b"seal", "newest", rb"([:;\s]i\s*=\s*)\d+", rb"\g<1>51"),
    "AMS i=0": only(b"message-signature", "newest", rb"([:;\s]i\s*=\s*)\d+", rb"\g<1>0"),
    "AMS signs AS": only(b"message-signature", "newest", rb"(;\s*h\s*=\s*)", rb"\1arc-seal:"),
    "a tag twice": only(b"seal", "newest", rb"([;\s])(t=\d+;)", rb"\1\2 \2"),
    "no AS cv=": only(b"seal", "newest", rb"cv=\w+;", b""),
    "AS a= of SHA-1": only(b"seal", "newest", rb"rsa-sha256", b"rsa-sha1"),
}
OF_SEVERAL = {  # make sense with two sets and more
    "no first set": drop(b"all", "first"),
    "swapped sets": each_field(swap_instances),
    "newest cv=none": only(b"seal", "newest", rb"cv=pass", rb"cv=none"),
}
