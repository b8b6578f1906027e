#!/usr/bin/env bash
# What a newcomer does after `./dev run`: reads the banner, opens the page, sends the first event as it was printed.
# Expects the default ports to be free and the node to be built. Ends with 0 when the event came back.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
TROUPE_DATA_DIR=$(mktemp -d)
export TROUPE_DATA_DIR
banner=$TROUPE_DATA_DIR.log
./dev run >"$banner" 2>&1 &
node=$!
trap 'kill "$node" 2>/dev/null; wait "$node" 2>/dev/null; rm -rf "$TROUPE_DATA_DIR" "$banner"' EXIT

page=http://localhost:8080
curl --silent --fail --retry 120 --retry-delay 1 --retry-connrefused --retry-max-time 120 -o /dev/null "$page/" ||
  { cat "$banner"; echo "the page does not answer"; exit 1; }
grep -q "http://.*:8080" "$banner" || { cat "$banner"; echo "the banner does not name the page"; exit 1; }

# The banner's own curl command, over as many lines as it continues with a backslash.
command=$(sed -n '/^ *curl /,/[^\\]$/p' "$banner")
[ -n "$command" ] || { cat "$banner"; echo "the banner does not say how to send an event"; exit 1; }
answer=$(bash -c "$command")
grep -q '"accepted": *1' <<<"$answer" || { echo "the event was not accepted: $answer"; exit 1; }

key=$(grep -oE 'Bearer [^"'\'' ]+' <<<"$command" | head -1)
events=$(curl --silent --fail -H "Authorization: $key" "$page/api/v2/events")
grep -q '"agent_id"' <<<"$events" || { echo "the event did not come back: $events"; exit 1; }
echo "the first event went in and came back"
