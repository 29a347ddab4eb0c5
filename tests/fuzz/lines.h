/*
 * lines.h - input of several parts: a line each.
 */
#ifndef TESTS_FUZZ_LINES_H
#define TESTS_FUZZ_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

/* libFuzzer's entry point. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first `max` lines, without their ends; returns how many there are. */
static inline size_t
lines_split(const uint8_t *data, size_t size, struct slice *lines, size_t max)
{
	struct slice left = { (const char *)data, size };
	size_t n = 0;

	while (n < max && left.p != NULL) {
		const char *end =
		    left.n != 0 ? memchr(left.p, '\n', left.n) : NULL;

		lines[n] = left;
		left = SLICE_NONE;
		if (end != NULL) {
			size_t past = (size_t)(end - lines[n].p) + 1;

			left = slice_skip(lines[n], past);
			lines[n].n = past - 1;
		}
		n++;
	}
	return n;
}

#endif
