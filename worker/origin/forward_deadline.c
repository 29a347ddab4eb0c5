/*
 * forward_deadline.c - the time that a request may take in all, from its first
 * call on: no other one begins after it, and the one under way ends with it,
 * unless its answer has begun.
 */
#include "worker/origin/forward_state.h"
#include "worker/origin/retry_budget.h"

/* The first call has had all the time there is: its endpoint hangs, unless it
 * is the client who is slow. */
static bool
deadline_is_endpoints(const struct forward *f)
{
	const struct req *q = f->req;

	return f->call.origin != NULL && !f->waiting &&
	    forward_attempts(f) == 1 &&
	    (q->head.body == BODY_NONE || q->request_done);
}

static void
deadline_over(struct timer *t)
{
	struct forward *f = CONTAINER_OF(t, struct forward, overdue);

	f->late = true;
	if (deadline_is_endpoints(f))
		call_expire(&f->call); /* forward_failed is next */
	else
		req_fail(f->req, WHY_RETRY_DEADLINE);
}

void
forward_book(struct forward *f)
{
	const struct req *q = f->req;
	uint64_t us = q->service->retry.deadline_us;

	f->booked = true;
	retry_book(q->env, q->service);
	if (us == 0)
		return;
	f->bound = true;
	f->due = mono_add_us(clock_now(), us);
	timer_init(&f->overdue, deadline_over);
	timer_set(&q->env->loop->timers, &f->overdue, f->due);
}

bool
forward_in_time(const struct forward *f, uint64_t us)
{
	return !f->bound || mono_add_us(clock_now(), us).us < f->due.us;
}
