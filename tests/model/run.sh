#!/usr/bin/env bash
# Checks the models with SPIN: the complete search must find nothing, and every
# mutation (a rule broken on purpose) must be found. The last line is
# "N passed, N failed"; exit 1 when one failed.
#
# run.sh [DIRECTORY]: where pan and its output go; a temporary one by default.
set -u
cd "$(dirname "$0")" || exit 1

models=$PWD
if [ $# -ge 1 ]; then
	out=$1
	mkdir -p "$out" || exit 1
else
	out=$(mktemp -d) || exit 1
	trap 'rm -rf "$out"' EXIT
fi
passed=0
failed=0

# NAME is MODEL-WHAT below.
# search NAME OPTIMISE DEFINES...: leaves pan's words in NAME/log. Other flags of
# pan's compilation are in pan_flags.
pan_flags=()
search() {
	local name=$1 optimise=$2
	shift 2
	rm -rf "${out:?}/$name"
	mkdir -p "$out/$name" && cd "$out/$name" &&
		spin -a "$@" "$models/${name%%-*}.pml" &&
		cc "$optimise" -w -DSAFETY -DMEMLIM=2500 \
			"${pan_flags[@]}" -o pan pan.c &&
		./pan -m100000 -w24 >log 2>&1
}

verdict() {
	if [ "$2" = yes ]; then
		passed=$((passed + 1))
		echo "ok $1"
	else
		failed=$((failed + 1))
		echo "FAILED $1"
		tail -n 30 "$out/$1/log"
	fi
}

# sound NAME DEFINES...: the whole state space, without an error.
sound() {
	local name=$1 ok=no
	shift
	if search "$name" -O2 "$@" && grep -q 'errors: 0' "$out/$name/log" &&
		! grep -q 'not completed' "$out/$name/log"; then
		ok=yes
	fi
	verdict "$name" $ok
	grep 'states, stored' "$out/$name/log"
}

# broken NAME DEFINES...: an assertion must fail.
broken() {
	local name=$1 ok=no
	shift
	search "$name" -O0 "$@"
	if grep -q 'assertion violated' "$out/$name/log"; then
		ok=yes
	fi
	verdict "$name" $ok
}

# Slots that are used again and a master killed twice; then more slots.
sound publish-reuse -DIMAGES=2 -DPUBLISHES=3 -DMASTER_KILLS=2
sound publish-slots -DIMAGES=3 -DPUBLISHES=2 -DMASTER_KILLS=1
for n in 1 2 3 4 5 6 7 8; do
	broken "publish-mutation$n" -DIMAGES=3 -DPUBLISHES=3 -DMASTER_KILLS=1 \
		-DMUTATION="$n"
done

# Deaths, also within recovery; a longer life; two resources; two helpers.
sound permits-kills -DKILLS=2
sound permits-operations -DOPS=4 -DKILLS=2 -DOTHER_OPS=2 -DOTHER_KILLS=0
sound permits-resources -DRESOURCES=2 -DKILLS=1
sound permits-helpers -DWORKERS=3 -DKILLS=1 -DOTHER_OPS=1 -DOTHER_KILLS=0
for n in 1 2 3 4 5 6 7 8 9 10 11; do
	broken "permits-mutation$n" -DKILLS=2 -DMUTATION="$n"
done
broken permits-mutation12 -DWORKERS=3 -DKILLS=1 -DOTHER_OPS=1 \
	-DOTHER_KILLS=0 -DMUTATION=12

# Deaths; a longer life.
sound keyed-kills -DKILLS=1
sound keyed-operations -DOPS=2
for n in 1 2 3 4 5 6 7; do
	broken "keyed-mutation$n" -DWORKERS=4 -DMUTATION="$n"
done

# Deaths; the sweep, and one who stood still; charges that are given back;
# windows that end, seen by clocks that are behind; halves that are loaded one by
# one.
sound limiter-kills -DKILLS=1
sound limiter-sweep -DWORKERS=2 -DSWEEPS=1 -DOCCUPIED=1 -DSLEEPER=1 -DKILLS=1
sound limiter-refunds -DREFUNDS=1 -DWORKERS=2 -DSWEEPS=1 -DOPS=2
sound limiter-windows -DTIMES=1 -DKILLS=1
sound limiter-times -DTIMES=2 -DWORKERS=2 -DOPS=2 -DSWEEPS=1 -DREFUNDS=1
sound limiter-torn -DTORN=1 -DCLAIMS=3
for n in 1 2 3 5 7; do
	broken "limiter-mutation$n" -DWORKERS=2 -DSWEEPS=1 -DOCCUPIED=1 \
		-DSLEEPER=1 -DMUTATION="$n"
done
broken limiter-mutation4 -DWORKERS=3 -DSWEEPS=1 -DOCCUPIED=1 -DCLAIMS=2 \
	-DMUTATION=4
broken limiter-mutation6 -DWORKERS=4 -DMUTATION=6
broken limiter-mutation8 -DWORKERS=4 -DMUTATION=8
broken limiter-mutation9 -DWORKERS=4 -DTORN=1 -DMUTATION=9
broken limiter-mutation10 -DTIMES=1 -DWORKERS=2 -DOPS=2 -DMUTATION=10
broken limiter-mutation11 -DTIMES=1 -DWORKERS=2 -DOPS=2 -DREFUNDS=1 \
	-DMUTATION=11
broken limiter-mutation12 -DTIMES=1 -DWORKERS=2 -DOPS=2 -DSWEEPS=1 \
	-DMUTATION=12
broken limiter-mutation13 -DTIMES=1 -DWORKERS=2 -DOPS=2 -DMUTATION=13

# From closed, and from half-open: deaths; a longer life; three at once.
sound breaker-kills -DKILLS=2 -DWORKERS=2 -DSTART=HALF
sound breaker-calls -DCALLS=4 -DWORKERS=2 -DSTART=HALF
sound breaker-failures -DCALLS=4 -DWORKERS=2 -DFAILURES=2
sound breaker-workers -DCALLS=3 -DSTART=HALF
for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
	broken "breaker-mutation$n" -DCALLS=4 -DWORKERS=2 -DSTART=HALF \
		-DMUTATION="$n"
done

# Deaths and sweeps; three at once.
sound bans-kills -DWORKERS=2 -DKILLS=1 -DSWEEPS=1
sound bans-workers -DWAYS=2 -DKILLS=0 -DSWEEPS=0
for n in 1 2 3 4; do
	broken "bans-mutation$n" -DMUTATION="$n"
done

# Deaths; a longer life, in which the reader is lapped.
sound recorder-kills -DKILLS=2 -DOPS=6
sound recorder-laps -DOPS=8
for n in 1 2 3 4 5 7; do
	broken "recorder-mutation$n" -DKILLS=1 -DOPS=7 -DMUTATION="$n"
done
broken recorder-mutation6 -DBLOCK=4 -DOPS=7 -DMUTATION=6

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
