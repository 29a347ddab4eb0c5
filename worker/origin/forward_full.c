/*
 * forward_full.c - what a request does when each endpoint that it could use has
 * as many connections as pool.max_connections allows.
 *
 * Connections that idle in other workers are asked for: their endpoints are
 * marked as wanted and the workers woken; each then closes one, and closes what
 * becomes idle instead of keeping it. Where none idles, the endpoints are busy
 * and the request ends.
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

void
forward_full(struct forward *f)
{
	struct env *e = f->req->env;
	uint64_t us = FULL_STEP_US;

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
