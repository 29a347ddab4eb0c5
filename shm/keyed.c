/*
 * keyed.c - who has which place of the table. The labels are those of
 * tests/model/keyed.pml.
 *
 *	     claim K1            promote K3
 *	EMPTY ---------> PENDING ---------> LIVE
 *	  ^                 |              ^   | mark L1
 *	  |<----------------'   count != 0 |   v
 *	  |   another has the key      L2  LEAVING
 *	  `------------------------------------'  count == 0
 *
 * All of it by compare-and-swap of the place's key word, whose version grows
 * with K1 and L1; so a word that is PENDING or LEAVING never comes back, and
 * a swap that expects it is about this claim and this mark. (26 bits: to be
 * mistaken, a process would have to stand still between its load and its swap
 * while one place is claimed or marked 2^26 times and ends at the same key. It
 * would have been killed long before.) Whoever comes upon a place that is
 * PENDING or LEAVING settles it, so one that was killed there is in nobody's
 * way.
 *
 * To hold a permit of a key: take one of its place (T), then see the place LIVE
 * with that key (V). Then it keeps this key until the permit is dropped: who
 * takes the key away has marked the place (L1) and then seen that none is out.
 * If L1 was before V, V did not see LIVE, unless the mark was undone; if it was
 * after V, so after T, one was out.
 *
 * No key has two places that are LIVE or LEAVING. Say i became LIVE, and then
 * j, while i still was. Who made j LIVE has looked at i after K1 of j. It did
 * not see i LIVE or LEAVING, and not PENDING in this claim: then it would have
 * given up j, if i is lower, or emptied i. So it looked before K1 of i. Then K1
 * of j was before K1 of i, and who made i LIVE, and looked at j after K1 of i,
 * saw j PENDING, as it is from K1 until it becomes LIVE; and so either gave up
 * i or emptied j. Neither can have been.
 *
 * The lowest place that is PENDING gives way only to one that is LIVE or
 * LEAVING: of those who claim places for one key, one gets on.
 */
#include "shm/keyed.h"

#include <stdbool.h>

#include "common/base/must.h"
#include "shm/step.h"

#define STATE_MASK 3u
#define VERSION_SHIFT 2
#define VERSION_MASK ((UINT64_C(1) << 26) - 1)
#define TAG_SHIFT 28
#define PLACE_NONE UINT32_MAX

enum place_state {
	PLACE_EMPTY,
	PLACE_PENDING, /* claimed; another place may have the key */
	PLACE_LIVE,
	PLACE_LEAVING, /* somebody wants it; it may be held */
};

/* ---- key words ---- */

static enum place_state
word_state(uint64_t o)
{
	return o & STATE_MASK;
}

static uint64_t
word_with(uint64_t o, enum place_state state)
{
	return (o & ~(uint64_t)STATE_MASK) | state;
}

static uint64_t
word_next(uint64_t o, uint64_t tag, enum place_state state)
{
	uint64_t version = ((o >> VERSION_SHIFT) + 1) & VERSION_MASK;

	return tag << TAG_SHIFT | version << VERSION_SHIFT | state;
}

static bool
word_is_of(uint64_t o, uint64_t tag)
{
	return o >> TAG_SHIFT == tag && word_state(o) != PLACE_EMPTY;
}

/* ---- places ---- */

static uint64_t
key_tag(uint64_t key)
{
	return key >> TAG_SHIFT;
}

/* The first place of the set that the key belongs to. */
static uint32_t
key_set(uint64_t key)
{
	return (uint32_t)(key % KEYED_SETS) * KEYED_WAYS;
}

static _Atomic uint64_t *
place_at(const struct region *r, uint32_t place)
{
	MUST(place < KEYED_MAX);
	return &r->state->keyed[place / KEYED_WAYS].key[place % KEYED_WAYS];
}

static uint64_t
place_load(const struct region *r, uint32_t place)
{
	return atomic_load(place_at(r, place));
}

/* False: it is not as it was. */
static bool
place_swap(const struct region *r, uint32_t place, uint64_t from, uint64_t to)
{
	return atomic_compare_exchange_strong(place_at(r, place), &from, to);
}

static bool
place_is_held(const struct region *r, uint32_t place)
{
	return permit_count(r, PERMIT_KEYED + place) != 0;
}

/*
 * K2: whether the place may become LIVE, for all that this other one says.
 * A higher one that is PENDING with the same key is emptied.
 */
static bool
place_outlives(
    const struct region *r, uint32_t place, uint64_t tag, uint32_t other)
{
	uint64_t o;

	while (word_is_of(o = place_load(r, other), tag)) {
		if (word_state(o) != PLACE_PENDING || other < place)
			return false;
		SHM_STEP("K2");
		(void)place_swap(r, other, o, word_with(o, PLACE_EMPTY));
	}
	return true;
}

