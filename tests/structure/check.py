#!/usr/bin/env python3
"""The house rules a machine can check: who may include whom, pure machines, no sleeps in tests, sizes, names.

Usage: check.py [--self-test] [--root FOLDER]. Prints every violation as `path:line: rule: what to do`, then
`N passed, N failed`, where each rule is one item (and, with --self-test, each planted violation another).
The rules come from CONTRIBUTING.md; a rule changed here is changed there in the same commit.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
from dataclasses import dataclass

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 100
ROOMS = ("protocol", "actors", "storage", "http", "node", "deploy", "tests")
CPP = (".cpp", ".hpp", ".c", ".h")
SCRIPTS = (".ts", ".tsx", ".js", ".mjs", ".cjs", ".py", ".sh")

# Libraries by the start of the included path. What is in no group (the standard library, POSIX) is free to all.
LIBRARIES = {
    "caf": ("caf/",), "rocksdb": ("rocksdb/",), "raft": ("raft.h", "raft/"), "boost": ("boost/",),
    "simdjson": ("simdjson",), "capnp": ("capnp/", "kj/"), "xxhash": ("xxh",), "zstd": ("zstd", "zdict"),
    "zlib": ("zlib", "zconf"), "openssl": ("openssl/",), "sodium": ("sodium",), "spdlog": ("spdlog/", "fmt/"),
    "pistache": ("pistache/",), "prometheus": ("prometheus/",), "protobuf": ("google/protobuf/", "opentelemetry/"),
    "curl": ("curl/",), "toml": ("toml++/", "toml.hpp"), "cli11": ("CLI/",), "catch2": ("catch2/",),
    "sqlite": ("sqlite3",), "wslay": ("wslay/",),
}


@dataclass(frozen=True)
class Border:
    """What the files of one place may include: paths in the repository (prefixes) and libraries."""
    rooms: tuple
    libraries: tuple


EVERYTHING = Border(ROOMS, tuple(LIBRARIES))
OUTSIDE_NODE = ("protocol/", "actors/", "storage/", "http/")
BORDERS = {
    "protocol": Border(("protocol/",), ("capnp", "xxhash")),
    "machine": Border(("protocol/", "actors/insight/"), ()),
    "actor": Border(("protocol/", "actors/runtime/"), ("caf", "spdlog", "capnp")),
    "runtime": Border(("protocol/", "actors/", "storage/shard_client.hpp"), ("caf", "spdlog", "capnp")),
    "storage": Border(("protocol/", "storage/"), ("caf", "rocksdb", "capnp", "xxhash", "zstd", "spdlog")),
    "raft": Border(("protocol/", "storage/"), ("raft",)),
    "http": Border(("protocol/", "actors/runtime/", "http/"),
                   ("caf", "boost", "simdjson", "capnp", "openssl", "sodium", "zstd", "zlib", "protobuf", "spdlog",
                    "curl", "wslay")),
    "node": Border(OUTSIDE_NODE + ("node/",), tuple(set(LIBRARIES) - {"raft", "catch2"})),
    "tests": EVERYTHING,
}


def place(path):
    """The border a C++ file stands behind, or None for a file outside the rooms."""
    parts = path.split("/")
    if parts[0] == "actors":
        if len(parts) < 3 or parts[1] == "runtime":
            return "runtime"
        return "actor" if re.match(r"actor\b|actor_", parts[2]) else "machine"
    if path.startswith("storage/raft/") and path.endswith(".c"):
        return "raft"
    return parts[0] if parts[0] in BORDERS else None


@dataclass(frozen=True)
class Violation:
    path: str
    line: int
    text: str


class Tree:
    """The files of a repository, tracked or new, and their lines."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        listing = subprocess.run(["git", "-C", str(root), "ls-files", "-z", "--cached", "--others",
                                  "--exclude-standard"], check=True, capture_output=True, text=True).stdout
        self.files = sorted({name for name in listing.split("\0") if name and (self.root / name).is_file()})
        self.cache = {}

    def lines(self, path):
        if path not in self.cache:
            self.cache[path] = (self.root / path).read_text(encoding="utf-8", errors="replace").splitlines()
        return self.cache[path]

    def matching(self, *endings, under=""):
        return [path for path in self.files if path.startswith(under) and path.endswith(endings)]


def code(line):
    """The line without its comment and without what strings hold."""
    return re.sub(r"//.*", "", re.sub(r'"(\\.|[^"\\])*"', '""', line))


def included_library(name):
    for library, starts in LIBRARIES.items():
        if name.startswith(starts):
            return library
    return None


