/*
 * manner.c - see manner.h.
 */
#include "worker/origin/manner.h"

#include "worker/flow/secure.h"

bool
manner_find(struct manner *m, const struct env *e, uint64_t manner)
{
	const struct epoch_view *v = &e->view;
	const struct img_service *now;

	if (m->service->manner == manner)
		return true;
	if (v->image == m->image)
		return false;
	now = image_service(v->image, m->service->slot);
	if (now == NULL || now->manner != manner)
		return false;
	*m = (struct manner){ v->image, now, v->slot };
	return true;
}

bool
manner_take(const struct manner *m, const struct env *e, struct call_params *p)
{
	const struct img_tls_out *out =
	    img_at(m->image, m->image->tls_outs.off);
	uint32_t index = m->service->tls;

	p->protocol = m->service->protocol;
	p->tls = NULL;
	if (index == IMG_NONE)
		return true;
	p->server_name = img_slice(m->image, out[index].server_name);
	p->tls = secure_client(e->secure, m->image,
	    epoch_secrets(e->region, m->image_slot), index);
	return p->tls != NULL;
}
