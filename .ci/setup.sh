# shellcheck shell=bash disable=SC2034,SC2154,SC2016
# What ./dev needs on the machine, and how it gets there. Sourced by ./dev; runs nothing by itself.
# Invariants: everything is checked before it is installed, so that a second run touches neither apt nor npm; no
# question is ever asked; no mirror or registry is named here, both come from the machine's own settings.

# Compiler, build tools and libraries: what `./dev build` and `./dev run` need.
packages_build=(
  g++ cmake ninja-build ccache mold pkg-config git ca-certificates curl
  capnproto libcapnp-dev libcaf-dev libraft-dev librocksdb-dev libpistache-dev libspdlog-dev libfmt-dev
  prometheus-cpp-dev libboost1.81-dev libboost-json1.81-dev libsimdjson-dev libsodium-dev libssl-dev
  libtomlplusplus-dev libcli11-dev libyaml-cpp-dev libprotobuf-dev protobuf-compiler libopentelemetry-proto-dev
  libzstd-dev libxxhash-dev zlib1g-dev libwslay-dev libcurl4-openssl-dev libcatch2-dev
)
packages_lint=(python3 clang-15 clang-format-15 clang-tidy-15 shellcheck libpq-dev)
packages_fuzz=(clang-15 libclang-common-15-dev python3)
packages_test=("${packages_lint[@]}" "${packages_fuzz[@]}" procps chromium iproute2 nftables)
packages_package=(dpkg-dev fakeroot file help2man lintian)
# The load client's library, and the libraries of the servers in packages_peers.
packages_bench=(
  python3 util-linux libpq-dev libjemalloc2 liblzf1 libatomic1 libsystemd0 libcjson1 libmosquitto1 libdlt2 libwrap0
  libcap2 libicu72 libldap-2.5-0 libxml2 libxslt1.1 libpam0g libgssapi-krb5-2 liblz4-1 libuuid1 libselinux1
)
# What ./dev bench compares with: taken out of their packages, never installed, so that no service is set up or started.
packages_peers=(postgresql-15 redis-server redis-tools nats-server etcd-server mosquitto)

# Older than this they lack what we rely on: libraft's fixes of Raft's safety rules, Catch2's version 3.
minimum_versions=("libraft-dev 0.22.1" "libcatch2-dev 3")
# What bookworm itself has too old, or not at all.
packages_from_backports=(libraft-dev libraft0 catch2 libcatch2-dev libopentelemetry-proto-dev)
backports_list=/etc/apt/sources.list.d/troupe-backports.sources
backports_pin=/etc/apt/preferences.d/troupe-backports

node_needed="20.19.0"  # Vite's lower bound

note() { if [ -t 2 ]; then printf '\033[1m==> %s\033[0m\n' "$*" >&2; else printf '==> %s\n' "$*" >&2; fi; }
die() { printf './dev: %s\n' "$1" >&2; exit "${2:-1}"; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then
    if [ -t 0 ]; then sudo "$@"; else sudo -n "$@"; fi
  else die "this needs to install packages: run it as root, or install sudo"
  fi
}

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
  -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@" </dev/null >&2; }

# missing_packages NAME...: prints those that are absent or too old.
missing_packages() {
  local installed name row
  # It fails when it knows none of a name, and still prints the others.
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' "$@" 2>/dev/null || :)
  installed=$(sed -n 's/^installed //p' <<<"$installed")
  for name in "$@"; do
    row=$(grep "^$name " <<<"$installed") || { echo "$name"; continue; }
    too_old "$name" "${row##* }" && echo "$name"
  done
  return 0
}

too_old() {
  local bound
  for bound in "${minimum_versions[@]}"; do
    [ "${bound% *}" = "$1" ] && dpkg --compare-versions "$2" lt "${bound#* }" && return 0
  done
  return 1
}

