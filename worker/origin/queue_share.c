/*
 * queue_share.c - a connection comes free: who gets it, and of which worker.
 *
 * The protocol that loses no wakeup is in waiters.c. Here is who is preferred,
 * where requests wait in several workers:
 *
 * - The highest class, wherever it waits.
 * - Of one class, workers take turns. To use a connection again is much cheaper
 *   than to close it, so that another worker can open one: a worker goes on
 *   with what it has until its turn is over, and then gives up the next one
 *   that comes free, and has a new turn with the others. A worker that is woken
 *   begins a turn. If each of n workers is content with one connection, each
 *   has its turn within a quarter of the timeout: that is what a turn is an
 *   n-th of, if that is not more than 50 ms. Longer exchanges than that are
 *   handed over after each of them.
 * - A permit that was given up is not taken again by the same worker at once,
 *   while the other one wakes up.
 * - One of HTTP/2 cannot be given up while it is in use: it takes no more calls
 *   for a turn, and goes if it comes to rest meanwhile (mux.c).
 *
 * Now and then a worker with requests that wait looks without regard to turns,
 * for what nobody has let go: see waiters.c.
 */
#include "common/base/must.h"
#include "shm/permit.h"
#include "shm/registry.h"
#include "worker/origin/queue_state.h"

#define QUEUE_TICK_US 50000u
#define QUEUE_HOLD_US 5000u /* for another worker to wake up */
#define QUEUE_TURN_MIN_US 1000u
#define QUEUE_TURN_MAX_US 50000u
#define QUEUE_TURNS_PART 4u  /* all turns together, of the timeout */
#define QUEUE_SERVED_MAX 64u /* in one turn of the loop */

static const struct mono never = { 0 };

/* ---- turns ---- */

uint64_t
queue_turn_us(const struct env *e, uint32_t service)
{
	uint32_t workers = e->region->state->header.workers;
	uint64_t us =
	    e->queues->of[service].timeout_us / (QUEUE_TURNS_PART * workers);

	if (us > QUEUE_TURN_MAX_US)
		return QUEUE_TURN_MAX_US;
	return us > QUEUE_TURN_MIN_US ? us : QUEUE_TURN_MIN_US;
}

static void
queue_begin_turn(const struct queues *all, struct queue *q)
{
	const struct env *e = all->env;

	q->turn = clock_now();
	q->turn_over = mono_add_us(q->turn, queue_turn_us(e, q->service));
	waiters_set_turn(e->region, q->service, e->slot, q->turn.us);
}

static bool
queue_has_turn(const struct queue *q)
{
	return clock_now().us < q->turn_over.us;
}

static bool
queue_is_held(const struct queue *q)
{
	return clock_now().us < q->held.us;
}

static uint32_t
queue_others(const struct queues *all, const struct queue *q, uint64_t *who)
{
	const struct env *e = all->env;

	return waiters_others(
	    e->region, q->service, e->slot, clock_now().us, who);
}

bool
queue_holds(const struct env *e, uint32_t service)
{
	const struct queue *q = &e->queues->of[service];

	MUST(service < SERVICES_MAX);
	return q->hold || queue_is_held(q);
}

/* ---- something is free ---- */

void
queue_set_due(struct queues *all, struct queue *q)
{
	if (list_empty(&q->due))
		list_push_back(&all->due, &q->due);
	loop_defer(all->env->loop, &all->task);
}

void
queue_freed(struct env *e, uint32_t service)
{
	if (waiters_any(e->region, service))
		queue_set_due(e->queues, queue_at(e->queues, service));
}

void
queue_freed_for_others(struct env *e, uint32_t service)
{
	struct queue *q = queue_at(e->queues, service);

	q->turn_over = never;
	q->held = mono_add_us(clock_now(), QUEUE_HOLD_US);
	queue_set_due(e->queues, q);
}

enum queue_claim
queue_claims(struct env *e, uint32_t service)
{
	struct queue *q;
	uint32_t own, others;
	uint64_t who;

	if (!waiters_any(e->region, service))
		return QUEUE_NOBODY;
	q = queue_at(e->queues, service);
	own = queue_rank(q);
	others = queue_others(e->queues, q, &who);
	if (own == 0 && others == 0)
		return QUEUE_NOBODY;
	if (own == others && q->turn_over.us == 0)
		queue_begin_turn(e->queues, q);
	if (own > others || (own == others && queue_has_turn(q))) {
		queue_set_due(e->queues, q);
		return QUEUE_OWN;
	}
	queue_freed_for_others(e, service);
	return QUEUE_OTHERS;
}

/* ---- who gets it ---- */

/*
 * What bounds connections now: not when the last one waited here, nor what he
 * who waits elsewhere came with. Of a service that is gone, what did last.
 */
static uint32_t
queue_bound(const struct queues *all, struct queue *q)
{
	const struct epoch_view *now = &all->env->view;
	const struct img_service *s;

	if (now->image == NULL || now->generation == q->generation)
		return q->max_connections;
	q->generation = now->generation;
	s = image_service(now->image, q->service);
	if (s != NULL)
		q->max_connections = s->max_connections;
	return q->max_connections;
}

