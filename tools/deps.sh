#!/usr/bin/env bash
# Installs what a target needs on Debian 12, or names exactly what is missing.
# Usage: tools/deps.sh run|check|bench|fuzz|train
set -eu

build=(gcc make pkg-config libc6-dev libconfig-dev libpcre2-dev libjansson-dev
	libseccomp-dev libssl-dev libjwt-dev libc-ares-dev libnghttp2-dev
	libcurl4-openssl-dev libcrypt-dev)
run=("${build[@]}" curl)
check=("${run[@]}" check libsubunit-dev clang libclang-rt-14-dev varnish spin
	python3 python3-pytest python3-pytest-xdist python3-websockets python3-h2 python3-grpcio
	python3-cryptography python3-jwt nghttp2-client nghttp2-server
	nginx-light chromium openssl protobuf-compiler python3-protobuf goaccess
	mandoc cppcheck clang-tidy clang-format shellcheck valgrind strace procps dnsmasq-base
	prometheus)
fuzz=("${build[@]}" clang libclang-rt-14-dev llvm)
train=("${build[@]}" python3 python3-cryptography python3-jwt python3-h2)
bench=("${build[@]}" python3 nginx-light haproxy wrk nghttp2-client openssl)

case "${1:-}" in
run) want=("${run[@]}") ;;
check) want=("${check[@]}") ;;
bench) want=("${bench[@]}") ;;
fuzz) want=("${fuzz[@]}") ;;
train) want=("${train[@]}") ;;
*)
	echo "usage: $0 run|check|bench|fuzz|train" >&2
	exit 2
	;;
esac

if ! command -v dpkg-query >/dev/null; then
	echo "$0: not a Debian system; needed are what Debian calls:" >&2
	echo "  ${want[*]}" >&2
	exit 0
fi

installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' \
	"${want[@]}" 2>/dev/null | sed -n 's/ installed$//p') || true
missing=()
for package in "${want[@]}"; do
	grep -qxF "$package" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ]; then
	as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
	as_root=(sudo)
elif command -v sudo >/dev/null && [ -t 0 ]; then
	as_root=(sudo)
else
	echo "$0: these packages are missing; as root:" >&2
	echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
	exit 1
fi

# Daemons must not start just because they are installed.
policy=/usr/sbin/policy-rc.d
made_policy=
policy_remove() {
	[ -z "$made_policy" ] || "${as_root[@]}" rm -f "$policy"
}
trap policy_remove EXIT
if [ ! -e "$policy" ]; then
	made_policy=yes
	printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
	"${as_root[@]}" chmod 755 "$policy"
fi

echo "$0: installing ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y)
apt_install() {
	"${apt[@]}" install --no-install-recommends "${missing[@]}" </dev/null
}
if ! apt_install; then
	"${apt[@]}" update </dev/null
	apt_install
fi