def includes(tree):
    """Each room includes only what its row of the table allows."""
    for path in tree.matching(*CPP):
        here = place(path)
        if here is None:
            continue
        border = BORDERS[here]
        folder = path.rsplit("/", 1)[0] + "/"
        allowed = border.rooms + ((folder,) if here != "machine" else ())
        for number, line in enumerate(tree.lines(path), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not match:
                continue
            name = match.group(2)
            beside = (tree.root / folder / name).is_file()
            target = folder + name if beside else name
            library = None if beside else included_library(name)
            if library:
                if library not in border.libraries:
                    yield Violation(path, number, f"{here} may not use {library} ({name})")
            elif target.split("/")[0] in ROOMS and "/" in target:
                own_machine = here == "machine" and target.startswith(folder) and place(target) == "machine"
                if not own_machine and not target.startswith(allowed):
                    yield Violation(path, number, f"{here} may not include {target}")


IMPURE = re.compile(
    r"\b(system_clock|steady_clock|high_resolution_clock|file_clock|gettimeofday|clock_gettime|random_device|mt19937"
    r"|getenv|unordered_\w+|thread_local|this_thread)\b"
    r"|\bstd::(rand|thread|jthread|mutex|shared_mutex|atomic|async|future|time)\b|(?<![\w.>:])(rand|time|clock)\s*\("
    r"|#\s*include\s*<(thread|mutex|shared_mutex|atomic|future|random|unordered_map|unordered_set|iostream|fstream"
    r"|filesystem|condition_variable)>")


def purity(tree):
    """A machine has no clock, random source, thread, environment, file or unordered container."""
    for path in tree.matching(*CPP, under="actors/"):
        if place(path) != "machine":
            continue
        for number, line in enumerate(tree.lines(path), 1):
            match = IMPURE.search(code(line))
            if match:
                yield Violation(path, number, f"a machine may not use {match.group(0).strip()}")


SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|waitForTimeout|timers/promises)\b|\btime\.sleep\b"
                   r"|(?<![\w.])sleep\s*\(|(^|[;&|]|\bdo\b|\bthen\b)\s*sleep\s+[\d.\"$]")
TIMER = re.compile(r"\bsetTimeout\s*\(")
DEADLINE = re.compile(r"reject|abort|kill|fail|throw|Error")
# The places to wait with: they ask again and again until a condition holds or a deadline is over.
WAITS = ("tests/e2e/support/until.mjs", "tests/support/edge_fixture.hpp")
# What is preloaded into a node to make its disk slow is not a test that waits.
SLOW_ON_PURPOSE = ("tests/fault/support/harm.c",)


def sleeps(tree):
    """Tests wait on conditions; a timer in a test is a deadline and says what it ends."""
    tests = [path for path in tree.matching(*CPP, *SCRIPTS, under="tests/")]
    tests += [path for path in tree.matching(*SCRIPTS, under="http/web/")
              if "/test/" in path or ".test." in path]
    for path in tests:
        if path in WAITS + SLOW_ON_PURPOSE or path.startswith("tests/structure/"):
            continue
        for number, line in enumerate(tree.lines(path), 1):
            if re.match(r"\s*(//|#)", line):
                continue
            match = SLEEP.search(line)
            if match or (TIMER.search(line) and not DEADLINE.search(line)):
                what = match.group(0).strip() if match else "setTimeout"
                yield Violation(path, number, f"{what}: wait on a condition with {WAITS[0]} or {WAITS[1]}")


def ratchet(tree):
    """Files over the limit when the limit came: `lines path` each; they may only shrink."""
    path = "tests/structure/ratchet.txt"
    rows = [line.split() for line in tree.lines(path)] if path in tree.files else []
    return {row[1]: int(row[0]) for row in rows if len(row) == 2 and row[0].isdigit()}


def sizes(tree):
    """No source file is over 600 lines, no C++ function over 100."""
    grandfathered = ratchet(tree)
    for path in tree.matching(*CPP, *SCRIPTS, ".capnp"):
        lines = tree.lines(path)
        limit = max(FILE_LINES_MAX, grandfathered.get(path, 0))
        if len(lines) > limit:
            yield Violation(path, len(lines), f"{len(lines)} lines, {limit} at most: a file has one subject")
        if path.endswith((".cpp", ".hpp")):
            yield from long_functions(path, lines)


def long_functions(path, lines):
    """Functions as clang-format leaves them: they begin in the first column and end with a brace there."""
    start = None
    for number, line in enumerate(lines, 1):
        if re.match(r"[A-Za-z_~\[:].*\)?.*\{$", line) and not re.match(
                r"(namespace|class|struct|union|enum|extern|using|template|inline namespace)\b", line):
            start = number
        elif re.match(r"  *[^ ].*\) .*\{$", line) and start is None and re.match(r"[A-Za-z_]", lines[number - 2]):
            start = number - 1
        elif line.startswith("}") and start is not None:
            length = number - start + 1
            if length > FUNCTION_LINES_MAX:
                yield Violation(path, start, f"a function of {length} lines, {FUNCTION_LINES_MAX} at most")
            start = None