/* Some endpoint has fewer connections than it may. */
static bool
queue_has_room(const struct queues *all, struct queue *q)
{
	const struct region *r = all->env->region;
	const struct eset *set = registry_set(r, q->service);
	uint32_t bound = queue_bound(all, q);

	if (bound == 0)
		return true;
	for (uint32_t i = 0; set != NULL && i < set->count; i++)
		if (permit_count(r, set->members[i].handle.index) < bound)
			return true;
	return false;
}

/* The first worker behind this one that has idle connections to it. */
static uint64_t
queue_who_idles(const struct env *e, uint32_t index)
{
	uint32_t workers = e->region->state->header.workers;

	for (uint32_t i = 1; i < workers; i++) {
		uint32_t w = (e->slot + i) % workers;

		if (registry_pooled_of(e->region, w, index) != 0)
			return UINT64_C(1) << w;
	}
	return 0;
}

/* Connections that idle in other workers are wanted, one to each endpoint. */
static void
queue_ask_for_idle(const struct queues *all, const struct queue *q)
{
	struct env *e = all->env;
	const struct eset *set = registry_set(e->region, q->service);
	uint64_t who = 0;

	for (uint32_t i = 0; set != NULL && i < set->count; i++) {
		uint32_t index = set->members[i].handle.index;
		uint64_t one = queue_who_idles(e, index);

		if (one != 0)
			permit_want(e->region, index, clock_now().us);
		who |= one;
	}
	for (; who != 0; who &= who - 1)
		e->wake_worker(e, (uint32_t)__builtin_ctzll(who));
}

/* F2, L2, K1: what is left is for another worker, if one waits. */
static void
queue_pass_on(struct queues *all, struct queue *q)
{
	struct env *e = all->env;
	uint64_t now_us = clock_now().us, who;

	if (queue_others(all, q, &who) == 0)
		q->turn_over = q->held = never;
	else if (queue_has_room(all, q))
		e->wake_worker(
		    e, waiters_choose(e->region, q->service, who, now_us));
}

/* Permits are for others while they are before this worker's. */
static void
queue_set_hold(struct queues *all, struct queue *q, uint32_t rank)
{
	uint64_t who;
	uint32_t others = queue_others(all, q, &who);

	q->hold = !q->anyway &&
	    (others > rank || (others == rank && !queue_has_turn(q)));
	if (others < rank || q->anyway)
		q->held = never;
}

/* False: somebody waits, and there is nothing for him. */
static bool
queue_serve_all(struct queues *all, struct queue *q)
{
	uint32_t rank, n = 0;

	while ((rank = queue_rank(q)) != 0) {
		queue_set_hold(all, q, rank);
		if (!queue_serve(q, rank))
			return false;
		if (++n == QUEUE_SERVED_MAX) {
			queue_set_due(all, q);
			return true;
		}
	}
	return true;
}

/* The same, in a turn of this worker, if that leads to anything. */
static bool
queue_take_turn(struct queues *all, struct queue *q)
{
	const struct env *e = all->env;
	struct mono before = q->turn;
	uint32_t left = q->left;
	bool all_served;

	queue_begin_turn(all, q);
	all_served = queue_serve_all(all, q);
	if (q->left == left) {
		q->turn = before;
		q->turn_over = never;
		waiters_set_turn(e->region, q->service, e->slot, before.us);
	}
	return all_served;
}

void
queue_look(struct queues *all, struct queue *q)
{
	bool woken = q->woken && queue_rank(q) != 0;
	bool all_served =
	    woken ? queue_take_turn(all, q) : queue_serve_all(all, q);
	bool kept = q->hold || queue_is_held(q);

	q->hold = q->woken = q->anyway = false;
	if (all_served || kept)
		queue_pass_on(all, q);
	else
		queue_ask_for_idle(all, q);
}

/* ---- when to look besides ---- */

bool
queue_is_before(const struct env *e, uint32_t service, uint32_t class)
{
	const struct queue *q;
	uint64_t who;

	if (!waiters_any(e->region, service))
		return false;
	q = queue_at(e->queues, service);
	return queue_rank(q) > class ||
	    queue_others(e->queues, q, &who) > class;
}

void
queues_keep_ticking(struct queues *all)
{
	if (!timer_armed(&all->tick))
		timer_set(&all->env->loop->timers, &all->tick,
		    mono_add_us(clock_now(), QUEUE_TICK_US));
}

void
queues_woken(struct env *e)
{
	struct queues *all = e->queues;

	for (struct list *i = all->busy.next; i != &all->busy; i = i->next) {
		struct queue *q = CONTAINER_OF(i, struct queue, busy);

		q->woken = true;
		queue_set_due(all, q);
	}
}

/* What was free the last time, too, is nobody's: whoever was woken hangs. */
static void
queue_tick(struct queues *all, struct queue *q)
{
	bool room = queue_has_room(all, q);

	q->anyway = room && q->room;
	q->room = room;
	queue_set_due(all, q);
}

void
queues_tick(struct timer *t)
{
	struct queues *all = CONTAINER_OF(t, struct queues, tick);

	if (list_empty(&all->busy))
		return;
	for (struct list *i = all->busy.next; i != &all->busy; i = i->next)
		queue_tick(all, CONTAINER_OF(i, struct queue, busy));
	queues_keep_ticking(all);
}
