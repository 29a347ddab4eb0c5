/*
 * random.c - see random.h. With AES-NI a block takes a tenth of the
 * instructions of SipHash. The keys of its rounds do not follow from one key,
 * as FIPS 197 has it, but are as random as that would be: there is nothing to
 * be read by others.
 */
#include "common/base/random.h"

static __attribute__((noinline)) struct random_pair
random_hash(const struct random *r, uint64_t count)
{
	struct hash_key key = { r->key[0][0], r->key[0][1] };
	uint64_t out[2];

	hash_word_pair(key, count, out);
	return (struct random_pair){ out[0], out[1] };
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

__attribute__((target("aes"))) static struct random_pair
random_encrypt(const struct random *r, uint64_t count)
{
	const __m128i *key = (const __m128i *)r->key;
	__m128i x = _mm_set_epi64x(0, (long long)count);

	x = _mm_xor_si128(x, key[0]);
	EACH_ROUND(i)
	{
		x = _mm_aesenc_si128(x, key[i]);
	}
	x = _mm_aesenclast_si128(x, key[RANDOM_ROUNDS]);
	return (struct random_pair){ (uint64_t)_mm_cvtsi128_si64(x),
		(uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(x, x)) };
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

struct random_pair
random_pair(struct random *r)
{
	uint64_t count = r->count++;

	return r->aes ? random_encrypt(r, count) : random_hash(r, count);
}
