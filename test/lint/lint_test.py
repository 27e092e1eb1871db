#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The lints find what they are for: each on a small tree with one fault of each kind."""
import json
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import includes  # noqa: E402
import layers  # noqa: E402
import links  # noqa: E402
import metrics  # noqa: E402
import policies  # noqa: E402
import refusals as refusals_lint  # noqa: E402

POLICIES = ["format", "list_unsubscribe"]


class Layers(unittest.TestCase):
    def said(self, path, line):
        return [text for _, text in layers.complaints_of(path, line + "\n", POLICIES)]

    def test_what_fits_is_silent(self):
        for path, line in (
            ("policy/base/text.cc", '#include "policy/base/text.h"'),
            ("policy/config/config.h", '#include "policy/verdict.h"'),
            ("policy/config/option_reader.cc", '#include "policy/rules.h"'),
            ("policy/format.cc", '#include "policy/format_report.h"'),
            ("policy/format.cc", '#include "policy/auth/auth_results.h"'),
            ("policy/store/schema.cc", '#include "generated/schema.h"'),
            ("policy/config/yaml_tree.cc", "#include <yaml-cpp/parser.h>"),
            ("policy/replies/pattern_set.cc", "#include <re2/re2.h>"),
            ("policy/replies/reply_table_file.cc", '#include "policy/config/yaml_tree.h"'),
            ("milter/session.cc", '#include "policy/engine.h"'),
            ("milter/ctl/config.cc", '#include "milter/decision.h"'),
            ("test/wire/x.cc", '#include "milter/daemon.h"'),
            ("test/wire/x.cc", "#include <libmilter/mfapi.h>"),
            ("milter/ctl/check.cc", "#include <CLI/CLI.hpp>"),
            ("milter/session.cc", "#include <string>"),
        ):
            self.assertEqual(self.said(path, line), [], f"{path}: {line}")

    def test_what_does_not_is_told(self):
        for path, line, complaint in (
            ("policy/base/text.h", '#include "policy/message/header.h"',
             'policy/base may not know "policy/message/header.h"'),
            ("policy/message/header.h", '#include "policy/config/config.h"',
             'policy/message may not know "policy/config/config.h"'),
            ("policy/config/config.h", '#include "policy/policy_set.h"',
             'policy/config may not know "policy/policy_set.h"'),
            ("policy/replies/reply_table.cc", '#include "policy/config/yaml_tree.h"',
             'policy/replies may not know "policy/config/yaml_tree.h"'),
            ("policy/replies/reply_table.cc", "#include <re2/re2.h>",
             "<re2/re2.h> may be included by policy/replies/pattern_set.cc alone"),
            ("policy/engine.h", '#include "milter/session.h"',
             'policy may not know "milter/session.h"'),
            ("milter/session.h", '#include "milter/ctl/command.h"',
             'milter may not know "milter/ctl/command.h"'),
            ("milter/session.h", '#include "test/support/world.h"',
             'milter may not know "test/support/world.h"'),
            ("policy/format.cc", '#include "policy/list_unsubscribe_uri.h"',
             "policy format may not know policy list_unsubscribe: what both need is a fact"),
            ("policy/engine.cc", "#include <sqlite3.h>",
             "<sqlite3.h> may be included by policy/store/sqlite.cc alone"),
            ("milter/session.cc", "#include <CLI/CLI.hpp>",
             "<CLI/CLI.hpp> may be included by milter/daemon_arguments.h, milter/ctl/ alone"),
            ("milter/session.cc", "  #  include <openssl/evp.h>",
             "<openssl/evp.h> may be included by policy/auth/crypto.cc alone"),
            ("milter/session.cc", '#include "session.h"',
             '"session.h" is not spelled from the root of the tree'),
            ("contrib/x.cc", "", "is in no layer of test/lint/layers.py"),
        ):
            self.assertEqual(self.said(path, line), [complaint], f"{path}: {line}")


