#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The unsubscribe endpoint as mailbox providers, readers and their programs use it (RFC 8058)."""
import http.client
import os
import re
import subprocess
import threading
import unittest

import site_of_tests as world
from site_of_tests import Endpoint, Site

ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BOB = ("bob@icloud.com", "stream:news", "unsubscribe")


def ask(endpoint, method, path, body=None, headers=None):
    client = http.client.HTTPConnection("127.0.0.1", endpoint.site.port, timeout=90)
    client.request(method, path, body, headers or {})
    answer = client.getresponse()
    text = answer.read().decode()
    client.close()
    return answer, text


def post(endpoint, token, body=ONE_CLICK, headers=FORM):
    return ask(endpoint, "POST", f"/unsubscribe/{token}", body, headers)


class OneClick(unittest.TestCase):
    def test_a_post_in_either_form_unsubscribes_and_is_answered_without_redirect(self):
        site = Site()
        with Endpoint(site) as endpoint:
            for address, words in (("bob@icloud.com", ["-d", ONE_CLICK]),
                                   ("eve@me.com", ["-F", ONE_CLICK])):
                done = subprocess.run(
                    ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{num_redirects}",
                     *words, f"http://127.0.0.1:{site.port}/unsubscribe/{site.token(address)}"],
                    capture_output=True, timeout=180, check=True)
                self.assertEqual(done.stdout, b"200 0")
            self.assertEqual(endpoint.stop(), 0)
        self.assertEqual(site.listed(), [BOB, ("eve@me.com", "stream:news", "unsubscribe")])

    def test_of_a_link_that_somebody_put_a_query_behind_counts_by_its_body(self):
        site = Site()
        form = {"Content-Type": "Application/X-WWW-Form-URLencoded; charset=UTF-8"}
        with Endpoint(site) as endpoint:
            token = site.token() + "?utm_source=mail&List-Unsubscribe=One-Click"
            self.assertEqual(post(endpoint, token, "leave=no", form)[0].status, 400)
            self.assertEqual(site.listed(), [])
            self.assertEqual(post(endpoint, token, "List%2DUnsubscribe=One-Click", form)[0].status,
                             200)
        self.assertEqual(site.listed(), [BOB])

    def test_what_is_said_to_be_done_is_kept_also_when_the_process_is_killed(self):
        site = Site()
        with Endpoint(site) as endpoint:
            self.assertEqual(post(endpoint, site.token())[0].status, 200)
            endpoint.process.kill()
            endpoint.process.wait()
        self.assertEqual(site.listed(), [BOB])

    def test_a_token_used_again_changes_nothing_and_gets_the_same_answer(self):
        site = Site()
        with Endpoint(site) as endpoint:
            first = post(endpoint, site.token())
            for _ in range(20):
                again = post(endpoint, site.token())
                self.assertEqual((again[0].status, again[1]), (first[0].status, first[1]))
        status, out, _ = site.run("suppress", "show", "bob@icloud.com", "--json")
        self.assertEqual(status, 0)
        self.assertEqual(out.count("one-click POST"), 1, out)

    def test_of_a_stream_that_was_renamed_unsubscribes_from_all_mail(self):
        site = Site()
        token = site.token()
        site.config.write_text(site.config.read_text().replace("name: news", "name: letters"))
        with Endpoint(site) as endpoint:
            self.assertEqual(post(endpoint, token)[0].status, 200)
        self.assertEqual(site.listed(), [("bob@icloud.com", "global", "unsubscribe")])

    def test_known_and_unknown_addresses_get_the_same_answer(self):
        site = Site()
        site.run("suppress", "add", "gone@icloud.com", "--reason", "hard-bounce")
        site.run("suppress", "add", "forgotten@icloud.com", "--reason", "erasure")
        with Endpoint(site) as endpoint:
            answers = set()
            for address in ("gone@icloud.com", "forgotten@icloud.com", "never-seen@icloud.com"):
                for method, body in (("GET", None), ("POST", ONE_CLICK), ("POST", "x")):
                    answer, text = ask(endpoint, method, "/unsubscribe/" + site.token(address),
                                       body, FORM)
                    fields = tuple(sorted((k, v) for k, v in answer.getheaders()))
                    answers.add((method, body, answer.status, fields, text))
            self.assertEqual(len(answers), 3)
        self.assertIn(("forgotten@icloud.com", "global", "erasure"), site.listed())

    def test_a_get_and_a_head_change_nothing(self):
        site = Site()
        with Endpoint(site) as endpoint:
            for method in ("GET", "HEAD", "GET"):
                answer, text = ask(endpoint, method, f"/unsubscribe/{site.token()}")
                self.assertEqual(answer.status, 200)
                self.assertEqual(bool(text), method == "GET")
        self.assertEqual(site.listed(), [])

    def test_a_post_without_the_pair_changes_nothing(self):
        site = Site()
        with Endpoint(site) as endpoint:
            token = site.token()
            for body, headers in (("", FORM), ("List-Unsubscribe=", FORM),
                                  ("list-unsubscribe=One-Click", FORM), ("x=y", FORM),
                                  (ONE_CLICK, {"Content-Type": "text/plain"}), (ONE_CLICK, {})):
                self.assertEqual(post(endpoint, token, body, headers)[0].status, 400, (body, headers))
            answer, _ = ask(endpoint, "POST", f"/unsubscribe/{token}?{ONE_CLICK}", "", FORM)
            self.assertEqual(answer.status, 400, "the pair is the body's (RFC 8058 section 3.2)")
        self.assertEqual(site.listed(), [])

    def test_a_token_that_is_not_ours_is_refused(self):
        site = Site("    per_client: 1000\n")
        stranger = Site()
        stranger.keys.write_text("aa" * 32 + "\n")
        token = site.token()
        with Endpoint(site) as endpoint:
            for forged in (stranger.token(), token[:-1], token[1:], token + "a", "",
                           token[:5] + ("a" if token[5] != "a" else "b") + token[6:],
                           "../../etc/passwd", "%00", "a" * 1500):
                self.assertEqual(post(endpoint, forged)[0].status, 404, forged)
            self.assertEqual(ask(endpoint, "POST", "/", ONE_CLICK, FORM)[0].status, 404)
            self.assertEqual(post(endpoint, token.upper())[0].status, 200)
        self.assertEqual(site.listed(), [BOB])

    def test_many_at_once_are_all_kept(self):
        site = Site()
        tokens = [site.token(f"user{i}@icloud.com") for i in range(8)]
        failures = []
        with Endpoint(site) as endpoint:
            def work(token):
                for _ in range(5):
                    if post(endpoint, token)[0].status != 200:
                        failures.append(token)
            threads = [threading.Thread(target=work, args=(token,)) for token in tokens]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(len(site.listed()), 8)


