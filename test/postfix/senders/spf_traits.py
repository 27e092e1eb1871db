# SPDX-License-Identifier: Apache-2.0
"""What senders publish for SPF, right and wrong. The egress is 192.0.2.25, its name
mx.corp.example."""

from __future__ import annotations

from .dns import TIMEOUT
from .draft import Records

OURS = "ip4:192.0.2.25"
ELSEWHERE = "ip4:203.0.113.200"
FAILS = f"v=spf1 {ELSEWHERE} -all"


def _chain(length: int) -> dict[str, list[str]]:
    """`length` includes one inside the other; the last knows us."""
    records = {"": ["v=spf1 include:i1.{d} -all"]}
    for number in range(1, length):
        records[f"i{number}"] = [f"v=spf1 include:i{number + 1}.{{d}} -all"]
    records[f"i{length}"] = [f"v=spf1 {OURS} -all"]
    return records


def _row(length: int) -> dict[str, list[str]]:
    """`length` includes side by side; none knows us, the record itself does."""
    terms = " ".join(f"include:i{number}.{{d}}" for number in range(length))
    rows = {f"i{number}": [f"v=spf1 {ELSEWHERE} -all"] for number in range(length)}
    return {"": [f"v=spf1 {terms} {OURS} -all"], **rows}


SPF: dict[str, Records] = {
    # Ways to say yes.
    "ip4": {"": [f"v=spf1 {OURS} -all"]},
    "network": {"": ["v=spf1 ip4:192.0.2.0/24 -all"]},
    "everything-by-cidr-0": {"": ["v=spf1 ip4:1.2.3.4/0 -all"]},
    "all": {"": ["v=spf1 +all"]},
    "a-of-another-name": {"": ["v=spf1 a:out.{d} -all"], "out A": ["192.0.2.25"]},
    "a-with-cidr": {"": ["v=spf1 a:out.{d}/24 -all"], "out A": ["192.0.2.99"]},
    "a-with-both-cidrs": {
        "": ["v=spf1 a:out.{d}/24//64 -all"],
        "out A": ["192.0.2.99"],
        "out AAAA": ["2001:db8::1"],
    },
    "mx": {"": ["v=spf1 mx:out.{d} -all"], "out MX": [[10, "m.{d}."]], "m A": ["192.0.2.25"]},
    "mx-second": {
        "": ["v=spf1 mx:out.{d} -all"],
        "out MX": [[10, "n.{d}."], [20, "m.{d}."]],
        "n A": ["203.0.113.9"],
        "m A": ["192.0.2.25"],
    },
    "ptr": {"": ["v=spf1 ptr:corp.example -all"]},
    "exists": {"": ["v=spf1 exists:yes.{d} -all"], "yes A": ["127.0.0.2"]},
    "exists-by-macro": {
        "": ["v=spf1 exists:%{ir}.%{v}.by.%{d} -all"],
        "25.2.0.192.in-addr.by A": ["127.0.0.2"],
    },
    "local-part-macro": {"": ["v=spf1 exists:%{l}.users.%{d} -all"], "post.users A": ["127.0.0.2"]},
    "helo-macro": {"": ["v=spf1 a:%{h} -all"]},
    "include": {"": ["v=spf1 include:i.{d} -all"], "i": [f"v=spf1 {OURS} -all"]},
    "include-of-a-softfail-then-ours": {
        "": [f"v=spf1 include:i.{{d}} {OURS} -all"],
        "i": [f"v=spf1 {ELSEWHERE} ~all"],
    },
    "redirect": {"": ["v=spf1 redirect=r.{d}"], "r": [f"v=spf1 {OURS} -all"]},
    "redirect-that-is-not-reached": {"": [f"v=spf1 {OURS} -all redirect=r.{{d}}"]},
    "ten-lookups": _chain(10),
    "ten-lookups-side-by-side": _row(10),
    "eleventh-lookup-not-reached": {
        "": [f"v=spf1 {OURS} " + " ".join(f"include:i{n}.{{d}}" for n in range(11)) + " -all"]
    },
    "two-void-lookups": {"": [f"v=spf1 a:v1.{{d}} a:v2.{{d}} {OURS} -all"]},
    "upper-case": {"": [f"V=SPF1 {OURS.upper()} -ALL"]},
    "extra-blanks": {"": [f"v=spf1   {OURS}    -all  "]},
    "in-chunks": {"": [["v=spf1 ip4:192.", "0.2.25 -all"]]},
    "long": {"": [f"v=spf1 {' '.join(f'ip4:203.0.113.{n}' for n in range(60))} {OURS} -all"]},
    "beside-other-texts": {"": ["verification=abc", f"v=spf1 {OURS} -all", "v=spf10 -all"]},
    "unknown-modifier": {"": [f"v=spf1 {OURS} note=hello -all"]},
    "by-alias": {
        "alias CNAME": ["t.{d}."],
        "t": [f"v=spf1 {OURS} -all"],
        "": ["v=spf1 include:alias.{d} -all"],
    },
    # Ways to say no, or nothing.
    "fail": {"": [FAILS]},
    "softfail": {"": [f"v=spf1 {ELSEWHERE} ~all"]},
    "neutral": {"": [f"v=spf1 {ELSEWHERE} ?all"]},
    "neutral-for-us": {"": [f"v=spf1 ?{OURS} -all"]},
    "without-all": {"": [f"v=spf1 {ELSEWHERE}"]},
    "no-record": {},
    "other-texts-only": {"": ["spf2.0/pra ip4:192.0.2.25 -all", "v=spf10 +all"]},
    "ip6-only": {"": ["v=spf1 ip6:2001:db8::/32 -all"]},
    "explained": {"": [f"v=spf1 {ELSEWHERE} -all exp=why.{{d}}"], "why": ["%{i} is not ours"]},
    # Ways to be wrong.
    "two-records": {"": [f"v=spf1 {OURS} -all", "v=spf1 -all"]},
    "unknown-mechanism": {"": [f"v=spf1 ipv4:192.0.2.25 {OURS} -all"]},
    "bad-address": {"": [f"v=spf1 ip4:192.0.2 {OURS} -all"]},
    "bad-cidr": {"": [f"v=spf1 ip4:192.0.2.0/33 {OURS} -all"]},
    "bad-macro": {"": [f"v=spf1 exists:%{{q}}.{{d}} {OURS} -all"]},
    "error-behind-the-match": {"": [f"v=spf1 {OURS} nonsense -all"]},
    "two-redirects": {"": [f"v=spf1 {OURS} redirect=a.{{d}} redirect=b.{{d}}"]},
    "eleven-lookups": _chain(11),
    "eleven-lookups-side-by-side": _row(11),
    "three-void-lookups": {"": [f"v=spf1 a:v1.{{d}} a:v2.{{d}} a:v3.{{d}} {OURS} -all"]},
    "include-of-nothing": {"": [f"v=spf1 include:nowhere.{{d}} {OURS} -all"]},
    "include-of-an-error": {"": [f"v=spf1 include:i.{{d}} {OURS} -all"], "i": ["v=spf1 what"]},
    "include-of-itself": {"": [f"v=spf1 include:{{d}} {OURS} -all"]},
    "redirect-to-nothing": {"": ["v=spf1 redirect=nowhere.{d}"]},
    "eleven-mx": {
        "": [f"v=spf1 mx:out.{{d}} {OURS} -all"],
        "out MX": [[n, f"m{n}.{{d}}."] for n in range(11)],
        **{f"m{n} A": ["203.0.113.9"] for n in range(11)},
    },
    # Lookups that fail for the moment.
    "include-late": {"": [f"v=spf1 include:late.{{d}} {OURS} -all"], "late": TIMEOUT},
    "late-behind-the-match": {"": [f"v=spf1 {OURS} include:late.{{d}} -all"], "late": TIMEOUT},
    "redirect-late": {"": ["v=spf1 redirect=late.{d}"], "late": TIMEOUT},
}
