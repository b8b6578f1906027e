#!/usr/bin/env python3
"""./dev bench: where Troupe stands against its peers and against this machine's physical limits.

Runs the figures named (all without a name), each in interleaved rounds, prints a Markdown table and keeps everything
in build/bench/results.json (quick.json with --quick), where figures that were not run this time stay as they were.
--write also puts them into docs/benchmarks.md; figures that are not kept here stay there as they were.
"""
import argparse
import contextlib
import datetime
import json
import os
import pathlib
import platform
import resource
import shutil
import signal
import sys
import tempfile

from figures import FIGURES
from load import load
from page import part, renew

SOURCE = pathlib.Path(__file__).resolve().parent
ROOT = SOURCE.parents[1]


def read_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--quick", action="store_true", help="two short rounds: for a first impression")
    parser.add_argument("--rounds", type=int, help="default 5")
    parser.add_argument("--seconds", type=float, help="of each measurement, default 4")
    parser.add_argument("--folder", default="/var/tmp", help="where all servers keep their data, default /var/tmp")
    parser.add_argument("--filled", type=pathlib.Path, metavar="DIR",
                        help="insight: keep the events stored there for the next run, or take those of the last")
    parser.add_argument("--events", type=int, help="insight: how many are stored, default 10 million, a tenth with --quick")
    parser.add_argument("--list", action="store_true", help="the figures and what they are")
    parser.add_argument("--write", action="store_true", help="put all results kept into docs/benchmarks.md")
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / "build/release/bin", help=argparse.SUPPRESS)
    parser.add_argument("--web", type=pathlib.Path, default=ROOT / "http/web/dist", help=argparse.SUPPRESS)
    parser.add_argument("--peers", type=pathlib.Path, default=ROOT / ".cache/peers", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in FIGURES]
    if unknown:
        parser.error(f"no figure is called {', '.join(unknown)}; there are {', '.join(FIGURES)}")
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.seconds = options.seconds or (2 if options.quick else 4)
    options.warm = 1
    options.source = SOURCE
    options.programs, options.peers = options.programs.resolve(), options.peers.resolve()
    options.filled = options.filled and options.filled.resolve()
    return options


def raise_descriptor_limit():
    """Servers and client inherit it: 100,000 sockets need as many descriptors in each."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for wanted in (1_048_576, most):
        with contextlib.suppress(OSError, ValueError):
            return resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, most)))


def machine():
    cpu = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores ({cpu}), {memory:.0f} GiB, Linux {platform.release()}"


def run_figure(name, options):
    print(f"{name}: {FIGURES[name].__doc__}", file=sys.stderr, flush=True)
    probes = [load(options, "disk", "--folder", options.folder, "--seconds", 0.5)]
    rows = FIGURES[name](options)
    probes.append(load(options, "disk", "--folder", options.folder, "--seconds", 0.5))
    return {"rows": [row.as_json() for row in rows], "disk": probes, "rounds": options.rounds,
            "seconds": options.seconds, "machine": machine(), "when": datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds")}


def main():
    options = read_arguments()
    if options.list:
        for name, figure in FIGURES.items():
            print(f"{name:10} {figure.__doc__}")
        return 0
    kept = ROOT / f"build/bench/{'quick' if options.quick else 'results'}.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    results = json.loads(kept.read_text()) if kept.exists() else {}
    names = options.names or list(FIGURES)
    raise_descriptor_limit()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    options.folder = tempfile.mkdtemp(prefix="troupe-bench-", dir=options.folder)
    os.chmod(options.folder, 0o755)  # PostgreSQL runs as another user
    try:
        for name in names:
            results[name] = run_figure(name, options)
            kept.write_text(json.dumps(results, indent=1) + "\n")
    finally:
        shutil.rmtree(options.folder, ignore_errors=True)
    print("".join(part(name, results[name]) for name in names))
    print(f"All of it: {kept.relative_to(ROOT)}")
    if options.write:
        renew(ROOT / "docs/benchmarks.md", results, list(FIGURES))
    return 0


if __name__ == "__main__":
    sys.exit(main())
