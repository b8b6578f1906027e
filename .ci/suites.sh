# shellcheck shell=bash disable=SC2034,SC2154
# Everything that must pass, and how it is counted. Sourced by ./dev, which sets root and preset.
# Invariants: a suite that fails never keeps another from running; a suite that counts nothing, or ends with an error
# and no failed item, has one failure; the last line is the total.

# name, how to count, time limit in seconds, command (run in the repository's root)
suites=(
  "structure  summary  120  python3 tests/structure/check.py --self-test"
  "house      summary  120  tests/setup/house_test.sh"
  "lint       summary  600  ./dev lint --quick"
  "build      status  2400  ./dev build"
  "unit       catch2   600  build/$preset/bin/unit_tests --colour-mode none"
  "sim        summary  900  ./dev sim --seeds ${TROUPE_SIM_SEEDS:-2000}"
  "fuzz       summary 1500  ./dev fuzz --suite"
  "tsan       catch2  1500  TROUPE_PRESET=tsan ./dev build thread_tests && tests/threads/run.sh"
  "web        vitest   600  ./dev web test"
  "e2e        tap     1800  ./dev e2e"
  "fault      summary  600  ./dev fault --suite --minutes 2"
)

# count HOW LOG STATUS: prints "passed failed".
count() {
  local how=$1 log=$2 status=$3
  case $how in
    status) [ "$status" = 0 ] && echo "1 0" || echo "0 1" ;;
    summary) sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$log" | tail -1 ;;
    catch2) count_catch2 "$log" ;;
    tap) count_tap "$log" ;;
    vitest) count_vitest "$log" ;;
    *) die "no way to count '$how'" ;;
  esac
}

# "All tests passed (34 assertions in 10 test cases)" or "test cases: 10 | 8 passed | 1 failed | 1 failed as expected"
count_catch2() {
  local line
  line=$(grep -E '^(All tests passed|test cases:)' "$1" | tail -1)
  case $line in
    All*) sed -E 's/.* in ([0-9]+) test cases?\).*/\1 0/' <<<"$line" ;;
    *) echo "$(number "$line" passed) $(number "$line" failed)" ;;
  esac
}

# node --test ends each program with "# pass 3", "# fail 0", "# cancelled 0" (TAP) or the same after an i in a circle.
count_tap() {
  awk '$2 == "pass" { pass += $3 } $2 == "fail" || $2 == "cancelled" { fail += $3 }
       END { print pass + 0, fail + 0 }' < <(grep -E '^[^ ]+ (pass|fail|cancelled) [0-9]+$' "$1")
}

# "      Tests  1 failed | 12 passed (13)"
count_vitest() {
  local line
  line=$(grep -E '^ *Tests +' "$1" | tail -1)
  echo "$(number "$line" passed) $(number "$line" failed)"
}

# number LINE WORD: the number before the first such word, or 0.
number() {
  local found
  found=$(grep -oE "[0-9]+ $2" <<<"$1" | head -1)
  echo "${found%% *}" | grep . || echo 0
}

# failures HOW LOG: what a log says of what failed, or its end. Bounded: it stands below the logs of all suites.
failures() {
  local how=$1 log=$2 found
  case $how in
    tap) found=$(grep -A 30 -E '^ *not ok' "$log") ;;
    vitest) found=$(grep -A 15 -E '^ *(FAIL|×)' "$log") ;;
    catch2) found=$(grep -B 12 -A 8 -E 'FAILED:|WARNING: ThreadSanitizer' "$log") ;;
    *) found=$(grep -B 6 -A 4 -E 'FAILED|not ok|failed on|SUMMARY:|error:' "$log") ;;
  esac
  if [ -n "${found:-}" ]; then head -60 <<<"$found"; else tail -40 "$log"; fi | cut -c 1-400
}

# run_suites [NAME...]: runs all suites, or those named, prints what failed, a table and the total, and fails unless all
# passed.
run_suites() {
  local row name how limit command logs pid passed failed status started total_passed=0 total_failed=0 table=() ran=" " wrong=""
  logs=$root/build/test-logs
  mkdir -p "$logs"
  for row in "${suites[@]}"; do
    read -r name how limit command <<<"$row"
    if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then continue; fi
    note "$name: $command"
    started=$SECONDS
    status=0
    : >"$logs/$name.log"
    # In a process group of its own, so that the time limit ends all of it; an interrupt is passed on by hand.
    timeout --kill-after=20 "$limit" bash -c "$command" </dev/null >>"$logs/$name.log" 2>&1 &
    pid=$!
    trap 'kill "$pid"; exit 130' INT TERM
    tail --pid="$pid" --sleep-interval=0.2 --lines=+1 --follow "$logs/$name.log" &
    wait "$pid" || status=$?
    wait $! || :
    trap - INT TERM
    [ "$status" != 124 ] || echo "$name: stopped after $limit seconds"
    read -r passed failed <<<"$(count "$how" <(sed 's/\x1b\[[0-9;]*m//g' "$logs/$name.log") "$status")"
    passed=${passed:-0} failed=${failed:-0}
    if [ "$failed" = 0 ] && { [ "$status" != 0 ] || [ "$passed" = 0 ]; }; then failed=1; fi
    [ "$failed" = 0 ] || wrong+=$(printf '\n==> %s failed:\n%s' "$name" "$(failures "$how" "$logs/$name.log")")$'\n'
    total_passed=$((total_passed + passed)) total_failed=$((total_failed + failed))
    table+=("$(printf '%-10s %6d passed %4d failed %5d s' "$name" "$passed" "$failed" $((SECONDS - started)))")
    ran+="$name "
  done
  for name in "$@"; do
    [[ $ran == *" $name "* ]] || { echo "no suite is called $name"; total_failed=$((total_failed + 1)); }
  done
  printf '%s\n' "$wrong" "${table[@]}"
  printf '\n%d passed, %d failed\n' "$total_passed" "$total_failed"
  [ "$total_failed" = 0 ] && [ "$total_passed" -gt 0 ]
}
