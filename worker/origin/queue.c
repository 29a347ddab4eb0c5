/*
 * queue.c - see queue.h: who waits, and who of them is next.
 *
 * The highest class first; within it, who arrived first. That holds as long as
 * the queue keeps up. Where more comes than can be served for long, all who are
 * served first in, first out have waited for nearly the whole timeout, and
 * the others as long for nothing. So when the oldest one has waited for more
 * than half of the timeout, and it has been so for a whole timeout, the
 * youngest of the class is next, until the oldest has not waited for so long:
 * most who are served then hardly wait, and who times out had to anyway.
 *
 * When no place is left, who comes of a higher class takes that of the youngest
 * of the lowest class that waits in its worker. Other workers are not asked.
 */
#include "worker/origin/queue.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "worker/origin/queue_state.h"

_Static_assert(WAITERS_CLASSES == IMG_CLASS_COUNT, "a word for each");

struct queue *
queue_at(struct queues *all, uint32_t service)
{
	struct queue *q = &all->of[service];

	MUST(service < SERVICES_MAX);
	if (q->due.next != NULL)
		return q;
	for (uint32_t i = 0; i < IMG_CLASS_COUNT; i++)
		list_init(&q->waiting[i]);
	list_init(&q->busy);
	list_init(&q->due);
	q->service = service;
	return q;
}

static struct queue *
queue_of(const struct queue_waiter *w)
{
	return queue_at(w->env->queues, w->service);
}

static void
waiter_set_state(struct queue_waiter *w, enum queue_state to)
{
	w->state = (uint8_t)to;
}

static struct queue_waiter *
waiter_at(struct list *link)
{
	return CONTAINER_OF(link, struct queue_waiter, link);
}

/* ---- who is next ---- */

uint32_t
queue_rank(const struct queue *q)
{
	for (uint32_t i = IMG_CLASS_COUNT; i-- > 0;)
		if (!list_empty(&q->waiting[i]))
			return i + 1;
	return 0;
}

bool
queue_waits(const struct env *e, uint32_t service)
{
	const struct queue *q = &e->queues->of[service];

	return q->due.next != NULL && !list_empty(&q->busy);
}

static uint64_t
waiter_waited_us(const struct queue_waiter *w)
{
	return w->waited_us + mono_diff_us(clock_now(), w->since);
}

/* More comes than can be served, and has for long. */
static bool
queue_is_late(struct queue *q, const struct queue_waiter *oldest)
{
	struct mono *since = &q->late[oldest->class];

	if (waiter_waited_us(oldest) <= q->timeout_us / 2) {
		since->us = 0;
		return false;
	}
	if (since->us == 0)
		*since = clock_now();
	return mono_diff_us(clock_now(), *since) > q->timeout_us;
}

bool
queue_serve(struct queue *q, uint32_t rank)
{
	struct list *all = &q->waiting[rank - 1];
	struct queue_waiter *w = waiter_at(all->next);
	uint32_t left = q->left;

	if (queue_is_late(q, w))
		w = waiter_at(all->prev);
	w->look(w);
	return q->left != left;
}

/* ---- places ---- */

/* NULL: nobody of a lower class waits here. */
static struct queue_waiter *
queue_lowest(struct queue *q, uint32_t class)
{
	for (uint32_t i = 0; i < class; i++)
		if (!list_empty(&q->waiting[i]))
			return waiter_at(q->waiting[i].prev);
	return NULL;
}

/* Out of the lists; its place stays its own. */
static void
waiter_remove(struct queue_waiter *w)
{
	struct env *e = w->env;
	struct queue *q = queue_of(w);
	uint64_t us = mono_diff_us(clock_now(), w->since);

	list_remove(&w->link);
	timer_cancel(&w->timer);
	w->waited_us += us;
	q->left++;
	env_count(e, COUNTER_QUEUE_WAITING, -1);
	env_count(e, COUNTER_QUEUE_US, (int64_t)us);
	if (!list_empty(&q->waiting[w->class]))
		return;
	q->late[w->class].us = 0;
	waiters_clear(e->region, w->service, w->class, e->slot);
	queue_set_due(e->queues, q); /* L2 */
	if (queue_rank(q) == 0)
		list_remove(&q->busy);
}

/* The place of another, who is told at the end of the turn. */
static bool
waiter_unseat(struct queue_waiter *w, struct queue *q)
{
	struct queues *all = w->env->queues;
	struct queue_waiter *other = queue_lowest(q, w->class);

	if (other == NULL)
		return false;
	waiter_remove(other);
	waiter_set_state(other, QUEUE_UNSEATED);
	w->ticket = other->ticket;
	list_push_back(&all->unseated, &other->link);
	loop_defer(w->env->loop, &all->task);
	return true;
}

