/*
 * limiter_account.h - for the limiter alone: what the kinds of limits make of
 * the numbers in a cell. Nothing here is shared or atomic.
 */
#ifndef SHM_LIMITER_ACCOUNT_H
#define SHM_LIMITER_ACCOUNT_H

#include "shm/limiter.h"

/* By how much a clock may be behind: a process that stands still for longer is
 * ended. */
#define LIMITER_BEHIND_US UINT64_C(15000000)

/*
 * BUCKET: word is a time in ns. Windows: {prev:32, cur:32}. over_us: from when
 * on nothing of it counts; of windows a multiple of the table's tick, the end
 * of this one (FIXED) or of the next one (SLIDING). All zero: nothing is spent.
 */
struct account {
	uint64_t word, over_us;
};

/* When, and the smallest step of over_us. */
struct account_clock {
	uint64_t now_us, tick_us;
};

/*
 * True: one more is charged. False: it is changed only if it says more than can
 * be spent by this rate, or at this time: then it is put right, or its key
 * would be locked out for as long as another rate has meant.
 */
bool
account_charge(const struct limiter_rate *rate, const struct account_clock *c,
    struct account *a, struct limiter_left *left);

/* False: it is forgotten that something was charged. */
bool account_refund(const struct limiter_rate *rate,
    const struct account_clock *c, struct account *a);

void
account_look(const struct limiter_rate *rate, const struct account_clock *c,
    const struct account *a, struct limiter_left *left);

/* FIXED: as if at least so many had been charged in this window. */
void account_restore(const struct limiter_rate *rate,
    const struct account_clock *c, uint64_t spent, struct account *a);

#endif
