/*
 * hex.c - see hex.h.
 */
#include "common/base/hex.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

enum { DIGIT = 1, LOWER = 2 };

static const uint8_t hex_kind[256] = {
	['0' ... '9'] = DIGIT | LOWER,
	['A' ... 'F'] = DIGIT,
	['a' ... 'f'] = DIGIT | LOWER,
};

/* The digits of four bytes, the first of which is the lowest. */
static uint64_t
hex_digits(uint32_t bytes)
{
	uint64_t x = bytes, above9;

	x = (x << 16 | x) & 0x0000ffff0000ffffu;
	x = (x << 8 | x) & 0x00ff00ff00ff00ffu;
	x = (x << 8 | x >> 4) & 0x0f0f0f0f0f0f0f0fu;
	above9 = (x + 0x0606060606060606u) >> 4 & 0x0101010101010101u;
	return x + 0x3030303030303030u + above9 * ('a' - '0' - 10);
}

void
hex_write(const void *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = bytes;

	for (; n >= 4; n -= 4, p += 4, out += 8) {
		uint32_t some;
		uint64_t text;

		memcpy(&some, p, sizeof(some));
		text = htole64(hex_digits(le32toh(some)));
		memcpy(out, &text, sizeof(text));
	}
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
}

/* Letters, and they alone, have bit 6. */
static unsigned
hex_value(uint8_t c)
{
	return (c & 15) + (c >> 6) * 9u;
}

/* What all of the text is: DIGIT, and LOWER, or nothing; then out is void. */
static unsigned
hex_take(struct slice text, uint8_t *out, size_t n)
{
	const uint8_t *p = (const uint8_t *)text.p;
	unsigned all = DIGIT | LOWER;

	if (text.n != 2 * n)
		return 0;
	for (size_t i = 0; i < n; i++) {
		uint8_t high = p[2 * i], low = p[2 * i + 1];

		all &= hex_kind[high] & hex_kind[low];
		out[i] = (uint8_t)(hex_value(high) << 4 | hex_value(low));
	}
	return all;
}

bool
hex_read(struct slice text, void *out, size_t n)
{
	return (hex_take(text, out, n) & DIGIT) != 0;
}

bool
hex_read_lower(struct slice text, void *out, size_t n)
{
	return (hex_take(text, out, n) & LOWER) != 0;
}
