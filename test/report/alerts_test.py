#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The alerts, as Prometheus itself reads them, and when each is raised; and what the dashboard asks."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

CONTRIB = pathlib.Path(__file__).parents[2] / "contrib"
RULES = CONTRIB / "prometheus"
CHOSEN = {"$__rate_interval": "5m", "$instance": ".*", "$follower": ".*", "$job": "icloud-milter"}  # as Grafana fills in


def questions(board):
    """Every expression of the dashboard, with its panel's title."""
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            words = target["expr"]
            for variable, value in CHOSEN.items():
                words = words.replace(variable, value)
            yield panel["title"], words


def as_rules(asked):
    """The expressions as recording rules, which promtool reads; JSON is YAML, too."""
    return json.dumps({"groups": [{"name": "dashboard", "rules": [
        {"record": f"dashboard:{i}", "expr": words, "labels": {"panel": title}}
        for i, (title, words) in enumerate(asked)]}]})


def promtool(*words):
    done = subprocess.run(["promtool", *words], cwd=RULES, timeout=500)
    return done.returncode == 0


def main():
    if shutil.which("promtool") is None:
        print("skipped: promtool is not installed (apt-get install prometheus); no alert was tried")
        return 77
    asked = list(questions(json.loads((CONTRIB / "grafana" / "icloud-milter.json").read_text())))
    assert len(asked) > 30 and not any("$" in words for _, words in asked), asked
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as dashboard:
        dashboard.write(as_rules(asked))
        dashboard.flush()
        is_good = (promtool("check", "rules", "icloud-milter.rules.yml")
                   and promtool("test", "rules", "icloud-milter.rules.test.yml")
                   and promtool("check", "rules", dashboard.name))
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
