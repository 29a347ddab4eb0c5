/*
 * families.c - who has which place, and whose turn it is.
 *
 *	              B1            B3              turn
 *	FREE, or past ----> BUSY(w) ----> LIVE(0) ------> LIVE(n)
 *	     ^                 |             |   used twice, ended
 *	     '-----------------'             '----------> ENDED
 *	        B1 without B3: w died
 *
 *	 begin, by w                       turn
 *	 B0 claim[w] = place + 1           T1 load the word
 *	 B1 word -> BUSY(w), version + 1   T2 is it still the key's?
 *	 B2 key                            T3 swap the word
 *	 B3 word = LIVE, turn 0
 *	 B4 claim[w] = 0
 *
 * The key changes in BUSY alone, and BUSY has a version of its own; so a swap
 * at T3 that succeeds is about the family whose key was seen at T2. It is the
 * swap that a turn takes place by: once. A process that dies between B1 and B3
 * has said at B0 where. A family whose time is over gives its place away, and
 * so does, when need be, one that was ended: whether it is ENDED or unknown,
 * its tokens are refused.
 */
#include "shm/families.h"

#include "common/base/must.h"
#include "shm/step.h"
#include "shm/touched.h"

#define FAMILY_STATE 3u
#define TURN_SHIFT 2
#define TURN_MASK 0xffffu
#define EXPIRES_SHIFT 18
#define EXPIRES_MAX ((INT64_C(1) << 34) - 1)
#define FAMILY_VERSION_SHIFT 52
#define FAMILY_WAYS 8
#define FAMILY_SETS (FAMILIES_MAX / FAMILY_WAYS)
#define FAMILY_CHOICES (2 * FAMILY_WAYS) /* places of a key */

enum family_state { FAMILY_FREE, FAMILY_LIVE, FAMILY_ENDED, FAMILY_BUSY };

/* ---- words ---- */

static enum family_state
family_state(uint64_t o)
{
	return o & FAMILY_STATE;
}

static uint64_t
family_with(uint64_t o, enum family_state state)
{
	return (o & ~(uint64_t)FAMILY_STATE) | state;
}

static uint32_t
family_turn(uint64_t o)
{
	return o >> TURN_SHIFT & TURN_MASK;
}

static bool
family_is_past(uint64_t o, int64_t now_s)
{
	return (int64_t)(o >> EXPIRES_SHIFT) % (EXPIRES_MAX + 1) <= now_s;
}

/* {expires, turn, state} of a version. */
static uint64_t
family_word(uint64_t version_of, int64_t expires_s, uint32_t turn,
    enum family_state state)
{
	uint64_t version = version_of >> FAMILY_VERSION_SHIFT;

	if (expires_s < 0)
		expires_s = 0;
	if (expires_s > EXPIRES_MAX)
		expires_s = EXPIRES_MAX;
	return version << FAMILY_VERSION_SHIFT |
	    (uint64_t)expires_s << EXPIRES_SHIFT |
	    (uint64_t)turn << TURN_SHIFT | state;
}

/* ---- places ---- */

static struct shm_family *
family_at(const struct region *r, uint32_t place)
{
	MUST(place < FAMILIES_MAX);
	return &r->state->families.place[place];
}

/* Choice i of a key, of two sets in turn: the emptier one is filled first. */
static uint32_t
family_choice(uint64_t key, uint32_t i)
{
	uint64_t half = i % 2 == 0 ? key : key >> 32;

	return (uint32_t)(half % FAMILY_SETS) * FAMILY_WAYS + i / 2;
}

/* What nobody has used yet is not even looked at, so it costs no memory. */
static bool
family_is_touched(const struct region *r, uint32_t place)
{
	return touched_has(r->state->families.touched, place / FAMILY_BLOCK);
}

static void
family_touch(const struct region *r, uint32_t place)
{
	touched_set(r->state->families.touched, place / FAMILY_BLOCK);
}

/* T1, T2. False: no such family. */
static bool
family_find(
    const struct region *r, uint64_t key, struct shm_family **f, uint64_t *word)
{
	for (uint32_t i = 0; i < FAMILY_CHOICES; i++) {
		uint32_t place = family_choice(key, i);

		if (!family_is_touched(r, place))
			continue;
		*f = family_at(r, place);
		if (atomic_load(&(*f)->key) != key)
			continue;
		SHM_STEP("T1");
		*word = atomic_load(&(*f)->word);
		SHM_STEP("T2");
		if (atomic_load(&(*f)->key) == key &&
		    (family_state(*word) == FAMILY_LIVE ||
			family_state(*word) == FAMILY_ENDED))
			return true;
	}
	return false;
}

/* T3 */
static bool
family_swap(struct shm_family *f, uint64_t from, uint64_t to)
{
	SHM_STEP("T3");
	return atomic_compare_exchange_strong(&f->word, &from, to);
}

/* ---- beginning ---- */

/* The less the better to take it; 3: not at all. */
static uint32_t
family_worth(uint64_t o, int64_t now_s)
{
	switch (family_state(o)) {
	case FAMILY_FREE:
		return 0;
	case FAMILY_LIVE:
		return family_is_past(o, now_s) ? 1 : 3;
	case FAMILY_ENDED:
		return family_is_past(o, now_s) ? 1 : 2;
	case FAMILY_BUSY:
		break;
	}
	return 3;
}

