/*
 * forward_manner.c - a request speaks to an endpoint in its manner (manner.h),
 * or waits until an image says what that is.
 */
#include "worker/origin/forward_state.h"
#include "worker/origin/manner.h"

static void
forward_await_image(struct forward *f)
{
	if (f->turns == MANNER_TURNS_MAX) {
		req_fail(f->req, WHY_NO_ENDPOINT);
		return;
	}
	f->turns++;
	forward_wait(f, MANNER_TURN_US);
}

bool
forward_speak(struct forward *f, uint64_t manner)
{
	struct req *q = f->req;
	struct manner m = { q->image, q->service, q->image_slot };

	if (!manner_find(&m, q->env, manner)) {
		forward_await_image(f);
		return false;
	}
	if (q->env->plans) {
		f->call.params.protocol = m.service->protocol;
	} else if (!manner_take(&m, q->env, &f->call.params)) {
		req_fail(q, WHY_OVERLOADED);
		return false;
	}
	f->manner = manner;
	q->up.https = m.service->tls != IMG_NONE;
	return true;
}
