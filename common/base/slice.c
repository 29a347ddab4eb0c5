/*
 * slice.c - text without regard to case, eight bytes at a time.
 */
#include "common/base/slice.h"

#include "common/base/word.h"

/* n bytes, from 1 to 8, without one beyond them; each at one place at least. */
static inline uint64_t
word_load(const char *p, size_t n)
{
	uint64_t word = 0;
	uint32_t first, last;

	if (n == 8) {
		memcpy(&word, p, 8);
	} else if (n >= 4) {
		memcpy(&first, p, 4);
		memcpy(&last, p + n - 4, 4);
		word = (uint64_t)last << 32 | first;
	} else {
		word = (uint64_t)(unsigned char)p[0] |
		    (uint64_t)(unsigned char)p[n / 2] << 8 |
		    (uint64_t)(unsigned char)p[n - 1] << 16;
	}
	return word;
}

/* 0x20 where the byte is a capital letter. */
static inline uint64_t
word_capitals(uint64_t word)
{
	uint64_t low = word & WORD_OF(0x7f);
	uint64_t from_a = low + WORD_OF(0x80 - 'A');
	uint64_t beyond_z = low + WORD_OF(0x7f - 'Z');

	return ((from_a ^ beyond_z) & ~word & WORD_OF(0x80)) >> 2;
}

static inline bool
word_same(uint64_t a, uint64_t b)
{
	return a == b ||
	    (((a ^ b) & ~WORD_OF(0x20)) == 0 &&
		(a | word_capitals(a)) == (b | word_capitals(b)));
}

bool
slice_same_nocase(const char *a, const char *b, size_t n)
{
	size_t at = 0;

	for (; n - at > 8; at += 8)
		if (!word_same(word_load(a + at, 8), word_load(b + at, 8)))
			return false;
	return word_same(word_load(a + at, n - at), word_load(b + at, n - at));
}
