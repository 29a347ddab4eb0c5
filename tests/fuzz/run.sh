#!/usr/bin/env bash
# Runs every fuzz target for a while, two at a time, from the seeds in
# tests/fuzz/corpus/<name>. New inputs go to the build folder, so do crashes.
# Ends with what each has reached: edges of the program, features (edges with
# how often they were taken, and compared values), inputs that are worth it.
# Usage: tests/fuzz/run.sh BUILD SECONDS [NAME...]
set -u

build=$1
seconds=$2
shift 2
here=$(dirname "$0")

# fuzz_one BUILD SECONDS HERE NAME
fuzz_one() {
	local work=$1/run/$4 corpus=$3/corpus/$4 runs edges features inputs
	mkdir -p "$work/corpus"
	if ! "$1/tests/fuzz/${4}_fuzz" -max_total_time="$2" -timeout=10 \
		-rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$work/" "$work/corpus" "$corpus" \
		</dev/null >"$work/log" 2>&1; then
		echo "FAILED $4: $work"
		tail -n 60 "$work/log"
		return
	fi
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
	read -r edges features inputs < <(sed -nE \
		's|.* cov: ([0-9]+) ft: ([0-9]+) corp: ([0-9]+)/.*|\1 \2 \3|p' \
		"$work/log" | tail -n 1)
	printf 'ok %-10s %10d runs  %6d edges  %6d features  %5d inputs\n' \
		"$4" "$runs" "$edges" "$features" "$inputs"
}
export -f fuzz_one

names=("$@")
[ $# -ne 0 ] || for target in "$here"/*_fuzz.c; do
	names+=("$(basename "$target" _fuzz.c)")
done
output=$(printf '%s\0' "${names[@]}" | xargs -0 -P 2 -I{} \
	bash -c 'fuzz_one "$@"' fuzz_one "$build" "$seconds" "$here" {})
printf '%s\n' "$output"
passed=$(grep -c '^ok ' <<<"$output")
failed=$((${#names[@]} - passed))
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
