# SPDX-License-Identifier: Apache-2.0
"""What stands in the header of a message that reached the sink."""

from __future__ import annotations

import re

from lab.sink import Delivery

OUTCOME = re.compile(r"(?:^|;)\s*(\w+)=(\w+)")


def names(delivery: Delivery) -> list[str]:
    """The names of the header fields, from the top."""
    return re.findall(r"(?m)^([^\s:]+)[ \t]*:", delivery.header.decode("latin-1"))


def outcomes(value: bytes) -> dict[str, str]:
    """The word of each method of a field of results; the first word of each."""
    found: dict[str, str] = {}
    for method, word in OUTCOME.findall(value.decode("latin-1")):
        found.setdefault(method, word)
    found.pop("i", None)
    return found
