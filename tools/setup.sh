#!/usr/bin/env bash
# Installs what is missing on Debian 12. Usage: tools/setup.sh build | test | package | container | interop | fuzz   (build is in test, test in all others)
# Does nothing and asks nothing when everything is there. Needs root or sudo only when something is missing.
set -euo pipefail

build=(g++ cmake ninja-build ccache mold pkg-config libc-ares-dev libssl-dev libyaml-cpp-dev zlib1g-dev libfmt-dev python3)
test=("${build[@]}" libgtest-dev libgmock-dev iproute2 make openssl procps python3-pip)
interop=("${test[@]}")
package=("${test[@]}" systemd)
container=("${test[@]}" buildah podman runc netavark aardvark-dns iptables)
fuzz=("${test[@]}" clang-19 libclang-rt-19-dev)

case "${1:-build}" in
  build) want=("${build[@]}") ;;
  test) want=("${test[@]}") ;;
  package) want=("${package[@]}") ;;
  container)
    want=("${container[@]}")
    command -v go >/dev/null || command -v helm >/dev/null || want+=(golang-go)   # builds helm
    ;;
  fuzz) want=("${fuzz[@]}") ;;
  interop)
    want=("${interop[@]}")
    command -v javac >/dev/null || want+=(openjdk-17-jdk-headless)
    command -v mvn >/dev/null || want+=(maven)
    command -v go >/dev/null || want+=(golang-go)
    command -v node >/dev/null || want+=(nodejs)
    command -v npm >/dev/null || want+=(npm)
    ;;
  *) echo "usage: $0 build|test|package|container|interop|fuzz" >&2; exit 2 ;;
esac

missing=()
for package in "${want[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "Installing: ${missing[*]}"
command -v apt-get >/dev/null || { echo "No apt-get here: this project builds on Debian 12. Elsewhere install the counterparts of these packages." >&2; exit 1; }
as_root=()
if [ "$(id -u)" != 0 ]; then
  if ! { command -v sudo >/dev/null && sudo true; }; then
    printf '%s\n' "$(id -un) may not install packages, and there is no way to be root by sudo. Let root run this, then start again:" \
      "    apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo env DEBIAN_FRONTEND=noninteractive)
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
wait=(-o DPkg::Lock::Timeout=300)   # a fresh machine may be updating itself
if ! { "${as_root[@]}" apt-get "${wait[@]}" update -qq && "${as_root[@]}" apt-get "${wait[@]}" install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
  tail -20 "$log" >&2
  echo "Installing failed; the last lines are above. Check the network and /etc/apt/sources.list, then run this again." >&2
  exit 1
fi
