/*
 * hash.h - SipHash-1-3 (Aumasson, Bernstein 2012) for every table that is
 * keyed by bytes from outside, and FNV-free mixing for integers.
 */
#ifndef COMMON_BASE_HASH_H
#define COMMON_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t k0, k1;
};

/* SipHash-1-3 of n bytes at p. */
uint64_t hash_bytes(struct hash_key key, const void *p, size_t n);

/* The same of the eight bytes of a word. */
uint64_t hash_word(struct hash_key key, uint64_t word);

/*
 * SipHash-1-3 with 128 bits, of the eight bytes of a word: cheaper than twice
 * hash_word, whose values have nothing to do with these.
 */
void hash_word_pair(struct hash_key key, uint64_t word, uint64_t out[2]);

/* hash_bytes of the eight bytes of a word, and n behind them. */
uint64_t
hash_word_bytes(struct hash_key key, uint64_t word, const void *p, size_t n);

/*
 * A sum of n bytes at p for who wants to see that they are whole, or looks for
 * them in a table into which nobody outside puts what he likes, in a quarter of
 * the time. No hash for other tables: who knows the key finds others of one
 * sum.
 */
uint64_t hash_sum(struct hash_key key, const void *p, size_t n);

/* A finaliser (splitmix64) for integer keys that no client chooses. */
static inline uint64_t
hash_u64(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* A random key from getrandom(2). */
struct hash_key hash_key_random(void);

#endif