def names(tree):
    """C++ files are snake_case and say their purpose first (a .cpp in its .hpp); tests are named as sentences."""
    for path in tree.matching(*CPP):
        stem = path.rsplit("/", 1)[-1].split(".")[0]
        if not re.fullmatch(r"[a-z][a-z0-9_]*", stem):
            yield Violation(path, 1, "file names are snake_case")
        explained = path.startswith("tests/unit/") or path.rsplit(".", 1)[0] + ".hpp" in tree.files
        head = [line for line in tree.lines(path) if line.strip() and line.strip() != "#pragma once"][:1]
        if not head or not (head[0].startswith(("//", "/*")) or (explained and not path.endswith(".hpp"))):
            yield Violation(path, 1, "a file begins with a comment: purpose, invariants, owner")
        if path.startswith("tests/"):
            for number, line in enumerate(tree.lines(path), 1):
                match = re.match(r'\s*(?:TEST_CASE|SCENARIO)\("([^"]*)"', line)
                if match and not re.match(r"[^:]+: .*\w+ \w+ .*\w", match.group(1)):
                    yield Violation(path, number, 'a test is named as a sentence: "subject: what happens when"')


MARKS = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")


def marks(tree):
    """Unfinished work is an issue, not a mark in the code."""
    for path in tree.matching(*CPP, *SCRIPTS, ".capnp", ".cmake", "CMakeLists.txt", ".css", ".html"):
        for number, line in enumerate(tree.lines(path), 1):
            match = MARKS.search(line)
            if match:
                yield Violation(path, number, f"{match.group(0)}: finish it or open an issue")


HOSTS = re.compile(r"registry\." r"(?!h\b)[a-z]|npm" r"js\.|deb\." r"debian\.org|ghcr\." r"io|docker\." r"io|pypi\." r"org", re.I)


def hosts(tree):
    """No mirror or registry is named: each machine has its own, and lock files carry integrity, not addresses."""
    for path in tree.files:
        if pathlib.Path(path).suffix in (".png", ".jpg", ".ico", ".woff2", ".bin", ".gz", ".zst"):
            continue
        for number, line in enumerate(tree.lines(path), 1):
            match = HOSTS.search(line)
            if match:
                yield Violation(path, number, f"names a registry host ({match.group(0)})")
    for path in tree.matching("package-lock.json"):
        packages = json.loads("\n".join(tree.lines(path))).get("packages", {})
        for name, package in packages.items():
            if "://" in package.get("resolved", ""):
                yield Violation(path, 1, f"{name} is resolved to an address: npm's omit-lockfile-registry-resolved")
            elif name and not package.get("integrity") and not package.get("inBundle") and not package.get("link"):
                yield Violation(path, 1, f"{name} has no integrity")


def schemas(tree):
    """A name is one schema's: all are in one C++ namespace, where the linker would take one of two inline readers."""
    known = {}
    for path in tree.matching(".capnp", under="protocol/"):
        for number, line in enumerate(tree.lines(path), 1):
            match = re.match(r"(?:struct|enum|interface)\s+(\w+)", line)
            if match and match.group(1) in known:
                yield Violation(path, number, f"{match.group(1)} is a name in {known[match.group(1)]} already")
            elif match:
                known[match.group(1)] = path


def readmes(tree):
    """Every room, and every entity's folder, has a README that says where to look."""
    rooms = {path.split("/")[0] for path in tree.files} & set(ROOMS)
    entities = {"/".join(path.split("/")[:2]) for path in tree.files if re.match(r"actors/[a-z_]+/", path)}
    for folder in sorted(rooms | entities):
        if f"{folder}/README.md" not in tree.files:
            yield Violation(folder, 1, "has no README.md")


RULES = (includes, purity, sleeps, sizes, names, marks, hosts, schemas, readmes)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--self-test", action="store_true", help="also show that each rule catches what it should")
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[2])
    options = parser.parse_args()
    tree = Tree(options.root)
    passed = failed = 0
    for rule in RULES:
        found = list(rule(tree))
        for violation in found:
            print(f"{violation.path}:{violation.line}: {rule.__name__}: {violation.text}")
        passed, failed = (passed, failed + 1) if found else (passed + 1, failed)
    if options.self_test:
        import plants
        caught, missed = plants.run(Tree, {rule.__name__: rule for rule in RULES})
        passed, failed = passed + caught, failed + missed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
