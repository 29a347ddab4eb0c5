/*
 * call_state.h - a call at work, for its rooms:
 *
 *	call.c          connect, send, hear, end
 *	call_breaker.c  its endpoint's breaker
 *	call_pass.c     long bodies that go past the codecs
 */
#ifndef WORKER_ORIGIN_CALL_STATE_H
#define WORKER_ORIGIN_CALL_STATE_H

#include "worker/origin/call.h"

/* So long it has lasted. */
static inline uint64_t
call_us(const struct call *c)
{
	return mono_diff_us(clock_now(), c->began);
}

/* Of which the endpoint took so long: not what its client needed to send the
 * request. */
static inline uint64_t
call_endpoint_us(const struct call *c)
{
	if (!c->connected)
		return call_us(c);
	return c->connect_us +
	    (c->whole_at.us != 0 ? mono_diff_us(clock_now(), c->whole_at) : 0);
}

/* ---- call.c ---- */

/* The body comes; the time for the answer's head begins when it is sent. */
void call_continue(struct call *c);

/* ---- call_pass.c ---- */

/* Of its origin's events. */
struct io_pass call_on_passes(struct call *c);
void call_on_passed(struct call *c, size_t n);

/* ---- call_breaker.c ---- */

/* Counted as active, and not begun yet; false: it is not let through. */
bool call_admit(struct call *c);

/* The final head has come, and what kind of answer it is, is known. */
void call_judge_head(struct call *c, const struct head *h);

/* It ended otherwise than by an answer, or within it. */
void
call_judge_failed(struct call *c, enum change_cause cause, uint32_t detail);

/* The pass, with what is known by now; the last time before it is no longer
 * counted as active. */
void call_give_back(struct call *c);

#endif
