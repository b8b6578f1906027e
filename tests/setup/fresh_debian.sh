#!/usr/bin/env bash
# Both commands in a plain Debian 12: makes one with debootstrap, clones HEAD into it, builds, starts a node and sends
# it the first event the way its banner says. Needs root, debootstrap and iproute2; about 20 minutes on two cores.
# Mirror, npm settings and certificates are this machine's own. Everything is thrown away at the end.
#
#   tests/setup/fresh_debian.sh [--keep] [build|run|test [SUITE...]|packages|package|shell]
#
# `packages` only installs and configures; `build` also builds; `run` (the default) also starts a node and talks to it;
# `test` runs ./dev test or some of its suites in there; `shell` opens one. --keep leaves the chroot for the next call.
# `package` instead builds the Debian package here, and installs, starts and purges it there (installed_package.sh).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=.ci/setup.sh
. "$root/.ci/setup.sh"
keep=no
[ "${1:-}" != --keep ] || { keep=yes; shift; }
goal=${1:-run}
shift || :
[ "$goal" != package ] || exec "$root/tests/setup/installed_package.sh" "$@"
chroot=${TROUPE_FRESH_DIR:-/var/tmp/troupe-fresh}

# shellcheck source=tests/setup/chroot.sh
. "$root/tests/setup/chroot.sh"
need_tools tests/setup/fresh_debian.sh
[ "$keep" = yes ] || trap 'rm -rf --one-file-system "$chroot" "$chroot.log"' EXIT
make_chroot
note "clone $(git -C "$root" rev-parse --short HEAD) into it"
if [ -d "$chroot/root/troupe" ]; then
  git -C "$chroot/root/troupe" fetch -q "$root" HEAD && git -C "$chroot/root/troupe" reset -q --hard FETCH_HEAD
else
  git clone -q --no-hardlinks "$root" "$chroot/root/troupe"
fi

case $goal in
  packages) inside -- 'cd /root/troupe && ./dev setup && cmake --preset release' ;;
  build) inside -- 'cd /root/troupe && ./dev build' ;;
  run)
    inside -- 'cd /root/troupe && ./dev build'
    inside --net -- 'cd /root/troupe && bash tests/setup/first_event.sh'
    ;;
  test) inside -- "cd /root/troupe && ./dev test $*" ;;
  shell) inside -- 'cd /root/troupe && exec bash -i' ;;
  *) die "one of packages, build, run, test, package, shell" 2 ;;
esac
note "$goal: passed on a plain Debian 12"
