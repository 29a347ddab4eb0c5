/*
 * forward_full.c - what a request does when each endpoint that it could use has
 * as many connections as pool.max_connections allows.
 *
 * Connections that idle in other workers are asked for: their endpoints are
 * marked as wanted and the workers woken; each then closes one, and closes what
 * becomes idle instead of keeping it. Where none idles, the endpoints are busy
 * and the request ends.
 *
 * That is how it is without `queue`; with it, the request waits (queue.h).
 */
#include "shm/permit.h"
#include "worker/origin/forward_state.h"

#define FULL_US 1000000u
#define FULL_STEP_US 1000u
#define FULL_STEP_MAX_US 4000u
/*
 * The sum over workers is not taken at one instant, and a client may have its
 * answer before the connection idles: seeing none once does not mean much.
 */
#define FULL_LOOKS 3u

/* True when a connection to one of the full ones idles somewhere. */
static bool
full_ask_for_idle(struct forward *f)
{
	const struct region *r = f->req->env->region;
	const struct balance_tried *t = &f->ask.tried;
	bool idle = false;

	for (uint32_t i = 0; i < t->count; i++) {
		if ((f->full & 1u << i) == 0 ||
		    registry_pooled(r, t->index[i]) == 0)
			continue;
		permit_want(r, t->index[i], clock_now().us);
		idle = true;
	}
	return idle;
}

/* ---- with a queue ---- */

static struct forward *
forward_of(struct queue_waiter *w)
{
	return CONTAINER_OF(w, struct forward, wait);
}

/* What bounds connections now, not when it came. */
static void
forward_follow_bound(struct forward *f)
{
	const struct req *q = f->req;
	const struct img_head *now = q->env->view.image;
	const struct img_service *s;

	if (now == q->image)
		return;
	s = image_service(now, q->service->slot);
	if (s != NULL)
		f->call.params.max_connections = s->max_connections;
}

static void
forward_look(struct queue_waiter *w)
{
	struct forward *f = forward_of(w);

	forward_follow_bound(f);
	forward_forget_tried(f);
	forward_try(f);
}

static void
forward_waited_in_vain(struct queue_waiter *w, enum why why)
{
	req_fail(forward_of(w)->req, why);
}

void
forward_queue(struct forward *f)
{
	const struct req *q = f->req;
	const struct img_service *s = q->service;
	struct queue_rule rule = { .service = s->slot,
		.class = q->match.route->class,
		.length = s->queue.length,
		.timeout_us = s->queue.timeout_us };
	enum why why;

	if (!f->queued)
		f->wait = (struct queue_waiter){ .arrived = f->began,
			.look = forward_look,
			.over = forward_waited_in_vain };
	f->queued = true;
	why = queue_enter(&f->wait, q->env, &rule);
	if (why != WHY_OK)
		req_fail(f->req, why);
	else
		forward_hold_body(f);
}

bool
forward_has_to_wait(const struct forward *f)
{
	const struct req *q = f->req;

	return q->service->queue.length != 0 &&
	    queue_is_before(q->env, f->ask.service, f->ask.class);
}

void
forward_next(struct forward *f)
{
	if (forward_has_to_wait(f))
		forward_queue(f);
	else
		forward_try(f);
}

/* ---- without ---- */

void
forward_full(struct forward *f)
{
	struct env *e = f->req->env;
	uint64_t us = FULL_STEP_US;

	if (f->req->service->queue.length != 0) {
		forward_queue(f);
		return;
	}
	if (f->full_steps == 0)
		f->full_at = clock_now();
	if (full_ask_for_idle(f)) {
		e->wake_others(e);
		f->full_looks = 0;
	} else if (f->ask.tried.count < BALANCE_TRIED_MAX) {
		f->full_looks++; /* else there may be more to look at */
	}
	if (f->full_looks >= FULL_LOOKS ||
	    mono_diff_us(clock_now(), f->full_at) >= FULL_US) {
		req_fail(f->req, WHY_ENDPOINTS_FULL);
		return;
	}
	for (uint32_t i = 0; i < f->full_steps && us < FULL_STEP_MAX_US; i++)
		us *= 2;
	f->full_steps++;
	forward_forget_tried(f);
	forward_wait(f, us);
}
