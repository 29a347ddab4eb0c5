/*
 * random.c - see random.h. With AES-NI a block takes a tenth of the
 * instructions of SipHash. The keys of its rounds do not follow from one key,
 * as FIPS 197 has it, but are as random as that would be: there is nothing to
 * be read by others.
 */
#include "common/base/random.h"

static void
random_hash(const struct random *r, uint64_t count, uint64_t out[2])
{
	struct hash_key key = { r->key[0][0], r->key[0][1] };

	hash_word_pair(key, count, out);
}

#if defined(__x86_64__)

#include <wmmintrin.h>

#define EACH_ROUND(i) \
	_Pragma("GCC unroll 9") for (unsigned i = 1; i < RANDOM_ROUNDS; i++)

static bool
random_has_aes(void)
{
	return __builtin_cpu_supports("aes");
}

__attribute__((target("aes"))) static void
random_encrypt(const struct random *r, uint64_t count, uint64_t out[2])
{
	const __m128i *key = (const __m128i *)r->key;
	__m128i x = _mm_set_epi64x(0, (long long)count);

	x = _mm_xor_si128(x, key[0]);
	EACH_ROUND(i)
	{
		x = _mm_aesenc_si128(x, key[i]);
	}
	x = _mm_aesenclast_si128(x, key[RANDOM_ROUNDS]);
	_mm_storeu_si128((__m128i *)out, x);
}

#else

static bool
random_has_aes(void)
{
	return false;
}

#define random_encrypt random_hash

#endif

void
random_init(struct random *r, struct hash_key seed)
{
	for (uint64_t i = 0; i <= RANDOM_ROUNDS; i++)
		hash_word_pair(seed, i, r->key[i]);
	r->count = 0;
	r->aes = random_has_aes();
}

void
random_pair(struct random *r, uint64_t out[2])
{
	uint64_t count = r->count++;

	if (r->aes)
		random_encrypt(r, count, out);
	else
		random_hash(r, count, out);
}
