/*
 * bans.h - addresses that are not served for a while, in a table that all
 * processes change without a lock: of each its end, how often it was banned
 * (strikes), and by which rule. Of IPv6, it is the /64.
 *
 * A ban is made exactly once, however many workers want it at the same time. A
 * full set of the table drops the ban by a rule that ends first, which may be
 * the new one, and counts it: nobody is refused who is not banned. Operators'
 * bans are not dropped for others. Whoever is killed in between leaves a ban
 * that holds, or none that the next one would not make.
 */
#ifndef SHM_BANS_H
#define SHM_BANS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/slice.h"
#include "shm/region.h"

#define BANS_FOR_EVER INT64_MAX
#define BANS_UNIT_US 62500 /* ends are rounded up to it */
/* Ends before the region's birth, from a file, are known so far back: longer
 * than strikes are kept. */
#define BANS_BACK_US (INT64_C(366) * 86400 * 1000000)
#define BAN_BY_OPERATOR 0
#define BAN_BY_OTHERS                                          \
	BAN_RULES_MAX /* rules beyond those that have a number \
		       */
#define BAN_RULE_NAME_MAX 63

/* What a rule, or an operator, wants. */
struct ban_terms {
	uint64_t time_us; /* the first time; BANS_FOR_EVER */
	uint64_t max_us;  /* and at most; strikes are forgotten so long after */
	uint32_t factor;  /* by which it grows with each strike; thousandths */
	uint32_t by;      /* BAN_BY_OPERATOR, or the number of a rule */
};

struct ban {
	struct addr addr; /* port 0; of IPv6 the first 8 bytes */
	int64_t until_us; /* BANS_FOR_EVER; may be over, before the birth */
	uint32_t strikes;
	uint32_t by;
};

/* ---- workers ---- */

/* One load: nobody is banned when it is false. */
static inline bool
bans_active(const struct region *r)
{
	return atomic_load_explicit(
		   &r->state->control.bans_active, memory_order_relaxed) != 0;
}

bool bans_have(const struct region *r, const struct addr *a, uint64_t now_us);

/*
 * Bans an address that is not. True: by this call, and *b says how. False: it
 * is banned already, or its ban was dropped.
 */
bool bans_add(const struct region *r, const struct addr *a,
    const struct ban_terms *t, uint64_t now_us, struct ban *b);

/* ---- master ---- */

/*
 * The same whether it is banned or not; without a strike. True: it is in force,
 * and stays so. False: operators' bans have all places that it could have.
 */
bool bans_order(
    struct region *r, const struct addr *a, int64_t until_us, uint64_t now_us);

/* As it was: from a file. */
void bans_restore(struct region *r, const struct ban *b, uint64_t now_us);

/* Its strikes are forgotten, too. False: it was not banned. */
bool bans_lift(struct region *r, const struct addr *a, uint64_t now_us);

/*
 * Frees the places of those that are over and forgotten; `terms` has
 * `count` rules, by which strikes are forgotten. Returns how many hold.
 */
uint32_t bans_sweep(struct region *r, const struct ban_terms *terms,
    uint32_t count, uint64_t now_us);

/* Place i < BANS_MAX; false: it is free. */
bool bans_at(const struct region *r, uint32_t i, struct ban *b);

/* Grows with every change. */
uint64_t bans_version(const struct region *r);
/* Bans that were dropped for want of room. */
uint64_t bans_dropped(const struct region *r);

/*
 * The number of a rule, the same as long as the region lives; BAN_BY_OTHERS
 * when all are given away.
 */
uint32_t bans_rule(struct region *r, struct slice name);
/* Rules that have a number are 1 to bans_rules(). */
uint32_t bans_rules(const struct region *r);
/* "operator", a rule's name, "others". */
struct slice bans_by_name(const struct region *r, uint32_t by);
/* How many bans it made. */
uint64_t bans_by_total(const struct region *r, uint32_t by);

#endif
