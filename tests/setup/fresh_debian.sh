#!/usr/bin/env bash
# Both commands in a plain Debian 12: makes one with debootstrap, clones HEAD into it, builds, starts a node and sends
# it the first event the way its banner says. Needs root, debootstrap and iproute2; about 20 minutes on two cores.
# Mirror, npm settings and certificates are this machine's own. Everything is thrown away at the end.
#
#   tests/setup/fresh_debian.sh [--keep] [build|run|test [SUITE...]|packages|shell]
#
# `packages` only installs and configures; `build` also builds; `run` (the default) also starts a node and talks to it;
# `test` runs ./dev test or some of its suites in there; `shell` opens one. --keep leaves the chroot for the next call.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=.ci/setup.sh
. "$root/.ci/setup.sh"
keep=no
[ "${1:-}" != --keep ] || { keep=yes; shift; }
goal=${1:-run}
shift || :
chroot=${TROUPE_FRESH_DIR:-/var/tmp/troupe-fresh}

[ "$(id -u)" = 0 ] || die "tests/setup/fresh_debian.sh needs root"
for tool in debootstrap unshare ip git; do
  command -v "$tool" >/dev/null || die "install $tool first (packages debootstrap, util-linux, iproute2, git)"
done

# The machine's own Debian sources, without what ./dev itself added, and its way out to the network.
copy_settings() {
  local file
  rm -f "$chroot/etc/apt/sources.list"
  apt_targets | sed -n 's/^Debian|bookworm[^|]*|main|.*|\([^|]*\):[0-9]*$/\1/p' | sort -u | while read -r file; do
    install -D -m 644 "$file" "$chroot$file"
  done
  cp -a /etc/apt/apt.conf.d/. "$chroot/etc/apt/apt.conf.d/"
  rm -f "$chroot"/etc/apt/apt.conf.d/*{packagekit,appstream}*
  for file in /etc/apt/trusted.gpg.d /etc/apt/keyrings /usr/share/keyrings /usr/local/share/ca-certificates \
    /etc/ssl/certs/ca-certificates.crt /etc/npmrc /usr/etc/npmrc "${HOME}/.npmrc" /etc/resolv.conf /etc/hosts; do
    [ -e "$file" ] || continue
    mkdir -p "$chroot$(dirname "$file")"
    cp -rL "$file" "$chroot$(dirname "$file")/"
  done
}

# inside NAMESPACES... -- COMMAND: runs it in the chroot with its own processes, which end with it.
inside() {
  local flags=(--mount --pid --fork)
  while [ "$1" != -- ]; do flags+=("$1"); shift; done
  shift
  # shellcheck disable=SC2016
  unshare "${flags[@]}" bash -c '
    mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount -t sysfs sysfs "$0/sys" 2>/dev/null || :
    ip link set lo up
    exec chroot "$0" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
      ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
      ${NODE_EXTRA_CA_CERTS:+NODE_EXTRA_CA_CERTS="$NODE_EXTRA_CA_CERTS"} \
      bash -c "cd /root/troupe && $1"' "$chroot" "$1"
}

if [ ! -x "$chroot/usr/bin/apt-get" ]; then
  address=$(apt_targets | grep -m1 '^Debian|bookworm|main|' | cut -d'|' -f4)
  [ -n "$address" ] || die "apt knows no source of Debian bookworm (main)"
  note "debootstrap bookworm into $chroot"
  debootstrap --variant=minbase bookworm "$chroot" "$address" >"$chroot.log" 2>&1 || { tail -20 "$chroot.log"; exit 1; }
fi
[ "$keep" = yes ] || trap 'rm -rf --one-file-system "$chroot" "$chroot.log"' EXIT
copy_settings
note "clone $(git -C "$root" rev-parse --short HEAD) into it"
if [ -d "$chroot/root/troupe" ]; then
  git -C "$chroot/root/troupe" fetch -q "$root" HEAD && git -C "$chroot/root/troupe" reset -q --hard FETCH_HEAD
else
  git clone -q --no-hardlinks "$root" "$chroot/root/troupe"
fi

case $goal in
  packages) inside -- './dev setup && cmake --preset release' ;;
  build) inside -- './dev build' ;;
  run)
    inside -- './dev build'
    inside --net -- 'bash tests/setup/first_event.sh'
    ;;
  test) inside -- "./dev test $*" ;;
  shell) inside -- 'exec bash -i' ;;
  *) die "one of packages, build, run, test, shell" 2 ;;
esac
note "$goal: passed on a plain Debian 12"
