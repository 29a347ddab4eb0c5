/*
 * bans_inside.h - for bans alone: how a place is read and written.
 */
#ifndef SHM_BANS_INSIDE_H
#define SHM_BANS_INSIDE_H

#include "shm/bans.h"
#include "shm/step.h"

#define BAN_UNTIL_SHIFT 32
#define BAN_UNTIL_NEVER UINT32_MAX
#define BAN_STRIKES_SHIFT 24
#define BAN_STRIKES_MAX 255u
#define BAN_BY_SHIFT 16
#define BAN_BYTE_MASK 0xffu
#define BAN_KIND_MASK 3u

#define BAN_KEY_NONE 0u
#define BAN_KEY_V4 0xffffffff00000000u   /* no address is in ffff:ffff::/32 */
#define BAN_KEY_ZERO 0xfffffffe00000000u /* for ::/64 */

enum ban_kind { BAN_FREE, BAN_PENDING, BAN_BANNED };

/* Both words of a place. */
struct ban_pair {
	uint64_t key, state;
};

/* The key first. Torn, it swaps for nothing. */
static inline struct ban_pair
ban_pair_load(const struct cas16 *at)
{
	struct ban_pair p = { .key = atomic_load(&at->lo) };

	SHM_STEP("ban_half");
	p.state = atomic_load(&at->hi);
	return p;
}

/* Whether its state is of its key, as far as one more look can tell. */
static inline bool
ban_pair_is_whole(const struct cas16 *at, struct ban_pair p)
{
	return atomic_load(&at->lo) == p.key;
}

static inline bool
ban_pair_swap(struct cas16 *at, struct ban_pair from, struct ban_pair to)
{
	return cas16_swap(at, from.key, from.state, to.key, to.state);
}

/* ---- states ---- */

static inline enum ban_kind
ban_state_kind(uint64_t s)
{
	return (enum ban_kind)(s & BAN_KIND_MASK);
}

static inline uint32_t
ban_state_until(uint64_t s)
{
	return (uint32_t)(s >> BAN_UNTIL_SHIFT);
}

/* 0 is BANS_BACK_US before the birth. */
static inline int64_t
ban_until_us_of(uint32_t until)
{
	return until != BAN_UNTIL_NEVER
	    ? (int64_t)until * BANS_UNIT_US - BANS_BACK_US
	    : BANS_FOR_EVER;
}

static inline uint32_t
ban_until_of_us(int64_t us)
{
	uint64_t since, until;

	if (us < -BANS_BACK_US)
		return 0;
	since = (uint64_t)us + BANS_BACK_US;
	until = since / BANS_UNIT_US + (since % BANS_UNIT_US != 0);
	return until < BAN_UNTIL_NEVER ? (uint32_t)until : BAN_UNTIL_NEVER;
}

static inline bool
ban_state_holds(uint64_t s, uint64_t now_us)
{
	return ban_state_kind(s) == BAN_BANNED &&
	    ban_until_us_of(ban_state_until(s)) > (int64_t)now_us;
}

static inline uint32_t
ban_state_strikes(uint64_t s)
{
	return (uint32_t)(s >> BAN_STRIKES_SHIFT) & BAN_BYTE_MASK;
}

static inline uint32_t
ban_state_by(uint64_t s)
{
	return (uint32_t)(s >> BAN_BY_SHIFT) & BAN_BYTE_MASK;
}

static inline uint64_t
ban_state_make(uint32_t until, uint32_t strikes, uint32_t by)
{
	if (strikes > BAN_STRIKES_MAX)
		strikes = BAN_STRIKES_MAX;
	return (uint64_t)until << BAN_UNTIL_SHIFT |
	    (uint64_t)strikes << BAN_STRIKES_SHIFT |
	    (uint64_t)by << BAN_BY_SHIFT | BAN_BANNED;
}

/* ---- keys and sets ---- */

/* Of IPv6 its first 64 bits. */
uint64_t ban_key(const struct addr *a);
void ban_key_addr(uint64_t key, struct addr *a);
uint32_t ban_key_set(const struct region *r, uint64_t key);

/* What nobody has used yet is not even looked at, so it costs no memory. */
bool ban_set_is_touched(const struct region *r, uint32_t set);
void ban_set_touch(const struct region *r, uint32_t set);

/* The place gets this state; 0: nobody's. False: it was not as expected. */
static inline bool
ban_set_swap(
    struct shm_ban_set *set, int way, struct ban_pair from, uint64_t state)
{
	const struct ban_pair to = { state != 0 ? from.key : BAN_KEY_NONE,
		state };

	return ban_pair_swap(&set->place[way], from, to);
}

void ban_of(uint64_t key, uint64_t state, struct ban *b);

/* Something is different: it is to be saved. */
void bans_changed(const struct region *r);
/* Workers look. */
void bans_activate(const struct region *r);

#endif
