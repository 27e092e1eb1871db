# SPDX-License-Identifier: Apache-2.0
"""What Apple's servers answer, as far as their answers are known, decided with the oracles."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from lab.sink import Delivery

from .dkim_oracle import Signature, dkim_results
from .dmarc_oracle import Dmarc, Evaluation
from .dns import Dns, NoSuchName, TemporaryFailure
from .spf_oracle import spf_result

HELO_NOT_FOUND = "450 4.7.1 <{helo}>: Helo command rejected: Host not found"
SENDER_NOT_FOUND = "450 4.1.8 <{sender}>: Sender address rejected: Domain not found"
NO_AUTHENTICATION = (
    "554 5.7.1 [HME1] This message was blocked for failing both SPF and DKIM authentication checks"
)
JUNK = "junk"
DMARC_REJECT = "554 5.7.1 Your message was rejected due to {domain}'s DMARC policy"


@dataclass(frozen=True)
class Findings:
    spf: str
    spf_domain: str
    dkim: list[Signature]
    dmarc: Dmarc

    @property
    def authenticates_nothing(self) -> bool:
        """[HME1]. What could not be found out is not held against a sender."""
        results = [self.spf, *(one.result for one in self.dkim)]
        return "pass" not in results and "temperror" not in results

    @property
    def answer(self) -> str:
        """ "", "junk", or the reply to the end of data."""
        if self.authenticates_nothing:
            return NO_AUTHENTICATION
        if self.dmarc.treatment == "reject":
            return DMARC_REJECT.format(domain=self.dmarc.domain)
        return self.dmarc.treatment


def examine(dns: Dns, client: str, helo: str, mail_from: str, message: bytes) -> Findings:
    spf, spf_domain = spf_result(dns, client, helo, mail_from)
    dkim = dkim_results(dns, message)
    dmarc = Evaluation(dns).result(
        message, (spf, spf_domain), [(one.result, one.domain) for one in dkim]
    )
    return Findings(spf, spf_domain, dkim, dmarc)


def objection_to_envelope(dns: Dns, helo: str, mail_from: str) -> str:
    """The reply to RCPT; empty when it is accepted."""
    if not _has_host(dns, helo, "MX", "A", "AAAA"):
        return HELO_NOT_FOUND.format(helo=helo)
    if mail_from and not _has_host(dns, mail_from.rpartition("@")[2], "MX", "A", "AAAA"):
        return SENDER_NOT_FOUND.format(sender=mail_from)
    return ""


def _has_host(dns: Dns, name: str, *kinds: str) -> bool:
    """Whether mail or a host is there. What Apple says to a null MX (RFC 7505) is not known: here it
    is an MX like others."""
    for kind in kinds:
        try:
            found = dns.lookup(name, kind)
        except NoSuchName:
            return False
        except TemporaryFailure:
            return True
        if found:
            return True
    return False


@dataclass
class Answered:
    """What a message got."""

    at_recipient: str = ""
    at_end: str = ""  # the reply, "junk", or "" for the inbox
    seen: bool = False  # the content came, or will never come
    findings: Findings | None = None

    @property
    def answer(self) -> str:
        return self.at_recipient or self.at_end


class AppleJudge:
    """Plays the judge of Apple's MX hosts for the lab's sinks; others take everything. A message is
    known by the local part of its recipient."""

    def __init__(self, dns: Dns) -> None:
        self._dns = dns
        self._lock = threading.Lock()
        self._book: dict[str, Answered] = {}

    def of(self, recipient: str) -> Answered:
        with self._lock:
            return self._book.setdefault(recipient, Answered())

    def forget(self) -> None:
        with self._lock:
            self._book.clear()

    def at_recipient(self, host: str, helo: str, mail_from: str, recipient: str) -> str:
        if not host.endswith(".icloud.com"):
            return ""
        reply = objection_to_envelope(self._dns, helo, mail_from)
        one = self.of(_local_part(recipient))
        one.at_recipient, one.seen = reply, one.seen or bool(reply)
        return reply

    def at_end(self, delivery: Delivery) -> str:
        if not delivery.host.endswith(".icloud.com"):
            return ""
        found = examine(
            self._dns, delivery.client, delivery.helo, delivery.mail_from, delivery.content
        )
        (recipient,) = delivery.recipients
        one = self.of(_local_part(recipient))
        one.findings, one.at_end, one.seen = found, found.answer, True
        return "" if found.answer == JUNK else found.answer


def _local_part(recipient: str) -> str:
    return recipient.rpartition("@")[0]
