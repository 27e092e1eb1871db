#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""icloud-milterctl relay-events import, with tokens that an Apple of the test's own signs."""
import base64
import hashlib
import hmac
import json
import os
import time
import unittest

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import site_of_tests as world
from site_of_tests import Site

RELAY = "dpdcnf87nu@privaterelay.appleid.com"
OFF = (RELAY, "global", "relay-off")


def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def number(value):
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Apple:
    """Keys that are published, and tokens signed with them."""

    def __init__(self, bits=2048):
        self.keys = {name: rsa.generate_private_key(65537, bits) for name in ("K1", "K2")}

    def published(self):
        keys = []
        for name, key in self.keys.items():
            numbers = key.public_key().public_numbers()
            keys.append({"kty": "RSA", "kid": name, "use": "sig", "alg": "RS256",
                         "n": number(numbers.n), "e": number(numbers.e)})
        return json.dumps({"keys": keys})

    def token(self, event, kid="K2", key=None, header=(), claims=()):
        head = {"alg": "RS256", "kid": kid} | dict(header)
        body = {"iss": "https://appleid.apple.com", "aud": "com.example.shop",
                "iat": int(time.time()), "jti": "id-" + os.urandom(6).hex(),
                "events": json.dumps(event)} | dict(claims)
        body = {name: value for name, value in body.items() if value is not None}
        signed = b64(json.dumps(head).encode()) + "." + b64(json.dumps(body).encode())
        signer = self.keys[kid] if key is None else key
        signature = signer.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return signed + "." + b64(signature)


APPLE = Apple()


def event(kind, ago=60, **more):
    return {"type": kind, "sub": "000123.abc", "event_time": int(time.time()) - ago} | more


def disabled(ago=60):
    return event("email-disabled", ago, email=RELAY, is_private_email="true")


def enabled(ago=60):
    return event("email-enabled", ago, email=RELAY, is_private_email="true")


class RelaySite(Site):
    def __init__(self, published=None):
        super().__init__()
        self.apple_keys = self.path / "apple.json"
        self.apple_keys.write_text(published or APPLE.published())
        self.config.write_text(self.config.read_text() + f"""
private_relay:
  events:
    client_ids: [com.example.other, com.example.shop]
    keys_file: {self.apple_keys}
    journal: {self.path}/journal
""")

    def take(self, *tokens, words=()):
        given = "\n".join(json.dumps({"payload": token}) for token in tokens) + "\n"
        return self.run("relay-events", "import", *words, given=given.encode())


