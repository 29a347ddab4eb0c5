/*
 * jwks.c - see jwks.h: what the images say. One set is in jwks_set.c.
 */
#include "master/jwks.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "common/net/tls.h"
#include "master/jwks_set.h"

/* ---- sets by authenticator and url ---- */

static struct jwks_set *
set_of(struct list *l)
{
	return CONTAINER_OF(l, struct jwks_set, link);
}

static struct jwks_set *
jwks_find(struct jwks *j, struct slice name, struct slice url)
{
	for (struct list *l = j->sets.next; l != &j->sets; l = l->next)
		if (slice_eq(slice_str(set_of(l)->name), name) &&
		    slice_eq(slice_str(set_of(l)->url), url))
			return set_of(l);
	return NULL;
}

/* Certificates that https believes in; none: the system's. */
static void
set_take_cas(struct jwks_set *s, const struct region *r,
    const struct img_head *img, const struct img_auth *auth)
{
	const struct img_trust *trusts = img_at(img, img->trusts.off);
	const char *secrets = r->secrets + ((const char *)img - r->images);
	const struct img_trust *t;

	text_clear(&s->cas);
	if (auth->jwks_trust >= img->trusts.count)
		return;
	t = &trusts[auth->jwks_trust];
	text_add(&s->cas, slice_make(secrets + t->cas.off, t->cas.len));
}

static struct jwks_set *
jwks_get(
    struct jwks *j, const struct img_head *img, const struct img_auth *auth)
{
	struct slice name = img_slice(img, auth->name);
	struct slice url = img_slice(img, auth->jwks_url);
	struct jwks_set *s = jwks_find(j, name, url);
	bool fresh = s == NULL;

	if (fresh)
		s = jwks_set_new(j, name, url);
	s->refresh_us = auth->jwks_refresh_us;
	s->cooldown_us = auth->jwks_cooldown_us;
	s->timeout_us = auth->jwks_timeout_us;
	s->slot = auth->slot;
	set_take_cas(s, j->region, img, auth);
	if (fresh)
		jwks_set_fetch(s);
	return s;
}

/* ---- images ---- */

/* The next authenticator with an url, from *at on; NULL: no more. */
static const struct img_auth *
auth_next(const struct img_head *img, uint32_t *at)
{
	const struct img_auth *auth =
	    img_at(img, img->access.authenticators.off);

	while (*at < img->access.authenticators.count) {
		const struct img_auth *a = &auth[(*at)++];

		if (a->type == IMG_AUTH_JWT && a->jwks_url.len != 0)
			return a;
	}
	return NULL;
}

static bool
set_awaits(struct jwks_set *s)
{
	s->awaited = s->fetch != NULL && s->made.n == 0 && jwks_keys(s) == NULL;
	return s->awaited;
}

bool
jwks_prepare(struct jwks *j, const struct img_head *img)
{
	const struct img_auth *a;
	uint32_t at = 0;

	j->awaiting = false;
	while ((a = auth_next(img, &at)) != NULL) {
		fetcher_configure(j->fetcher, img);
		if (set_awaits(jwks_get(j, img, a)))
			j->awaiting = true;
	}
	return j->awaiting;
}

void
jwks_publish(struct jwks *j, const struct img_head *img)
{
	const struct img_auth *a;
	uint32_t at = 0;

	while ((a = auth_next(img, &at)) != NULL)
		jwks_set_publish(jwks_get(j, img, a));
}

static void
jwks_sweep(struct jwks *j)
{
	struct list *l, *next;

	for (l = j->sets.next; l != &j->sets; l = next) {
		next = l->next;
		set_of(l)->wanted = set_of(l)->kept;
		set_of(l)->kept = false;
		if (!set_of(l)->wanted)
			jwks_set_free(set_of(l));
	}
}

void
jwks_follow(struct jwks *j, const struct img_head *img)
{
	const struct img_auth *a;
	uint32_t at = 0;

	j->awaiting = false;
	while (img != NULL && (a = auth_next(img, &at)) != NULL) {
		struct jwks_set *s;

		fetcher_configure(j->fetcher, img);
		s = jwks_get(j, img, a);
		s->kept = true;
		s->awaited = false;
		jwks_set_publish(s);
	}
	jwks_sweep(j);
}

void
jwks_look(struct jwks *j)
{
	for (struct list *l = j->sets.next; l != &j->sets; l = l->next)
		if (set_of(l)->wanted)
			jwks_set_look(set_of(l));
}

void
jwks_tell_settled(struct jwks *j)
{
	if (!j->awaiting)
		return;
	for (struct list *l = j->sets.next; l != &j->sets; l = l->next)
		if (set_of(l)->awaited)
			return;
	j->awaiting = false;
	j->owner->settled(j);
}

/* ---- what others want to know ---- */

struct jwks_set *
jwks_next(struct jwks *j, struct jwks_set *s)
{
	struct list *l = s != NULL ? s->link.next : j->sets.next;

	while (l != &j->sets && !set_of(l)->wanted)
		l = l->next;
	return l != &j->sets ? set_of(l) : NULL;
}

/* ---- life ---- */

void
jwks_init(struct jwks *j, struct loop *loop, struct region *r,
    struct fetcher *fetcher, const struct jwks_owner *owner)
{
	*j = (struct jwks){ .loop = loop,
		.region = r,
		.fetcher = fetcher,
		.owner = owner,
		.random = hash_key_random().k0 };
	list_init(&j->sets);
}

void
jwks_fini(struct jwks *j)
{
	while (!list_empty(&j->sets))
		jwks_set_free(set_of(j->sets.next));
}
