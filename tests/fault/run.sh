#!/usr/bin/env bash
# Runs the fault tests in a network and mount namespace of their own. Needs root, or sudo.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
node=$(command -v node)
# /run/netns of this mount namespace only: the names of others are not seen, ours are gone with the last process.
exec unshare --net --mount -- bash -c 'mount -t tmpfs none /run && exec "$@"' fault "$node" "$here/run.mjs" "$@"