class Page(unittest.TestCase):
    def test_works_by_its_button_alone(self):
        site = Site("    site: \"Shop & <Co>\"\n")
        with Endpoint(site) as endpoint:
            answer, text = ask(endpoint, "GET", f"/unsubscribe/{site.token()}")
            self.assertIn("<p>Shop &amp; &lt;Co&gt;</p>", text)
            self.assertIn('<html lang="en">', text)
            self.assertIn("color-scheme:light dark", text)
            self.assertNotIn("<script", text)
            self.assertNotIn("bob", text)
            self.assertIn('<form method="post">', text)
            fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)">', text)
            body = "&".join(f"{name}={value}" for name, value in fields)
            answer, text = post(endpoint, site.token(), body)
            self.assertEqual(answer.status, 200)
            self.assertIn("<h1>You are unsubscribed</h1>", text)
        self.assertEqual(site.listed(), [BOB])
        self.assertIn("the button of the page, from 127.0.0.1",
                      site.run("suppress", "show", "bob@icloud.com")[1])

    def test_comes_with_fields_that_keep_it_to_itself(self):
        site = Site()
        with Endpoint(site) as endpoint:
            for method, path in (("GET", f"/unsubscribe/{site.token()}"), ("GET", "/other"),
                                 ("DELETE", "/unsubscribe/x"), ("GET", "/" + "a" * 3000)):
                answer, _ = ask(endpoint, method, path)
                self.assertEqual(answer.getheader("Cache-Control"), "no-store")
                self.assertEqual(answer.getheader("Referrer-Policy"), "no-referrer")
                self.assertEqual(answer.getheader("X-Content-Type-Options"), "nosniff")
                self.assertEqual(answer.getheader("X-Frame-Options"), "DENY")
                self.assertIn("default-src 'none'", answer.getheader("Content-Security-Policy"))
                self.assertIsNone(answer.getheader("Set-Cookie"))
                self.assertIsNone(answer.getheader("Location"))

    def test_is_answered_to_no_other_method(self):
        site = Site()
        with Endpoint(site) as endpoint:
            for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
                answer, _ = ask(endpoint, method, f"/unsubscribe/{site.token()}")
                self.assertEqual((answer.status, answer.getheader("Allow")),
                                 (405, "GET, HEAD, POST"))


