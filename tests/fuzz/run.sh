#!/usr/bin/env bash
# Runs every fuzz target for a while, two at a time, from the seeds in
# tests/fuzz/corpus/<name>. New inputs go to the build folder, so do crashes.
# Usage: tests/fuzz/run.sh BUILD SECONDS
set -u

build=$1
seconds=$2
here=$(dirname "$0")

# fuzz_one BUILD SECONDS HERE TARGET
fuzz_one() {
	name=$(basename "$4" _fuzz.c)
	work=$1/run/$name
	seeds=("$3/corpus/$name")
	[ -d "${seeds[0]}" ] || seeds=()
	mkdir -p "$work/corpus"
	if "$1/tests/fuzz/${name}_fuzz" -max_total_time="$2" -timeout=10 \
		-rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$work/" "$work/corpus" "${seeds[@]}" \
		</dev/null >"$work/log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
		echo "ok $name: $runs runs"
	else
		echo "FAILED $name: $work"
		tail -n 60 "$work/log"
	fi
}
export -f fuzz_one

shopt -s nullglob
targets=("$here"/*_fuzz.c)
output=$(printf '%s\0' ${targets[@]+"${targets[@]}"} | xargs -0 -r -P 2 -I{} \
	bash -c 'fuzz_one "$@"' fuzz_one "$build" "$seconds" "$here" {})
printf '%s\n' "$output"
passed=$(grep -c '^ok ' <<<"$output")
failed=$((${#targets[@]} - passed))
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