/* K3 */
static void
place_promote(const struct region *r, uint32_t place, uint64_t o)
{
	uint32_t first = place - place % KEYED_WAYS;
	enum place_state to = PLACE_LIVE;

	for (uint32_t i = first; i < first + KEYED_WAYS; i++) {
		if (i == place || place_outlives(r, place, o >> TAG_SHIFT, i))
			continue;
		to = PLACE_EMPTY;
		break;
	}
	SHM_STEP("K3");
	(void)place_swap(r, place, o, word_with(o, to));
}

/* L2 */
static void
place_leave(const struct region *r, uint32_t place, uint64_t o)
{
	enum place_state to =
	    place_is_held(r, place) ? PLACE_LIVE : PLACE_EMPTY;

	SHM_STEP("L2");
	(void)place_swap(r, place, o, word_with(o, to));
}

/* Ends what somebody has begun. */
static void
place_settle(const struct region *r, uint32_t place)
{
	uint64_t o = place_load(r, place);

	switch (word_state(o)) {
	case PLACE_PENDING:
		place_promote(r, place, o);
		break;
	case PLACE_LEAVING:
		place_leave(r, place, o);
		break;
	case PLACE_EMPTY:
	case PLACE_LIVE:
		break;
	}
}

/* L1: takes a LIVE place away if nobody holds it. True: look at it again. */
static bool
place_free(const struct region *r, uint32_t place)
{
	uint64_t o = place_load(r, place);

	if (word_state(o) != PLACE_LIVE || place_is_held(r, place))
		return word_state(o) == PLACE_EMPTY;
	SHM_STEP("L1");
	if (place_swap(
		r, place, o, word_next(o, o >> TAG_SHIFT, PLACE_LEAVING)))
		place_settle(r, place);
	return true;
}

/* ---- sets ---- */

/* The lowest place with the key, in whatever state, or PLACE_NONE. */
static uint32_t
set_find(const struct region *r, uint64_t key)
{
	uint32_t first = key_set(key);

	for (uint32_t i = first; i < first + KEYED_WAYS; i++)
		if (word_is_of(place_load(r, i), key_tag(key)))
			return i;
	return PLACE_NONE;
}

/* K1: claims an empty place. False: there is none. */
static bool
set_claim(const struct region *r, uint64_t key)
{
	uint32_t first = key_set(key);

	for (uint32_t i = first; i < first + KEYED_WAYS; i++) {
		uint64_t o = place_load(r, i);

		if (word_state(o) != PLACE_EMPTY)
			continue;
		SHM_STEP("K1");
		(void)place_swap(
		    r, i, o, word_next(o, key_tag(key), PLACE_PENDING));
		return true;
	}
	return false;
}

/* Settles what is not, frees what nobody holds. False: all are held. */
static bool
set_make_room(const struct region *r, uint64_t key)
{
	uint32_t first = key_set(key);

	for (uint32_t i = first; i < first + KEYED_WAYS; i++) {
		place_settle(r, i);
		if (place_free(r, i))
			return true;
	}
	return false;
}

enum keyed_answer
keyed_take(struct permits *p, uint64_t key, uint32_t max, uint32_t *ticket)
{
	const struct region *r = p->region;

	MUST(max != 0);
	*ticket = PERMIT_NONE;
	/*
	 * A further round means that others have changed the set meanwhile;
	 * for another one, they would have to do so at the same step again.
	 */
	for (;;) {
		uint32_t place = set_find(r, key);

		if (place == PLACE_NONE) {
			if (!set_claim(r, key) && !set_make_room(r, key))
				return KEYED_UNCOUNTED;
			continue;
		}
		/* While it is PENDING, too: then nobody frees it before V. */
		*ticket = permit_take(p, PERMIT_KEYED + place, max); /* T */
		place_settle(r, place);
		uint64_t o = place_load(r, place); /* V */
		if (word_is_of(o, key_tag(key)) && word_state(o) == PLACE_LIVE)
			break;
		if (*ticket != PERMIT_NONE)
			permit_drop(p, *ticket);
		*ticket = PERMIT_NONE;
	}
	if (*ticket != PERMIT_NONE)
		return KEYED_TAKEN;
	return permits_full(p) ? KEYED_UNCOUNTED : KEYED_REFUSED;
}

uint32_t
keyed_count(const struct region *r, uint64_t key)
{
	uint32_t place = set_find(r, key);

	return place != PLACE_NONE ? permit_count(r, PERMIT_KEYED + place) : 0;
}
