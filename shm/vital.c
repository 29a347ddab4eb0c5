/*
 * vital.c - the health of endpoints: the words of the master, and the passive
 * word, which workers change by compare-and-swap.
 *
 *	 V1 the change itself: one store, or one compare-and-swap
 *	 V2 control.vitals_version grows
 *	 V3 the history says so (H1 to H4)
 *
 * Killed before V2, what others have worked out stays out of date until
 * vitals_recover; killed before V3, the history lacks an entry.
 */
#include "shm/vital.h"

#include "common/base/must.h"
#include "shm/step.h"

#define PASSIVE_STATE_SHIFT 62
#define PASSIVE_FAILS_SHIFT 48
#define PASSIVE_FAILS_MAX 0x3fffu
#define PASSIVE_UNTIL_MAX ((UINT64_C(1) << PASSIVE_FAILS_SHIFT) - 1)

#define VITAL_CLOSING (VITAL_DRAIN | VITAL_MAINT)
#define VITAL_FAILING (VITAL_DOWN | VITAL_POOR)

/* The passive word, unpacked. */
struct passive {
	enum vital_passive state;
	uint32_t fails;
	uint64_t until_us;
};

static uint64_t
passive_pack(const struct passive *p)
{
	uint64_t until =
	    p->until_us < PASSIVE_UNTIL_MAX ? p->until_us : PASSIVE_UNTIL_MAX;

	return (uint64_t)p->state << PASSIVE_STATE_SHIFT |
	    (uint64_t)p->fails << PASSIVE_FAILS_SHIFT | until;
}

static struct passive
passive_unpack(uint64_t word)
{
	return (struct passive){
		.state = (enum vital_passive)(word >> PASSIVE_STATE_SHIFT),
		.fails = word >> PASSIVE_FAILS_SHIFT & PASSIVE_FAILS_MAX,
		.until_us = word & PASSIVE_UNTIL_MAX,
	};
}

static bool
passive_swap(_Atomic uint64_t *word, uint64_t *seen, uint64_t to)
{
	SHM_STEP("V1_passive");
	return atomic_compare_exchange_weak_explicit(
	    word, seen, to, memory_order_acq_rel, memory_order_acquire);
}

static struct shm_vital *
vital_of(const struct region *r, uint32_t index)
{
	MUST(index < ENDPOINTS_MAX);
	return &r->state->vitals[index];
}

void
vitals_changed(const struct region *r)
{
	SHM_STEP("V2");
	atomic_fetch_add_explicit(
	    &r->state->control.vitals_version, 1, memory_order_release);
}

uint64_t
vitals_version(const struct region *r)
{
	return atomic_load_explicit(
	    &r->state->control.vitals_version, memory_order_acquire);
}

void
vitals_recover(struct region *r)
{
	vitals_changed(r);
}

const char *
endpoint_admin_name(enum endpoint_admin a)
{
	switch (a) {
	case ADMIN_READY:
		return "ready";
	case ADMIN_DRAIN:
		return "drain";
	case ADMIN_MAINT:
		return "maint";
	}
	return "unknown";
}

/* ---- worker and master ---- */

enum vital_verdict
vital_look(const struct region *r, uint32_t index, uint64_t now_us)
{
	struct shm_vital *v = vital_of(r, index);
	uint32_t flags = atomic_load_explicit(&v->flags, memory_order_relaxed);
	struct passive p = passive_unpack(
	    atomic_load_explicit(&v->passive, memory_order_relaxed));

	if ((flags & VITAL_CLOSING) != 0)
		return VITAL_CLOSED;
	if ((flags & VITAL_FAILING) != 0)
		return VITAL_SICK;
	if (p.state == PASSIVE_OK)
		return VITAL_USABLE;
	return p.until_us <= now_us ? VITAL_DUE : VITAL_SICK;
}

uint32_t
vital_share(const struct region *r, uint32_t index)
{
	uint32_t share = atomic_load_explicit(
	    &vital_of(r, index)->share, memory_order_relaxed);

	return share != 0 ? share : VITAL_SHARE_FULL;
}

