/*
 * hex.c - see hex.h.
 */
#include "common/base/hex.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "common/base/chunk.h"
#include "common/base/word.h"

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

#ifdef CHUNK_BYTES
static inline void
write_8(const uint8_t *p, char *out)
{
	__m128i x = _mm_loadl_epi64((const __m128i *)p);
	__m128i half = _mm_and_si128(
	    _mm_unpacklo_epi8(_mm_srli_epi16(x, 4), x), _mm_set1_epi8(15));
	__m128i letter = _mm_and_si128(_mm_cmpgt_epi8(half, _mm_set1_epi8(9)),
	    _mm_set1_epi8('a' - '0' - 10));

	_mm_storeu_si128((__m128i *)out,
	    _mm_add_epi8(_mm_add_epi8(half, _mm_set1_epi8('0')), letter));
}

/* Sixteen digits as eight bytes; false: some are none. */
static inline bool
take_8(const char *p, uint8_t *out, bool upper)
{
	__m128i x = _mm_loadu_si128((const __m128i *)p);
	__m128i letter = chunk_from_to(x, 'a', 'f'), half;

	if (upper)
		letter = _mm_or_si128(letter, chunk_from_to(x, 'A', 'F'));
	half = _mm_add_epi8(_mm_and_si128(x, _mm_set1_epi8(15)),
	    _mm_and_si128(letter, _mm_set1_epi8(9)));
	half = _mm_and_si128(
	    _mm_or_si128(_mm_slli_epi16(half, 4), _mm_srli_epi16(half, 8)),
	    _mm_set1_epi16(255));
	_mm_storel_epi64((__m128i *)out, _mm_packus_epi16(half, half));
	return _mm_movemask_epi8(
		   _mm_or_si128(letter, chunk_from_to(x, '0', '9'))) == 0xffff;
}
#endif

void
hex_write(const void *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = bytes;

#ifdef CHUNK_BYTES
	for (; n >= 8; n -= 8, p += 8, out += 16)
		write_8(p, out);
#endif
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

/* 0x80 for each byte of x, all of which are below 0x80, from first to last. */
static inline uint64_t
in_range(uint64_t x, uint8_t first, uint8_t last)
{
	return (x + WORD_OF(0x80 - first)) & ~(x + WORD_OF(0x7f - last)) &
	    WORD_OF(0x80);
}

static inline bool
are_digits(uint64_t x, bool upper)
{
	uint64_t are = in_range(x, '0', '9') | in_range(x, 'a', 'f');

	if (upper)
		are |= in_range(x, 'A', 'F');
	return (x & WORD_OF(0x80)) == 0 && are == WORD_OF(0x80);
}

/* Of eight digits, four bytes. Letters, and they alone, have bit 6. */
static inline uint32_t
hex_bytes(uint64_t x)
{
	x = (x & WORD_OF(0x0f)) + (x >> 6 & WORD_OF(1)) * 9;
	x = (x << 4 | x >> 8) & 0x00ff00ff00ff00ffu;
	x = (x | x >> 8) & 0x0000ffff0000ffffu;
	return (uint32_t)(x | x >> 16);
}

static inline bool
hex_take(struct slice text, uint8_t *out, size_t n, bool upper)
{
	const char *p = text.p;
	bool ok = text.n == 2 * n;

#ifdef CHUNK_BYTES
	for (; ok && n >= 8; n -= 8, p += 16, out += 8)
		ok = take_8(p, out, upper);
#endif
	for (; ok && n >= 4; n -= 4, p += 8, out += 4) {
		uint64_t digits;
		uint32_t bytes;

		memcpy(&digits, p, sizeof(digits));
		digits = le64toh(digits);
		ok = are_digits(digits, upper);
		bytes = htole32(hex_bytes(digits));
		memcpy(out, &bytes, sizeof(bytes));
	}
	for (; ok && n != 0; n--, p += 2, out++) {
		uint64_t two = (uint8_t)p[0] | (uint64_t)(uint8_t)p[1] << 8;

		ok = are_digits(WORD_OF('0') << 16 | two, upper);
		*out = (uint8_t)hex_bytes(two);
	}
	return ok;
}

bool
hex_read(struct slice text, void *out, size_t n)
{
	return hex_take(text, out, n, true);
}

bool
hex_read_lower(struct slice text, void *out, size_t n)
{
	return hex_take(text, out, n, false);
}
