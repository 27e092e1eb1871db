#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads every #include of the tree against the table of who may know whom.

An arrow may only be followed downwards: a folder includes itself and what its line names. Prints
each include that does not fit; exit status 1 if there is one.
"""
import pathlib
import re
import sys

# Folder, or single files that are a layer of their own → what they may include of ours.
BASE = ["policy/base"]
LAYERS = {
    "policy/base": [],
    "policy/message": BASE,
    "policy/dns": BASE + ["policy/message"],
    "policy/auth": BASE + ["policy/message", "policy/dns"],
    "policy/store": BASE + ["policy/message"],
    # How addresses are hashed, and what is left of words about them.
    "policy/store/address_forms": BASE + ["policy/store", "policy/auth"],
    "policy/store/address_hashing": BASE + ["policy/store", "policy/replies"],
    # The one place that chooses a store by what was configured.
    "policy/store/stores": BASE + ["policy/store", "policy/config", "policy/auth"],
    "policy/replies": BASE,
    # What is made of them: it decides by the configuration and writes into the stores, in the words by
    # which throttle finds whose mail is held.
    "policy/learning": BASE + ["policy/delivery", "policy/replies", "policy/store", "policy/config",
                               "policy/verdict", "policy/recipients", "policy/throttle"],
    # The one file of replies that reads YAML, as configuration does.
    "policy/replies/reply_table_file": BASE + ["policy/replies", "policy/config/yaml_tree"],
    "policy/delivery": BASE + ["policy/message", "policy/recipients"],
    "policy/unsubscribe": BASE + ["policy/message", "policy/auth", "policy/store"],
    # The words that policies and configuration share.
    "policy/verdict": BASE + ["policy/message"],
    "policy/rules": BASE,
    "policy/config": BASE + ["policy/message", "policy/verdict", "policy/rules"],
    # The one file of auth that knows what was configured.
    "policy/auth/sealing_keys": BASE + ["policy/auth", "policy/config"],
    "policy": ["policy"],
    "milter": ["policy"],
    "milter/main": ["policy", "milter"],
    "milter/ctl": ["policy", "milter"],
    "test": ["policy", "milter", "test"],
}

# A library's header → the files (or folder/) that alone may include it. Whoever else needs the library
# talks to these, in our types. Tests may include anything.
LIBRARIES = {
    "yaml-cpp/": ["policy/config/yaml_tree.cc"],
    "sqlite3.h": ["policy/store/sqlite.cc"],
    "systemd/": ["milter/service_manager.cc", "milter/journal.cc"],
    "re2/": ["policy/replies/pattern_set.cc"],
    "idn2.h": ["policy/base/domain.cc"],
    "libpsl.h": ["policy/auth/organizational_domain.cc"],
    "openssl/": ["policy/auth/crypto.cc"],
    "unbound.h": ["policy/dns/unbound_context.cc"],
    "spf2/": ["policy/auth/second_opinion_spf.cc"],
    "opendkim/": ["policy/auth/second_opinion_dkim.cc"],
    "opendmarc/": ["policy/auth/second_opinion_dmarc.cc"],
    "hiredis/": ["policy/store/redis_protocol.cc"],
    "httplib.h": ["milter/http_server.cc", "milter/ctl/doctor/http_probe.cc"],
    "prometheus/": ["milter/metric_page.cc"],
    "cjose/": ["policy/auth/web_token.cc"],
    "libmilter/": ["milter/callbacks.cc", "milter/libmilter_mta.cc"],
    "syslog.h": ["milter/log_writer.cc"],
    "CLI/": ["milter/daemon_arguments.h", "milter/ctl/"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def layer_of(path):
    """The longest line of the table that `path` (without its ending) is, or is below of."""
    stem = path.rsplit(".", 1)[0]
    homes = [name for name in LAYERS if stem == name or path.startswith(name + "/")]
    return max(homes, key=len, default=None)


def is_within(path, name):
    return path.rsplit(".", 1)[0] == name or path.startswith(name + "/")


def covers(name, path):
    return path.startswith(name) if name.endswith("/") else path == name


def homes_of(header):
    """The files that may include a library's header; None for headers that everybody may."""
    return next((homes for library, homes in LIBRARIES.items() if covers(library, header)), None)


def policy_of(path, policies):
    """The policy that a file directly in policy/ belongs to: format_fields.cc is format's."""
    folder, _, name = path.rpartition("/")
    if folder != "policy":
        return None
    stem = name.split(".")[0]
    owners = [policy for policy in policies if stem == policy or stem.startswith(policy + "_")]
    return max(owners, key=len, default=None)


def complaints_of(path, text, policies):
    layer = layer_of(path)
    if layer is None:
        yield 0, "is in no layer of test/lint/layers.py"
        return
    for number, line in enumerate(text.splitlines(), 1):
        include = INCLUDE.match(line)
        if not include:
            continue
        bracket, header = include.groups()
        if bracket == "<":
            homes = homes_of(header)
            if homes and layer != "test" and not any(covers(home, path) for home in homes):
                yield number, f"<{header}> may be included by {', '.join(homes)} alone"
            continue
        if header.startswith("generated/"):
            continue
        target = layer_of(header)
        if target is None:
            yield number, f'"{header}" is not spelled from the root of the tree'
        elif not (is_within(header, layer) or any(is_within(header, name) for name in LAYERS[layer])):
            yield number, f'{layer} may not know "{header}"'
        elif layer == "milter" and target != "milter" and not target.startswith("policy"):
            yield number, f'{layer} may not know "{header}"'
        own, other = policy_of(path, policies), policy_of(header, policies)
        if own and other and own != other:
            yield number, f'policy {own} may not know policy {other}: what both need is a fact'


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    policies = re.findall(r"^ICM_POLICY\((\w+)\)", (root / "policy/policies.inc").read_text(), re.M)
    found = 0
    files = 0
    for folder in ("policy", "milter", "test"):
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in (".h", ".cc", ".inc"):
                continue
            files += 1
            path = file.relative_to(root).as_posix()
            for number, complaint in complaints_of(path, file.read_text(), policies):
                print(f"{path}:{number}: {complaint}")
                found += 1
    print(f"{files} files, {found} includes that do not fit")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
