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

struct random_pair {
	uint64_t first, second;
};

/* No pair comes twice from one seed. */
struct random_pair random_pair(struct random *r);

static inline uint64_t
random_word(struct random *r)
{
	return random_pair(r).first;
}

#endif
