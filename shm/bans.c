/*
 * bans.c - a set of eight places is two lines; a place is changed by a
 * compare-and-swap of both its words.
 *
 *	          A1            A3
 *	 FREE --------> PENDING ----> BANNED --+
 *	  ^                |           |  ^    | A4: again, when it is over
 *	  '----------------'           |  '----+
 *	  '----------------------------'
 *	     master: lifted, forgotten; or it was the one that ends first
 *
 *	 A0 `active`, so that workers look
 *	 A1 {key, PENDING of a version of its own}, in the victim's place
 *	 A2 look at the whole set, until a look that began when it was seen
 *	    to be pending shows no other; the higher one of two is freed
 *	 A3 BANNED: whose swap that is has made the ban
 *
 * Two places cannot both become BANNED for a key: who swaps at A3 has looked
 * since his was pending, and did not see the other, which therefore became
 * pending after that; then whoever looks for the other one sees this one. And
 * anybody may do A2 and A3 for a place, so that nothing hangs when its process
 * dies.
 *
 * The steps are modelled in tests/model/bans.pml.
 *
 * Readers take a key, then the state, then the key again: they are of one ban.
 */
#include "shm/bans_inside.h"

#include "common/base/must.h"
#include "shm/step.h"

/* ---- workers ---- */

bool
bans_have(const struct region *r, const struct addr *a, uint64_t now_us)
{
	uint64_t key = ban_key(a);
	uint32_t set = ban_key_set(r, key);
	const struct cas16 *place = r->state->bans.set[set].place;

	if (!ban_set_is_touched(r, set))
		return false;
	for (uint32_t i = 0; i < BAN_WAYS; i++)
		if (atomic_load(&place[i].lo) == key &&
		    ban_state_holds(atomic_load(&place[i].hi), now_us) &&
		    atomic_load(&place[i].lo) == key)
			return true;
	return false;
}

/* What is wanted. */
struct order {
	uint64_t key;
	struct ban_terms terms;
	uint64_t now_us;
	bool anew;             /* whatever there is */
	const struct ban *was; /* NULL, or just this */
};

/* For how long, after so many strikes. */
static uint64_t
terms_time(const struct ban_terms *t, uint32_t strikes)
{
	unsigned __int128 us = t->time_us;

	if (t->time_us == BANS_FOR_EVER)
		return t->time_us;
	while (strikes-- != 0 && us < t->max_us)
		us = us * t->factor / 1000;
	return us < t->max_us ? (uint64_t)us : t->max_us;
}

/* The ban, after what the address had: never 0. */
static uint64_t
order_state(const struct order *o, uint64_t old)
{
	uint32_t strikes = ban_state_strikes(old);
	int64_t end = ban_until_us_of(ban_state_until(old));
	int64_t now_us = (int64_t)o->now_us;
	uint64_t us;

	if (o->was != NULL)
		return ban_state_make(ban_until_of_us(o->was->until_us),
		    o->was->strikes, o->was->by);
	if (end < now_us && (uint64_t)(now_us - end) > o->terms.max_us)
		strikes = 0;
	us = terms_time(&o->terms, strikes);
	end = us != BANS_FOR_EVER ? now_us + (int64_t)us : BANS_FOR_EVER;
	if (o->terms.by != BAN_BY_OPERATOR)
		strikes++;
	return ban_state_make(ban_until_of_us(end), strikes, o->terms.by);
}

/* What a set has of a key. */
struct look {
	int banned, pending, higher; /* ways; -1: none */
	struct ban_pair of_banned, of_pending, of_higher;
};

static void
set_look(struct shm_ban_set *set, uint64_t key, struct look *l)
{
	l->banned = l->pending = l->higher = -1;
	for (int i = 0; i < BAN_WAYS; i++) {
		struct ban_pair p = ban_pair_load(&set->place[i]);

		SHM_STEP("ban_look");
		if (p.key != key)
			continue;
		if (ban_state_kind(p.state) == BAN_BANNED && l->banned < 0) {
			l->banned = i;
			l->of_banned = p;
		} else if (ban_state_kind(p.state) != BAN_PENDING) {
			continue;
		} else if (l->pending < 0) {
			l->pending = i;
			l->of_pending = p;
		} else {
			l->higher = i;
			l->of_higher = p;
		}
	}
}

/* Worth of what holds: to it is added when it ends. */
#define WORTH_RULES (UINT64_C(1) << 33)
#define WORTH_PENDING (UINT64_C(1) << 34)
#define WORTH_OPERATORS (UINT64_C(1) << 35)

/*
 * The more it is worth, the later it gives its place away. What is pending does
 * so to operators alone, since its process is about to say what it is; what
 * operators have banned, never, since they were told that it is.
 */
