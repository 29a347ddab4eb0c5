/*
 * base64url.c - see base64url.h.
 */
#include "common/jose/base64url.h"

#if defined(__x86_64__)
#include <tmmintrin.h>

#include "common/base/chunk.h"
#endif

#define BAD 0x80 /* no digit has this bit */
#define B BAD

static const uint8_t digit_value[256] = {
#define BAD16 B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B
	BAD16, BAD16, B, B, B, B, B, B, B, B, B, B, B, B, B, 62, B, B, 52, 53,
	54, 55, 56, 57, 58, 59, 60, 61, B, B, B, B, B, B, B, 0, 1, 2, 3, 4, 5,
	6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
	25, B, B, B, B, 63, B, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37,
	38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, B, B, B, B, B,
	BAD16, BAD16, BAD16, BAD16, BAD16, BAD16, BAD16, BAD16
};

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static inline uint32_t
value_of(char c)
{
	return digit_value[(unsigned char)c];
}

#define GROUP_BAD ((uint32_t)BAD << 24)

/* The bits of four digits, and GROUP_BAD if one of them is none. */
static inline uint32_t
group_bits(const char *p)
{
	uint32_t a = value_of(p[0]), b = value_of(p[1]);
	uint32_t c = value_of(p[2]), d = value_of(p[3]);

	return ((a | b | c | d) & BAD) << 24 | a << 18 | b << 12 | c << 6 | d;
}

/* The last group, of two or three digits. False: not canonical. */
static bool
tail_decode(struct slice text, uint8_t *out)
{
	uint32_t a = value_of(text.p[0]), b = value_of(text.p[1]);
	uint32_t c = text.n == 3 ? value_of(text.p[2]) : 0;
	uint32_t bits = a << 12 | b << 6 | c, loose = text.n == 3 ? 3 : 0x3ff;

	if (((a | b | c) & BAD) != 0 || (bits & loose) != 0)
		return false;
	out[0] = (uint8_t)(bits >> 10);
	if (text.n == 3)
		out[1] = (uint8_t)(bits >> 2);
	return true;
}

#if defined(__x86_64__)
#define BYTES __attribute__((target("ssse3")))

/* The values of sixteen digits; those that are none, in *all, are not 255. */
BYTES static inline __m128i
values_of(__m128i x, __m128i *all)
{
	__m128i upper = chunk_from_to(x, 'A', 'Z'),
		lower = chunk_from_to(x, 'a', 'z');
	__m128i ten = chunk_from_to(x, '0', '9');
	__m128i minus = _mm_cmpeq_epi8(x, _mm_set1_epi8('-'));
	__m128i line = _mm_cmpeq_epi8(x, _mm_set1_epi8('_'));
	__m128i more;

	more = _mm_and_si128(upper, _mm_set1_epi8(0 - 'A'));
	more =
	    _mm_or_si128(more, _mm_and_si128(lower, _mm_set1_epi8(26 - 'a')));
	more = _mm_or_si128(more, _mm_and_si128(ten, _mm_set1_epi8(52 - '0')));
	more =
	    _mm_or_si128(more, _mm_and_si128(minus, _mm_set1_epi8(62 - '-')));
	more = _mm_or_si128(more, _mm_and_si128(line, _mm_set1_epi8(63 - '_')));
	*all = _mm_and_si128(*all,
	    _mm_or_si128(_mm_or_si128(upper, lower),
		_mm_or_si128(ten, _mm_or_si128(minus, line))));
	return _mm_add_epi8(x, more);
}

/* From the front of *text, by sixteen digits; returns where to go on, or NULL
 * when some are none. */
BYTES static uint8_t *
sixteens_decode(struct slice *text, uint8_t *out)
{
	const __m128i order = _mm_setr_epi8(
	    2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
	__m128i all = _mm_set1_epi8(-1);

	for (; text->n >= 16; *text = slice_skip(*text, 16), out += 12) {
		__m128i x = _mm_loadu_si128((const __m128i *)text->p);
		int last;

		x = values_of(x, &all);
		/* Two of 12 bits in each half, then one of 24. */
		x = _mm_maddubs_epi16(x, _mm_set1_epi32(0x01400140));
		x = _mm_madd_epi16(x, _mm_set1_epi32(0x00011000));
		x = _mm_shuffle_epi8(x, order);
		_mm_storel_epi64((__m128i *)out, x);
		last = _mm_cvtsi128_si32(_mm_srli_si128(x, 8));
		memcpy(out + 8, &last, sizeof(last));
	}
	return _mm_movemask_epi8(all) == 0xffff ? out : NULL;
}
#endif

bool
base64url_decode(struct slice text, uint8_t *out, size_t *n)
{
	uint32_t bad = 0;

	*n = BASE64URL_BYTES(text.n);
	if (text.n % 4 == 1)
		return false;
#if defined(__x86_64__)
	if (__builtin_cpu_supports("ssse3")) {
		out = sixteens_decode(&text, out);
		if (out == NULL)
			return false;
	}
#endif
	for (; text.n >= 4; text = slice_skip(text, 4), out += 3) {
		uint32_t bits = group_bits(text.p);

		bad |= bits;
		out[0] = (uint8_t)(bits >> 16);
		out[1] = (uint8_t)(bits >> 8);
		out[2] = (uint8_t)bits;
	}
	return (bad & GROUP_BAD) == 0 &&
	    (text.n == 0 || tail_decode(text, out));
}

bool
base64url_valid(struct slice text)
{
	uint32_t bad = 0;
	uint8_t out[2];

	if (text.n % 4 == 1)
		return false;
	for (; text.n >= 4; text = slice_skip(text, 4))
		bad |= group_bits(text.p);
	return (bad & GROUP_BAD) == 0 &&
	    (text.n == 0 || tail_decode(text, out));
}

size_t
base64url_encode(const void *bytes, size_t n, char *out)
{
	const uint8_t *p = bytes;
	char *to = out;

	for (; n >= 3; n -= 3, p += 3, to += 4) {
		uint32_t bits =
		    (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];

		to[0] = digits[bits >> 18];
		to[1] = digits[bits >> 12 & 63];
		to[2] = digits[bits >> 6 & 63];
		to[3] = digits[bits & 63];
	}
	if (n != 0) {
		uint32_t bits =
		    (uint32_t)p[0] << 16 | (n == 2 ? (uint32_t)p[1] << 8 : 0);

		*to++ = digits[bits >> 18];
		*to++ = digits[bits >> 12 & 63];
		if (n == 2)
			*to++ = digits[bits >> 6 & 63];
	}
	return (size_t)(to - out);
}