static bool
waiter_take_place(
    struct queue_waiter *w, struct queue *q, const struct queue_rule *rule)
{
	w->ticket = permit_take(
	    &w->env->permits, PERMIT_QUEUE + rule->service, rule->length);
	return w->ticket != PERMIT_NONE || waiter_unseat(w, q);
}

static void
queues_tell_unseated(struct queues *all)
{
	while (!list_empty(&all->unseated)) {
		struct queue_waiter *w = waiter_at(all->unseated.next);

		list_remove(&w->link);
		waiter_set_state(w, QUEUE_OUT);
		env_count(all->env, COUNTER_QUEUE_REFUSED, 1);
		w->over(w, WHY_QUEUE_FULL);
	}
}

/* ---- in and out ---- */

static void
waiter_late(struct timer *t)
{
	struct queue_waiter *w = CONTAINER_OF(t, struct queue_waiter, timer);

	queue_leave(w);
	env_count(w->env, COUNTER_QUEUE_TIMEOUTS, 1);
	w->over(w, WHY_QUEUE_TIMEOUT);
}

/* Behind all that arrived earlier. */
static void
waiter_insert(struct queue_waiter *w, struct queue *q)
{
	struct list *all = &q->waiting[w->class], *before = all->prev;
	bool first = list_empty(all);

	while (before != all && waiter_at(before)->arrived.us > w->arrived.us)
		before = before->prev;
	list_insert_between(&w->link, before, before->next);
	if (list_empty(&q->busy))
		list_push_back(&w->env->queues->busy, &q->busy);
	if (first)
		waiters_set(w->env->region, w->service, w->class, w->env->slot);
}

static void
waiter_begin(struct queue_waiter *w, struct queue *q, uint64_t timeout_us)
{
	struct env *e = w->env;

	waiter_set_state(w, QUEUE_WAITS);
	w->since = clock_now();
	waiter_insert(w, q);
	if (w->timer.fn == NULL)
		timer_init(&w->timer, waiter_late);
	timer_set(&e->loop->timers, &w->timer,
	    mono_add_us(w->since, timeout_us - w->waited_us));
	env_count(e, COUNTER_QUEUE_WAITING, 1);
	env_count(e, COUNTER_QUEUE_WAITS, 1);
	queues_keep_ticking(e->queues);
	queue_set_due(e->queues, q); /* W2 */
}

enum why
queue_enter(
    struct queue_waiter *w, struct env *e, const struct queue_rule *rule)
{
	struct queue *q = queue_at(e->queues, rule->service);

	MUST(rule->class < IMG_CLASS_COUNT);
	if (w->state == QUEUE_WAITS)
		return WHY_OK;
	w->env = e;
	w->service = rule->service;
	w->class = (uint8_t)rule->class;
	q->timeout_us = rule->timeout_us;
	if (w->waited_us >= rule->timeout_us) {
		env_count(e, COUNTER_QUEUE_TIMEOUTS, 1);
		return WHY_QUEUE_TIMEOUT;
	}
	if (!waiter_take_place(w, q, rule)) {
		env_count(e, COUNTER_QUEUE_REFUSED, 1);
		return WHY_QUEUE_FULL;
	}
	waiter_begin(w, q, rule->timeout_us);
	return WHY_OK;
}

void
queue_leave_now(struct queue_waiter *w)
{
	switch ((enum queue_state)w->state) {
	case QUEUE_OUT:
		return;
	case QUEUE_WAITS:
		waiter_remove(w);
		permit_drop(&w->env->permits, w->ticket);
		break;
	case QUEUE_UNSEATED:
		list_remove(&w->link);
		break;
	}
	waiter_set_state(w, QUEUE_OUT);
}

/* ---- all of them ---- */

static void
queues_turn(struct loop_task *t)
{
	struct queues *all = CONTAINER_OF(t, struct queues, task);
	uint32_t n = 0;

	queues_tell_unseated(all);
	for (struct list *i = all->due.next; i != &all->due; i = i->next)
		n++;
	while (n-- > 0 && !list_empty(&all->due)) {
		struct queue *q =
		    CONTAINER_OF(all->due.next, struct queue, due);

		list_remove(&q->due);
		queue_look(all, q);
	}
}

struct queues *
queues_new(struct env *e)
{
	struct queues *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return NULL;
	all->env = e;
	loop_task_init(&all->task, queues_turn);
	timer_init(&all->tick, queues_tick);
	list_init(&all->busy);
	list_init(&all->due);
	list_init(&all->unseated);
	return all;
}

void
queues_free(struct queues *all)
{
	if (all == NULL)
		return;
	loop_task_cancel(&all->task);
	timer_fini(&all->env->loop->timers, &all->tick);
	free(all);
}
