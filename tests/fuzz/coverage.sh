#!/usr/bin/env bash
# Replays the seeds of every fuzz target and prints how much of each parser they
# reach: what a run starts from, so the same each time.
# `coverage.sh BUILD FILE...` shows the lines of these files instead.
# Usage: tests/fuzz/coverage.sh BUILD [FILE...]
set -eu

build=$1
shift
here=$(dirname "$0")
bin=$build/fuzz-coverage/tests/fuzz
work=$build/fuzz-coverage/run

# What reads bytes of clients, upstreams, name servers and operators.
parsers=(common/base/json_read.c common/base/json_value.c common/base/units.c
	common/jose/base64url.c common/jose/claims.c common/jose/jwk.c
	common/jose/jws.c common/jose/keyset_jwks.c common/http/authority.c
	common/http/chunk.c common/http/h1.c common/http/h1_parse.c
	common/http/h1_rules.c common/http/h1_send.c common/http/h1_write.c
	common/http/h2.c common/http/h2_flood.c common/http/h2_head.c
	common/http/h2_read.c common/http/h2_send.c common/http/h2_stream.c
	common/http/h2_write.c
	common/http/head.c common/http/uri.c common/http/uri_escape.c
	common/http/ws_frame.c common/net/addr.c common/net/ranges.c
	master/admin_change.c master/build_pattern.c master/build_template.c
	master/conf_read.c master/conf_scan.c master/conf_status.c
	master/conf_text.c master/conf_value.c master/resolve_answer.c
	worker/proxyhdr.c worker/filter/forwarded.c worker/filter/transform.c
	worker/filter/way.c worker/flow/cookie.c worker/flow/own.c
	worker/flow/route.c worker/flow/route_path.c worker/flow/template.c
	worker/flow/trust.c worker/flow/upgrade.c)

rm -rf "$work"
mkdir -p "$work"
objects=()
for target in "$here"/*_fuzz.c; do
	name=$(basename "$target" _fuzz.c)
	if ! LLVM_PROFILE_FILE=$work/$name.profraw "$bin/${name}_fuzz" \
		"$here/corpus/$name"/* >"$work/$name.log" 2>&1; then
		echo "FAILED $name: the end of $work/$name.log:" >&2
		tail -n 20 "$work/$name.log" >&2
		exit 1
	fi
	objects+=(${objects[0]:+-object} "$bin/${name}_fuzz")
done
llvm-profdata merge -o "$work/all.profdata" "$work"/*.profraw
if [ $# -ne 0 ]; then
	llvm-cov show -instr-profile "$work/all.profdata" "${objects[@]}" \
		-show-regions -show-line-counts "$@"
	exit
fi

printf '%-30s %8s %7s %7s   %6s %7s %7s\n' parser regions missed % lines \
	missed %
llvm-cov report -instr-profile "$work/all.profdata" "${objects[@]}" \
	"${parsers[@]}" | awk '$1 ~ /\.c$|^TOTAL$/ {
		printf "%-30s %8d %7d %7s   %6d %7d %7s\n",
			$1, $2, $3, $4, $8, $9, $10
	}'
