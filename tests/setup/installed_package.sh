#!/usr/bin/env bash
# The Debian package in a plain Debian 12 with nothing of ours on it: apt installs it, it runs as its unit says and takes
# the first event, an upgrade keeps what it has, removal keeps the data and says so, purging leaves nothing. With
# systemd-nspawn on the machine the same Debian is booted too, and systemd itself starts the hardened unit.
# Needs root, debootstrap and iproute2; a few minutes. Prints `N passed, N failed`.
#
#   tests/setup/installed_package.sh [--keep] [PACKAGE]      without PACKAGE, ./dev package makes one
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=.ci/setup.sh
. "$root/.ci/setup.sh"
# shellcheck source=tests/setup/chroot.sh
. "$root/tests/setup/chroot.sh"
keep=no
[ "${1:-}" != --keep ] || { keep=yes; shift; }
package=${1:-}
chroot=${TROUPE_FRESH_DIR:-/var/tmp/troupe-package}
need_tools tests/setup/installed_package.sh
[ "$keep" = yes ] || trap 'rm -rf --one-file-system "$chroot" "$chroot.log"' EXIT
[ -n "$package" ] || package=$("$root/dev" package | tail -1)
make_chroot
install -D -m 644 "$package" "$chroot/root/troupe.deb"
install -D -m 644 "$root/.ci/setup.sh" "$chroot/root/setup.sh"
install -D -m 755 "$root/tests/setup/package_steps.sh" "$chroot/root/package_steps.sh"

note "install $(basename "$package") in it"
# libraft comes from bookworm-backports, as the package's description says.
inside -- '. /root/setup.sh && { ! dpkg -s troupe >/dev/null 2>&1 || apt_get purge troupe; } && apt_get update && add_backports && apt_get update &&
  apt_get install --no-install-recommends curl systemd-sysv dbus &&
  apt_get install --no-install-recommends --download-only /root/troupe.deb'
# In a network of its own: the default ports are free there.
steps=$(inside --net -- '/root/package_steps.sh by_hand' | tee >(cat >&2) | tail -1) || :
if command -v systemd-nspawn >/dev/null; then
  note "boot it and let systemd start the unit"
  inside -- 'echo "#!/bin/sh" >/usr/sbin/policy-rc.d; echo exit 101 >>/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y install /root/troupe.deb >/dev/null; rm /usr/sbin/policy-rc.d'
  cat >"$chroot/etc/systemd/system/package-steps.service" <<'UNIT'
[Unit]
After=multi-user.target trouped.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c '/root/package_steps.sh by_systemd >/root/package_steps.log 2>&1; systemctl --no-block poweroff'
UNIT
  ln -sf ../package-steps.service "$chroot/etc/systemd/system/default.target.wants/package-steps.service" 2>/dev/null || {
    mkdir -p "$chroot/etc/systemd/system/multi-user.target.wants"
    ln -sf ../package-steps.service "$chroot/etc/systemd/system/multi-user.target.wants/package-steps.service"
  }
  rm -f "$chroot/root/package_steps.log"
  timeout --kill-after=20 300 systemd-nspawn --quiet --directory="$chroot" --boot --register=no --keep-unit \
    --private-network --console=pipe </dev/null >"$chroot.boot.log" 2>&1 || :
  if [ -s "$chroot/root/package_steps.log" ]; then
    booted=$(tee >(cat >&2) <"$chroot/root/package_steps.log" | tail -1)
  else
    tail -20 "$chroot.boot.log" >&2
    note "this machine does not let systemd boot in a container: that part was left out"
  fi
fi
# "N passed, N failed" of both runs.
awk '/passed, [0-9]+ failed$/ { passed += $1; failed += $3 }
     END { print passed + 0 " passed, " failed + 0 " failed"; exit failed > 0 || passed == 0 }' \
  <<<"$steps"$'\n'"${booted:-}"
