/*
 * steps.h - what a request went through, timed: the filters that ran, and what
 * they said. Only of requests that are watched (a debug token, a trace that is
 * sampled), else req.steps is NULL and nothing is timed.
 *
 *	enter -- the filter runs -- leave: GO_ON
 *	enter -- the filter runs -- leave: WAIT ... enter of the next one
 *	enter -- the filter answers, or will ... close, at the answer's head
 *
 * Who says DONE may have freed the request: nothing is noted after it, so a
 * step is DONE from the start, unless it is left otherwise.
 */
#ifndef WORKER_FLOW_STEPS_H
#define WORKER_FLOW_STEPS_H

#include <stdbool.h>
#include <stdint.h>

#define STEPS_MAX 24

struct step {
	uint8_t filter;  /* row of filters.def */
	uint8_t verdict; /* enum verdict; WAIT: it went on later, or answered */
	/* Since the request began; took: waiting included, 0: not over. */
	uint64_t at_ns, took_ns;
};

struct steps {
	uint64_t began_ns, last_ns; /* CLOCK_MONOTONIC; of the last note */
	uint32_t count;
	bool told; /* the answer is to say them (Penstock-Trace) */
	struct step step[STEPS_MAX];
};

struct req;

/* Watches q from now on, if it is not watched. Without memory it is not. */
void steps_begin(struct req *q);

/*
 * From pipeline_run, where q->steps is not NULL: before a filter, and after it,
 * unless it said DONE.
 */
void steps_enter(struct req *q, uint32_t filter);
void steps_leave(struct req *q, unsigned verdict);

/*
 * The last step is over: its answer begins, or q ends. Once that is noted it
 * stays. Nothing where q->steps is NULL.
 */
void steps_close(struct req *q);

#endif
