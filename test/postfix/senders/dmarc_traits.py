# SPDX-License-Identifier: Apache-2.0
"""What senders publish for DMARC: at the author's domain, or at the domain above it."""

from __future__ import annotations

from collections.abc import Callable

from .dns import TIMEOUT
from .draft import Draft, Records

AT_AUTHOR: dict[str, Records] = {
    "none": {"_dmarc": ["v=DMARC1; p=none"]},
    "quarantine": {"_dmarc": ["v=DMARC1; p=quarantine"]},
    "reject": {"_dmarc": ["v=DMARC1; p=reject; rua=mailto:d@{d}"]},
    "strict": {"_dmarc": ["v=DMARC1; p=reject; aspf=s; adkim=s"]},
    "strict-spf": {"_dmarc": ["v=DMARC1;p=reject;aspf=s"]},
    "strict-dkim": {"_dmarc": ["v=DMARC1;p=quarantine;adkim=s;"]},
    "testing-reject": {"_dmarc": ["v=DMARC1; p=reject; t=y"]},
    "testing-quarantine": {"_dmarc": ["v=DMARC1; p=quarantine; t=y"]},
    "without-policy": {"_dmarc": ["v=DMARC1; rua=mailto:d@{d}"]},
    "with-pct": {"_dmarc": ["v=DMARC1; p=reject; pct=50"]},
    "upper-case": {"_dmarc": ["v=DMARC1; P=REJECT; ASPF=R"]},
    "odd-blanks": {"_dmarc": ["v = DMARC1 ;p= reject ; "]},
    "in-chunks": {"_dmarc": [["v=DMARC1; p=rej", "ect"]]},
    "unknown-tags": {"_dmarc": ["v=DMARC1; x=1; p=reject; fo=1"]},
    "misspelled-policy": {"_dmarc": ["v=DMARC1; p=rejct; rua=mailto:d@{d}"]},
    "misspelled-policy-unreported": {"_dmarc": ["v=DMARC1; p=rejct"]},
    "version-late": {"_dmarc": ["p=reject; v=DMARC1"]},
    "version-wrong": {"_dmarc": ["v=dmarc1; p=reject"]},
    "two-records": {"_dmarc": ["v=DMARC1; p=reject", "v=DMARC1; p=none"]},
    "beside-other-texts": {"_dmarc": ["hello", "v=DMARC1; p=reject"]},
    "missing": {},
    "late": {"_dmarc": TIMEOUT},
    "by-alias": {"_dmarc CNAME": ["policy.{d}."], "policy": ["v=DMARC1; p=reject"]},
}

AT_ORGANIZATION: dict[str, Records] = {
    "sp-reject": {"_dmarc": ["v=DMARC1; p=none; sp=reject"]},
    "sp-none": {"_dmarc": ["v=DMARC1; p=reject; sp=none"]},
    "sp-quarantine": {"_dmarc": ["v=DMARC1; p=reject; sp=quarantine"]},
    "without-sp": {"_dmarc": ["v=DMARC1; p=reject"]},
    "np-reject": {"_dmarc": ["v=DMARC1; p=none; np=reject"]},
    "np-none": {"_dmarc": ["v=DMARC1; p=reject; sp=quarantine; np=none"]},
    "sp-misspelled": {"_dmarc": ["v=DMARC1; p=reject; sp=what; rua=mailto:d@{d}"]},
    "psd-n": {"_dmarc": ["v=DMARC1; p=reject; psd=n"]},
    "above-late": {"_dmarc": TIMEOUT},
}


def _publish(records: Records) -> Callable[[Draft], None]:
    return lambda draft: draft.publish(draft.author, records)


def _publish_above(records: Records) -> Callable[[Draft], None]:
    def apply(draft: Draft) -> None:
        if draft.author == draft.base:
            draft.author = f"news.{draft.base}"
            draft.zone.add(draft.author, "A", "203.0.113.80")
        draft.publish(draft.base, records)

    return apply


def _own_and_above(draft: Draft) -> None:
    """The nearest record decides."""
    _publish_above({"_dmarc": ["v=DMARC1; p=reject"]})(draft)
    draft.publish(draft.author, {"_dmarc": ["v=DMARC1; p=none"]})


def _own_with_late_above(draft: Draft) -> None:
    """The policy is known, the organization is not."""
    _publish_above({"_dmarc": TIMEOUT})(draft)
    draft.publish(draft.author, {"_dmarc": ["v=DMARC1; p=reject"]})


DMARC: dict[str, Callable[[Draft], None]] = {
    **{name: _publish(records) for name, records in AT_AUTHOR.items()},
    **{name: _publish_above(records) for name, records in AT_ORGANIZATION.items()},
    "own-and-above": _own_and_above,
    "own-with-late-above": _own_with_late_above,
}