class Limits(unittest.TestCase):
    def test_hold_for_each_client_that_has_no_token(self):
        site = Site("    per_client: 2\n")  # one more after half a minute, not sooner
        with Endpoint(site) as endpoint:
            def guess(client):
                answer, _ = ask(endpoint, "GET", "/unsubscribe/guess",
                                headers={"X-Forwarded-For": client})
                return answer
            self.assertEqual([guess("192.0.2.1").status for _ in range(3)], [404] * 2 + [429])
            self.assertTrue(1 <= int(guess("192.0.2.1").getheader("Retry-After")) <= 60)
            self.assertEqual(guess("192.0.2.2").status, 404)
            self.assertEqual(guess("1.1.1.1, 192.0.2.1").status, 429, "the last is who connected")
            self.assertEqual([guess(f"2001:db8::{i}").status for i in range(3)],
                             [404] * 2 + [429], "of IPv6 a /64 is one client")
            # A mailbox provider unsubscribes many people from one address.
            for i in range(10):
                answer, _ = post(endpoint, site.token(f"user{i}@icloud.com"),
                                 headers=FORM | {"X-Forwarded-For": "192.0.2.1"})
                self.assertEqual(answer.status, 200)

    def test_hold_for_all_clients_together(self):
        site = Site("    overall: 2\n")
        with Endpoint(site) as endpoint:
            token = site.token()
            statuses = [post(endpoint, token)[0].status for _ in range(4)]
            self.assertEqual(statuses, [200] * 2 + [429] * 2)

    def test_of_strangers_cannot_be_slipped_by_writing_another_address(self):
        site = Site("    per_client: 2\n    proxies: [192.0.2.0/24]\n")
        with Endpoint(site) as endpoint:
            statuses = [ask(endpoint, "GET", "/unsubscribe/guess",
                            headers={"X-Forwarded-For": f"198.51.100.{i}"})[0].status
                        for i in range(3)]
            self.assertEqual(statuses, [404, 404, 429])
            endpoint.stop()
            self.assertIn("client=127.0.0.1 ", endpoint.log())


class Trouble(unittest.TestCase):
    def test_with_the_store_is_told_and_nothing_is_claimed(self):
        site = Site()
        site.lose_store()
        with Endpoint(site) as endpoint:
            answer, text = post(endpoint, site.token())
            self.assertEqual((answer.status, answer.getheader("Retry-After")), (503, "120"))
            self.assertIn("nothing has changed yet", text)
            site.put_store_back()
            self.assertEqual(post(endpoint, site.token())[0].status, 200)
            endpoint.stop()
            self.assertIn("outcome=later", endpoint.log())
        self.assertEqual(site.listed(), [BOB])

    def test_log_names_no_address_and_no_token_unless_it_shall(self):
        for option, is_named in (("", False), ("    log_addresses: yes\n", True)):
            site = Site(option)
            with Endpoint(site) as endpoint:
                ask(endpoint, "GET", f"/unsubscribe/{site.token()}")
                post(endpoint, site.token())
                ask(endpoint, "GET", "/unsubscribe/bob@icloud.com")
                endpoint.stop()
                log = endpoint.log()
            self.assertEqual("bob@icloud.com" in log, is_named, log)
            self.assertNotIn(site.token(), log)
            self.assertEqual(len(re.findall(r"outcome=(\w+)", log)), 3, log)

    def test_at_the_start_is_said(self):
        site = Site()
        status, _, err = site.run("unsubscribe", "serve", "--listen", f"inet:{site.port}@0.0.0.0")
        self.assertEqual(status, 1)
        self.assertEqual(err, f"icloud-milterctl: unsubscribe.endpoint.address: "
                              f"inet:{site.port}@0.0.0.0: other hosts may connect, and it speaks no "
                              f"TLS: expected unix: or a loopback address, or \"exposed: yes\" "
                              f"where something stands between\n")
        site.keys.chmod(0o644)
        status, _, err = site.run("unsubscribe", "serve")
        self.assertEqual(status, 1)
        self.assertIn("unsubscribe.key_file: ", err)
        self.assertIn("everybody may read the key", err)


class Sockets(unittest.TestCase):
    def test_of_unix_are_served_and_taken_away(self):
        site = Site()
        path = site.path / "socket"
        with Endpoint(site, "--listen", f"unix:{path}") as endpoint:
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o660)
            done = subprocess.run(
                ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", str(path),
                 "-d", ONE_CLICK, "-H", "X-Forwarded-For: 198.51.100.7",
                 f"http://news.example.com/unsubscribe/{site.token()}"],
                capture_output=True, timeout=180, check=True)
            self.assertEqual(done.stdout, b"200")
            self.assertEqual(endpoint.stop(), 0)
            self.assertIn("client=198.51.100.7 ", endpoint.log())
        self.assertFalse(path.exists())
        self.assertEqual(site.listed(), [BOB])


if __name__ == "__main__":
    world.main()
