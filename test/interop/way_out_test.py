#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Mail that leaves over IPv6, and mail to relay addresses: what `check` foretells against what a
receiver finds out by other means: SPF by pyspf, signatures by python3-dkim, reverse DNS and Apple's
rules of the relay written down here a second time.
"""
import base64
import ipaddress
import itertools
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import support

try:
    import dkim
    import spf
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
except ImportError:
    support.missing("python3-spf, python3-dkim or python3-cryptography")

OURS = "2001:db8:25::7"
NEAR = "2001:db8:25::8"
FAR = "2001:db8:99::1"
HELO = "out.corp.example"
RELAYS = ("x7k2@privaterelay.appleid.com", "x7k2@private.icloud.com")

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.NoEncryption(),
)
PUBLIC = base64.b64encode(
    KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
).decode()

SPF = {
    "address": [f"v=spf1 ip6:{OURS} -all"],
    "network": ["v=spf1 ip6:2001:db8:25::/64 -all"],
    "wide": ["v=spf1 ip6:2001:DB8::/32 -all"],
    "by-name": [f"v=spf1 a:{HELO} -all"],
    "by-name-near": [f"v=spf1 a:near.{HELO}//64 -all"],
    "by-mx": [f"v=spf1 mx:mx.{HELO} -all"],
    "by-ptr": ["v=spf1 ptr:corp.example -all"],
    "by-macro": ["v=spf1 exists:%{ir}.%{v}.by.corp.example -all"],
    "other-address": [f"v=spf1 ip6:{NEAR} -all"],
    "other-network": ["v=spf1 ip6:2001:db8:26::/48 ~all"],
    "only-ip4": ["v=spf1 ip4:192.0.2.0/24 -all"],
    "every-ip4": ["v=spf1 ip4:192.0.2.1/0 ?all"],
    "ip4-prefix-of-a-name": [f"v=spf1 a:near.{HELO}/24 -all"],
    "bad-prefix": [f"v=spf1 ip6:{OURS}/129 -all"],
    "in-brackets": [f"v=spf1 ip6:[{OURS}] -all"],
    "as-ip4": [f"v=spf1 ip4:{OURS} -all"],
    "none": [],
}
# PTR of the address, and the AAAA of the name.
REVERSE = {
    "confirmed": ([f"{HELO}."], {HELO: [OURS]}),
    "second-name": (["lost.corp.example.", f"{HELO}."], {HELO: [OURS]}),
    "missing": ([], {HELO: [OURS]}),
    "unconfirmed": ([f"{HELO}."], {HELO: [FAR]}),
    "lost": (["lost.corp.example."], {HELO: [OURS]}),
}


class Zone(dict):
    def put(self, name, kind, *values):
        self.setdefault(name, {}).setdefault(kind, []).extend(values)

    def get_all(self, name, kind):
        return dict.get(self, name.rstrip(".").lower(), {}).get(kind, [])


def lookup(zone):
    def answer(name, kind, *_):
        for value in zone.get_all(name, kind):
            if kind == "TXT":
                value = (value.encode(),)
            elif kind == "MX":
                value = (value[0], value[1])
            elif kind == "AAAA":
                value = ipaddress.ip_address(value).packed
            elif kind == "PTR":
                value = value.rstrip(".")
            yield (name, kind), value

    return lambda *arguments: list(answer(*arguments))


def reverse_name(address):
    return ipaddress.ip_address(address).reverse_pointer


def zone_of(records, reverse, sender):
    zone = Zone()
    for record in records:
        zone.put(sender, "TXT", record)
    names, forward = reverse
    if names:
        zone.put(reverse_name(OURS), "PTR", *names)
    for name, addresses in forward.items():
        zone.put(name, "AAAA", *addresses)
    zone.put(f"near.{HELO}", "AAAA", NEAR)
    zone.put(f"near.{HELO}", "A", "192.0.2.9")
    zone.put(f"mx.{HELO}", "MX", [10, f"near.{HELO}"], [20, HELO])
    zone.put(sender, "MX", [10, HELO])
    nibbles = ".".join(reversed(ipaddress.ip_address(OURS).exploded.replace(":", "")))
    zone.put(f"{nibbles}.ip6.by.corp.example", "A", "127.0.0.2")
    zone.put("_dmarc.shop.example", "TXT", "v=DMARC1; p=reject")
    for domain in ("shop.example", "mail.shop.example", "esp.example"):
        zone.put(f"sel._domainkey.{domain}", "TXT", f"v=DKIM1; k=rsa; p={PUBLIC}")
    return zone


def message(author, signer, is_damaged=False):
    text = (
        f"From: Ann Lee <{author}>\r\nTo: x7k2@example.com\r\nSubject: Hello\r\n"
        "Date: Sat, 21 Nov 2026 08:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\n\r\nHello\r\n"
    ).encode()
    if signer:
        headers = [b"from", b"from", b"to", b"subject", b"date"]
        text = dkim.sign(text, b"sel", signer.encode(), PEM, include_headers=headers) + text
    return text.replace(b"Hello\r\n", b"Good-bye\r\n") if is_damaged else text


def spf_word(zone, mail_from):
    spf.DNSLookup = lookup(zone)
    return spf.check2(i=OURS, s=mail_from, h=HELO, receiver="unknown")[0]


def signers(zone, content):
    """The domains whose signature verifies; there is one at most."""
    def text_of(name, timeout=5):
        found = zone.get_all(name.decode(), "TXT")
        return found[0].encode() if found else None

    signed = re.search(rb"\bd=([a-z.]+)", content)
    is_good = signed and dkim.verify(content, dnsfunc=text_of)
    return {signed[1].decode()} if is_good else set()


def reverse_rule(zone):
    """RFC 1912 section 2.1."""
    names = zone.get_all(reverse_name(OURS), "PTR")
    if not names:
        return "reverse-missing"
    leads_back = any(OURS in zone.get_all(name, "AAAA") for name in names)
    return "" if leads_back else "reverse-unconfirmed"


class Checker:
    def __init__(self, program):
        self.program = program
        self.folder = tempfile.TemporaryDirectory(prefix="way_out.")

    def rules(self, zone, content, mail_from, to, **sections):
        """The rules that would refuse, by `check`."""
        folder = Path(self.folder.name)
        config = {
            "store": {"path": str(folder / "store.db")},
            "egress": {"addresses": [OURS], "helo": HELO},
            **{name: {"mode": "off"} for name in ("format", "list_unsubscribe", "alignment",
                                                  "sender_identity", "private_relay")},
            **sections,
        }
        (folder / "milter.conf").write_text(json.dumps(config))
        (folder / "zone.json").write_text(json.dumps(zone))
        done = subprocess.run(
            [self.program, "check", "-", "--json", "--enforce", "--mail-from", mail_from, "--rcpt",
             to, "--config", folder / "milter.conf", "--zone", folder / "zone.json"],
            input=content, capture_output=True, check=False, timeout=300,
        )
        if done.returncode not in (0, 1) or done.stderr:
            raise AssertionError(f"exit status {done.returncode}\n{done.stderr.decode()}")
        return {one["rule"] for line in done.stdout.splitlines()
                for one in json.loads(line)["findings"] if one["effect"] == "reject"}


def over_ipv6(checker):
    """Every record with every reverse DNS: (what, rules found, rules due)."""
    content = message("ann@shop.example", "shop.example")
    words = {"fail": "spf-fail", "softfail": "spf-softfail", "neutral": "spf-neutral",
             "none": "spf-none", "permerror": "spf-error", "pass": ""}
    for (record, texts), (name, reverse) in itertools.product(SPF.items(), REVERSE.items()):
        zone = zone_of(texts, reverse, "bounce.shop.example")
        sender = "post@bounce.shop.example"
        due = set()  # after a refusal no other policy is asked
        if rule := words[spf_word(zone, sender)]:
            due.add(f"alignment.{rule}")
        elif rule := reverse_rule(zone):
            due.add(f"sender_identity.{rule}")
        found = checker.rules(zone, content, sender, "bob@icloud.com",
                              alignment={"mode": "enforce"}, sender_identity={"mode": "enforce"})
        yield f"{record}, {name}", found, due


def to_the_relay(checker):
    """Apple: the domain of From, or the address, is registered; SPF or DKIM passes for exactly
    that domain."""
    authors = ("ann@shop.example", "news@mail.shop.example", "eve@mail.shop.example")
    registered = ["shop.example", "news@mail.shop.example"]
    ways = itertools.product(authors, ("shop.example", "mail.shop.example", "esp.example"),
                             (None, "shop.example", "mail.shop.example", "esp.example"),
                             (f"v=spf1 ip6:{OURS} -all", "v=spf1 -all"), (False, True))
    for number, (author, sender, signer, record, is_damaged) in enumerate(ways):
        zone = zone_of([record], REVERSE["confirmed"], sender)
        mail_from = f"post@{sender}"
        content = message(author, signer, is_damaged)
        domain = author.partition("@")[2]
        due = set()
        if domain not in registered and author not in registered:
            due.add("private_relay.source-unregistered")
        by_spf = spf_word(zone, mail_from) == "pass" and (
            sender in registered or mail_from in registered)
        by_dkim = domain in signers(zone, content)
        if not (by_spf or by_dkim):
            due.add("private_relay.unauthenticated")
        found = checker.rules(zone, content, mail_from, RELAYS[number % 2],
                              private_relay={"mode": "enforce", "sources": registered})
        yield f"{author} by {sender} ({record}), signed {signer} {is_damaged}", found, due


def main():
    checker = Checker(support.arguments().ctl)
    failures = []
    for title, cases, least in (("over IPv6", over_ipv6(checker), 60),
                                ("to relay addresses", to_the_relay(checker), 100)):
        cases = list(cases)
        refused = sum(bool(due) for _, _, due in cases)
        print(f"{title}: {len(cases)} senders, {refused} refused")
        if len(cases) < least or not 0 < refused < len(cases):
            failures.append(f"{title}: too few cases of either kind")
        failures += [f"{title}: {what}: found {sorted(found)}, due {sorted(due)}"
                     for what, found, due in cases if found != due]
    for failure in failures[:30]:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
