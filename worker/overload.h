/*
 * overload.h - how a worker fares, measured for what it sheds (pressure.h).
 *
 * Lag is how long an event waits until it is looked at. A probe finds it
 * out: an event of the worker's own, which takes its place behind all that are
 * ready.
 *
 *	turn      wait  turn       wait  turn        wait
 *	|---------|.....|----------|.....|--- probe
 *	^ events may come            ^ it is sent             ^ it is there
 *	<-------------- lag: of who came at once ------------->
 */
#ifndef WORKER_OVERLOAD_H
#define WORKER_OVERLOAD_H

#include "worker/clients.h"
#include "worker/flow/pressure.h"

struct overload {
	struct clients *clients;
	bool on; /* the configuration says so */
	struct img_overload limits;
	struct pressure pressure;
	struct loop_watch probe; /* fd -1: there was no need yet */
	bool probing;
	struct mono probed; /* that which is, or was last, under way */
	uint64_t birth_us;  /* of the clock: see clock_set_birth */
	uint64_t came;      /* events of the probe in this turn */
	struct mono stepped;
	uint64_t waited_us, probes; /* since then: of all together */
	struct mono trimmed;
	/* Of the log: since when it sheds (0: it does not), when it last did,
	 * and how many it had shed before. */
	struct mono began, last;
	uint64_t before;
};

void overload_init(struct overload *o, struct clients *cs);
void overload_fini(struct overload *o);

/* The configuration is a new one. */
void overload_follow(struct overload *o);

/* At the end of a turn that had so many events. */
void overload_turn(struct overload *o, uint64_t events);

#endif
