/*
 * random.h - numbers that do not repeat and cannot be guessed, for next to
 * nothing: a counter, encrypted. For ids and for draws of lots, not for keys.
 */
#ifndef COMMON_BASE_RANDOM_H
#define COMMON_BASE_RANDOM_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/hash.h"

#define RANDOM_ROUNDS 10

struct random {
	alignas(16) uint64_t key[RANDOM_ROUNDS + 1][2];
	uint64_t count;
	bool aes; /* the processor has it; else by SipHash */
};

/* All of it follows from the seed, which is random itself. */
void random_init(struct random *r, struct hash_key seed);

/* No pair comes twice from one seed. */
void random_pair(struct random *r, uint64_t out[2]);

static inline uint64_t
random_word(struct random *r)
{
	uint64_t pair[2];

	random_pair(r, pair);
	return pair[0];
}

#endif
