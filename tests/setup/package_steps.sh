#!/usr/bin/env bash
# What is checked of the installed package, inside the plain Debian of installed_package.sh. Prints what went wrong, then
# `N passed, N failed`.
#   by_hand     there is no systemd: install, start as the unit would, upgrade, remove, purge
#   by_systemd  it was booted: the unit has started by itself
set -uo pipefail
passed=0 failed=0
api=http://127.0.0.1:8080 ops=http://127.0.0.1:9464
work=$(mktemp -d)

# expect SENTENCE COMMAND...
expect() {
  local sentence=$1
  shift
  if "$@" >"$work/out" 2>&1; then passed=$((passed + 1)); return; fi
  failed=$((failed + 1))
  printf 'failed: %s\n' "$sentence"
  tail -15 "$work/out"
}
says() { grep -q -- "$1" "$2"; }
apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 "$@" </dev/null >"$work/apt" 2>&1 ||
    { cat "$work/apt"; return 1; }
}
admin_key() { sed -n 's/^TROUPE_ADMIN_KEY=//p' /etc/troupe/trouped.env; }
ready() { curl -sf --retry 60 --retry-delay 1 --retry-all-errors --retry-max-time 60 -o /dev/null "$ops/readyz"; }
call() { curl -sf -H "Authorization: Bearer $(admin_key)" -H 'Content-Type: application/json' "$@"; }
first_event() { call -d '{"type":"custom.hello","agent_id":"first"}' "$api/api/v2/events" | grep -q '"accepted":1'; }
event_is_there() { call "$api/api/v2/agents/first" | grep -q '"events":1'; }
page_is_there() { curl -sf "$api/" | grep -qi '<div id='; }
mode_is() { [ "$(stat -c '%U %a' "$1")" = "$2" ]; }
absent() { [ ! -e "$1" ]; }
key_is_not_in() { ! grep -q "$(admin_key)" "$1"; }
user_is_gone() { ! getent passwd troupe; }
nothing_left() {
  find / -xdev -iname '*troupe*' -not -path '/proc/*' -not -path '/root/*' -not -path '/tmp/*' \
    -not -path '/var/cache/*' -not -name 'troupe-backports*' | tee "$work/left"
  [ ! -s "$work/left" ]
}
runs_as_its_user() { [ "$(stat -c %U "/proc/$(systemctl show -P MainPID trouped)")" = troupe ]; }
nothing_was_refused() { ! grep -i 'not permitted' "$work/journal"; }

# The unit's own user, environment file and command; the hardening is systemd's part.
start() {
  local variables command
  mapfile -t variables < <(grep -v '^#' /etc/troupe/trouped.env)
  read -ra command < <(sed -n 's/^ExecStart=//p' /lib/systemd/system/trouped.service)
  env -i "${variables[@]}" /usr/bin/setpriv --reuid=troupe --regid=troupe --clear-groups --no-new-privs \
    --bounding-set=-all "${command[@]}" >"$work/node.log" 2>&1 &
  node=$!
}
stop() {
  kill -TERM "$node"
  wait "$node"
}

by_hand() {
  expect "apt installs the package with what it depends on" apt install --no-install-recommends /root/troupe.deb
  cp "$work/apt" "$work/installed"
  expect "it says where the admin key is" says 'troupe: the admin key of this node is in /etc/troupe/trouped.env' "$work/installed"
  expect "the key is root's alone" mode_is /etc/troupe/trouped.env 'root 600'
  expect "the data directory is the user's alone" mode_is /var/lib/troupe 'troupe 700'
  expect "the service is enabled" test -L /etc/systemd/system/multi-user.target.wants/trouped.service
  expect "the unit is one that systemd can read" systemd-analyze verify --man=no /lib/systemd/system/trouped.service
  expect "its exposure is below 1.5 of 10" \
    systemd-analyze security --offline=true --threshold=15 /lib/systemd/system/trouped.service
  expect "manual pages and completions are there" test -s /usr/share/bash-completion/completions/troupectl
  start
  expect "the node is ready" ready
  expect "it takes the first event" first_event
  expect "it serves the page" page_is_there
  expect "troupectl finds it without being told where" troupectl status
  expect "the admin key is in no log" key_is_not_in "$work/node.log"
  expect "it ends in an orderly way" stop
  key=$(admin_key)
  expect "installing the package again changes nothing" apt install --reinstall /root/troupe.deb
  expect "the key is the same" test "$key" = "$(admin_key)"
  start
  expect "it is ready again" ready
  expect "the event is still there" event_is_there
  expect "it ends again" stop
  expect "apt removes the package" apt remove troupe
  expect "the data was kept, and that was said" says 'troupe: the data in /var/lib/troupe was kept' "$work/apt"
  expect "the data is there" test -d /var/lib/troupe/pki
  expect "apt purges the package" apt purge troupe
  expect "that the data is deleted was said" says 'troupe: deleting the data in /var/lib/troupe' "$work/apt"
  expect "the data is gone" absent /var/lib/troupe
  expect "settings and keys are gone" absent /etc/troupe
  expect "the user is gone" user_is_gone
  expect "nothing else is left" nothing_left
}

by_systemd() {
  expect "systemd has started the unit, hardened as it is, and it said that it is ready" systemctl is-active trouped
  expect "it runs as its user" runs_as_its_user
  expect "it takes the first event" first_event
  expect "it serves the page" page_is_there
  expect "troupectl finds it" troupectl status
  journalctl -u trouped --no-pager -q >"$work/journal"
  expect "the admin key is not in the journal" key_is_not_in "$work/journal"
  expect "no call of the system was refused that it complained of" nothing_was_refused
  expect "a restart waits until it is ready" systemctl restart trouped
  expect "the event is still there" event_is_there
  expect "it stops in an orderly way" systemctl stop trouped
  expect "with success" test "$(systemctl show -P Result trouped)" = success
  [ "$failed" = 0 ] || journalctl -u trouped --no-pager | tail -40
}

"$1"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
