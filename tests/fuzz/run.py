#!/usr/bin/env python3
"""Runs the fuzz targets: the work of `./dev fuzz` and of the suite `fuzz`.

./dev fuzz [NAME...] [--minutes N]   fuzz all targets, or those named, for N minutes each (1 without it)
./dev fuzz --suite                   every kept input, then a few seconds each from a fixed seed; one item per target
./dev fuzz --keep FILE NAME          minimise an input that failed and keep it in tests/fuzz/regressions/NAME
./dev fuzz --merge [NAME...]         bring what fuzzing found new, minimised, into tests/fuzz/corpus
./dev fuzz --list                    the targets, each with what it is about

A target is a program build/fuzz/bin/fuzz_NAME. Its inputs are tests/fuzz/corpus/NAME (a small set that reaches what is
known to be reachable), tests/fuzz/regressions/NAME (every input that ever failed) and build/fuzz/corpus/NAME (what was
found since); tests/fuzz/dictionaries/NAME.dict has the words it is worth trying.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "fuzz"
BUILD = ROOT / "build" / "fuzz"
FINDS = BUILD / "finds"

SUITE_SECONDS = 5
SUITE_SEED = 20261120
INPUT_SECONDS_MAX = 20   # one input that takes longer is a find
MEMORY_MB_MAX = 2048
CORPUS_BYTES_MAX = 24 * 1024  # of one target, in the repository
CORPUS_FILES_MAX = 48
CORPUS_INPUT_BYTES_MAX = 4096


def targets():
    return sorted(path.stem for path in HERE.glob("*.cpp"))


def about(name):
    """The first sentence of a target's header comment."""
    text = re.match(r"((?://.*\n)+)", (HERE / f"{name}.cpp").read_text()).group(1)
    text = " ".join(line.removeprefix("//").strip() for line in text.splitlines())
    return re.split(r"(?<=[.:]) ", text)[0].rstrip(".:")


def program(name):
    return BUILD / "bin" / f"fuzz_{name}"


def environment():
    out = dict(os.environ, UBSAN_OPTIONS="print_stacktrace=1", ASAN_OPTIONS="detect_stack_use_after_return=0")
    symbolizer = shutil.which("llvm-symbolizer-15") or shutil.which("llvm-symbolizer")
    if symbolizer:
        out["ASAN_SYMBOLIZER_PATH"] = symbolizer
    return out


def kept_inputs(name):
    return [folder for folder in (HERE / "corpus" / name, HERE / "regressions" / name) if folder.is_dir()]


def command(name, *options):
    out = [str(program(name)), f"-timeout={INPUT_SECONDS_MAX}", f"-rss_limit_mb={MEMORY_MB_MAX}", *options]
    words = HERE / "dictionaries" / f"{name}.dict"
    return out + ([f"-dict={words}"] if words.exists() else [])


def fuzz(name, seconds, seed, found_in):
    """One target for so long. The log, and the inputs that failed."""
    finds = FINDS / name
    finds.mkdir(parents=True, exist_ok=True)
    before = set(finds.iterdir())
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={finds}/", "-print_final_stats=1"]
    if seed is not None:
        options.append(f"-seed={seed}")
    done = subprocess.run(command(name, *options) + [str(found_in), *map(str, kept_inputs(name))],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(), cwd=ROOT)
    log = done.stdout.decode(errors="replace")
    finds_now = sorted(path for path in finds.iterdir() if path not in before)
    return done.returncode, log, finds_now


def figures(log):
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", log)
    reached = re.findall(r"\bcov: (\d+)", log)
    return f"{runs.group(1) if runs else '?'} runs, {reached[-1] if reached else '?'} edges reached"


def report_failure(name, log, finds):
    lines = log.splitlines()
    # From where the failure is named: what was printed before is progress.
    begin = next((i for i, line in enumerate(lines)
                  if re.search(r"ERROR:|runtime error|broken invariant|terminate called|SUMMARY", line)), max(0, len(lines) - 40))
    print("\n".join(lines[begin:begin + 60]))
    for path in finds:
        kept = path.relative_to(ROOT)
        print(f"{name}: failed on {kept}\n  again:  {program(name).relative_to(ROOT)} {kept}\n"
              f"  keep:   ./dev fuzz --keep {kept} {name}")
    if not finds:
        print(f"{name}: failed without an input")


