/*
 * bans_list.c - what the master does with all bans: lifts, sweeps, lists them.
 */
#include "shm/bans_inside.h"

#include "common/base/must.h"
#include "shm/step.h"

bool
bans_lift(struct region *r, const struct addr *a, uint64_t now_us)
{
	uint64_t key = ban_key(a);
	uint32_t at = ban_key_set(r, key);
	struct shm_ban_set *set = &r->state->bans.set[at];
	bool held = false, found = false;

	if (!ban_set_is_touched(r, at))
		return false;
	for (int i = 0; i < BAN_WAYS; i++) {
		struct ban_pair p = ban_pair_load(&set->place[i]);

		while (p.key == key) {
			SHM_STEP("ban_lift");
			if (!ban_set_swap(set, i, p, 0)) {
				p = ban_pair_load(&set->place[i]);
				continue;
			}
			held = held || ban_state_holds(p.state, now_us);
			found = true;
			break;
		}
	}
	if (found)
		bans_changed(r);
	return held;
}

/* When its strikes are forgotten. */
static int64_t
ban_state_kept_us(uint64_t s, const struct ban_terms *terms, uint32_t count)
{
	int64_t end = ban_until_us_of(ban_state_until(s));

	for (uint32_t i = 0; i < count; i++)
		if (terms[i].by == ban_state_by(s) && end != BANS_FOR_EVER)
			return end + (int64_t)terms[i].max_us;
	return end;
}

/* Also of what a dead process has left pending. */
static uint32_t
set_sweep(struct shm_ban_set *set, const struct ban_terms *terms,
    uint32_t count, uint64_t now_us)
{
	uint32_t held = 0;

	for (int i = 0; i < BAN_WAYS; i++) {
		struct ban_pair p = ban_pair_load(&set->place[i]);

		if (p.key == BAN_KEY_NONE)
			continue;
		if (ban_state_holds(p.state, now_us))
			held++;
		else if (ban_state_kind(p.state) == BAN_PENDING ||
		    ban_state_kept_us(p.state, terms, count) <=
			(int64_t)now_us) {
			SHM_STEP("ban_sweep");
			(void)ban_set_swap(set, i, p, 0);
		}
	}
	return held;
}

static uint32_t
sets_sweep(struct region *r, const struct ban_terms *terms, uint32_t count,
    uint64_t now_us)
{
	uint32_t held = 0;

	for (uint32_t i = 0; i < BANS_SETS; i++)
		if (ban_set_is_touched(r, i))
			held += set_sweep(
			    &r->state->bans.set[i], terms, count, now_us);
	return held;
}

uint32_t
bans_sweep(struct region *r, const struct ban_terms *terms, uint32_t count,
    uint64_t now_us)
{
	uint32_t held = sets_sweep(r, terms, count, now_us);

	if (held == 0 && bans_active(r)) {
		/* Who bans meanwhile says so again when it is done. */
		atomic_store(&r->state->control.bans_active, 0);
		SHM_STEP("ban_cleared");
		held = sets_sweep(r, terms, count, now_us);
	}
	if (held != 0)
		bans_activate(r);
	return held;
}

bool
bans_at(const struct region *r, uint32_t i, struct ban *b)
{
	struct shm_ban_set *set = &r->state->bans.set[i / BAN_WAYS];
	struct ban_pair p;

	MUST(i < BANS_MAX);
	if (!ban_set_is_touched(r, i / BAN_WAYS))
		return false;
	p = ban_pair_load(&set->place[i % BAN_WAYS]);
	if (p.key == BAN_KEY_NONE || ban_state_kind(p.state) != BAN_BANNED ||
	    !ban_pair_is_whole(&set->place[i % BAN_WAYS], p))
		return false;
	ban_of(p.key, p.state, b);
	return true;
}

uint64_t
bans_version(const struct region *r)
{
	return atomic_load(&r->state->bans.version);
}

uint64_t
bans_dropped(const struct region *r)
{
	return atomic_load(&r->state->bans.dropped);
}