class Includes(unittest.TestCase):
    HEADER = "#include <string>\nclass MailLog {\n  enum class HowMuch { all };\n  std::string name_;\n};\n"

    def said(self, text):
        files = {"policy/mail_log.h": self.HEADER, "policy/x.cc": text}
        return list(includes.Tree(files).complaints_of("policy/x.cc"))

    def test_what_fits_is_silent(self):
        for text in (
            '#include "policy/mail_log.h"\nMailLog log; std::string name; HowMuch much;',
            "class MailLog; MailLog& log();",
            '// MailLog, std::vector\nconst char* text = "MailLog std::vector"; auto raw = R"(std::map)";',
            "other::MailLog log; OtherLog more; std::size_t size;",
            "#include <chrono>\nstd::chrono::seconds time;",
        ):
            self.assertEqual(self.said(text), [], text)

    def test_what_does_not_is_told(self):
        for text, complaint in (
            ("MailLog log;", "MailLog is used without policy/mail_log.h"),
            ("#include <string>\nstd::string_view name;", "std::string_view is used without <string_view>"),
            ('#include "policy/mail_log.h"\nstd::vector<int> all;', "std::vector is used without <vector>"),
            ('std::chrono::seconds time; auto raw = R"x(")x";', "std::chrono::seconds is used without <chrono>"),
            ("auto text = fmt::format(f, 1);", "fmt::format is used without <fmt/format.h>"),
        ):
            self.assertEqual(self.said(text), [complaint])


class Policies(unittest.TestCase):
    def said(self, **changed):
        files = {
            "policy/policies.inc": "ICM_POLICY(size)\n",
            "policy/rules.inc": 'ICM_RULE(size, "too-large", "It fits.")\n'
                                'ICM_RULE(size, "error", "It was judged.")\n',
            "policy/size.cc": 'f("size.too-large");\n',
            "policy/size.md": "| `too-large` | `size.error` | `size.percent` |\n",
            "policy/config/policy_options.h": 'visit.number("percent", c.percent);\n',
            "test/policy/size_test.cc": 'rules(), "too-large"',
        }
        files.update({name.replace("__", "/").replace("_DOT_", "."): text
                      for name, text in changed.items()})
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in files.items():
                if text is None:
                    continue
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return list(policies.complaints(root))

    def test_what_fits_is_silent(self):
        self.assertEqual(self.said(), [])
        self.assertEqual(
            self.said(policy__size_DOT_cc="", policy__size_part_DOT_cc='"size.too-large"'), [])
        self.assertEqual(
            self.said(test__policy__size_test_DOT_cc="",
                      test__scenarios__size_DOT_scn="expect  rule size.too-large\n"), [])

    def test_what_does_not_is_told(self):
        for changed, complaint in (
            ({"policy__size_DOT_md": None}, "size: policy/size.md is missing"),
            ({"test__policy__size_test_DOT_cc": None,
              "test__policy__size_more_test_DOT_cc": '"too-large"'},
             "size: test/policy/size_test.cc is missing"),
            ({"test__policy__size_test_DOT_cc": '"not-too-large" "size.too-large-for-us"'},
             "size.too-large: in no scenario and no test of size"),
            ({"policy__size_DOT_cc": '"size.too-large" "size.too-small"'},
             "size.too-small: named in the code, not in rules.inc"),
            ({"policy__size_DOT_cc": ""}, "size.too-large: in rules.inc, not named in the code"),
            ({"policy__size_DOT_md": "`size.error`"},
             "size.too-large: not explained in policy/size.md"),
            ({"policy__size_DOT_md": "`too-large` `error` `size.too-big`"},
             "policy/size.md: size.too-big is no rule and no option"),
            ({"policy__rules_DOT_inc": 'ICM_RULE(size, "too-large", "It fits.")\n',
              "policy__size_DOT_md": "`too-large`"},
             "size.error: not in rules.inc"),
            ({"policy__rules_DOT_inc": 'ICM_RULE(size, "too-large", "It fits")\n'
                                       'ICM_RULE(size, "error", "It was judged.")\n'},
             "rules.inc: size.too-large: the sentence has no full stop"),
            ({"policy__rules_DOT_inc": 'ICM_RULE(size, "too-large", "It fits.")\n'
                                       'ICM_RULE(size, "error", "It was judged.")\n'
                                       'ICM_RULE(size, "error", "It was judged.")\n'},
             "rules.inc: size.error stands twice"),
            ({"policy__rules_DOT_inc": 'ICM_RULE(size, "too-large", "It fits.")\n'
                                       'ICM_RULE(size, "error", "It was judged.")\n'
                                       'ICM_RULE(taste, "error", "It was judged.")\n'},
             "rules.inc: taste.error: there is no policy taste"),
        ):
            self.assertEqual(self.said(**changed), [complaint], changed)