# install_packages NAME...: installs those that are missing.
install_packages() {
  local wanted=("$@") missing names
  [ -z "${TROUPE_SKIP_SETUP:-}" ] || return 0
  command -v dpkg-query >/dev/null || die "it installs its needs on Debian 12 only. Elsewhere install the packages that \
.ci/setup.sh lists, then set TROUPE_SKIP_SETUP=1"
  # Another Node than Debian's does as well, and Debian's npm cannot be installed beside it.
  command -v npm >/dev/null || wanted+=(nodejs npm)
  missing=$(missing_packages "${wanted[@]}") || die "could not ask dpkg what is installed"
  [ -n "$missing" ] || return 0
  mapfile -t names <<<"$missing"
  note "installing ${names[*]}"
  apt_get update || die "apt-get update failed: see above"
  add_backports
  apt_get install --no-install-recommends "${names[@]}" || die "apt-get install failed: see above"
  missing=$(missing_packages "${wanted[@]}")
  [ -z "$missing" ] || die "still missing or too old after the installation: ${missing//$'\n'/ }"
}

# add_backports: bookworm-backports becomes a source, used for the packages named above and nothing else.
add_backports() {
  local codename added=no
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  [ "$codename" = bookworm ] || return 0
  if [ ! -e "$backports_list" ] && ! apt_targets | grep -q '^[^|]*|bookworm-backports|'; then
    backports_source | as_root tee "$backports_list" >/dev/null
    [ -s "$backports_list" ] || die "could not write $backports_list"
    added=yes
  fi
  # A source that was there before keeps the general priority its owner chose.
  { if [ -e "$backports_list" ]; then
      printf 'Package: *\nPin: release n=bookworm-backports\nPin-Priority: 50\n\n'
    fi
    printf 'Package: %s\nPin: release n=bookworm-backports\nPin-Priority: 500\n' "${packages_from_backports[*]}"
  } | as_root tee "$backports_pin" >/dev/null
  [ "$added" = no ] || apt_get update || die "apt-get update failed after adding $backports_list"
}

# apt_targets: origin|codename|component|address|file of every package index apt knows, as apt reads its own sources.
apt_targets() {
  apt-get indextargets --format '$(ORIGIN)|$(CODENAME)|$(COMPONENT)|$(REPO_URI)|$(SOURCESENTRY)' 'Created-By: Packages'
}

# backports_source: a deb822 stanza with the address and the key by which this machine gets bookworm itself.
backports_source() {
  local target address file
  target=$(apt_targets | grep -v '|cdrom:' | grep -m1 '^Debian|bookworm|main|') ||
    die "apt knows no source of Debian bookworm (main): add one, then run this again"
  IFS='|' read -r _ _ _ address file <<<"$target"
  printf '# Written by Troupe'\''s ./dev, for the packages that %s raises. Remove both at will.\n' "$backports_pin"
  printf 'Types: deb\nURIs: %s\nSuites: bookworm-backports\nComponents: main\n' "$address"
  source_options "${file%:*}" "${address%/}"
}

# source_options FILE ADDRESS: Signed-By and the like of that address in an apt source file of either format.
source_options() {
  perl -e '
    my ($file, $address) = @ARGV;
    my %fields = ("signed-by" => "Signed-By", "trusted" => "Trusted", "arch" => "Architectures",
                  "check-valid-until" => "Check-Valid-Until", "check-date" => "Check-Date");
    open my $in, "<", $file or die "$file: $!\n";
    my $text = join "", <$in>;
    if ($file =~ /\.sources$/) {
      $text =~ s/^#.*\n//mg;
      for my $stanza (split /\n\s*\n/, $text) {
        next unless $stanza =~ /^URIs:(.*(?:\n[ \t].*)*)/mi;
        next unless grep { s{/+$}{}r eq $address } split " ", $1;
        for my $name (sort values %fields) {
          print "$name:$1\n" if $stanza =~ /^\Q$name\E:(.*(?:\n[ \t].*)*)/mi;
        }
        last;
      }
    } else {
      for (split /\n/, $text) {
        my ($options, $uri) = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s/ or next;
        next unless $uri =~ s{/+$}{}r eq $address;
        for (split " ", $options // "") {
          my ($key, $value) = split /=/, $_, 2;
          next unless $fields{lc $key};
          print "$fields{lc $key}: ", ($value =~ s/,/ /gr), "\n";
        }
        last;
      }
    }' "$1" "$2"
}

