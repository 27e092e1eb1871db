#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The dashboard and the alerts ask for metrics that the daemon or the reply follower has, and the
dashboard can be imported anywhere. Prints what does not fit; exit status 1 if there is anything.
"""
import json
import pathlib
import re
import sys

METRIC = re.compile(r"\b((?:icloud_milter|process)_[a-z0-9_]+)\b")
ALERTS = "contrib/prometheus/icloud-milter.rules.yml"
DASHBOARD = "contrib/grafana/icloud-milter.json"


def declared(root):
    """Every metric that a string of the programs' source names."""
    names = set()
    for source in (root / "milter").rglob("*.cc"):
        for text in re.findall(r'"([^"\n]*)"', source.read_text()):
            if METRIC.fullmatch(text):
                names.add(text)
    return names


def asked(text):
    """Metrics in an expression, histograms by their own name."""
    return {re.sub("_(bucket|sum|count)$", "", name) for name in METRIC.findall(text)}


def expressions_of(panel):
    for target in panel.get("targets", []):
        yield target.get("expr", "")


def complaints_of_dashboard(board):
    numbers, places = set(), set()
    for panel in board.get("panels", []):
        title = panel.get("title", "?")
        if panel.get("id") in numbers:
            yield f"{title}: the id {panel.get('id')} stands twice"
        numbers.add(panel.get("id"))
        place = panel.get("gridPos", {})
        if place.get("x", 0) + place.get("w", 99) > 24:
            yield f"{title}: reaches beyond the 24 columns"
        corner = (place.get("x"), place.get("y"))
        if corner in places:
            yield f"{title}: stands where another panel does"
        places.add(corner)
        if panel.get("type") == "row":
            continue
        if not panel.get("targets"):
            yield f"{title}: asks for nothing"
        letters = [target.get("refId") for target in panel.get("targets", [])]
        if len(set(letters)) != len(letters):
            yield f"{title}: a refId stands twice"
        for source in [panel, *panel.get("targets", [])]:
            if source.get("datasource", {}).get("uid") != "${datasource}":
                yield f"{title}: names a data source of its own, not ${{datasource}}"
    if board.get("id") is not None:
        yield "the dashboard has the id that it had in somebody's Grafana"
    kinds = {one.get("name"): one.get("type") for one in board.get("templating", {}).get("list", [])}
    if kinds.get("datasource") != "datasource":
        yield "there is no variable datasource to choose one with"


def complaints(root):
    known = declared(root)
    if not known:
        yield "milter/: no metric is declared"
    alerts = (root / ALERTS).read_text()
    dashboard = (root / DASHBOARD).read_text()
    for name in sorted(asked(alerts) - known):
        yield f"{ALERTS}: {name} is no metric of ours"
    for name in sorted(asked(dashboard) - known):
        yield f"{DASHBOARD}: {name} is no metric of ours"
    try:
        board = json.loads(dashboard)
    except json.JSONDecodeError as error:
        yield f"{DASHBOARD}: {error}"
        return
    for complaint in complaints_of_dashboard(board):
        yield f"{DASHBOARD}: {complaint}"


if __name__ == "__main__":
    found = list(complaints(pathlib.Path(sys.argv[1])))
    for one in found:
        print(one)
    print(f"{len(found)} things that do not fit")
    sys.exit(bool(found))