static uint64_t
ban_pair_worth(struct ban_pair p, uint64_t now_us)
{
	uint64_t until = ban_state_until(p.state);

	if (p.key == BAN_KEY_NONE)
		return 0;
	if (ban_state_kind(p.state) == BAN_PENDING)
		return WORTH_PENDING;
	if (!ban_state_holds(p.state, now_us))
		return 1 + until;
	return until +
	    (ban_state_by(p.state) == BAN_BY_OPERATOR ? WORTH_OPERATORS
						      : WORTH_RULES);
}

/* What it takes a place from is worth less. */
static uint64_t
order_worth(const struct order *o)
{
	struct ban_pair p = { o->key, order_state(o, 0) };
	uint64_t worth = ban_pair_worth(p, o->now_us);

	return worth < WORTH_OPERATORS ? worth : WORTH_OPERATORS;
}

/* A1. False: all others are worth as much, and the ban is dropped. */
static bool
set_insert(
    const struct region *r, struct shm_ban_set *set, const struct order *o)
{
	uint64_t least = UINT64_MAX, worth, version;
	struct ban_pair victim = { 0 }, p;
	int way = 0;

	for (int i = 0; i < BAN_WAYS; i++) {
		p = ban_pair_load(&set->place[i]);
		worth = ban_pair_worth(p, o->now_us);
		if (worth >= least)
			continue;
		least = worth;
		victim = p;
		way = i;
	}
	if (order_worth(o) <= least) {
		atomic_fetch_add(&r->state->bans.dropped, 1);
		return false;
	}
	version = atomic_fetch_add(&r->state->bans.pended, 1);
	p = (struct ban_pair){ o->key,
		version << BAN_UNTIL_SHIFT | BAN_PENDING };
	SHM_STEP("A1");
	if (ban_pair_swap(&set->place[way], victim, p) &&
	    ban_state_holds(victim.state, o->now_us))
		atomic_fetch_add(&r->state->bans.dropped, 1);
	return true;
}

/* There is one that will do. */
static bool
order_is_met(
    const struct order *o, const struct shm_ban_set *set, const struct look *l)
{
	return !o->anew && ban_state_holds(l->of_banned.state, o->now_us) &&
	    ban_pair_is_whole(&set->place[l->banned], l->of_banned);
}

/* The state that this call has made; 0: somebody else has, or it is dropped. */
static uint64_t
order_place(
    const struct region *r, struct shm_ban_set *set, const struct order *o)
{
	uint64_t seen = 0, state;
	struct look l;

	for (;;) {
		set_look(set, o->key, &l);
		if (l.banned >= 0) {
			if (order_is_met(o, set, &l))
				return 0;
			state = order_state(o, l.of_banned.state);
			SHM_STEP("A4");
			if (ban_set_swap(set, l.banned, l.of_banned, state))
				return state;
		} else if (l.pending < 0) {
			if (!set_insert(r, set, o))
				return 0;
		} else if (l.higher >= 0) {
			SHM_STEP("A2");
			(void)ban_set_swap(set, l.higher, l.of_higher, 0);
		} else if (l.of_pending.state == seen) {
			state = order_state(o, 0);
			SHM_STEP("A3");
			if (ban_set_swap(set, l.pending, l.of_pending, state))
				return state;
		} else {
			seen = l.of_pending.state;
		}
	}
}

static uint64_t
order_carry_out(const struct region *r, const struct order *o)
{
	uint32_t at = ban_key_set(r, o->key);
	uint64_t state;

	bans_activate(r); /* A0 */
	ban_set_touch(r, at);
	state = order_place(r, &r->state->bans.set[at], o);
	bans_activate(r); /* the master may have cleared it */
	if (state != 0)
		bans_changed(r);
	return state;
}

bool
bans_add(const struct region *r, const struct addr *a,
    const struct ban_terms *t, uint64_t now_us, struct ban *b)
{
	struct order o = { .key = ban_key(a), .terms = *t, .now_us = now_us };
	uint64_t state = order_carry_out(r, &o);

	if (state == 0)
		return false;
	ban_of(o.key, state, b);
	atomic_fetch_add(&r->state->bans.rule[t->by].total, 1);
	return true;
}

/* ---- master ---- */

bool
bans_order(
    struct region *r, const struct addr *a, int64_t until, uint64_t now_us)
{
	struct order o = { .key = ban_key(a), .now_us = now_us, .anew = true };

	o.terms = (struct ban_terms){
		.max_us = UINT64_MAX, .factor = 1000, .by = BAN_BY_OPERATOR
	};
	o.terms.time_us = (uint64_t)until;
	if (until != BANS_FOR_EVER)
		o.terms.time_us -= now_us;
	if (order_carry_out(r, &o) == 0)
		return false;
	atomic_fetch_add(&r->state->bans.rule[BAN_BY_OPERATOR].total, 1);
	return true;
}

void
bans_restore(struct region *r, const struct ban *b, uint64_t now_us)
{
	struct order o = { .key = ban_key(&b->addr),
		.now_us = now_us,
		.anew = true,
		.was = b };

	(void)order_carry_out(r, &o);
}