class Refusals(unittest.TestCase):
    def said(self, refusals, page="| `too-large` | it fits | `552 5.3.4` |\n"):
        with tempfile.TemporaryDirectory() as folder:
            policy = pathlib.Path(folder, "policy")
            policy.mkdir()
            (policy / "rules.inc").write_text('ICM_RULE(size, "too-large", "It fits.")\n')
            (policy / "size.cc").write_text('fmt::format("{} octets, Apple "\n  "takes {}", 2, 1);\n')
            (policy / "size.md").write_text(page)
            (policy / "refusals.inc").write_text(refusals)
            return list(refusals_lint.complaints(pathlib.Path(folder)))

    def test_what_fits_is_silent_and_what_does_not_is_told(self):
        good = 'ICM_REFUSAL(size, "too-large", "552 5.3.4", "octets, Apple takes …", "Send less.")\n'
        self.assertEqual(self.said(good), [])
        for refusals, page, complaint in (
            ("", None, "size.too-large: expected once, found 0"),
            (good + good, None, "size.too-large: expected once, found 2"),
            (good + good.replace("large", "small"), None, "size.too-small is no rule of rules.inc"),
            (good.replace("takes", "likes"), None,
             'size.too-large: the code of size does not say "octets, Apple likes"'),
            (good.replace("less.", "less"), None, "size.too-large: the fix has no full stop"),
            (good.replace("552 5.3.4", "large"), "", 'size.too-large: "large" is no reply'),
            (good, "| `too-large` | it fits | `550 5.3.4` |\n",
             "size.too-large: 552 5.3.4, its page has 550 5.3.4"),
            (good, "550 5.3.4 size.too-large: 2 octets\n",
             "size.too-large: 552 5.3.4, policy/size.md has 550 5.3.4"),
        ):
            said = self.said(refusals) if page is None else self.said(refusals, page)
            self.assertIn("refusals.inc: " + complaint, said)


class Metrics(unittest.TestCase):
    SOURCE = {"type": "prometheus", "uid": "${datasource}"}

    def panel(self, **changed):
        return {"id": 1, "type": "stat", "title": "Store", "datasource": self.SOURCE,
                "gridPos": {"x": 0, "y": 0, "w": 24, "h": 4},
                "targets": [{"refId": "A", "datasource": self.SOURCE,
                             "expr": "rate(icloud_milter_dns_seconds_bucket[5m])"}]} | changed

    def said(self, panels, alerts="expr: icloud_milter_store_up == 0", board=None):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in (
                ("milter/metrics.cc", 'f("icloud_milter_store_up"); g("icloud_milter_dns_seconds");'),
                (metrics.ALERTS, alerts),
                (metrics.DASHBOARD, json.dumps(
                    {"panels": panels, "templating": {"list": [{"name": "datasource", "type": "datasource"}]}}
                    | (board or {}))),
            ):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return list(metrics.complaints(root))

    def test_what_fits_is_silent(self):
        self.assertEqual(self.said([self.panel()]), [])

    def test_what_does_not_is_told(self):
        place = {"x": 20, "y": 4, "w": 8, "h": 4}
        for said, complaint in (
            (self.said([self.panel()], alerts="expr: icloud_milter_store_upp == 0"),
             "icloud_milter_store_upp is no metric of ours"),
            (self.said([self.panel(targets=[{"refId": "A", "datasource": self.SOURCE,
                                             "expr": "process_nothing"}])]),
             "process_nothing is no metric of ours"),
            (self.said([self.panel(), self.panel(gridPos=place | {"x": 0})]), "Store: the id 1 stands twice"),
            (self.said([self.panel(), self.panel(id=2)]), "Store: stands where another panel does"),
            (self.said([self.panel(gridPos=place)]), "Store: reaches beyond the 24 columns"),
            (self.said([self.panel(targets=[])]), "Store: asks for nothing"),
            (self.said([self.panel(datasource={"uid": "P1809"})]),
             "Store: names a data source of its own, not ${datasource}"),
            (self.said([self.panel()], board={"id": 7}),
             "the dashboard has the id that it had in somebody's Grafana"),
            (self.said([self.panel()], board={"templating": {}}),
             "there is no variable datasource to choose one with"),
        ):
            self.assertEqual([one.partition(": ")[2] for one in said], [complaint])


class Links(unittest.TestCase):
    def test_what_leads_nowhere_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "policy").mkdir()
            (root / "README.md").write_text(
                "# One\n[a](policy/a.md#what-it-is-not) [b](policy/b.md) [c](#two) [d](https://e.example/f)\n"
                "`[g](h.md)` [i](LICENSE)\n")
            (root / "policy" / "a.md").write_text("## What it is, `not`\n[up](../README.md#one)\n")
            self.assertEqual(list(links.complaints(root, missing=["LICENSE"])), [
                "README.md: there is no policy/b.md", "README.md: README.md has no heading #two"])


if __name__ == "__main__":
    unittest.main()
