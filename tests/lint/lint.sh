#!/usr/bin/env bash
# What a machine can hold of the house rules. Prints every complaint; exit 1
# when there is one. Called by `make lint`.
set -u
cd "$(dirname "$0")/../.." || exit 1

jobs=2
failed=()
flags=(-I. -D_GNU_SOURCE "-DPENSTOCK_VERSION=\"lint\"" -std=gnu17)
strict=(-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wswitch-enum
	-Wconversion -Wno-sign-conversion -Wdouble-promotion -Werror)
rooms=(common shm master worker helper tools)
mapfile -t sources < <(find "${rooms[@]}" -name '*.c' | sort)
mapfile -t headers < <(find "${rooms[@]}" -name '*.h' | sort)
mapfile -t tests < <(find tests -name '*.c' | sort)
mapfile -t tests_h < <(find tests -name '*.h' | sort)
mapfile -t scripts < <(grep -rlE '^#!.*\b(ba)?sh$' .ci tools tests)

# each COMMAND... -- FILE...: the command once per file, some at a time.
each() {
	local command=()
	while [ "$1" != -- ]; do
		command+=("$1")
		shift
	done
	shift
	[ $# -eq 0 ] || printf '%s\0' "$@" | xargs -0 -P $jobs -n 1 "${command[@]}"
}

step() {
	local name=$1 start=$SECONDS
	shift
	if "$@"; then
		echo "ok $name ($((SECONDS - start)) s)"
	else
		echo "FAILED $name"
		failed+=("$name")
	fi
}

headers_alone() {
	each gcc "${flags[@]}" -Wall -Werror -fsyntax-only -x c -- "${headers[@]}"
}

compiles() {
	each "$1" "${flags[@]}" "${strict[@]}" -fsyntax-only -- \
		"${sources[@]}" "${tests[@]}"
}

# Where a file asks for the processor, the other answer compiles as well. The
# headers are this machine's, which have two sizes of their own; must.c reads a
# signal's registers, and would need the other's.
aarch64() {
	local room files status

	mapfile -t files < <(grep -lE '__(x86_64|SSE2)__' "${sources[@]}" \
		"${headers[@]}" | grep -vx common/base/must.c)
	room=$(mktemp -d) || return 1
	mkdir "$room/gnu" && touch "$room/gnu/stubs-32.h"
	each clang --target=aarch64-linux-gnu "${flags[@]}" \
		-Werror=implicit-function-declaration -fsyntax-only \
		-isystem "$room" \
		-isystem "/usr/include/$(gcc -print-multiarch)" -x c -- \
		"${files[@]}"
	status=$?
	rm -r "$room"
	return $status
}

# Not asked: what the house does on purpose, and false alarms of version 14.
tidy_checks='-*,bugprone-*,-bugprone-easily-swappable-parameters'
tidy_checks+=',-bugprone-narrowing-conversions,-bugprone-reserved-identifier'
tidy_checks+=',-bugprone-macro-parentheses,-bugprone-branch-clone'
tidy_checks+=',-bugprone-assignment-in-if-condition'
tidy_checks+=',-bugprone-implicit-widening-of-multiplication-result'
tidy_checks+=',-bugprone-sizeof-expression'
tidy_checks+=',-bugprone-suspicious-include'
tidy_checks+=',-bugprone-not-null-terminated-result'

tidy_one() {
	clang-tidy --quiet --warnings-as-errors='*' --checks="$1" "$2" -- \
		-I. -D_GNU_SOURCE '-DPENSTOCK_VERSION="lint"' -std=gnu17 \
		2>/dev/null
}
export -f tidy_one

tidy() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	each bash -c 'tidy_one "$0" "$1"' "$tidy_checks" -- "${sources[@]}"
}

cppcheck_all() {
	cppcheck -q -j $jobs --std=c11 --error-exitcode=1 \
		--enable=warning,portability --suppress=missingInclude \
		--suppressions-list=tests/lint/cppcheck.txt \
		'-Djson_array_foreach(a,i,v)=while(i++,v=a)' \
		-D_GNU_SOURCE -DPENSTOCK_VERSION='"lint"' -I. "${sources[@]}"
}

step format clang-format --dry-run -Werror "${sources[@]}" "${headers[@]}" \
	"${tests[@]}" "${tests_h[@]}"
step source python3 tests/lint/source.py
step layout python3 tests/lint/layout.py
step headers headers_alone
step gcc compiles gcc
step clang compiles clang
step aarch64 aarch64
step shellcheck shellcheck "${scripts[@]}"
step cppcheck cppcheck_all
step clang-tidy tidy

echo "$SECONDS s"
if [ ${#failed[@]} -ne 0 ]; then
	echo "lint failed: ${failed[*]}"
	exit 1
fi
echo "lint: clean"
