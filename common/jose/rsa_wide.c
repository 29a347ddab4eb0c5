/*
 * rsa_wide.c - see rsa_wide.h.
 *
 * A number is 40 digits of 52 bits, eight in a vector. A product of
 * Montgomery's takes them off one by one:
 *
 *	sum += a * b[i]
 *	sum += modulus * m	m: such that the lowest digit becomes zero
 *	sum >>= 52
 *
 * Lanes hold what has not been carried yet: 40 times four halves of products
 * are less than 2^60. With R > 4 * modulus, factors below twice the modulus
 * give such a product, so that it is reduced but once, at the end.
 */
#include "common/jose/rsa_wide.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define SQUARINGS 16

#define DIGIT_BITS 52
#define DIGIT_MAX (((uint64_t)1 << DIGIT_BITS) - 1)
#define DIGITS 40
#define LANES 8
#define VECTORS 5
_Static_assert(DIGITS *DIGIT_BITS == RSA_WIDE_R_BITS, "a factor of R");

#define WIDE __attribute__((target("avx512f,avx512ifma")))
#define EACH_VECTOR(i) \
	_Pragma("GCC unroll 8") for (unsigned i = 0; i < VECTORS; i++)

/* The lowest digit first. */
struct number {
	_Alignas(64) uint64_t digit[DIGITS];
};

struct rsa_wide {
	struct number modulus, constant;
	uint64_t inverse; /* -1 / modulus, by 2^52 */
};

bool
rsa_wide_fits(int bits)
{
	return bits == RSA_WIDE_BYTES * 8 &&
	    __builtin_cpu_supports("avx512f") &&
	    __builtin_cpu_supports("avx512ifma");
}

/* ---- bytes ---- */

/* Two digits are 13 bytes, of which the second has the last six and a half;
 * in front is room for whole words. */
#define PAIR_BYTES 13
#define TEXT_BYTES (DIGITS / 2 * PAIR_BYTES + 4)
#define TEXT_FRONT (TEXT_BYTES - RSA_WIDE_BYTES)

static uint64_t
word_before(const uint8_t *end)
{
	uint64_t word;

	memcpy(&word, end - sizeof(word), sizeof(word));
	return be64toh(word);
}

static void
put_before(uint8_t *end, uint64_t word)
{
	word = htobe64(word);
	memcpy(end - sizeof(word), &word, sizeof(word));
}

static void
number_read(struct number *n, const uint8_t bytes[RSA_WIDE_BYTES])
{
	uint8_t text[TEXT_BYTES] = { 0 }, *end = text + sizeof(text);

	memcpy(text + TEXT_FRONT, bytes, RSA_WIDE_BYTES);
	for (unsigned i = 0; i < DIGITS; i += 2, end -= PAIR_BYTES) {
		n->digit[i] = word_before(end) & DIGIT_MAX;
		n->digit[i + 1] = word_before(end - 6) >> 4 & DIGIT_MAX;
	}
}

static void
number_write(const struct number *n, uint8_t bytes[RSA_WIDE_BYTES])
{
	uint8_t text[TEXT_BYTES], *end = text + sizeof(text);

	for (unsigned i = 0; i < DIGITS; i += 2, end -= PAIR_BYTES) {
		put_before(end - 8, n->digit[i + 1] >> 12);
		put_before(end, n->digit[i + 1] << DIGIT_BITS | n->digit[i]);
	}
	memcpy(bytes, text + TEXT_FRONT, RSA_WIDE_BYTES);
}

/* ---- products ---- */

/* Carries what lanes have beyond their digits. A carry that meets full digits
 * goes on through them, as one does through the ones of a sum of bits. */
WIDE static inline void
digits_settle(__m512i sum[VECTORS], struct number *out)
{
	const __m512i max = _mm512_set1_epi64(DIGIT_MAX);
	__m512i carry = _mm512_setzero_si512();
	uint64_t over = 0, full = 0;

	EACH_VECTOR(i)
	{
		__m512i more = _mm512_srli_epi64(sum[i], DIGIT_BITS);

		sum[i] = _mm512_add_epi64(_mm512_and_si512(sum[i], max),
		    _mm512_alignr_epi64(more, carry, LANES - 1));
		over |= (uint64_t)_mm512_cmpgt_epu64_mask(sum[i], max)
		    << LANES * i;
		full |= (uint64_t)_mm512_cmpeq_epi64_mask(sum[i], max)
		    << LANES * i;
		carry = more;
	}
	over = ((over << 1) + full) ^ full;
	EACH_VECTOR(i)
	{
		sum[i] =
		    _mm512_mask_add_epi64(sum[i], (__mmask8)(over >> LANES * i),
			sum[i], _mm512_set1_epi64(1));
		_mm512_store_si512(
		    out->digit + LANES * i, _mm512_and_si512(sum[i], max));
	}
}