class Events(unittest.TestCase):
    def test_close_a_relay_address_and_open_it(self):
        site = RelaySite()
        self.assertEqual(site.take(APPLE.token(disabled(60)))[0], 0)
        self.assertEqual(site.listed(), [OFF])
        status, out, err = site.take(APPLE.token(enabled(30)))
        self.assertEqual((status, err), (0, ""))
        self.assertTrue(out.endswith(f": {RELAY}: relay-off ended\n"), out)
        self.assertEqual(site.listed(), [])
        self.assertIn("Sign in with Apple: email-enabled at ",
                      site.run("suppress", "show", RELAY)[1])

    def test_count_by_when_they_happened_and_not_when_they_came(self):
        site = RelaySite()
        status, out, _ = site.take(APPLE.token(enabled(30)), APPLE.token(disabled(60)))
        self.assertEqual(status, 0)
        self.assertIn("a later event was applied already", out)
        self.assertEqual(site.listed(), [])
        site.take(APPLE.token(disabled(10)), APPLE.token(enabled(20)))
        self.assertEqual(site.listed(), [OFF])

    def test_of_one_moment_leave_the_address_closed(self):
        off = disabled()
        on = off | {"type": "email-enabled"}
        for events in ((off, on), (on, off)):
            site = RelaySite()
            self.assertEqual(site.take(*(APPLE.token(one) for one in events))[0], 0)
            self.assertEqual(site.listed(), [OFF])

    def test_are_applied_once(self):
        site = RelaySite()
        off, on = APPLE.token(disabled(60)), APPLE.token(enabled(30))
        site.take(off, on)
        status, out, _ = site.take(off, on, off)
        self.assertEqual(status, 0)
        self.assertEqual(out.count("applied before"), 3, out)
        self.assertEqual(site.listed(), [])

    def test_open_nothing_but_what_a_relay_closed_before(self):
        site = RelaySite()
        site.run("suppress", "add", RELAY, "--reason", "complaint")
        site.run("suppress", "add", RELAY, "--reason", "relay-off")  # of now: after the event
        status, out, _ = site.take(APPLE.token(enabled(600)))
        self.assertEqual(status, 0)
        self.assertIn("nothing of it was switched off", out)
        self.assertEqual([entry[2] for entry in site.listed()], ["complaint", "relay-off"])

    def test_that_end_everything_are_for_good(self):
        site = RelaySite()
        subjects = site.path / "subjects"
        subjects.write_text(f"# our table\n000123.abc,{RELAY}\n000999.x\tother@icloud.com\n")
        status, out, err = site.take(APPLE.token(event("consent-revoked")))
        self.assertEqual((status, out), (1, ""))
        self.assertEqual(err, "icloud-milterctl: line 1: consent-revoked: Apple gives no address "
                              "with it; name the one of subject 000123.abc with --subjects\n")
        status, _, err = site.take(APPLE.token(event("consent-revoked")),
                                   APPLE.token(event("account-delete", sub="000999.x")),
                                   words=["--subjects", str(subjects)])
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(site.listed(), [(RELAY, "global", "unsubscribe"),
                                         ("other@icloud.com", "global", "hard-bounce")])
        self.assertEqual(site.take(APPLE.token(enabled(1)))[0], 0)
        self.assertIn((RELAY, "global", "unsubscribe"), site.listed())

    def test_of_kinds_that_are_not_known_are_told_and_passed_over(self):
        site = RelaySite()
        status, out, err = site.take(APPLE.token(event("planet-moved")), APPLE.token(disabled()))
        self.assertEqual((status, err), (0, ""))
        self.assertIn("not known here, passed over", out.splitlines()[0])
        self.assertEqual(site.listed(), [OFF])

    def test_come_in_every_form(self):
        site = RelaySite()
        tokens = [APPLE.token(event("email-disabled", email=f"a{i}@icloud.com", sub=f"s{i}",
                                    event_time=(int(time.time()) - 5) * (1000 if i == 1 else 1)))
                  for i in range(4)]
        file = site.path / "events"
        file.write_text(tokens[0] + "\r\n\n" + json.dumps({"payload": tokens[1]}, indent=2) + "\n" +
                        json.dumps({"payload": tokens[2], "more": {"a": 1}}) + "\n" + tokens[3])
        status, _, err = site.run("relay-events", "import", str(file))
        self.assertEqual((status, err), (0, ""))
        self.assertEqual([entry[0] for entry in site.listed()],
                         [f"a{i}@icloud.com" for i in range(4)])


