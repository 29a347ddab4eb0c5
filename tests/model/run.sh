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
		cc "$optimise" -w -DSAFETY -DCOLLAPSE -DMEMLIM=1000 \
			"${pan_flags[@]}" -o pan pan.c &&
		./pan -m100000 -w22 >log 2>&1
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

# Deaths; the sweep; charges that are given back.
sound limiter-kills -DKILLS=1
sound limiter-sweep -DSWEEPS=1
sound limiter-refunds -DREFUNDS=1 -DWORKERS=2 -DSWEEPS=1 -DOPS=2
for n in 1 2 3 5 6 7; do
	broken "limiter-mutation$n" -DWORKERS=4 -DMUTATION="$n"
done
pan_flags=(-DREVERSE) # it is found sooner from that end
broken limiter-mutation4 -DWORKERS=4 -DMUTATION=4 -DSWEEPS=1 -DVERSIONS=2
pan_flags=()

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
