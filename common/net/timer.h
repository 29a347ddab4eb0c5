/*
 * timer.h - a hierarchical wheel with lazy deadlines.
 *
 * Moving a deadline later only stores it: the entry fires at its old place,
 * finds that it is not due and moves itself. So a connection whose deadline is
 * renewed at each request touches the wheel once per timeout, not per request.
 * Resolution is 1 ms; nothing fires early.
 */
#ifndef COMMON_NET_TIMER_H
#define COMMON_NET_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/list.h"

#define TIMER_LEVELS 5
#define TIMER_SLOTS 64

struct timer;

typedef void timer_fn(struct timer *t);

/* Renewing a deadline touches only what stands last. */
struct timer {
	struct list link; /* in a slot of the wheel; self when unarmed */
	timer_fn *fn;
	uint64_t deadline_us; /* what the owner wants; UINT64_MAX: not armed */
	/* Its place in the wheel serves deadlines from then on; UINT64_MAX: it
	 * has none. */
	uint64_t served_us;
};

struct timer_wheel {
	uint64_t now_ms;   /* all before this has fired */
	uint64_t floor_ms; /* nothing is placed before this */
	uint64_t next_ms;  /* nothing is to be looked at before this */
	uint64_t filled[TIMER_LEVELS]; /* a bit per non-empty slot */
	struct list slots[TIMER_LEVELS][TIMER_SLOTS];
	uint32_t count; /* entries in the wheel, cancelled ones included */
};

void timer_wheel_init(struct timer_wheel *w, struct mono now);

void timer_init(struct timer *t, timer_fn *fn);

/* It has no place in the wheel, or one that comes too late. */
void timer_replace(struct timer_wheel *w, struct timer *t);

/* (Re)arms t. Later than before: a store. MONO_NEVER: as timer_cancel. */
static inline void
timer_set(struct timer_wheel *w, struct timer *t, struct mono deadline)
{
	t->deadline_us = deadline.us;
	if (deadline.us < t->served_us)
		timer_replace(w, t);
}

/* Disarms lazily: the entry stays in the wheel but will not fire. */
static inline void
timer_cancel(struct timer *t)
{
	t->deadline_us = UINT64_MAX;
}

/* Takes t out of the wheel: before its memory is reused. */
void timer_fini(struct timer_wheel *w, struct timer *t);

static inline bool
timer_armed(const struct timer *t)
{
	return t->deadline_us != UINT64_MAX;
}

/*
 * Fires all that is due. A callback may set, cancel or fini any timer. What it
 * sets to a time already past fires in this run or the next.
 */
void timer_run(struct timer_wheel *w, struct mono now);

/*
 * Microseconds from now until something may have to fire (0: due already,
 * UINT64_MAX: nothing is armed). May be early, never late.
 */
static inline uint64_t
timer_next_us(const struct timer_wheel *w, struct mono now)
{
	return w->next_ms != UINT64_MAX
	    ? mono_diff_us((struct mono){ w->next_ms * 1000 }, now)
	    : UINT64_MAX;
}

#endif