class Belief(unittest.TestCase):
    def refused(self, token, told):
        site = RelaySite()
        status, out, err = site.take(token, APPLE.token(disabled()))
        self.assertEqual(status, 1, err)
        self.assertIn(told, err)
        self.assertEqual(err.count("\n"), 1)
        self.assertEqual(site.listed(), [OFF], "the good one behind it is applied")

    def test_is_given_to_apples_signature_alone(self):
        stranger = rsa.generate_private_key(65537, 2048)
        self.refused(APPLE.token(disabled(), key=stranger),
                     'the signature of the key "K2" does not verify')
        self.refused(APPLE.token(disabled(), header={"kid": "K1"}.items()),
                     'the signature of the key "K1" does not verify')
        self.refused(APPLE.token(disabled(), header={"kid": "K9"}.items()),
                     'signed with the key "K9", which is not among the published ones')
        token = APPLE.token(disabled())
        head, body, signature = token.split(".")
        changed = json.loads(base64.urlsafe_b64decode(body + "=="))
        changed["jti"] = "other"
        self.refused(".".join((head, b64(json.dumps(changed).encode()), signature)),
                     "does not verify")

    def test_is_given_to_no_other_algorithm(self):
        body = APPLE.token(disabled()).split(".")[1]
        for alg in ("none", "None", "HS256", "RS384", "PS256", "ES256", ""):
            head = b64(json.dumps({"alg": alg, "kid": "K1"}).encode())
            signed = f"{head}.{body}"
            # The published key as an HMAC secret: the classic confusion.
            secret = APPLE.keys["K1"].public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
            for signature in ("", b64(mac)):
                site = RelaySite()
                status, _, err = site.take(f"{signed}.{signature}")
                self.assertEqual(status, 1)
                self.assertIn("line 1: ", err)
                self.assertEqual(site.listed(), [], alg)
        self.refused(APPLE.token(disabled(), header={"crit": ["x"], "x": 1}.items()),
                     "it needs extensions that are not known here (crit)")

    def test_is_given_to_what_is_for_us_and_of_now(self):
        now = int(time.time())
        for claims, told in (
                ({"iss": "https://evil.example"}, "iss: issued by \"https://evil.example\""),
                ({"iss": None}, "iss: issued by null"),
                ({"aud": "com.example.stranger"}, "aud: for \"com.example.stranger\", which is not"),
                ({"aud": None}, "aud: for null"),
                ({"iat": now + 3600}, "is the clock of this host right?"),
                ({"iat": "soon"}, "iat: expected a time"),
                ({"jti": None}, "jti: expected a text"),
                ({"jti": "a b"}, "jti: expected 1 to 255 printable octets"),
                ({"events": "{"}, "events: expected an event"),
                ({"events": json.dumps(event("email-disabled", -3600, email=RELAY))},
                 "which is yet to come"),
                ({"events": json.dumps(event("email-disabled", email="x"))},
                 "email: expected an address"),
        ):
            self.refused(APPLE.token(disabled(), claims=claims.items()), told)
        site = RelaySite()
        several = APPLE.token(disabled(), claims={"aud": ["x", "com.example.shop"]}.items())
        self.assertEqual(site.take(several)[0], 0)

    def test_is_not_given_to_garbage(self):
        for garbage in ("", ".", "..", "a.b.c", "x" * 20000, "a.b", "\x00\xff", "{}", "[1]"):
            site = RelaySite()
            status, _, err = site.run("relay-events", "import",
                                      given=(garbage + "\n").encode("latin-1"))
            self.assertIn(status, (0, 1), garbage[:40])
            self.assertEqual(site.listed(), [])
            self.assertEqual(status == 0, garbage == "", err)

    def test_that_is_torn_does_not_take_the_next_ones_along(self):
        site = RelaySite()
        whole = json.dumps({"payload": APPLE.token(disabled())})
        status, _, err = site.run("relay-events", "import",
                                  given=("{\"payload\": \"eyJ\n" + whole + "\n").encode())
        self.assertEqual((status, err.count("\n")), (1, 1), err)
        self.assertIn("line 1: ", err)
        self.assertEqual(site.listed(), [OFF])

    def test_in_many_lines_is_read_once(self):
        site = RelaySite()
        endless = b"{\"x\":[1\n" + b",{}\n" * 16000
        whole = json.dumps({"payload": APPLE.token(disabled())}, indent=1).encode()
        status, _, err = site.run("relay-events", "import", given=endless + whole + b"\n")
        self.assertEqual((status, err.count("\n")), (1, 1), err)
        self.assertEqual(site.listed(), [OFF])

    def test_an_old_token_may_end_mail_but_not_begin_it_again(self):
        site = RelaySite()
        old = {"iat": int(time.time()) - 90000, "exp": int(time.time()) - 86400}.items()
        self.assertEqual(site.take(APPLE.token(disabled(60), claims=old))[0], 0)
        status, _, err = site.take(APPLE.token(enabled(30), claims=old))
        self.assertEqual(status, 1)
        self.assertIn("its exp has passed: an old token may end mail, but not begin it again", err)
        self.assertEqual(site.listed(), [OFF])


class Trouble(unittest.TestCase):
    def test_with_the_store_leaves_everything_to_be_imported_again(self):
        site = RelaySite()
        token = APPLE.token(disabled())
        site.lose_store()
        status, _, err = site.take(token)
        self.assertEqual(status, 75)
        self.assertIn("store.db", err)
        site.put_store_back()
        self.assertEqual(site.take(token)[0], 0)
        self.assertEqual(site.listed(), [OFF])

    def test_in_the_last_line_of_the_journal_is_mended(self):
        site = RelaySite()
        site.take(APPLE.token(disabled(60)))
        journal = site.path / "journal"
        journal.write_text(journal.read_text() + "half-a-li")
        self.assertEqual(site.take(APPLE.token(enabled(30)))[0], 0)
        self.assertEqual([line.count("\t") for line in journal.read_text().splitlines()], [3, 3])

    def test_is_made_by_whoever_puts_a_link_in_the_place_of_the_journal(self):
        site = RelaySite()
        precious = site.path / "precious"
        precious.write_text("a line without its end")
        (site.path / "journal").symlink_to(precious)
        status, _, err = site.take(APPLE.token(disabled()))
        self.assertEqual(status, 75)
        self.assertIn("journal: cannot open", err)
        self.assertEqual(precious.read_text(), "a line without its end")

    def test_with_keys_and_configuration_is_told(self):
        site = RelaySite(published="{}")
        status, _, err = site.take(APPLE.token(disabled()))
        self.assertEqual(status, 75)
        self.assertEqual(err, f"icloud-milterctl: {site.apple_keys}: expected a JWK Set, "
                              "{\"keys\": [...]} (RFC 7517 section 5)\n")
        weak = RelaySite(published=Apple(bits=1024).published())
        self.assertIn("expected RSA keys of 2048 bits", weak.take(APPLE.token(disabled()))[2])
        none = Site()
        status, _, err = none.run("relay-events", "import")
        self.assertEqual(status, 75)
        self.assertIn("private_relay.events.client_ids: none", err)


if __name__ == "__main__":
    world.main()
