#!/usr/bin/env bash
# Plays tests/cases/*.vtc against a running gateway, two at a time.
# Usage: tests/cases/run.sh BUILD [CASE...]
#
# Each play gets the macros ${gateway} (starts one, see gateway.sh), ${ready}
# (waits for it) and ${port}, a free port below those that clients get.
set -u

build=$(realpath "${1:-build}")
here=$(realpath "$(dirname "$0")")
shift
[ $# -gt 0 ] || set -- "$here"/*.vtc
export LC_ALL=C
logs=$build/cases
mkdir -p "$logs"

port_taken() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# port_of N: another one for every play of every run on this machine; those of
# e2e/ begin at 20000.
port_of() {
	local port=$((12000 + ($$ * 61 + $1 * 7) % 7000))
	while port_taken $port; do
		port=$((port + 1))
	done
	echo $port
}

# play_one BUILD HERE LOGS PORT CASE
play_one() {
	name=$(basename "$5" .vtc)
	if varnishtest -t 30 -D "gateway=$2/gateway.sh $1" \
		-D "ready=$2/ready.sh" -D "port=$4" "$5" >"$3/$name.log" 2>&1 &&
		! grep -qE 'Sanitizer|runtime error:|last words|killed by signal' "$3/$name.log"; then
		echo "ok $name"
	else
		echo "FAILED $name"
		tail -n 80 "$3/$name.log"
	fi
}
export -f play_one

number=0
output=$(for case in "$@"; do
	number=$((number + 1))
	printf '%s\0%s\0' "$(port_of $number)" "$case"
done | xargs -0 -n 2 -P 2 bash -c 'play_one "$@"' play_one \
	"$build" "$here" "$logs")
printf '%s\n' "$output"
passed=$(grep -c '^ok ' <<<"$output")
failed=$(($# - passed))
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
