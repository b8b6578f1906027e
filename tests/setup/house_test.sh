#!/usr/bin/env bash
# Tests of ./dev's own parts: reading the machine's apt sources, asking dpkg, counting what suites print.
# Prints what went wrong, then `N passed, N failed`.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
preset=release
# shellcheck source=.ci/setup.sh
. .ci/setup.sh
# shellcheck source=.ci/suites.sh
. .ci/suites.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# expect SENTENCE WANTED GOT
expect() {
  if [ "$2" = "$3" ]; then passed=$((passed + 1)); return; fi
  failed=$((failed + 1))
  printf 'failed: %s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3"
}

counted() { printf '%s\n' "$2" >"$work/log"; count "$1" "$work/log" "${3:-0}"; }

expect "catch2: all passed is read from the sentence" "10 0" \
  "$(counted catch2 "All tests passed (34 assertions in 10 test cases)")"
expect "catch2: one test case is counted" "1 0" "$(counted catch2 "All tests passed (3 assertions in 1 test case)")"
expect "catch2: failures are read from the table" "8 2" "$(counted catch2 "test cases: 10 | 8 passed | 2 failed
assertions: 30 | 28 passed | 2 failed")"
expect "catch2: a program that never finished counts nothing" "0 0" "$(counted catch2 "Segmentation fault")"
expect "tap: several programs are added up" "5 2" "$(counted tap "# pass 3
# fail 1
# pass 2
# fail 0
# cancelled 1")"
expect "tap: the spec reporter is read as well" "4 1" "$(counted tap "ℹ pass 4
ℹ fail 1")"
expect "vitest: passed and failed are read from the tests, not the files" "12 1" \
  "$(counted vitest " Test Files  1 failed | 2 passed (3)
      Tests  1 failed | 12 passed (13)")"
expect "vitest: all passed is read" "12 0" "$(counted vitest "      Tests  12 passed (12)")"
expect "summary: the last such line counts" "7 1" "$(counted summary "1 passed, 0 failed
7 passed, 1 failed")"
expect "status: an error is one failure" "0 1" "$(counted status "" 3)"

suite_total() { (root=$work suites=("$@"); run_suites 2>/dev/null || :) | tail -1; }
expect "suites: a failing one does not keep the next from running" "3 passed, 1 failed" \
  "$(suite_total "a status 9 false" "b summary 9 echo 3 passed, 0 failed")"
expect "suites: one that counts nothing has failed" "0 passed, 1 failed" "$(suite_total "a summary 9 echo done")"
expect "suites: one that ends with an error has failed whatever it counted" "3 passed, 1 failed" \
  "$(suite_total "a summary 9 echo 3 passed, 0 failed; false")"
expect "suites: one that hangs is stopped and has failed" "0 passed, 1 failed" \
  "$(suite_total "a summary 1 tail -f /dev/null")"

what_failed() { (root=$work suites=("$@"); run_suites 2>/dev/null || :) | sed -n '/ failed:$/,/^$/p'; }
expect "suites: what failed is told again below the logs" "==> b failed:
not ok - b/2
  why
==> c failed:
the end" "$(what_failed "a status 9 echo fine" "b tap 9 printf '# pass 1\n# fail 1\nnot ok - b/2\n  why\n'" \
  "c status 9 echo the end; false" | sed '/^$/d')"
expect "suites: an unknown name is a failure" "no suite is called nothing" \
  "$( (root=$work; run_suites nothing || :) 2>/dev/null | head -1)"

cat >"$work/a.sources" <<'TEXT'
# a comment
Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /keys/security.gpg

Types: deb
URIs: http://mirror.example/other http://mirror.example/debian/
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----
Trusted: yes
TEXT
expect "sources: a deb822 stanza gives its key, also one of several lines" "Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----
Trusted: yes" "$(source_options "$work/a.sources" http://mirror.example/debian)"
cat >"$work/a.list" <<'TEXT'
deb-src http://mirror.example/debian bookworm main
deb [arch=amd64,arm64 signed-by=/keys/debian.gpg] http://mirror.example/debian/ bookworm main
deb http://mirror.example/plain bookworm main
TEXT
expect "sources: the options of a line become fields" "Architectures: amd64 arm64
Signed-By: /keys/debian.gpg" "$(source_options "$work/a.list" http://mirror.example/debian)"
expect "sources: a line without options gives none" "" "$(source_options "$work/a.list" http://mirror.example/plain)"

# shellcheck disable=SC2317
dpkg-query() { printf 'installed libraft-dev 0.15.0-1\ninstalled cmake 3.25\nconfig-files npm 9\n'; return 1; }
expect "packages: what is absent, half removed or too old is missing" "libraft-dev npm mold" \
  "$(missing_packages cmake libraft-dev npm mold | xargs)"
unset -f dpkg-query

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