/* Adds a * b and modulus * m, and takes off the lowest digit. Returns what is
 * in the lowest lane then, but for the upper halves of this. */
WIDE static inline uint64_t
digit_take(__m512i sum[VECTORS], const __m512i a[VECTORS],
    const __m512i modulus[VECTORS], __m512i b, __m512i m)
{
	uint64_t lowest;

	EACH_VECTOR(i)
	sum[i] = _mm512_madd52lo_epu64(
	    _mm512_madd52lo_epu64(sum[i], a[i], b), modulus[i], m);
	EACH_VECTOR(i)
	sum[i] = _mm512_alignr_epi64(
	    i + 1 < VECTORS ? sum[i + 1] : _mm512_setzero_si512(), sum[i], 1);
	lowest = (uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(sum[0]));
	EACH_VECTOR(i)
	sum[i] = _mm512_madd52hi_epu64(
	    _mm512_madd52hi_epu64(sum[i], a[i], b), modulus[i], m);
	return lowest;
}

/* a * b / R. All wait for the lowest digit, which is reckoned beside the
 * vectors; what their lowest lane has of it is not looked at. */
WIDE static void
product(const struct rsa_wide *w, struct number *out, const struct number *a,
    const struct number *b)
{
	const uint64_t a0 = a->digit[0], n0 = w->modulus.digit[0];
	const uint64_t inverse = w->inverse;
	__m512i sum[VECTORS], as[VECTORS], ns[VECTORS];
	uint64_t lowest = 0;

	EACH_VECTOR(i)
	{
		sum[i] = _mm512_setzero_si512();
		as[i] = _mm512_load_si512(a->digit + LANES * i);
		ns[i] = _mm512_load_si512(w->modulus.digit + LANES * i);
	}
	for (unsigned i = 0; i < DIGITS; i++) {
		uint64_t bi = b->digit[i];
		unsigned __int128 low = (unsigned __int128)a0 * bi + lowest;
		uint64_t m = (uint64_t)low * inverse & DIGIT_MAX;

		low += (unsigned __int128)n0 * m;
		lowest = (uint64_t)(low >> DIGIT_BITS) +
		    digit_take(sum, as, ns, _mm512_set1_epi64((long long)bi),
			_mm512_set1_epi64((long long)m));
	}
	sum[0] = _mm512_mask_set1_epi64(sum[0], 1, (long long)lowest);
	digits_settle(sum, out);
}

/* ---- all of it ---- */

/* By Newton's method: each step doubles the bits that are right. */
static uint64_t
inverse_of(uint64_t odd)
{
	uint64_t x = odd;

	for (unsigned bits = 3; bits < DIGIT_BITS; bits *= 2)
		x *= 2 - odd * x;
	return -x & DIGIT_MAX;
}

struct rsa_wide *
rsa_wide_new(const uint8_t modulus[RSA_WIDE_BYTES],
    const uint8_t constant[RSA_WIDE_BYTES])
{
	struct rsa_wide *w =
	    aligned_alloc(_Alignof(struct rsa_wide), sizeof(*w));

	if (w == NULL)
		return NULL;
	number_read(&w->modulus, modulus);
	number_read(&w->constant, constant);
	w->inverse = inverse_of(w->modulus.digit[0]);
	return w;
}

/* From what is less than twice the modulus. */
static void
number_reduce(struct number *n, const struct number *modulus)
{
	struct number less;
	uint64_t borrow = 0;

	for (unsigned i = 0; i < DIGITS; i++) {
		uint64_t digit = n->digit[i] - modulus->digit[i] - borrow;

		less.digit[i] = digit & DIGIT_MAX;
		borrow = digit >> 63;
	}
	if (borrow == 0)
		*n = less;
}

void
rsa_wide_power(const struct rsa_wide *w, const uint8_t number[RSA_WIDE_BYTES],
    uint8_t out[RSA_WIDE_BYTES])
{
	struct number s, power;

	number_read(&s, number);
	product(w, &power, &s, &s);
	for (unsigned i = 1; i < SQUARINGS; i++)
		product(w, &power, &power, &power);
	product(w, &power, &power, &s);
	product(w, &power, &power, &w->constant);
	number_reduce(&power, &w->modulus);
	number_write(&power, out);
}

#else

bool
rsa_wide_fits(int bits)
{
	(void)bits;
	return false;
}

struct rsa_wide *
rsa_wide_new(const uint8_t modulus[RSA_WIDE_BYTES],
    const uint8_t constant[RSA_WIDE_BYTES])
{
	(void)modulus;
	(void)constant;
	return NULL;
}

void
rsa_wide_power(const struct rsa_wide *w, const uint8_t number[RSA_WIDE_BYTES],
    uint8_t out[RSA_WIDE_BYTES])
{
	(void)w;
	(void)number;
	(void)out;
	MUST(false);
}

#endif
