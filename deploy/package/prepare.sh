#!/usr/bin/env bash
# What the Debian package holds beside what is built: manual pages, completions, change log, copyright. All of it is
# made from the programs, the repository and the page's own packages, so that nothing is written twice.
#
#   deploy/package/prepare.sh FOLDER_OF_PROGRAMS OUTPUT_FOLDER VERSION
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=$(cd "$1" && pwd) out=$2 version=$3
rm -rf "$out"
mkdir -p "$out/usr/share/man/man1" "$out/usr/share/man/man8" "$out/usr/share/doc/troupe"

# manual NAME SECTION TITLE: from --help and --version.
manual() {
  help2man --no-info --section="$2" --name="$3" --version-string="$version" \
    --include="$root/deploy/package/$1.h2m" "$bin/$1" | gzip -9n >"$out/usr/share/man/man$2/$1.$2.gz"
}
manual trouped 8 "node of Troupe, a control room for fleets of AI agents"
manual troupectl 1 "look after the nodes of Troupe"

completion() { mkdir -p "$out/$2" && "$bin/troupectl" completion "$1" >"$out/$2/$3"; }
completion bash usr/share/bash-completion/completions troupectl
completion zsh usr/share/zsh/vendor-completions _troupectl
completion fish usr/share/fish/vendor_completions.d troupectl.fish

when=$(git -C "$root" log -1 --format=%cD)
{
  printf 'troupe (%s) unstable; urgency=medium\n\n' "$version"
  git -C "$root" log -20 --format='  * %s' | fold -s -w 78 | sed 's/^\([^ ]\)/    \1/; s/ *$//'
  printf '\n -- Troupe developers <developers@troupe.example>  %s\n' "$when"
} | gzip -9n >"$out/usr/share/doc/troupe/changelog.gz"

cp "$root/deploy/package/copyright" "$out/usr/share/doc/troupe/copyright"
cp "$root/docs/settings.md" "$out/usr/share/doc/troupe/settings.md"
node "$root/deploy/package/page_licences.mjs" "$root/http/web" >"$out/usr/share/doc/troupe/page-licences.txt"
mkdir -p "$out/usr/share/lintian/overrides"
cp "$root/deploy/package/lintian-overrides" "$out/usr/share/lintian/overrides/troupe"
find "$out" -type d -exec chmod 755 {} + -o -type f -exec chmod 644 {} +
