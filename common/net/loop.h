/*
 * loop.h - one epoll instance, one turn at a time.
 *
 * Listening sockets are level-triggered; everything else is edge-triggered and
 * registered once, for both directions or first for reading only. An object
 * whose watch may still be in the current batch is not freed at once: it goes
 * to loop_defer.
 */
#ifndef COMMON_NET_LOOP_H
#define COMMON_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "common/base/clock.h"
#include "common/base/list.h"
#include "common/net/timer.h"

/* LOOP_READ: readable, or a peer that closed (then recv says 0). */
#define LOOP_READ ((unsigned)EPOLLIN)
#define LOOP_WRITE ((unsigned)EPOLLOUT)
/* EPOLLRDHUP, EPOLLHUP or EPOLLERR was in the event. */
#define LOOP_HANGUP ((unsigned)EPOLLHUP)

struct loop_watch;

typedef void loop_event_fn(struct loop_watch *w, unsigned events);

struct loop_watch {
	loop_event_fn *fn; /* NULL: events are ignored (being closed) */
	int fd;
	bool first; /* its events come before the others of the batch */
};

typedef void loop_late_fn(struct loop_watch *w);

#define LOOP_LATE_MAX 128 /* put off within one batch of events */

/* Work put off to the end of the turn; each entry runs once. */
struct loop_task {
	struct list link;
	void (*fn)(struct loop_task *t);
};

struct loop {
	int epoll_fd;
	bool stop;
	struct timer_wheel timers;
	struct list tasks; /* run after the batch, before the timers */
	struct list dead;  /* run last in the turn: frees */
	/* Since the start: turns, events, and turns that were let sleep. */
	uint64_t turns, events, waits;
	uint64_t nap_us; /* no longer is waited */
	/*
	 * Called just before, where nap_us may be set, and just after waiting;
	 * either may be NULL.
	 */
	void (*before_wait)(void *ctx);
	void (*after_wait)(void *ctx);
	void *hook_ctx;
	/* What waits for the end of the batch; its events that are not over. */
	unsigned late_count, left;
	struct loop_late {
		loop_late_fn *fn;
		struct loop_watch *w;
	} late[LOOP_LATE_MAX];
};

/* Updates the clock. False with errno. */
bool loop_init(struct loop *l);
/* Runs what is left to be freed; tasks and timers are dropped. */
void loop_fini(struct loop *l);

/*
 * Registers w->fd once: `level` true: level-triggered, read only (listening
 * sockets, eventfds); false: edge-triggered, read and write. The watch must
 * live until loop_remove and the end of that turn. False with errno.
 */
bool loop_add(struct loop *l, struct loop_watch *w, bool level);

/*
 * The same, edge-triggered, for reading only; and for both from now on: an
 * event comes if it can be written to. False with errno.
 */
bool loop_add_reading(struct loop *l, struct loop_watch *w);
bool loop_watch_both(struct loop *l, struct loop_watch *w);

/* Ends delivery; the caller closes the descriptor afterwards. */
void loop_remove(struct loop *l, struct loop_watch *w);

/*
 * The same at no cost: closing unregisters, where no other process and no other
 * descriptor refers to what is closed.
 */
static inline void
loop_forget(struct loop_watch *w)
{
	w->fn = NULL;
}

/* Pauses or resumes a level-triggered watch (accept when descriptors lack). */
void loop_level_pause(struct loop *l, struct loop_watch *w, bool pause);

void loop_task_init(struct loop_task *t, void (*fn)(struct loop_task *));
/* Runs t->fn at the end of this turn; again while queued is harmless. */
void loop_defer(struct loop *l, struct loop_task *t);
/* Takes t back, if it is queued. */
void loop_task_cancel(struct loop_task *t);
/* Runs t->fn as the very last thing of this turn (to free objects). */
void loop_defer_free(struct loop *l, struct loop_task *t);

/*
 * Runs fn(w) when all events of this batch were delivered, before the tasks;
 * the memory of w must live to the end of the turn. False: there is no batch or
 * no room, and the caller should not wait.
 */
static inline bool
loop_after_batch(struct loop *l, struct loop_watch *w, loop_late_fn *fn)
{
	if (l->left == 0 || l->late_count == LOOP_LATE_MAX)
		return false;
	l->late[l->late_count++] = (struct loop_late){ fn, w };
	return true;
}

/* Other events of this batch are still to be delivered. */
static inline bool
loop_has_more(const struct loop *l)
{
	return l->left > 1;
}

/*
 * One turn: waits (at most until the next timer, at most max_wait_us; not at
 * all when tasks are queued), updates the clock, delivers up to 64 events, runs
 * what waited for their end, tasks, timers, frees. False with errno when epoll
 * fails.
 */
bool loop_turn(struct loop *l, uint64_t max_wait_us);

/* Turns until l->stop. */
bool loop_run(struct loop *l);

#endif
