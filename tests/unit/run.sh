#!/usr/bin/env bash
# Runs the unit test programs given, three at a time since some of them mostly
# wait, and adds up what libcheck counted.
# Ends in "N passed, N failed"; exit 1 when one failed.
set -u

# They tell a test that hangs from one on a busy machine: those that set a limit
# of their own have five times as much, too.
export CK_DEFAULT_TIMEOUT=${CK_DEFAULT_TIMEOUT:-120}
export CK_TIMEOUT_MULTIPLIER=${CK_TIMEOUT_MULTIPLIER:-5}
counts=$(mktemp)
export counts
trap 'rm -f "$counts"' EXIT

# play PROGRAM: prints what came of it in one piece, and adds to the counts.
play() {
	local output status checks failures errors sum=0 bad=0
	output=$("$1" </dev/null 2>&1)
	status=$?
	while read -r checks failures errors; do
		sum=$((sum + checks))
		bad=$((bad + failures + errors))
	done < <(sed -nE 's/^[0-9]+%: Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+).*/\1 \2 \3/p' \
		<<<"$output")
	# A program that died, or that tested nothing, has failed; and one of
	# which the sanitizer for undefined behaviour complained, after which
	# it goes on.
	if [ "$bad" -eq 0 ] && { [ $status -ne 0 ] || [ "$sum" -eq 0 ] ||
		grep -q 'runtime error:' <<<"$output"; }; then
		bad=1
		sum=$((sum > 0 ? sum : 1))
	fi
	exec 9>>"$counts"
	flock 9
	echo "$sum $bad" >&9
	if [ "$bad" -ne 0 ]; then
		echo "FAILED $1 (exit $status)"
		printf '%s\n' "$output"
	else
		echo "ok $1: $sum"
	fi
}
export -f play

# shellcheck disable=SC2016 # expanded by the inner shell
[ $# -eq 0 ] || printf '%s\0' "$@" |
	xargs -0 -n 1 -P "${UNIT_JOBS:-3}" bash -c 'play "$0"'
passed=0
failed=0
left=$#
while read -r sum bad; do
	passed=$((passed + sum - bad))
	failed=$((failed + bad))
	left=$((left - 1))
done <"$counts"
failed=$((failed + left))
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
