#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The unsubscribe endpoint against clients that mean it no good, over raw sockets."""
import time
import unittest

import site_of_tests as world
from site_of_tests import Endpoint, Site, read_all

ONE_CLICK = b"List-Unsubscribe=One-Click"


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else None


def post(token, body=ONE_CLICK, more=b""):
    return (b"POST /unsubscribe/" + token.encode() + b" HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n" + more +
            b"Content-Length: %d\r\n\r\n" % len(body) + body)


class Hostile(unittest.TestCase):
    def still_works(self, endpoint):
        self.assertEqual(status_of(endpoint.raw(post(endpoint.site.token()))), 200)

    def test_requests_are_refused_or_let_go(self):
        site = Site("    per_client: 1000\n")
        token = site.token().encode()
        path = b"/unsubscribe/" + token
        with Endpoint(site) as endpoint:
            for octets, statuses in (
                    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400, None}),
                    (b"\x00" * 100 + b"\r\n\r\n", {400, None}),
                    (b"GET\r\n\r\n", {400}),
                    (b"GET  HTTP/1.1\r\n\r\n", {400}),
                    (b"GET " + path + b" HTTP/9.9\r\n\r\n", {400}),
                    (b"BREW " + path + b" HTTP/1.1\r\n\r\n", {400}),
                    (b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n", {414, 400, None}),
                    (b"GET /" + b"a" * 4000 + b" HTTP/1.1\r\n\r\n", {414}),
                    (b"GET " + path + b" HTTP/1.1\r\n" + b"A: b\r\n" * 100000 + b"\r\n", {400, None}),
                    (b"GET " + path + b" HTTP/1.1\r\nA: " + b"b" * 100000 + b"\r\n\r\n", {400, None}),
                    (b"GET " + path + b" HTTP/1.1\r\nRange: bytes=" + b"0-," * 900 + b"0-\r\n\r\n",
                     {400}),
                    (b"GET " + path + b" HTTP/1.1\r\nX-Forwarded-For: " + b"1," * 3000 + b"\r\n\r\n",
                     {200}),
                    (b"POST " + path + b" HTTP/1.1\r\nContent-Length: -1\r\n\r\n", {400, 413}),
                    (b"POST " + path + b" HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
                     {400, 413}),
                    (post(site.token(), b"a" * 100000), {413, 400}),
                    (post(site.token()).replace(b"\r\n", b"\r\nContent-Encoding: br\r\n", 1), {415}),
                    (post(site.token()).replace(b"\r\n", b"\r\nContent-Encoding: gzip\r\n", 1), {415}),
                    (b"POST " + path + b" HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" +
                     b"400\r\n" + b"a" * 1024 + b"\r\n", {400, 413, None}),
                    (b"POST " + path + b" HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" +
                     (b"400\r\n" + b"a" * 1024 + b"\r\n") * 1000, {400, 413, None}),
                    (b"POST " + path + b" HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                     {400, None}),
                    (post(site.token(), b"--x\r\n" * 500).replace(
                        b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x"),
                     {400}),
                    (post(site.token(), b"x").replace(
                        b"application/x-www-form-urlencoded",
                        b"multipart/form-data; boundary=" + b"y" * 5000), {400}),
                    (post(site.token(), b"&" * 8000), {400}),
                    (post(site.token(), b"%" * 8000), {400}),
            ):
                with endpoint.connect() as client:
                    try:
                        client.sendall(octets)
                        client.shutdown(1)
                    except OSError:
                        pass
                    answer = read_all(client)
                self.assertIn(status_of(answer), statuses, octets[:80])
                self.assertNotIn(b"EXCEPTION", answer)
            self.assertEqual(site.listed(), [])
            self.still_works(endpoint)

    def test_a_second_request_in_the_same_connection_is_not_read(self):
        site = Site()
        with Endpoint(site) as endpoint:
            answer = endpoint.raw(b"GET /unsubscribe HTTP/1.1\r\nHost: x\r\n\r\n" + post(site.token()))
            self.assertEqual(answer.count(b"HTTP/1.1 "), 1)
            self.assertIn(b"Connection: close", answer)
            self.assertEqual(site.listed(), [])

    def test_half_a_request_changes_nothing(self):
        site = Site()
        whole = post(site.token())
        with Endpoint(site) as endpoint:
            for end in (1, 20, len(whole) - 30, len(whole) - 5, len(whole) - 1):
                with endpoint.connect() as client:
                    client.sendall(whole[:end])
                    client.shutdown(1)
                    self.assertNotEqual(status_of(read_all(client)), 200)
            self.assertEqual(site.listed(), [])
            self.still_works(endpoint)

    def test_whoever_is_slow_is_let_go_and_keeps_nobody_else_out(self):
        site = Site("    deadline: 5s\n    connections: 4\n")
        with Endpoint(site) as endpoint:
            slow = [endpoint.connect() for _ in range(8)]
            for client in slow:
                client.sendall(b"POST /unsubscribe/x HTTP/1.1\r\n")
            # An octet now and then keeps no connection open.
            dropped = set()
            while len(dropped) < len(slow):
                for client in slow:
                    if client in dropped:
                        continue
                    try:
                        client.sendall(b"A")
                    except OSError:
                        dropped.add(client)
                time.sleep(0.1)
            for client in slow:
                client.close()
            self.still_works(endpoint)

    def test_more_connections_than_are_served_at_once_wait_for_their_turn(self):
        site = Site("    connections: 2\n")
        with Endpoint(site) as endpoint:
            clients = [endpoint.connect() for _ in range(20)]
            request = post(site.token())
            for client in clients:
                client.sendall(request)
            for client in clients:
                self.assertEqual(status_of(read_all(client)), 200)
                client.close()

    def test_what_has_begun_when_it_is_stopped_is_ended(self):
        site = Site()
        whole = post(site.token())
        with Endpoint(site) as endpoint:
            with endpoint.connect() as client:
                client.sendall(whole[:-3])
                endpoint.await_reading(client)
                endpoint.process.terminate()
                time.sleep(0.2)  # sooner or later, it must be the same
                client.sendall(whole[-3:])
                self.assertEqual(status_of(read_all(client)), 200)
            self.assertEqual(endpoint.process.wait(timeout=300), 0)
            self.assertIn("stopped; every request was answered", endpoint.log())
        self.assertEqual(len(site.listed()), 1)


if __name__ == "__main__":
    world.main()
