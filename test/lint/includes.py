#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every file includes what declares the names it uses, itself or by what it includes of ours.

Where many files are compiled as one, or read headers precompiled, a compiler does not see that one is
missing; whoever compiles file by file does. Prints each name without its header; exit status 1 if
there is one. What only a compiler understands (overloads, members, names that several headers
declare) is not looked for.
"""
import collections
import functools
import pathlib
import re
import sys

# Headers, and names that they alone are for.
STANDARD = {
    "array": "array to_array",
    "atomic": "atomic atomic_flag",
    "bitset": "bitset",
    "charconv": "from_chars to_chars",
    "condition_variable": "condition_variable condition_variable_any",
    "deque": "deque",
    "fstream": "ifstream ofstream fstream",
    "future": "future promise async packaged_task",
    "list": "list",
    "mutex": "mutex lock_guard unique_lock scoped_lock call_once once_flag",
    "numeric": "accumulate iota gcd",
    "random": "random_device mt19937 mt19937_64 uniform_int_distribution",
    "regex": "regex",
    "set": "set multiset",
    "shared_mutex": "shared_mutex shared_lock",
    "span": "span",
    "stdexcept": "runtime_error logic_error invalid_argument out_of_range",
    "system_error": "system_error error_code error_condition generic_category",
    "thread": "thread jthread this_thread::sleep_for",
    "tuple": "tuple tie",
    "unordered_map": "unordered_map",
    "unordered_set": "unordered_set",
    "variant": "variant visit holds_alternative get_if monostate",
    "algorithm": "all_of any_of none_of find_if sort stable_sort lower_bound upper_bound equal_range "
                 "max_element min_element clamp transform unique ranges::sort ranges::find ranges::find_if "
                 "ranges::any_of ranges::all_of ranges::none_of ranges::transform ranges::lower_bound "
                 "ranges::count ranges::count_if ranges::equal ranges::copy ranges::max_element",
    "chrono": "chrono::system_clock chrono::steady_clock chrono::seconds chrono::milliseconds "
              "chrono::microseconds chrono::hours chrono::minutes chrono::duration_cast",
    "filesystem": "filesystem::path filesystem::exists",
    "functional": "function greater hash ref cref",
    "map": "map multimap",
    "memory": "unique_ptr shared_ptr weak_ptr make_unique make_shared enable_shared_from_this",
    "optional": "optional nullopt",
    "string": "string to_string stoi getline",
    "string_view": "string_view",
    "vector": "vector",
}
FMT = {"fmt/format.h": "format format_to join to_string"}

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)
# Comments, literals (raw ones, too), includes, names of tests: what uses nothing.
NO_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'
                     r'\bTEST(?:_[FP])?\(\w+|^\s*#\s*include[^\n]*', re.S | re.M)
TYPE = re.compile(r"^(?:template <[^\n]*>\s*)?(?:class|struct|enum class|enum|union)\s+(?:\[\[\w+\]\]\s*)?"
                  r"([A-Z]\w+)\b(?!\s*;)|^using ([A-Z]\w+) =", re.M)
DECLARED = re.compile(r"\b(?:enum class|class|struct|enum|union|using|typename)\s+(?:\[\[\w+\]\]\s*)?(\w+)")
# Of two words at least: a single one is often a member, too.
WORD = re.compile(r"(?<![\w.>:])([A-Z]\w*[a-z]\w*[A-Z]\w*)\b")


def code_of(text):
    return NO_CODE.sub(" ", text)


class Tree:
    def __init__(self, files):  # path → text
        self.includes = {path: INCLUDE.findall(text) for path, text in files.items()}
        self.code = {path: code_of(text) for path, text in files.items()}
        self.declared = {path: set(DECLARED.findall(code)) for path, code in self.code.items()}
        self.homes = collections.defaultdict(set)  # type → headers that declare it for all
        for path in files:
            if path.endswith(".h"):
                for match in TYPE.finditer(self.code[path]):
                    self.homes[match[1] or match[2]].add(path)

    @functools.cache
    def known(self, path):
        """All headers that `path` includes, those of ours with what they include."""
        found, open_ = set(), [path]
        while open_:
            for header in self.includes.get(open_.pop(), ()):
                if header not in found:
                    found.add(header)
                    open_.append(header)
        return found

    def complaints_of(self, path):
        code, known = self.code[path], self.known(path)
        for prefix, table in (("std", STANDARD), ("fmt", FMT)):
            used = set(re.findall(rf"\b{prefix}::((?:ranges::|chrono::|filesystem::|this_thread::)?\w+)", code))
            for header, names in table.items():
                some = sorted(used & set(names.split()))
                if some and header not in known:
                    yield f"{prefix}::{some[0]} is used without <{header}>"
        declared = self.declared[path].union(*(self.declared.get(header, ()) for header in known))
        for name in sorted(set(WORD.findall(code)) - declared):
            if homes := self.homes.get(name):
                yield f"{name} is used without {' or '.join(sorted(homes))}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    files = {file.relative_to(root).as_posix(): file.read_text()
             for folder in ("policy", "milter", "test") for file in sorted((root / folder).rglob("*"))
             if file.suffix in (".h", ".cc", ".inc")}
    tree = Tree(files)
    found = 0
    for path in files:
        for complaint in tree.complaints_of(path):
            print(f"{path}: {complaint}")
            found += 1
    print(f"{len(files)} files, {found} names without their header")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