uint32_t
vital_flags(const struct region *r, uint32_t index)
{
	return atomic_load_explicit(
	    &vital_of(r, index)->flags, memory_order_relaxed);
}

/* Ends counts and trials, and OUT if `out`: the winner says so. */
static void
passive_clear(
    const struct region *r, uint32_t index, bool out, enum change_cause cause)
{
	_Atomic uint64_t *word = &vital_of(r, index)->passive;
	uint64_t seen = atomic_load_explicit(word, memory_order_acquire);
	struct passive p;

	do {
		p = passive_unpack(seen);
		if (seen == 0 || (p.state == PASSIVE_OUT && !out))
			return;
	} while (!passive_swap(word, &seen, 0));
	if (p.state == PASSIVE_OK)
		return;
	vitals_changed(r);
	history_add(r, index, CHANGE_RETURNED, cause, 0);
}

bool
vital_claim(const struct region *r, uint32_t index,
    const struct vital_rule *rule, uint64_t now_us)
{
	_Atomic uint64_t *word = &vital_of(r, index)->passive;
	uint64_t seen = atomic_load_explicit(word, memory_order_acquire);
	struct passive p;

	if (rule->failures == 0) {
		passive_clear(r, index, true, CAUSE_CONFIG);
		return true;
	}
	do {
		p = passive_unpack(seen);
		if (p.state == PASSIVE_OK || p.until_us > now_us)
			return false;
		p.state = PASSIVE_TRIAL;
		p.until_us = now_us + rule->time_us;
	} while (!passive_swap(word, &seen, passive_pack(&p)));
	vitals_changed(r);
	history_add(r, index, CHANGE_TRIAL, CAUSE_TIME, 0);
	return true;
}

void
vital_answered(
    const struct region *r, uint32_t index, const struct vital_rule *rule)
{
	uint64_t word = atomic_load_explicit(
	    &vital_of(r, index)->passive, memory_order_relaxed);

	if (word != 0 && rule->failures != 0)
		passive_clear(r, index, false, CAUSE_ANSWERED);
}

void
vital_failed(const struct region *r, uint32_t index,
    const struct vital_rule *rule, uint64_t now_us, enum change_cause cause,
    uint32_t detail)
{
	_Atomic uint64_t *word = &vital_of(r, index)->passive;
	uint64_t seen = atomic_load_explicit(word, memory_order_acquire);
	uint32_t limit = rule->failures < PASSIVE_FAILS_MAX ? rule->failures
							    : PASSIVE_FAILS_MAX;
	struct passive p;

	if (limit == 0)
		return;
	do {
		p = passive_unpack(seen);
		if (p.state == PASSIVE_OUT)
			return;
		p.fails += p.fails < PASSIVE_FAILS_MAX;
		if (p.state == PASSIVE_TRIAL || p.fails >= limit) {
			p.state = PASSIVE_OUT;
			p.until_us = now_us + rule->time_us;
		}
	} while (!passive_swap(word, &seen, passive_pack(&p)));
	if (p.state != PASSIVE_OUT)
		return;
	vitals_changed(r);
	history_add(r, index, CHANGE_EJECTED, cause, detail);
}

/* ---- master only ---- */

void
vital_reset(struct region *r, uint32_t index)
{
	struct shm_vital *v = vital_of(r, index);

	SHM_STEP("vital_reset");
	atomic_store_explicit(&v->flags, 0, memory_order_relaxed);
	atomic_store_explicit(&v->share, 0, memory_order_relaxed);
	atomic_store_explicit(&v->passive, 0, memory_order_relaxed);
	vital_set_ramp(r, index, 0);
	vital_set_score(r, index, -1, 0);
	vital_set_probed(r, index, 0, 0);
	history_reset(r, index);
}

static void
flags_store(struct region *r, uint32_t index, uint32_t flags)
{
	SHM_STEP("V1_flags");
	atomic_store_explicit(
	    &vital_of(r, index)->flags, flags, memory_order_release);
	vitals_changed(r);
}

