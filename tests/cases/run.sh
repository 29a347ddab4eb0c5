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

# The ports of this run: a block that no other one on this machine has while it
# holds the lock. Those of e2e/ begin at 20000.
ports=250
first=
for ((n = 0; n < 32 && ${first:-0} == 0; n++)); do
	block=$((($$ + n) % 32))
	{ exec 9>>/tmp/penstock-cases-ports-$block; } 2>/dev/null &&
		flock -n 9 && first=$((12000 + block * ports))
done
[ -n "$first" ] || {
	echo "no free block of ports" >&2
	exit 1
}
next=$first

# Puts the next port that nobody has into `port`.
port_find() {
	while port_taken $next; do
		next=$((next + 1))
	done
	port=$next
	next=$((next + 1))
}

# play_one BUILD HERE LOGS PORT CASE
play_one() {
	name=$(basename "$5" .vtc)
	if varnishtest -t 120 -D "gateway=$2/gateway.sh $1" \
		-D "ready=$2/ready.sh" -D "port=$4" "$5" >"$3/$name.log" 2>&1 &&
		! grep -qE 'Sanitizer|runtime error:|last words|killed by signal' "$3/$name.log"; then
		echo "ok $name"
	else
		echo "FAILED $name"
		tail -n 80 "$3/$name.log"
	fi
}
export -f play_one

output=$(for case in "$@"; do
	port_find
	printf '%s\0%s\0' "$port" "$case"
done | xargs -0 -n 2 -P 2 bash -c 'play_one "$@"' play_one \
	"$build" "$here" "$logs")
printf '%s\n' "$output"
passed=$(grep -c '^ok ' <<<"$output")
failed=$(($# - passed))
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
