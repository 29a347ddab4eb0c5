/*
 * forward_manner.c - how an endpoint is spoken to: its protocol, and TLS.
 *
 * An endpoint set changes for everybody at once, while a request holds on to
 * its image. Where a reload has changed what a set consists of and how it is
 * spoken to, a request from before goes by what the current image says of its
 * service.
 *
 * Sets are published just before their image. In between one may be met that no
 * image fits yet: the request waits for the next turns. Later than that there
 * is none, as epoch_enter sees the image after the sets (protocol A: M2 is
 * after S3 of all, W3 before any set is read).
 */
#include "worker/flow/secure.h"
#include "worker/origin/forward_state.h"

#define FORWARD_TURN_US 1000u
/* So long, at most, if the master has died amid a publication. */
#define FORWARD_TURNS_MAX 5000u

/* A service, where it stands. */
struct spoken {
	const struct img_head *image;
	const struct img_service *service;
	uint32_t image_slot;
};

static bool
spoken_now(struct spoken *s, const struct forward *f, uint64_t manner)
{
	const struct epoch_view *v = &f->req->env->view;

	if (v->image == s->image)
		return false;
	s->service = image_service(v->image, s->service->slot);
	s->image = v->image;
	s->image_slot = v->slot;
	return s->service != NULL && s->service->manner == manner;
}

/* False without memory. */
static bool
spoken_secure(const struct spoken *s, struct forward *f)
{
	struct call_params *p = &f->call.params;
	struct env *e = f->req->env;
	const struct img_tls_out *out =
	    img_at(s->image, s->image->tls_outs.off);
	uint32_t index = s->service->tls;

	p->tls = NULL;
	if (index == IMG_NONE)
		return true;
	p->server_name = img_slice(s->image, out[index].server_name);
	p->tls = secure_client(e->secure, s->image,
	    epoch_secrets(e->region, s->image_slot), index);
	return p->tls != NULL;
}

static void
forward_await_image(struct forward *f)
{
	if (f->turns == FORWARD_TURNS_MAX) {
		req_fail(f->req, WHY_NO_ENDPOINT);
		return;
	}
	f->turns++;
	forward_wait(f, FORWARD_TURN_US);
}

bool
forward_speak(struct forward *f, uint64_t manner)
{
	struct req *q = f->req;
	struct spoken s = { q->image, q->service, q->image_slot };

	if (s.service->manner != manner && !spoken_now(&s, f, manner)) {
		forward_await_image(f);
		return false;
	}
	if (!spoken_secure(&s, f)) {
		req_fail(q, WHY_OVERLOADED);
		return false;
	}
	f->manner = manner;
	f->call.params.protocol = s.service->protocol;
	q->up.https = s.service->tls != IMG_NONE;
	return true;
}