void
vital_set_admin(struct region *r, uint32_t index, enum endpoint_admin a,
    enum change_cause cause)
{
	static const struct {
		uint32_t flag;
		enum change_event event;
	} of[ADMIN_COUNT] = {
		[ADMIN_READY] = { 0, CHANGE_READY },
		[ADMIN_DRAIN] = { VITAL_DRAIN, CHANGE_DRAIN },
		[ADMIN_MAINT] = { VITAL_MAINT, CHANGE_MAINT },
	};
	uint32_t flags = vital_flags(r, index);

	if ((flags & VITAL_CLOSING) == of[a].flag)
		return;
	flags_store(r, index, (flags & ~VITAL_CLOSING) | of[a].flag);
	history_add(r, index, of[a].event, cause, 0);
}

enum endpoint_admin
vital_admin(const struct region *r, uint32_t index)
{
	uint32_t flags = vital_flags(r, index);

	if ((flags & VITAL_MAINT) != 0)
		return ADMIN_MAINT;
	return (flags & VITAL_DRAIN) != 0 ? ADMIN_DRAIN : ADMIN_READY;
}

void
vital_set_flag(struct region *r, uint32_t index, uint32_t flag, bool on,
    enum change_cause cause, uint32_t detail)
{
	uint32_t flags = vital_flags(r, index);

	MUST(flag == VITAL_DOWN || flag == VITAL_POOR || flag == VITAL_BEST);
	if (((flags & flag) != 0) == on)
		return;
	flags_store(r, index, flags ^ flag);
	if (flag == VITAL_DOWN)
		history_add(
		    r, index, on ? CHANGE_DOWN : CHANGE_UP, cause, detail);
	if (flag == VITAL_POOR)
		history_add(
		    r, index, on ? CHANGE_POOR : CHANGE_FAIR, cause, detail);
}

void
vital_set_share(struct region *r, uint32_t index, uint32_t share)
{
	MUST(share >= 1 && share <= VITAL_SHARE_FULL);
	if (share == vital_share(r, index))
		return;
	SHM_STEP("V1_share");
	atomic_store_explicit(
	    &vital_of(r, index)->share, share, memory_order_release);
	vitals_changed(r);
}

void
vital_set_ramp(struct region *r, uint32_t index, uint64_t ramp_us)
{
	atomic_store_explicit(
	    &vital_of(r, index)->ramp_us, ramp_us, memory_order_relaxed);
}

void
vital_set_score(
    struct region *r, uint32_t index, int32_t score, uint32_t latency_us)
{
	struct shm_vital *v = vital_of(r, index);

	MUST(score >= -1);
	atomic_store_explicit(
	    &v->score, (uint32_t)(score + 1), memory_order_relaxed);
	atomic_store_explicit(&v->latency_us, latency_us, memory_order_relaxed);
}

void
vital_set_probed(
    struct region *r, uint32_t index, int32_t streak, uint64_t checked_us)
{
	struct shm_vital *v = vital_of(r, index);

	atomic_store_explicit(&v->streak, streak, memory_order_relaxed);
	atomic_store_explicit(&v->checked_us, checked_us, memory_order_relaxed);
}

void
vital_forgive(struct region *r, uint32_t index, enum change_cause cause)
{
	passive_clear(r, index, true, cause);
}

void
vital_info(const struct region *r, uint32_t index, struct vital_info *i)
{
	struct shm_vital *v = vital_of(r, index);
	struct passive p = passive_unpack(
	    atomic_load_explicit(&v->passive, memory_order_relaxed));

	*i = (struct vital_info){
		.flags = vital_flags(r, index),
		.share = vital_share(r, index),
		.passive = p.state,
		.fails = p.fails,
		.passive_us = p.until_us,
		.score = (int32_t)atomic_load_explicit(
			     &v->score, memory_order_relaxed) -
		    1,
		.latency_us =
		    atomic_load_explicit(&v->latency_us, memory_order_relaxed),
		.streak =
		    atomic_load_explicit(&v->streak, memory_order_relaxed),
		.checked_us =
		    atomic_load_explicit(&v->checked_us, memory_order_relaxed),
		.ramp_us =
		    atomic_load_explicit(&v->ramp_us, memory_order_relaxed),
	};
}