# use_node: a Node new enough for the web build is first on PATH.
use_node() {
  local have home=$root/.cache/node
  have=$(node --version 2>/dev/null) || have=v0
  # sort -V puts the lower version first.
  if [ "$(printf '%s\n%s\n' "$node_needed" "${have#v}" | sort -V | head -1)" = "$node_needed" ] &&
    command -v npm >/dev/null; then return 0; fi
  if ! cmp -s "$root/.ci/node/package-lock.json" "$home/installed.json"; then
    note "fetching a newer Node than ${have#v} into .cache/node"
    mkdir -p "$home"
    cp "$root"/.ci/node/package*.json "$home/"
    npm ci --prefix "$home" --no-audit --no-fund --loglevel=error >&2 || die "npm could not fetch Node: see above"
    # npm links npm and npx into .bin, but leaves out what is called node.
    ln -sf "../$(cd "$home/node_modules" && echo node-linux-*)/bin/node" "$home/node_modules/.bin/node"
    [ -x "$home/node_modules/.bin/node" ] || die "the npm registry has no Node for this machine ($(uname -m))"
    cp "$home/package-lock.json" "$home/installed.json"
  fi
  export PATH=$home/node_modules/.bin:$PATH
}

# use_promtool: Prometheus and its own checker on PATH, taken out of Debian's package without installing its service.
use_promtool() {
  local home=$root/.cache/promtool
  command -v promtool >/dev/null && command -v prometheus >/dev/null && return 0
  if [ ! -x "$home/usr/bin/prometheus" ]; then
    note "fetching Prometheus into .cache/promtool"
    mkdir -p "$home"
    (cd "$home" && apt-get -qq download prometheus && dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb) ||
      die "could not fetch Debian's prometheus package"
  fi
  export PATH=$home/usr/bin:$PATH
}

# use_peers: the servers of packages_peers under .cache/peers, and their folders in peers_home.
use_peers() {
  local name
  peers_home=$root/.cache/peers
  for name in "${packages_peers[@]}"; do
    [ ! -e "$peers_home/usr/share/doc/$name/copyright" ] || continue
    note "fetching $name into .cache/peers"
    mkdir -p "$peers_home/package"
    (cd "$peers_home/package" && apt-get -qq download "$name" && dpkg-deb -x "$name"_*.deb .. && rm "$name"_*.deb) ||
      die "could not fetch Debian's $name package"
  done
}

# npm_packages FOLDER: node_modules as its lock file says; quick when the lock file has not changed.
npm_packages() {
  local stamp=$1/node_modules/.troupe-lock.json
  if cmp -s "$1/package-lock.json" "$stamp"; then return 0; fi
  note "npm ci in ${1#"$root"/}"
  (cd "$1" && npm ci --no-audit --no-fund --loglevel=error) >&2 && cp "$1/package-lock.json" "$stamp"
}

# use_proxies: nginx and Caddy on PATH for the tests, taken out of Debian's packages without installing their services.
use_proxies() {
  local home=$root/.cache/proxies name
  for name in nginx caddy; do
    if [ ! -e "$home/usr/share/doc/$name/copyright" ]; then
      note "fetching $name into .cache/proxies"
      mkdir -p "$home/package"
      (cd "$home/package" && apt-get -qq download "$name" && dpkg-deb -x "$name"_*.deb .. && rm "$name"_*.deb) ||
        die "could not fetch Debian's $name package"
    fi
  done
  export PATH=$PATH:$home/usr/sbin:$home/usr/bin
}