def run_one(name, seconds, seed):
    started = time.monotonic()
    if seed is None:
        found_in = BUILD / "corpus" / name
        found_in.mkdir(parents=True, exist_ok=True)
        outcome = fuzz(name, seconds, None, found_in)
    else:
        with tempfile.TemporaryDirectory() as fresh:
            outcome = fuzz(name, seconds, seed, fresh)
    return name, outcome, time.monotonic() - started


def run(names, seconds, seed, jobs):
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(run_one, name, seconds, seed) for name in names]
        for each in concurrent.futures.as_completed(waiting):
            name, (status, log, finds), took = each.result()
            if status == 0:
                passed += 1
                print(f"{name}: no failure in {took:.0f} s, {figures(log)}", flush=True)
            else:
                failed += 1
                report_failure(name, log, finds)
                print(f"{name}: FAILED after {took:.0f} s", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


def keep(path, name):
    to = HERE / "regressions" / name
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        small = pathlib.Path(folder) / "small"
        subprocess.run(command(name, "-minimize_crash=1", "-max_total_time=60", f"-exact_artifact_path={small}")
                       + [str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
        chosen = small if small.exists() else pathlib.Path(path)
        kept = to / pathlib.Path(path).name
        shutil.copyfile(chosen, kept)
    print(f"kept as {kept.relative_to(ROOT)} ({kept.stat().st_size} bytes): give it a name that says what was wrong")
    return 0


def choose(inputs):
    """Within the bounds of the repository: half of it large inputs, which reach far, half small ones, which are many."""
    by_size = sorted((path for path in inputs if path.stat().st_size <= CORPUS_INPUT_BYTES_MAX),
                     key=lambda path: (path.stat().st_size, path.name))
    chosen, room = [], CORPUS_BYTES_MAX
    for row, files_max, room_kept in ((by_size[::-1], CORPUS_FILES_MAX // 2, CORPUS_BYTES_MAX // 2),
                                      (by_size, CORPUS_FILES_MAX, 0)):
        for path in row:
            size = path.stat().st_size
            if len(chosen) < files_max and room - size >= room_kept and path not in chosen:
                chosen.append(path)
                room -= size
    return chosen


def merge(names):
    for name in names:
        corpus = HERE / "corpus" / name
        corpus.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            found = BUILD / "corpus" / name
            sources = [str(path) for path in (corpus, found) if path.is_dir()]
            done = subprocess.run(command(name, "-set_cover_merge=1", "-max_len=8192") + [folder, *sources],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment())
            if done.returncode != 0:
                print(done.stdout.decode(errors="replace")[-2000:])
                return 1
            new = list(pathlib.Path(folder).iterdir())
            chosen = choose(new)
            for old in corpus.iterdir():
                old.unlink()
            for path in chosen:
                shutil.copyfile(path, corpus / path.name[:12])
            size = sum(path.stat().st_size for path in chosen)
            print(f"{name}: {len(chosen)} of {len(new)} inputs, {size} bytes")
    return 0


def read_arguments():
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="targets; all if none is named")
    parser.add_argument("--minutes", type=float, metavar="N", default=1, help="how long each target runs")
    parser.add_argument("--jobs", type=int, metavar="N", default=os.cpu_count() or 1, help="targets at once")
    parser.add_argument("--suite", action="store_true", help="the short run of ./dev test")
    parser.add_argument("--keep", metavar="FILE", help="keep an input that failed")
    parser.add_argument("--merge", action="store_true", help="renew the corpus in the repository")
    parser.add_argument("--list", action="store_true", help="name the targets")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # ./dev: what is to be built?
    out = parser.parse_args()
    if out.minutes <= 0 or out.jobs <= 0:
        parser.error("--minutes and --jobs are positive")
    unknown = [name for name in out.names if name not in targets()]
    if unknown:
        parser.error(f"no target is called {unknown[0]}: there are {', '.join(targets())}")
    if out.keep and (len(out.names) != 1 or not pathlib.Path(out.keep).is_file()):
        parser.error("--keep takes a file and the name of its target")
    return out


def main():
    asked = read_arguments()
    names = asked.names or targets()
    if asked.list:
        for name in names:
            print(f"{name:<14} {about(name)}")
        return 0
    if asked.check:
        print(" ".join(f"fuzz_{name}" for name in names))
        return 0
    if asked.keep:
        return keep(asked.keep, names[0])
    if asked.merge:
        return merge(names)
    return run(names, SUITE_SECONDS if asked.suite else max(1, round(asked.minutes * 60)),
               SUITE_SEED if asked.suite else None, asked.jobs)


if __name__ == "__main__":
    sys.exit(main())
