#!/usr/bin/env bash
# Installs what is missing on Debian 12. Usage: tools/setup.sh build | test | package | container | interop | fuzz   (build is in test, test in all others)
# Does nothing and asks nothing when everything is there. Needs root or sudo only when something is missing.
set -euo pipefail

build=(g++ cmake ninja-build ccache mold pkg-config libc-ares-dev libssl-dev libyaml-cpp-dev zlib1g-dev libfmt-dev python3)
test=("${build[@]}" libgtest-dev libgmock-dev iproute2 openssl procps python3-pip)
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

as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "Missing packages: ${missing[*]}. Run as root, or install sudo." >&2; exit 1; }
  as_root=(sudo)
fi
echo "Installing: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -20 "$log" >&2
  echo "Installing failed; the last lines are above. Check the network and /etc/apt/sources.list, then run this again." >&2
  exit 1
fi
