#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""icloud-milterctl report over a made log, with what was learnt from a made mail log, and a running
daemon; its page in a real browser: read, listened to, in light and dark, narrow and printed.

Pictures and the printed page stay in the folder named by --keep.
"""
import argparse
import html.parser
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import browser  # noqa: E402
import made_site  # noqa: E402

OPTIONS = None
VOID = {"meta", "br", "rect", "path"}


class Element:
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent = tag, dict(attributes), parent
        self.children, self.words = [], ""

    def all(self, tag):
        for child in self.children:
            if child.tag == tag:
                yield child
            yield from child.all(tag)

    def all_elements(self):
        for child in self.children:
            yield child
            yield from child.all_elements()

    def ancestors(self):
        up = self.parent
        while up is not None:
            yield up
            up = up.parent

    def text(self):
        return self.words + "".join(child.text() for child in self.children)


class Page(html.parser.HTMLParser):
    """The elements of a page. Complains of one that is closed and was not open."""

    def __init__(self, words):
        super().__init__(convert_charrefs=True)
        self.root = self.open = Element("", {}, None)
        self.feed(words)

    def handle_starttag(self, tag, attributes):
        made = Element(tag, attributes, self.open)
        self.open.children.append(made)
        if tag not in VOID:
            self.open = made

    def handle_startendtag(self, tag, attributes):
        self.open.children.append(Element(tag, attributes, self.open))

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self.open.tag == tag, f"</{tag}> within <{self.open.tag}>"
        self.open = self.open.parent

    def handle_data(self, words):
        self.open.words += words


def site(folder, *parts):
    made = made_site.MadeSite(folder, OPTIONS.ctl)
    made.write_log(*parts)
    return made


class Daemon:
    def __init__(self, made):
        self.process = subprocess.Popen([OPTIONS.daemon, "--config", str(made.config)],
                                        stderr=subprocess.PIPE)
        for _ in range(2000):
            if (made.folder / "control").exists() or self.process.poll() is not None:
                break
            time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate(timeout=180)


def setUpModule():
    """One site for all: its page is made once."""
    global FOLDER, WORDS, PAGE, TEXT
    FOLDER = tempfile.TemporaryDirectory(prefix="report.")
    made = site(FOLDER.name, made_site.decisions(), made_site.hostile_decisions())
    assert made.run("store", "init")[0] == 0
    status, said, complaints = made.learn()
    assert (status, said) == (0, "1500 deliveries to Apple read\n"), complaints
    page = OPTIONS.keep / "report.html"
    with Daemon(made):
        status, TEXT, complaints = made.report("--since", "7d", "--html", str(page), "--text")
    assert (status, complaints) == (0, ""), complaints
    WORDS = page.read_text(encoding="ascii")
    PAGE = Page(WORDS).root


def tearDownModule():
    FOLDER.cleanup()


class Facts(unittest.TestCase):
    """The page tells what the log, the book of replies and the daemon say."""

    def test_volumes_are_those_of_the_log(self):
        since = made_site.stamp(made_site.NOW - made_site.datetime.timedelta(days=7))
        expected = sum(1 for one in made_site.decisions() if one["time"] >= since) + 1
        self.assertIn(f"Of {expected:,} messages for Apple", WORDS)
        self.assertIn(f"Of {expected:,} messages for Apple", TEXT)

    def test_rules_come_with_meaning_page_and_fix(self):
        for words in ("list_unsubscribe.post-missing", "Bulk mail has a List-Unsubscribe-Post field.",
                      "policy/list_unsubscribe.md", "add the header List-Unsubscribe-Post"):
            self.assertIn(words, WORDS)

    def test_predictions_stand_beside_what_apple_answered(self):
        row = next(row for row in PAGE.all("tr") if "hme1-no-authentication" in row.text())
        cells = [cell.text() for cell in row.all("td")]
        self.assertGreater(int(cells[1]), 0, "predicted")
        self.assertGreater(int(cells[2]), 0, "answered")
        self.assertEqual(cells[4], "as predicted")

    def test_limits_are_the_running_daemons(self):
        table = next(table for table in PAGE.all("table") if "Limits" in table.text())
        self.assertIn("hourly", table.text())
        self.assertIn("news-daily", table.text())

    def test_text_is_for_mail(self):
        for line in TEXT.splitlines():
            self.assertLessEqual(len(line), 78, line)
            self.assertTrue(line.isascii() and line.isprintable() or not line, line)


class Safety(unittest.TestCase):
    """What stands in a log does nothing."""

    def test_nothing_but_styles_may_be_used(self):
        metas = [meta.attributes for meta in PAGE.all("meta")]
        self.assertIn({"http-equiv": "Content-Security-Policy",
                       "content": "default-src 'none'; style-src 'unsafe-inline'"}, metas)

    def test_no_element_and_no_attribute_comes_from_outside(self):
        self.assertIn("&lt;script&gt;", WORDS, "the hostile sender is shown")
        tags = {element.tag for element in PAGE.all_elements()}
        self.assertLessEqual(tags & {"script", "img", "iframe", "object", "link", "a", "form"}, set())
        for element in PAGE.all_elements():
            for name, value in element.attributes.items():
                self.assertFalse(name.startswith("on"), f"{element.tag} {name}")
                self.assertNotRegex(value or "", r"(?i)javascript:|https?:", f"{element.tag} {name}")

    def test_no_octet_moves_a_cursor_or_turns_the_words(self):
        self.assertNotRegex(WORDS, r"[^\n -~]")

    def test_nothing_is_asked_of_a_network(self):
        record = OPTIONS.keep / "network.json"
        self.assertEqual(browser.requests(OPTIONS.keep / "report.html", record), set())
        with tempfile.TemporaryDirectory(prefix="report.") as folder:
            other = pathlib.Path(folder, "other.html")  # what would be seen, were there something
            other.write_text("<img src=http://evil.example/x>")
            self.assertEqual(browser.requests(other, record), {"evil.example"})


class Reading(unittest.TestCase):
    """Who listens to the page, or goes through it by its headings and tables, gets all of it."""

    def test_language_title_and_headings(self):
        root = next(PAGE.all("html"))
        self.assertEqual(root.attributes["lang"], "en")
        self.assertRegex(next(PAGE.all("title")).text(), r"^Mail to Apple from mail\.corp\.example, ")
        levels = [int(e.tag[1]) for e in PAGE.all_elements() if re.fullmatch("h[1-6]", e.tag)]
        self.assertEqual(levels[0], 1)
        self.assertEqual(levels.count(1), 1)
        self.assertTrue(all(b - a <= 1 for a, b in zip(levels, levels[1:])), levels)
        self.assertEqual(len(list(PAGE.all("main"))), 1)

    def test_tables_have_captions_and_headings(self):
        tables = list(PAGE.all("table"))
        self.assertGreaterEqual(len(tables), 5)
        for table in tables:
            self.assertEqual(len(list(table.all("caption"))), 1)
            rows = list(table.all("tr"))
            self.assertTrue(all(c.attributes.get("scope") == "col" for c in rows[0].all("th")))
            for row in rows[1:]:
                self.assertEqual([c.attributes.get("scope") for c in row.all("th")], ["row"])
                self.assertEqual(len(row.children), len(rows[0].children), row.text())

    def test_charts_say_what_they_show_or_repeat_a_table(self):
        ids = {e.attributes["id"]: e for e in PAGE.all_elements() if "id" in e.attributes}
        self.assertEqual(len(ids), sum("id" in e.attributes for e in PAGE.all_elements()))
        charts = list(PAGE.all("svg"))
        self.assertGreater(len(charts), 10)
        for svg in charts:
            if svg.attributes.get("aria-hidden") == "true":
                self.assertTrue(any(up.tag in ("th", "td") for up in svg.ancestors()))
                continue
            self.assertEqual(svg.attributes["role"], "img")
            for named in svg.attributes["aria-labelledby"].split():
                self.assertTrue(ids[named].text().strip(), named)
        for e in PAGE.all_elements():
            for named in e.attributes.get("aria-labelledby", "").split():
                self.assertIn(named, ids)

    def test_contrast_is_enough_in_light_dark_and_print(self):
        for name, colours in palettes(next(PAGE.all("style")).text()):
            for word in ("ink", "soft"):
                self.assertGreaterEqual(contrast(colours[word], colours["paper"]), 4.5, f"{name} {word}")
            for word in ("accepted", "would", "held", "deferred", "refused", "line"):
                self.assertGreaterEqual(contrast(colours[word], colours["paper"]), 3, f"{name} {word}")


class Browser(unittest.TestCase):
    """What chromium makes of it. The pictures are for people, too."""

    def test_it_has_the_same_elements_as_were_written(self):
        shown = Page(browser.dom(OPTIONS.keep / "report.html")).root
        def counts(root):
            tags = [e.tag for e in root.all_elements()]
            return {tag: tags.count(tag) for tag in set(tags)}
        self.assertEqual(counts(shown), counts(PAGE))

    def test_it_is_light_and_dark(self):
        for name, dark in (("light", False), ("dark", True)):
            picture = OPTIONS.keep / f"{name}.png"
            browser.picture(OPTIONS.keep / "report.html", picture, dark=dark, height=3600)
            is_dark = sum(browser.first_pixel(picture)) < 3 * 128
            self.assertEqual(is_dark, dark, name)

    def test_it_fits_a_narrow_screen(self):
        browser.picture(OPTIONS.keep / "report.html", OPTIONS.keep / "narrow.png", width=500, height=5000)
        self.assertGreater((OPTIONS.keep / "narrow.png").stat().st_size, 20000)

    def test_it_can_be_printed(self):
        browser.printed(OPTIONS.keep / "report.html", OPTIONS.keep / "report.pdf")
        octets = (OPTIONS.keep / "report.pdf").read_bytes()
        self.assertTrue(octets.startswith(b"%PDF-"))
        self.assertGreaterEqual(len(re.findall(rb"/Type\s*/Page\b", octets)), 2)

    def test_a_page_of_nothing_is_a_page(self):
        with tempfile.TemporaryDirectory(prefix="report.") as folder:
            page = OPTIONS.keep / "empty.html"
            status, _, complaints = site(folder, []).report("--html", str(page))
            self.assertEqual((status, complaints), (0, ""))
            browser.picture(page, OPTIONS.keep / "empty.png", height=1200)
            shown = Page(browser.dom(page)).root.text()
        self.assertIn("No mail for Apple was judged in this span.", shown)
        self.assertIn("Apple's answers are not known", shown)
        self.assertIn("How the limits stand is not known", shown)


class Bounds(unittest.TestCase):
    def test_memory_does_not_grow_with_the_log(self):
        """Ten times as many decisions of ten times as many senders, in no more than half as much again."""
        def most(days, senders):
            with tempfile.TemporaryDirectory(prefix="report.") as folder:
                made = site(folder, (dict(one, **{"from": [f"s{i % senders}@x.example"]})
                                     for i, one in enumerate(made_site.decisions(days, per_hour=60))))
                done = subprocess.run(
                    ["/usr/bin/python3", "-c", "import resource,subprocess,sys\n"
                     "subprocess.run(sys.argv[1:],check=True,stdout=subprocess.DEVNULL)\n"
                     "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)",
                     OPTIONS.ctl, "report", "--now", made_site.stamp(made_site.NOW), "--since", "60d",
                     "--config", str(made.config)], capture_output=True, text=True, timeout=400, check=True)
                return int(done.stdout)
        self.assertLess(most(40, 40000), 1.5 * most(4, 4000))


def palettes(style):
    """(name, {word: colour}) of each :root of the style sheet; dark and print change the first."""
    blocks = re.findall(r":root \{(.*?)\}", style, re.S)
    assert len(blocks) == 3, len(blocks)
    for name, block in zip(("light", "dark", "print"), blocks):
        yield name, dict(re.findall(r"--([a-z]+): (#[0-9a-f]+);", block))


def contrast(a, b):
    """WCAG 2.2, "contrast ratio" and "relative luminance"."""
    def luminance(colour):
        digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
        parts = [int(digits[i:i + 2], 16) / 255 for i in (0, 2, 4)]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctl", required=True)
    parser.add_argument("--daemon", required=True)
    parser.add_argument("--keep", required=True, type=pathlib.Path)
    OPTIONS, rest = parser.parse_known_args()
    if browser.PROGRAM is None:
        print("skipped: chromium is not installed (apt-get install chromium); no page was looked at")
        sys.exit(77)
    OPTIONS.keep.mkdir(parents=True, exist_ok=True)
    print(f"pictures and the printed page: {OPTIONS.keep}")
    unittest.main(argv=sys.argv[:1] + rest)
