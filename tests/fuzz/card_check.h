/*
 * card_check.h - whether a text still holds the number of a card: written anew,
 * so that it does not share the errors of what is tested.
 */
#ifndef TESTS_FUZZ_CARD_CHECK_H
#define TESTS_FUZZ_CARD_CHECK_H

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/base/slice.h"

/* The character at *at, which moves behind it; -1 at the end. */
static inline int
card_char(struct slice s, size_t *at)
{
	int c;

	if (*at >= s.n)
		return -1;
	c = (unsigned char)s.p[*at];
	if (c == '%' && *at + 2 < s.n &&
	    isxdigit((unsigned char)s.p[*at + 1]) &&
	    isxdigit((unsigned char)s.p[*at + 2])) {
		char hex[3] = { s.p[*at + 1], s.p[*at + 2], '\0' };

		*at += 3;
		return (int)strtol(hex, NULL, 16);
	}
	*at += 1;
	return c;
}

/* Luhn, from the left: which digits count twice is known by their number. */
static inline bool
card_luhn(const char *digits, size_t n)
{
	int sum = 0;

	for (size_t i = 0; i < n; i++) {
		int d = digits[i] - '0';

		if ((n - i) % 2 == 0)
			d = d * 2 / 10 + d * 2 % 10;
		sum += d;
	}
	return sum % 10 == 0;
}

/* One begins at `at`, where a digit stands behind something else. */
static inline bool
card_at(struct slice s, size_t at)
{
	char digits[20];
	size_t n = 0, group = 0;

	for (;;) {
		int c = card_char(s, &at);

		if (c >= '0' && c <= '9') {
			if (n == 19)
				return false;
			digits[n++] = (char)c;
			group++;
			continue;
		}
		if (group < 3)
			return false;
		if (n >= 13 && digits[0] >= '2' && digits[0] <= '6' &&
		    card_luhn(digits, n))
			return true;
		if (c != ' ' && c != '-' && c != '+')
			return false;
		group = 0;
	}
}

static inline bool
card_check(struct slice s)
{
	int before = -1;

	for (size_t at = 0; at < s.n;) {
		size_t here = at;
		int c = card_char(s, &at);

		if (isdigit(c) && !isdigit(before) && card_at(s, here))
			return true;
		before = c;
	}
	return false;
}

#endif
