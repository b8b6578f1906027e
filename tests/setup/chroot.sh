# shellcheck shell=bash disable=SC2154
# A plain Debian 12 in a folder, with this machine's own apt sources and way out. Sourced; needs .ci/setup.sh before it,
# and `chroot` set to the folder.

need_tools() {
  local tool
  [ "$(id -u)" = 0 ] || die "$1 needs root"
  for tool in debootstrap unshare ip git; do
    command -v "$tool" >/dev/null || die "install $tool first (packages debootstrap, util-linux, iproute2, git)"
  done
}

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
      bash -c "$1"' "$chroot" "$1"
}

# make_chroot: debootstrap, unless it is there.
make_chroot() {
  local address
  if [ ! -x "$chroot/usr/bin/apt-get" ]; then
    address=$(apt_targets | grep -m1 '^Debian|bookworm|main|' | cut -d'|' -f4)
    [ -n "$address" ] || die "apt knows no source of Debian bookworm (main)"
    note "debootstrap bookworm into $chroot"
    debootstrap --variant=minbase bookworm "$chroot" "$address" >"$chroot.log" 2>&1 || { tail -20 "$chroot.log"; exit 1; }
  fi
  copy_settings
}
