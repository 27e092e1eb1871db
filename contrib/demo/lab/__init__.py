# SPDX-License-Identifier: Apache-2.0
"""A mail site in a box: a private Postfix, a name server, and SMTP sinks that play Apple's MX and
somebody else's, all in network, mount and process namespaces of their own.

The demo shows mail in it, test/postfix proves things in it. Nothing of it can reach the network or
the machine's own mail server, and nothing of it outlives the program that started it.
"""
