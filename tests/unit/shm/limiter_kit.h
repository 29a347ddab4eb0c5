/*
 * limiter_kit.h - keys of one set, and what is known of it, for the tests of
 * the limiter.
 */
#ifndef TESTS_UNIT_SHM_LIMITER_KIT_H
#define TESTS_UNIT_SHM_LIMITER_KIT_H

#include "tests/unit/shm/stepping.h"

#define SECOND UINT64_C(1000000)
#define NOW (5 * SECOND)
#define A LIMITER_ADDRESS

/* One a second, three at once; three in each ten seconds. */
static const struct limiter_rate rates[] = {
	{ .kind = LIMITER_BUCKET, .each_ns = 1000 * SECOND, .burst = 3 },
	{ .kind = LIMITER_FIXED, .count = 3, .period_us = 10 * SECOND },
	{ .kind = LIMITER_SLIDING, .count = 3, .period_us = 10 * SECOND },
};

/* All in one set. */
static inline struct limiter_key
key(uint64_t n)
{
	return (struct limiter_key){ .hash = (n + 1) << CELL_TAG_SHIFT | 5 };
}

static inline bool
take_left(const struct region *r, const struct limiter_rate *rate, uint64_t k,
    uint64_t now_us, struct limiter_left *left)
{
	struct limiter_key of = key(k);
	bool taken = limiter_take(r, A, &of, rate, now_us, left);

	ck_assert_int_eq(taken, left->wait_us == 0);
	return taken;
}

/* How long to wait; 0: taken. */
static inline uint64_t
take(const struct region *r, const struct limiter_rate *rate, uint64_t k,
    uint64_t now_us)
{
	struct limiter_left left;

	take_left(r, rate, k, now_us, &left);
	return left.wait_us;
}

/* Takes all that there are. */
static inline uint32_t
take_all(const struct region *r, const struct limiter_rate *rate, uint64_t k,
    uint64_t now_us)
{
	uint32_t n = 0;

	while (take(r, rate, k, now_us) == 0)
		n++;
	return n;
}

static inline void
give(const struct region *r, const struct limiter_rate *rate, uint64_t k,
    uint64_t now_us)
{
	struct limiter_key of = key(k);

	limiter_refund(r, A, &of, rate, now_us);
}

/* Places of the key in this state; of EMPTY: all of the set. */
static inline uint32_t
places(const struct region *r, uint64_t k, enum cell_state state)
{
	struct limit l = limit_make(r, A, key(k).hash, NOW);
	uint32_t n = 0;

	for (uint32_t i = 0; i < LIMITER_WAYS; i++) {
		struct cell o = limit_read(&l, i);

		n += cell_state(&o) == state &&
		    (state == CELL_EMPTY || cell_is_of(o.hi, l.tag));
	}
	return n;
}

#endif
