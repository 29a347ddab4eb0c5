/*
 * hash.c - SipHash-1-3: one round per word, three at the end.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "common/base/word.h"

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t
rotl(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static inline void
sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static inline void
sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

static inline struct sip
sip_begin(struct hash_key key)
{
	return (struct sip){
		key.k0 ^ 0x736f6d6570736575u,
		key.k1 ^ 0x646f72616e646f6du,
		key.k0 ^ 0x6c7967656e657261u,
		key.k1 ^ 0x7465646279746573u,
	};
}

static inline uint64_t
sip_finish(struct sip *s)
{
	sip_round(s);
	sip_round(s);
	sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* The last word has the length in its top byte. */
static inline uint64_t
sip_end(struct sip *s, uint64_t rest, size_t n)
{
	sip_word(s, rest | (uint64_t)n << 56);
	s->v2 ^= 0xff;
	return sip_finish(s);
}

static inline uint64_t
load_64(const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/*
 * The left < 8 bytes at p, behind n - left others, as a word whose other bytes
 * are 0: in loads that may overlap, since all the same they agree.
 */
static inline uint64_t
load_rest(const unsigned char *p, size_t left, size_t n)
{
	if (left == 0)
		return 0;
	if (n >= 8)
		return load_64(p + left - 8) >> (64 - 8 * left);
	return word_few((const char *)p, left);
}

/* Of n bytes at p, behind `before` others. */
static inline uint64_t
sip_bytes(struct sip *s, const unsigned char *p, size_t n, size_t before)
{
	size_t left = n;

	for (; left >= 8; left -= 8, p += 8)
		sip_word(s, load_64(p));
	return sip_end(s, load_rest(p, left, n), before + n);
}

uint64_t
hash_bytes(struct hash_key key, const void *p, size_t n)
{
	struct sip s = sip_begin(key);

	return sip_bytes(&s, p, n, 0);
}

static inline uint64_t
fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t
hash_sum(struct hash_key key, const void *p, size_t n)
{
	const unsigned char *at = p;
	uint64_t sum = key.k0 ^ hash_u64(n);
	size_t left = n;

	for (; left >= 16; left -= 16, at += 16)
		sum = fold(load_64(at) ^ sum, load_64(at + 8) ^ key.k1);
	if (left >= 8) {
		sum = fold(load_64(at) ^ sum, key.k1);
		left -= 8;
		at += 8;
	}
	return hash_u64(fold(load_rest(at, left, n) ^ sum, key.k1));
}

uint64_t
hash_word_bytes(struct hash_key key, uint64_t word, const void *p, size_t n)
{
	struct sip s = sip_begin(key);

	sip_word(&s, word);
	return sip_bytes(&s, p, n, sizeof(word));
}

uint64_t
hash_word(struct hash_key key, uint64_t word)
{
	struct sip s = sip_begin(key);

	sip_word(&s, word);
	return sip_end(&s, 0, sizeof(word));
}

void
hash_word_pair(struct hash_key key, uint64_t word, uint64_t out[2])
{
	struct sip s = sip_begin(key);

	s.v1 ^= 0xee;
	sip_word(&s, word);
	sip_word(&s, (uint64_t)sizeof(word) << 56);
	s.v2 ^= 0xee;
	out[0] = sip_finish(&s);
	s.v1 ^= 0xdd;
	out[1] = sip_finish(&s);
}

struct hash_key
hash_key_random(void)
{
	struct hash_key key;
	ssize_t n;

	/* 16 bytes come whole or, before the pool is seeded, interrupted. */
	do {
		n = getrandom(&key, sizeof(key), 0);
	} while (n < 0 && errno == EINTR);
	MUST(n == (ssize_t)sizeof(key));
	return key;
}
