/*
 * breaker_keep.c - breakers as keeper, master and status see them.
 */
#include "shm/breaker.h"
#include "shm/breaker_word.h"
#include "shm/step.h"

#define OVERDUE_US (INT64_C(3600) * 1000000)

bool
breaker_next(const struct region *r, uint32_t *breaker)
{
	uint32_t endpoints = atomic_load(&r->state->control.endpoints);
	uint32_t services = atomic_load(&r->state->control.services);

	if (*breaker >= endpoints && *breaker < BREAKER_OF_SERVICE(0))
		*breaker = BREAKER_OF_SERVICE(0);
	return *breaker < BREAKERS_MAX &&
	    (*breaker < BREAKER_OF_SERVICE(0) ||
		*breaker - BREAKER_OF_SERVICE(0) < services);
}

const char *
breaker_state_name(enum breaker_state s)
{
	switch (s) {
	case BREAKER_CLOSED:
		return "closed";
	case BREAKER_OPEN:
		return "open";
	case BREAKER_HALF:
		return "half_open";
	}
	return "unknown";
}

void
breaker_recover(struct region *r, uint32_t w)
{
	if (w < WORKERS_MAX)
		breaker_window_recover(r, w);
	for (uint32_t b = 0; breaker_next(r, &b); b++)
		breaker_complete(r, b);
}

static void
sweep_one(const struct region *r, uint32_t breaker, uint64_t now_us)
{
	struct breaker_turn turn = { .to = BREAKER_HALF, .cause = CAUSE_TIME };
	uint64_t seen = breaker_load(r, breaker);
	struct breaker_word w = breaker_unpack(seen);

	/* Unless a worker is faster. */
	if (w.state == BREAKER_OPEN &&
	    breaker_wait_us(&w, now_us) < -OVERDUE_US)
		(void)breaker_change(r, breaker, &seen, &turn, 0, now_us);
}

void
breaker_sweep(struct region *r, uint64_t now_us)
{
	for (uint32_t b = 0; breaker_next(r, &b); b++)
		sweep_one(r, b, now_us);
}

void
breaker_reset(struct region *r, uint32_t breaker, enum change_cause cause,
    uint64_t now_us)
{
	uint64_t seen = breaker_load(r, breaker);
	struct breaker_turn turn = { .to = BREAKER_CLOSED, .cause = cause };

	do
		turn.fails = breaker_unpack(seen).fails;
	while (!breaker_change(r, breaker, &seen, &turn, 0, now_us));
}

void
breaker_clear(struct region *r, uint32_t breaker)
{
	uint64_t seen = breaker_load(r, breaker);
	uint64_t number;

	do
		number =
		    breaker_turn_over(r, breaker, &seen, BREAKER_CLOSED, 0);
	while (number == 0);
	SHM_STEP("breaker_first");
	atomic_store(&breaker_at(r, breaker)->first, number);
	for (uint32_t s = 0; s < BREAKER_STATES; s++)
		atomic_store(&breaker_at(r, breaker)->made[s], 0);
}

uint64_t
breaker_transitions(const struct region *r, uint32_t breaker)
{
	uint64_t first = atomic_load(&breaker_at(r, breaker)->first);

	return breaker_number(r, breaker) - first;
}

void
breaker_info(const struct region *r, uint32_t breaker, uint64_t now_us,
    struct breaker_info *i)
{
	struct breaker_word w = breaker_unpack(breaker_load(r, breaker));
	bool open = w.state == BREAKER_OPEN;
	int64_t wait_us = open ? breaker_wait_us(&w, now_us) : 0;

	*i = (struct breaker_info){
		.state = w.state,
		.wait_us = wait_us > 0 ? (uint64_t)wait_us : 0,
		.fails = w.state == BREAKER_CLOSED ? w.fails : 0,
		.oks = w.state == BREAKER_HALF ? w.oks : 0,
		.probes = permit_count(r, PERMIT_BREAKER + breaker),
		.epoch = w.epoch,
		.transitions = breaker_transitions(r, breaker),
	};
	for (uint32_t s = 0; s < BREAKER_STATES; s++)
		i->made[s] = atomic_load(&breaker_at(r, breaker)->made[s]);
}
