/*
 * probe_target.c - one endpoint that is probed: when, and what good and bad
 * probes in a row do to its vital. See probes.h.
 */
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "master/probes.h"
#include "shm/vital.h"

#define STREAK_MAX 1000000

static struct vital_info
target_vital(const struct probe_target *t)
{
	struct vital_info v;

	vital_info(t->probes->region, t->handle.index, &v);
	return v;
}

static void
target_set_probed(struct probe_target *t, int32_t streak, uint64_t checked_us)
{
	vital_set_probed(
	    t->probes->region, t->handle.index, streak, checked_us);
}

/* ---- when ---- */

static uint64_t
target_hurry_us(const struct probe_target *t)
{
	uint64_t us = t->group->rule->interval_us;

	return us < PROBES_SOON_US ? us : PROBES_SOON_US;
}

/* The time between two probes, 10 % more or less. */
static uint64_t
target_pace_us(struct probe_target *t, bool hurry)
{
	struct probes *p = t->probes;
	uint64_t us = hurry ? target_hurry_us(t) : t->group->rule->interval_us;

	p->random += 0x9e3779b97f4a7c15u;
	return us - us / 10 + hash_u64(p->random) % (us / 5 + 1);
}

/* The same for an endpoint in every process, so that all are spread. */
static uint64_t
target_phase_us(const struct probe_target *t)
{
	const struct hash_key key = { t->group->service, 0 };

	return hash_bytes(key, &t->addr, sizeof(t->addr)) % target_hurry_us(t);
}

static void
target_set_timer(struct probe_target *t, struct mono when)
{
	timer_set(&t->probes->loop->timers, &t->timer, when);
}

static void
target_first(struct probe_target *t)
{
	struct mono now = clock_now(),
		    when = mono_add_us(now, target_phase_us(t));
	uint64_t checked = target_vital(t).checked_us;
	struct mono next = mono_add_us(
	    (struct mono){ checked }, target_pace_us(t, !t->settled));

	if (checked != 0 && next.us > now.us)
		when = next;
	target_set_timer(t, when);
}

void
probe_target_next(struct probe_target *t, bool soon)
{
	target_set_timer(t,
	    mono_add_us(clock_now(), target_pace_us(t, soon || !t->settled)));
}

static void
target_due(struct timer *timer)
{
	probes_due(CONTAINER_OF(timer, struct probe_target, timer));
}

/* ---- life ---- */

/* True when a streak of this rule has come to a verdict. */
static bool
target_is_settled(const struct probe_target *t)
{
	const struct probe_rule *r = t->group->rule;
	int64_t streak = target_vital(t).streak;

	return streak >= (int64_t)r->healthy ||
	    -streak >= (int64_t)r->unhealthy;
}

static void
target_start_anew(struct probe_target *t)
{
	target_set_probed(t, 0, 0);
	t->settled = false;
}

struct probe_target *
probe_target_new(struct probes *p, struct probe_group *g,
    const struct eset_member *m, bool anew)
{
	struct probe_target *t = calloc(1, sizeof(*t));

	MUST(t != NULL);
	*t = (struct probe_target){
		.probes = p, .group = g, .handle = m->handle, .addr = m->addr
	};
	if (g->rule->port != 0)
		t->addr.port = g->rule->port;
	list_push_back(&g->targets, &t->link);
	list_init(&t->ready_link);
	timer_init(&t->timer, target_due);
	if (anew)
		target_start_anew(t);
	t->settled = target_is_settled(t);
	target_first(t);
	return t;
}

static void
target_stop(struct probe_target *t)
{
	list_remove(&t->ready_link);
	timer_cancel(&t->timer);
	if (t->probe == NULL)
		return;
	t->probe->owner = NULL;
	probe_abort(t->probe);
	t->probe = NULL;
}

void
probe_target_free(struct probe_target *t)
{
	target_stop(t);
	timer_fini(&t->probes->loop->timers, &t->timer);
	list_remove(&t->link);
	free(t);
}

void
probe_target_look(struct probe_target *t)
{
	bool rest =
	    vital_admin(t->probes->region, t->handle.index) == ADMIN_MAINT;

	if (rest == t->resting)
		return;
	t->resting = rest;
	if (rest) {
		target_stop(t);
		return;
	}
	target_start_anew(t);
	target_first(t);
}

/* ---- verdicts ---- */

static int32_t
target_count(struct probe_target *t, bool good)
{
	int32_t streak = target_vital(t).streak;

	if (good)
		streak = streak > 0 ? streak + (streak < STREAK_MAX) : 1;
	else
		streak = streak < 0 ? streak - (streak > -STREAK_MAX) : -1;
	target_set_probed(t, streak, clock_now().us);
	return streak;
}

/*
 * What was down is fit for traffic again: no trial by a request is needed, if
 * requests, too, had found it failing. An endpoint that only requests found so
 * is theirs to judge: it may well answer probes.
 */
static void
target_rise(struct probe_target *t)
{
	struct region *r = t->probes->region;
	uint32_t index = t->handle.index;

	if ((vital_flags(r, index) & VITAL_DOWN) == 0)
		return;
	vital_set_flag(r, index, VITAL_DOWN, false, CAUSE_PROBE_OK, 0);
	vital_forgive(r, index, CAUSE_PROBE_OK);
}

void
probe_target_judge(struct probe_target *t, const struct probe *probe)
{
	const struct probe_rule *rule = t->group->rule;
	int64_t streak = target_count(t, probe->result == PROBE_GOOD);

	if (streak >= (int64_t)rule->healthy)
		target_rise(t);
	else if (-streak >= (int64_t)rule->unhealthy)
		vital_set_flag(t->probes->region, t->handle.index, VITAL_DOWN,
		    true, probe->cause, probe->detail);
	t->settled = t->settled || target_is_settled(t);
}
