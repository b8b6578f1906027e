#!/usr/bin/env bash
# Runs the tests that were built under the thread sanitizer; a report of it fails the run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# As long a history as there is: a write by RocksDB is known as such, and let go, by the stack that is remembered of it.
export TSAN_OPTIONS="suppressions=$PWD/tests/threads/suppressions.txt history_size=7 halt_on_error=0 second_deadlock_stack=1 ${TSAN_OPTIONS:-}"
# One test is about a deadline of 200 ms, which passes before its time when everything is slower.
[ $# -gt 0 ] || set -- '~live: a reader that does not read*'
# Its shadow memory does not fit beside every random layout of the address space; where that may not be turned off, it is tried.
fixed=()
if setarch --addr-no-randomize true 2>/dev/null; then fixed=(setarch --addr-no-randomize); fi
exec "${fixed[@]}" build/tsan/bin/thread_tests --colour-mode none "$@"