/* The place to take for the key, and its word. False: there is none. */
static bool
family_victim(const struct region *r, uint64_t key, int64_t now_s,
    uint32_t *place, uint64_t *word)
{
	uint32_t least = 3;

	for (uint32_t i = 0; i < FAMILY_CHOICES && least != 0; i++) {
		uint32_t at = family_choice(key, i);

		family_touch(r, at);
		uint64_t o = atomic_load(&family_at(r, at)->word);
		uint32_t worth = family_worth(o, now_s);
		if (worth >= least)
			continue;
		least = worth;
		*place = at;
		*word = o;
	}
	return least < 3;
}

static void
family_set_claim(const struct region *r, uint32_t w, uint32_t claim)
{
	SHM_STEP("claim"); /* B0, B4 */
	atomic_store(&r->state->families.claim[w], claim);
}

/* B0 to B4; `word` has no version yet. */
static bool
family_begin(const struct region *r, uint32_t w, uint64_t key, uint64_t word,
    int64_t now_s)
{
	uint64_t o, busy;
	uint32_t place;

	MUST(w <= SLOT_MASTER && key != 0);
	do {
		if (!family_victim(r, key, now_s, &place, &o))
			return false;
		family_set_claim(r, w, place + 1);
		busy = o + (UINT64_C(1) << FAMILY_VERSION_SHIFT);
		busy = family_word(busy, 0, w, FAMILY_BUSY);
		SHM_STEP("B1");
	} while (!atomic_compare_exchange_strong(
	    &family_at(r, place)->word, &o, busy));
	SHM_STEP("B2");
	atomic_store(&family_at(r, place)->key, key);
	SHM_STEP("B3");
	atomic_store(&family_at(r, place)->word,
	    family_word(busy, 0, 0, FAMILY_FREE) | word);
	family_set_claim(r, w, 0);
	return true;
}

bool
families_begin(const struct region *r, uint32_t w, uint64_t key, int64_t now_s,
    int64_t expires_s)
{
	return family_begin(
	    r, w, key, family_word(0, expires_s, 0, FAMILY_LIVE), now_s);
}

void
families_recover(struct region *r, uint32_t w)
{
	uint32_t claim;

	MUST(w <= SLOT_MASTER);
	claim = atomic_load(&r->state->families.claim[w]);
	if (claim == 0)
		return;
	struct shm_family *f = family_at(r, claim - 1);
	uint64_t o = atomic_load(&f->word);
	if (family_state(o) == FAMILY_BUSY && family_turn(o) == w) {
		SHM_STEP("recover_key");
		atomic_store(&f->key, 0);
		SHM_STEP("recover_word");
		atomic_store(&f->word, family_word(o, 0, 0, FAMILY_FREE));
	}
	family_set_claim(r, w, 0);
}

/* ---- turns ---- */

enum family_result
families_turn(
    const struct region *r, uint64_t key, uint32_t turn, int64_t now_s)
{
	struct shm_family *f;
	uint64_t o, to;
	bool last;

	do {
		if (!family_find(r, key, &f, &o) || family_is_past(o, now_s))
			return FAMILY_UNKNOWN;
		if (family_state(o) == FAMILY_ENDED)
			return FAMILY_REVOKED;
		last = turn == FAMILY_TURNS_MAX;
		to = last || turn != family_turn(o)
		    ? family_with(o, FAMILY_ENDED)
		    : o + (UINT64_C(1) << TURN_SHIFT);
	} while (!family_swap(f, o, to));
	if (turn != family_turn(o))
		return FAMILY_REUSED;
	return last ? FAMILY_REVOKED : FAMILY_OK;
}

bool
families_end(const struct region *r, uint64_t key)
{
	struct shm_family *f;
	uint64_t o;

	do {
		if (!family_find(r, key, &f, &o))
			return false;
	} while (family_state(o) == FAMILY_LIVE &&
	    !family_swap(f, o, family_with(o, FAMILY_ENDED)));
	return true;
}

/* ---- saving and loading ---- */

bool
families_at(const struct region *r, uint32_t i, uint64_t *key, uint64_t *word)
{
	if (!family_is_touched(r, i))
		return false;
	struct shm_family *f = family_at(r, i);
	*word = atomic_load(&f->word);
	*key = atomic_load(&f->key);
	/* The key is this word's if the place has not changed hands. */
	return (family_state(*word) == FAMILY_LIVE ||
		   family_state(*word) == FAMILY_ENDED) &&
	    ((atomic_load(&f->word) ^ *word) >> FAMILY_VERSION_SHIFT) == 0;
}

bool
families_put(struct region *r, uint64_t key, uint64_t word, int64_t now_s)
{
	uint64_t o;
	struct shm_family *f;

	if (key == 0 ||
	    (family_state(word) != FAMILY_LIVE &&
		family_state(word) != FAMILY_ENDED))
		return false;
	if (family_is_past(word, now_s) || family_find(r, key, &f, &o))
		return true;
	word &= (UINT64_C(1) << FAMILY_VERSION_SHIFT) - 1;
	return family_begin(r, SLOT_MASTER, key, word, now_s);
}
