/*
 * adopt.c - see adopt.h.
 */
#include "master/adopt.h"

#include "common/base/log.h"

void
adopt_init(struct adopt *a, struct crew *c, const struct listening *listening)
{
	a->crew = c;
	a->listening = listening;
	for (uint32_t w = 0; w < WORKERS_MAX; w++)
		a->slots[w] = (struct adopt_slot){ .adopter = -1 };
}

/* It accepts, as far as anybody can see. */
static bool
adopt_is_fit(const struct adopt *a, uint32_t w)
{
	return a->crew->workers[w].state == SPAWN_UP &&
	    crew_stale_us(a->crew, w) < CREW_STALE_US;
}

static bool
adopt_is_due(const struct adopt *a, uint32_t w, uint64_t now_us)
{
	uint64_t down_us = a->slots[w].down_us;

	if (down_us != 0)
		return now_us - down_us >= ADOPT_DOWN_US;
	return crew_stale_us(a->crew, w) >= CREW_STALE_US;
}

/* The fit one that has adopted least; -1: nobody is fit. */
static int
adopt_choose(const struct adopt *a)
{
	uint32_t workers = a->crew->in->workers, load[WORKERS_MAX] = { 0 };
	int best = -1;

	for (uint32_t w = 0; w < workers; w++)
		if (a->slots[w].adopter >= 0)
			load[a->slots[w].adopter]++;
	for (uint32_t w = 0; w < workers; w++)
		if (adopt_is_fit(a, w) && (best < 0 || load[w] < load[best]))
			best = (int)w;
	return best;
}

/* ---- orders ---- */

static void
adopt_order(struct adopt *a, uint32_t worker, uint32_t slot,
    const struct inherit_listener *l)
{
	const struct worker_message m = { .order = ORDER_LISTENER_ADD,
		.id = l->id,
		.slot = slot,
		.addr = l->addr };

	crew_tell_worker(a->crew, worker, &m, l->fds[slot]);
}

/* What others handed over before they saw that the slot is down. */
static void
adopt_queue(struct adopt *a, uint32_t worker, uint32_t slot)
{
	const struct worker_message m = { .order = ORDER_LISTENER_ADD,
		.id = LISTENER_HANDOVER,
		.slot = slot };

	crew_tell_worker(a->crew, worker, &m, a->crew->in->handover_in[slot]);
}

/* What leaves is to be emptied too, as long as workers still accept from it. */
static void
adopt_leaving(struct adopt *a, uint32_t worker, uint32_t slot)
{
	for (uint32_t i = 0; i < LISTENERS_MAX; i++) {
		const struct listening_leaving *g = &a->listening->leaving[i];

		if (g->until_us != 0 && !g->let_go)
			adopt_order(a, worker, slot, &g->listener);
	}
}

static void
adopt_release(struct adopt *a, uint32_t w)
{
	const struct worker_message m = { .order = ORDER_RELEASE, .slot = w };
	int adopter = a->slots[w].adopter;

	a->slots[w].adopter = -1;
	crew_tell_worker(a->crew, (uint32_t)adopter, &m, -1);
	log_info(
	    "worker %d does not accept for worker %u any more", adopter, w);
}

static void
adopt_take(struct adopt *a, uint32_t w)
{
	const struct inherit *in = a->crew->in;
	int adopter = adopt_choose(a);

	if (adopter < 0)
		return;
	a->slots[w].adopter = adopter;
	for (uint32_t i = 0; i < LISTENERS_MAX; i++)
		if (in->listeners[i].id != 0)
			adopt_order(a, (uint32_t)adopter, w, &in->listeners[i]);
	adopt_queue(a, (uint32_t)adopter, w);
	adopt_leaving(a, (uint32_t)adopter, w);
	log_info("worker %d accepts for worker %u, which is %s", adopter, w,
	    a->slots[w].down_us != 0 ? "down" : "stuck");
}

void
adopt_listener(struct adopt *a, const struct inherit_listener *l)
{
	for (uint32_t w = 0; w < a->crew->in->workers; w++)
		if (a->slots[w].adopter >= 0)
			adopt_order(a, (uint32_t)a->slots[w].adopter, w, l);
}

/* ---- what time brings ---- */

static void
adopt_see(struct adopt *a, uint32_t w, uint64_t now_us)
{
	struct adopt_slot *s = &a->slots[w];
	const struct spawn *child = &a->crew->workers[w];

	if (child->state == SPAWN_UP)
		s->down_us = 0;
	else if (s->down_us == 0)
		s->down_us = now_us;
	if (spawn_alive(child) && child->forked_us != s->forked_us) {
		s->forked_us = child->forked_us;
		adopt_leaving(a, w, w);
	}
}

static void
adopt_slot(struct adopt *a, uint32_t w, uint64_t now_us)
{
	bool due = adopt_is_due(a, w, now_us);
	int adopter = a->slots[w].adopter;

	if (adopter >= 0 && (!due || !adopt_is_fit(a, (uint32_t)adopter)))
		adopt_release(a, w);
	if (due && a->slots[w].adopter < 0)
		adopt_take(a, w);
}

uint64_t
adopt_tick(struct adopt *a, uint64_t now_us)
{
	uint32_t workers = a->crew->in->workers;
	uint64_t next_us = UINT64_MAX;

	for (uint32_t w = 0; w < workers; w++)
		adopt_see(a, w, now_us);
	for (uint32_t w = 0; w < workers; w++) {
		uint64_t due_us = a->slots[w].down_us + ADOPT_DOWN_US;

		adopt_slot(a, w, now_us);
		if (a->slots[w].down_us != 0 && a->slots[w].adopter < 0 &&
		    due_us > now_us && due_us < next_us)
			next_us = due_us;
	}
	return next_us;
}
