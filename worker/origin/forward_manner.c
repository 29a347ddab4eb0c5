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

/* Of another image, or with TLS. */
static __attribute__((noinline)) bool
forward_learn(struct forward *f, uint64_t manner)
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

bool
forward_speak(struct forward *f, uint64_t manner)
{
	struct req *q = f->req;
	const struct img_service *s = q->service;

	if (s->manner != manner || s->tls != IMG_NONE)
		return forward_learn(f, manner);
	f->call.params.protocol = s->protocol;
	f->call.params.tls = NULL;
	f->manner = manner;
	q->up.https = false;
	return true;
}
