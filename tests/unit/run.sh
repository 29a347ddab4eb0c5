#!/usr/bin/env bash
# Runs the unit test programs given and adds up what libcheck counted.
# Ends in "N passed, N failed"; exit 1 when one failed.
set -u

# They tell a test that hangs from one on a busy machine.
export CK_DEFAULT_TIMEOUT=${CK_DEFAULT_TIMEOUT:-60}
passed=0
failed=0
for program in "$@"; do
	output=$("$program" </dev/null 2>&1)
	status=$?
	counts=$(sed -nE 's/^[0-9]+%: Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+).*/\1 \2 \3/p' \
		<<<"$output")
	sum=0 bad=0
	while read -r checks failures errors; do
		[ -n "$checks" ] || continue
		sum=$((sum + checks))
		bad=$((bad + failures + errors))
	done <<<"$counts"
	# A program that died, or that tested nothing, has failed.
	if [ "$bad" -eq 0 ] && { [ $status -ne 0 ] || [ "$sum" -eq 0 ]; }; then
		bad=1
		sum=$((sum > 0 ? sum : 1))
	fi
	passed=$((passed + sum - bad))
	failed=$((failed + bad))
	if [ "$bad" -ne 0 ]; then
		echo "FAILED $program (exit $status)"
		printf '%s\n' "$output"
	else
		echo "ok $program: $sum"
	fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
