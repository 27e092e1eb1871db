#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every link of a page that leads into the tree leads to a file, and its "#" to a heading there.

Prints what does not fit; exit status 1 if anything.
"""
import pathlib
import re
import sys

LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")
CODE = re.compile(r"(?ms)^ *```.*?^ *```$|`[^`\n]*`")


def anchors(page):
    """As GitHub names headings."""
    for title in re.findall(r"(?m)^#+ +(.*)$", CODE.sub(lambda code: code[0].strip("`"), page)):
        yield re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def complaints(root, missing=()):
    """`missing`: what may be."""
    for page in sorted(root.rglob("*.md")):
        if "build" in page.relative_to(root).parts or page.is_symlink():
            continue
        for path, anchor in LINK.findall(CODE.sub("", page.read_text())):
            target = page.parent / path if path else page
            where = page.relative_to(root)
            if not target.exists():
                if path not in missing:
                    yield f"{where}: there is no {path}"
            elif anchor and anchor not in anchors(target.read_text()):
                yield f"{where}: {path or where} has no heading #{anchor}"


if __name__ == "__main__":
    problems = list(complaints(pathlib.Path(sys.argv[1])))
    print("".join(f"{problem}\n" for problem in problems), end="")
    sys.exit(1 if problems else 0)
