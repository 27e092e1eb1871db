# SPDX-License-Identifier: Apache-2.0
"""A corpus of senders, good and broken ones, with their DNS and their mail; and what independent
implementations (python3-spf, python3-dkim, a DMARC of its own) say about each of them.

Nothing here knows our own code: what the gate foretells is compared with what comes from here.
"""
