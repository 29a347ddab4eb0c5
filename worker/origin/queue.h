/*
 * queue.h - requests that found each endpoint of a service at
 * pool.max_connections wait here for a connection.
 *
 *	 queue_enter -> waits -> look: takes one, queue_leave
 *	                     |       or finds none, and stays
 *	                     +-> over: the time is up, or the place is gone
 *
 * How many wait is bounded over all workers, exactly: each has a permit of its
 * service's queue (protocol B). Who is next within a worker is said in queue.c,
 * and which worker in queue_share.c.
 */
#ifndef WORKER_ORIGIN_QUEUE_H
#define WORKER_ORIGIN_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/list.h"
#include "common/net/timer.h"
#include "worker/flow/env.h"
#include "worker/flow/why.h"

enum queue_state {
	QUEUE_OUT,
	QUEUE_WAITS,
	QUEUE_UNSEATED, /* its place has gone to another; it is told soon */
};

/* Zeroed, with both hooks set, before its first use. */
struct queue_waiter {
	struct list link;
	struct timer timer; /* fn is NULL before its first use */
	struct env *env;
	struct mono arrived; /* its age goes by that */
	struct mono since;   /* it waits */
	uint64_t waited_us;  /* before that */
	uint32_t service, ticket;
	uint8_t class; /* enum img_class */
	uint8_t state; /* enum queue_state */
	/*
	 * Something may be free: takes it and leaves, or stays where it is. It
	 * may be gone afterwards.
	 */
	void (*look)(struct queue_waiter *w);
	/* It has left, for WHY_QUEUE_TIMEOUT or WHY_QUEUE_FULL. */
	void (*over)(struct queue_waiter *w, enum why why);
};

/* What its image says. */
struct queue_rule {
	uint32_t service;    /* registry slot */
	uint32_t class;      /* enum img_class, of the request */
	uint32_t length;     /* places, over all workers */
	uint64_t timeout_us; /* for all of its waits together */
};

/* NULL without memory. */
struct queues *queues_new(struct env *e);
void queues_free(struct queues *all);

/*
 * Others of its class, or of a higher one, wait for the service already: who
 * comes now waits behind them, without a look.
 */
bool queue_is_before(const struct env *e, uint32_t service, uint32_t class);

/*
 * It waits from now on, or goes on waiting: WHY_OK. Else there is no place, or
 * its time was up before. A look follows at the end of the turn.
 */
enum why queue_enter(
    struct queue_waiter *w, struct env *e, const struct queue_rule *rule);

/* It waits no more. */
void queue_leave_now(struct queue_waiter *w);

/* The same; harmless when it does not. */
static inline void
queue_leave(struct queue_waiter *w)
{
	if (w->state != QUEUE_OUT)
		queue_leave_now(w);
}

/* The same, and its memory may go. */
static inline void
queue_forget(struct queue_waiter *w)
{
	queue_leave(w);
	if (w->timer.fn != NULL)
		timer_fini(&w->env->loop->timers, &w->timer);
}

/* ---- queue_share.c: connections come free ---- */

/* Who wants one that has just become free in this worker. */
enum queue_claim {
	QUEUE_NOBODY,
	QUEUE_OWN,    /* somebody here: he takes it at the end of the turn */
	QUEUE_OTHERS, /* another worker: it is to be closed */
};
enum queue_claim queue_claims(struct env *e, uint32_t service);

/*
 * A permit of one of its endpoints was dropped, or there is room on connections
 * of this worker: those who wait, here or elsewhere, are told at the end of the
 * turn.
 */
void queue_freed(struct env *e, uint32_t service);
/* The same, and the permit is another worker's to take. */
void queue_freed_for_others(struct env *e, uint32_t service);

/* How long a worker's turn is, in which it uses again what it has. */
uint64_t queue_turn_us(const struct env *e, uint32_t service);

/* What is free is meant for another worker: no permit is taken here now. */
bool queue_holds(const struct env *e, uint32_t service);

/* Somebody in this worker waits for it. */
bool queue_waits(const struct env *e, uint32_t service);

/* This worker was woken: something may be free. */
void queues_woken(struct env *e);

#endif
