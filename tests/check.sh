#!/usr/bin/env bash
# Every test there is, in three lanes side by side, each step with a log of its
# own. The last line is "N passed, N failed"; exit 1 when one failed.
# Called by `make check`, which gives BUILD and MAKE.
set -u
cd "$(dirname "$0")/.." || exit 1

build=${BUILD:-build}
make=${MAKE:-make}
logs=$build/check
fuzz_seconds=${CHECK_FUZZ_SECONDS:-2}
export LC_ALL=C
rm -rf "$logs"
mkdir -p "$logs"

# counts_of LOG STATUS: "PASSED FAILED", from the step's own last words where
# it counts, else one.
counts_of() {
	local line passed failed errors
	line=$(grep -E '(passed|failed|errors?)\b' "$1" | tail -n 1)
	passed=$(sed -nE 's/.*\b([0-9]+) passed.*/\1/p' <<<"$line")
	failed=$(sed -nE 's/.*\b([0-9]+) failed.*/\1/p' <<<"$line")
	errors=$(sed -nE 's/.*\b([0-9]+) errors?\b.*/\1/p' <<<"$line")
	failed=$((${failed:-0} + ${errors:-0}))
	passed=${passed:-0}
	if [ "$2" -ne 0 ] && [ "$failed" -eq 0 ]; then
		failed=1
	elif [ "$2" -eq 0 ] && [ $((passed + failed)) -eq 0 ]; then
		passed=1
	fi
	echo "$passed $failed"
}

# step NAME COMMAND...: runs it and prints one line, or its log when it failed.
step() {
	local name=$1 start=$SECONDS status passed failed
	shift
	"$@" >"$logs/$name.log" 2>&1 </dev/null
	status=$?
	counts_of "$logs/$name.log" $status >"$logs/$name.count"
	read -r passed failed <"$logs/$name.count"
	if [ "$failed" -ne 0 ]; then
		{
			echo "---- $name failed; the end of $logs/$name.log:"
			tail -n "${CHECK_TAIL:-150}" "$logs/$name.log"
			echo "---- $name: $passed passed, $failed failed"
		} >"$logs/$name.tail"
		cat "$logs/$name.tail"
	else
		printf 'ok %-12s %4d passed  %4d s\n' "$name" "$passed" \
			$((SECONDS - start))
	fi
	return $status
}

# play_e2e FOLDER-OF-BINARIES: by four processes, since tests mostly wait.
play_e2e() {
	PENSTOCK_BUILD=$1 PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 \
		-m pytest -q -p no:cacheprovider -n 4 --durations=8 tests/e2e
}

# count: instructions and system calls per request against the baseline.
count() {
	PENSTOCK_BUILD=$build PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 \
		tests/bench/count.py --check
}

# bench: the programs of the benchmark, not what they measure.
bench() {
	BUILD=$build PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 \
		tests/bench/bench_test.py
}

manual() {
	mandoc -Tlint -Wwarning "$build"/man/penstock.8 \
		"$build"/man/penstock.conf.5 "$build"/man/penstockctl.1 \
		"$build"/man/penstocklog.1 "$build"/man/penstock-metrics.7 \
		"$build"/man/penstock-reasons.7
}

lane_plain() {
	step manual manual
	step layout /usr/bin/python3 tests/lint/layout.py
	step unit-build "$make" WERROR=1 unit-bin &&
		step unit tests/unit/run.sh "$build"/tests/unit/*/*_test \
			"$build"/tests/unit/*/*/*_test
	step cases tests/cases/run.sh "$build"
	step e2e play_e2e "$build"
	step count-build "$make" WERROR=1 count-bin && step count count
	step bench-build "$make" WERROR=1 bench-bin && step bench bench
}

lane_sanitized() {
	step asan-build "$make" -j2 asan-bin &&
		step asan-unit tests/unit/run.sh \
			"$build"/asan/tests/unit/*/*_test \
			"$build"/asan/tests/unit/*/*/*_test
	step asan-cases tests/cases/run.sh "$build/asan"
	step asan-e2e play_e2e "$build/asan"
}

# What only computes takes the time in which the tests of the others wait.
lane_nice() {
	step model nice tests/model/run.sh
	step fuzz-build nice "$make" -j2 fuzz-bin &&
		step fuzz tests/fuzz/run.sh "$build/fuzz" "$fuzz_seconds"
}

# complaints LOG: which of a step's tests failed, and where, without the rest.
complaints() {
	grep -E '^FAILED |:[FES]:|[Ee]rror:' "$1" | head -n 40 | sed 's/^/    /'
}

summary() {
	local passed=0 failed=0 p f
	while read -r p f; do
		passed=$((passed + p))
		failed=$((failed + f))
	done < <(cat "$logs"/*.count)
	printf '%d s\n' $SECONDS
	for p in "$logs"/*.tail; do
		p=$(basename "$p" .tail)
		echo "failed: $p"
		complaints "$logs/$p.log"
	done
	echo "$passed passed, $failed failed"
	[ $failed -eq 0 ]
}

shopt -s nullglob
if step build "$make" -j2 WERROR=1 all; then
	lane_plain &
	lane_sanitized &
	lane_nice &
	wait
fi
summary
