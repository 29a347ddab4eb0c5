/*
 * timer.c - the wheel.
 *
 *   level 0   64 slots of 1 ms       the current 64 ms
 *   level 1   64 slots of 64 ms      the current 4 s
 *   level 2   64 slots of 4 s        the current 4 min
 *   level 3   64 slots of 4 min      the current 4.7 h
 *   level 4   64 slots of 4.7 h      the next 12.4 days, wrapping
 *
 * An entry stands in the level of the highest 6-bit digit in which its tick
 * differs from now, in the slot of that digit. So below level 4 all slots in
 * use lie ahead without wrapping, and the lowest level in use holds the
 * earliest entries. When now reaches a slot of a higher level, its entries are
 * placed again, further down. A tick is a deadline in ms, rounded up.
 */
#include "common/net/timer.h"
#include "common/base/must.h"

#define DIGIT 6
#define TOP (TIMER_LEVELS - 1)
#define NO_TICK UINT64_MAX

void
timer_wheel_init(struct timer_wheel *w, struct mono now)
{
	*w = (struct timer_wheel){
		.now_ms = now.us / 1000,
		.floor_ms = now.us / 1000,
		.next_ms = NO_TICK,
	};
	for (int level = 0; level < TIMER_LEVELS; level++)
		for (int slot = 0; slot < TIMER_SLOTS; slot++)
			list_init(&w->slots[level][slot]);
}

void
timer_init(struct timer *t, timer_fn *fn)
{
	list_init(&t->link);
	t->deadline_us = UINT64_MAX;
	t->served_us = UINT64_MAX;
	t->fn = fn;
}

static inline uint64_t
tick_of(uint64_t deadline_us)
{
	return deadline_us / 1000 + (deadline_us % 1000 != 0);
}

/* The earliest deadline of that tick. */
static inline uint64_t
tick_us(uint64_t tick)
{
	return tick != 0 ? tick * 1000 - 999 : 0;
}

static inline unsigned
digit_of(uint64_t tick, unsigned level)
{
	return (unsigned)(tick >> (DIGIT * level)) & (TIMER_SLOTS - 1);
}

static inline unsigned
level_of(uint64_t tick, uint64_t now)
{
	uint64_t differs = (tick ^ now) | 1;
	unsigned level = (63 - (unsigned)__builtin_clzll(differs)) / DIGIT;

	return level < TOP ? level : TOP;
}

/* The tick at which the earliest slot in use begins; its level in *level. */
static uint64_t
wheel_next(const struct timer_wheel *w, unsigned *level)
{
	uint64_t now = w->now_ms;
	unsigned digit = digit_of(now, TOP);
	uint64_t bits = w->filled[0] >> digit_of(now, 0);

	*level = 0;
	if (bits != 0)
		return now + (unsigned)__builtin_ctzll(bits);
	for (unsigned l = 1; l < TOP; l++) {
		unsigned up = DIGIT * (l + 1);

		/* Only digits above the current one are in use. */
		bits = w->filled[l] & (UINT64_MAX << digit_of(now, l) << 1);
		*level = l;
		if (bits != 0)
			return (now >> up << up) |
			    (uint64_t)__builtin_ctzll(bits) << DIGIT * l;
	}
	*level = TOP;
	bits = w->filled[TOP];
	if (bits == 0)
		return NO_TICK;
	bits = bits >> digit | bits << (-digit & (TIMER_SLOTS - 1));
	return ((now >> DIGIT * TOP) + (unsigned)__builtin_ctzll(bits))
	    << DIGIT * TOP;
}

static void
wheel_look(struct timer_wheel *w)
{
	unsigned level;

	w->next_ms = wheel_next(w, &level);
}

/* Puts t, which is in no list, where it fires (or is looked at) at `tick`. */
static void
timer_place(struct timer_wheel *w, struct timer *t, uint64_t tick)
{
	unsigned level, slot;
	uint64_t last;

	if (tick < w->floor_ms)
		tick = w->floor_ms;
	level = level_of(tick, w->now_ms);
	if (level == TOP) {
		/* Beyond the range: into the last slot, from there again. */
		last = (w->now_ms >> DIGIT * TOP) + TIMER_SLOTS - 1;
		if (tick >> DIGIT * TOP > last)
			tick = last << DIGIT * TOP;
	}
	slot = digit_of(tick, level);
	t->served_us = tick_us(tick);
	list_push_back(&w->slots[level][slot], &t->link);
	w->filled[level] |= UINT64_C(1) << slot;
	w->count++;
	if (tick < w->next_ms)
		wheel_look(w);
}

/* Takes t, which is in a list, out of it; clears the bit of its slot. */
static void
timer_unplace(struct timer_wheel *w, struct timer *t)
{
	const struct list *first = &w->slots[0][0];
	const struct list *only = t->link.next;
	uintptr_t at;

	/* The only entry has the ring's head on both sides. */
	if (t->link.prev == only) {
		at = ((uintptr_t)only - (uintptr_t)first) / sizeof(*first);
		/* Not a slot: the list of what timer_run is firing. */
		if (at < TIMER_LEVELS * TIMER_SLOTS) {
			w->filled[at / TIMER_SLOTS] &=
			    ~(UINT64_C(1) << at % TIMER_SLOTS);
			wheel_look(w);
		}
	}
	list_remove(&t->link);
	t->served_us = UINT64_MAX;
	w->count--;
}

void
timer_replace(struct timer_wheel *w, struct timer *t)
{
	if (!list_empty(&t->link))
		timer_unplace(w, t);
	timer_place(w, t, tick_of(t->deadline_us));
}

void
timer_fini(struct timer_wheel *w, struct timer *t)
{
	t->deadline_us = UINT64_MAX;
	if (!list_empty(&t->link))
		timer_unplace(w, t);
}

/* Moves the entries of a slot to `batch`, an uninitialised list head. */
static void
slot_take(
    struct timer_wheel *w, unsigned level, unsigned slot, struct list *batch)
{
	struct list *head = &w->slots[level][slot];

	w->filled[level] &= ~(UINT64_C(1) << slot);
	list_init(batch);
	if (list_empty(head))
		return;
	*batch = *head;
	batch->next->prev = batch;
	batch->prev->next = batch;
	list_init(head);
}

/* Fires, moves or forgets each entry of the batch. */
static void
batch_run(struct timer_wheel *w, struct list *batch, bool fire)
{
	while (!list_empty(batch)) {
		struct timer *t = CONTAINER_OF(batch->next, struct timer, link);
		uint64_t tick = tick_of(t->deadline_us);

		timer_unplace(w, t);
		if (!timer_armed(t))
			continue;
		if (!fire || tick > w->floor_ms) {
			timer_place(w, t, tick);
			continue;
		}
		t->deadline_us = UINT64_MAX;
		t->fn(t);
	}
}

void
timer_run(struct timer_wheel *w, struct mono now)
{
	uint64_t target = now.us / 1000;

	if (target < w->next_ms)
		return;
	w->floor_ms = target;
	for (;;) {
		struct list batch;
		unsigned level;
		uint64_t tick = wheel_next(w, &level);

		if (tick > target)
			break;
		w->now_ms = tick;
		slot_take(w, level, digit_of(tick, level), &batch);
		batch_run(w, &batch, level == 0);
		/* What the callbacks placed here waits for the next run. */
		if (level == 0 && tick == target)
			break;
	}
	w->now_ms = target;
	wheel_look(w);
}
