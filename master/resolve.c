/*
 * resolve.c - see resolve.h: what the owner and the images say. The names and
 * their rounds are in resolve_names.c.
 */
#include "master/resolve.h"

#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "master/resolve_names.h"

#define RETRY_US 1000000

/* ---- telling the owner ---- */

static void
resolver_tell_changed(struct resolver *rs)
{
	bool all = true;

	for (uint32_t i = 0; i < rs->services; i++)
		if (rs->changed[i]) {
			rs->changed[i] = !rs->owner->changed(rs, i);
			all = all && !rs->changed[i];
		}
	if (!all)
		timer_set(&rs->loop->timers, &rs->retry,
		    mono_add_us(clock_now(), RETRY_US));
}

static void
resolver_on_tell(struct loop_task *t)
{
	struct resolver *rs = CONTAINER_OF(t, struct resolver, tell);

	resolver_tell_changed(rs);
	if (rs->awaiting && resolver_settled(rs)) {
		rs->awaiting = false;
		rs->owner->settled(rs);
	}
}

static void
resolver_on_retry(struct timer *t)
{
	resolver_tell_changed(CONTAINER_OF(t, struct resolver, retry));
}

void
resolver_await(struct resolver *rs, struct resolve_name *n)
{
	n->awaited = true;
	rs->awaiting = true;
}

bool
resolver_settled(struct resolver *rs)
{
	struct resolve_name *n = NULL;

	while ((n = resolver_next(rs, n)) != NULL)
		if (n->awaited && !resolve_name_settled(n))
			return false;
	return true;
}

/* ---- images ---- */

/* The next endpoint of img that is a name; false at the end. */
struct named {
	uint32_t service, endpoint; /* where the next one is looked for */
	const struct img_endpoint *e;
};

static bool
named_next(const struct img_head *img, struct named *at)
{
	const struct img_service *s = img_at(img, img->services.off);

	for (; at->service < img->services.count;
	     at->service++, at->endpoint = 0) {
		const struct img_span *span = &s[at->service].endpoints;
		const struct img_endpoint *e = img_at(img, span->off);

		while (at->endpoint < span->count) {
			at->e = &e[at->endpoint++];
			if (at->e->kind != IMG_ENDPOINT_ADDR)
				return true;
		}
	}
	return false;
}

static void
resolver_configure(struct resolver *rs, const struct img_head *img)
{
	const struct img_resolver *s = &img->resolver;
	bool other = rs->bounds.min_us != s->min_ttl_us ||
	    rs->bounds.max_us != s->max_ttl_us || rs->attempts != s->attempts;

	rs->bounds = (struct resolve_bounds){ s->min_ttl_us, s->max_ttl_us };
	rs->attempts = s->attempts;
	if (resolve_channel_differs(&rs->channel, img, s)) {
		(void)resolve_channel_open(&rs->channel, img, s);
		other = true;
	}
	if (other)
		resolve_names_restart(rs);
}

static struct resolve_name *
named_get(struct resolver *rs, const struct img_head *img,
    const struct img_endpoint *e)
{
	return resolve_names_get(
	    rs, (enum img_endpoint_kind)e->kind, img_slice(img, e->host));
}

void
resolver_prepare(struct resolver *rs, const struct img_head *img)
{
	struct named at = { 0 };
	bool any = named_next(img, &at);

	if (!any)
		return;
	resolver_configure(rs, img);
	for (; any; any = named_next(img, &at))
		named_get(rs, img, at.e)->wanted = true;
}

static void
name_add_user(struct resolve_name *n, uint32_t service)
{
	if (n->user_count != 0 && n->users[n->user_count - 1] == service)
		return;
	n->users = reallocarray(
	    n->users, (size_t)n->user_count + 1, sizeof(*n->users));
	MUST(n->users != NULL);
	n->users[n->user_count++] = service;
}

static void
resolver_forget_users(struct resolver *rs)
{
	struct resolve_name *n = NULL;

	while ((n = resolver_next(rs, n)) != NULL) {
		n->wanted = n->awaited = false;
		n->user_count = 0;
	}
	rs->awaiting = false;
}

/*
 * What could not be published yet stays to be told: of another image it is as
 * good a reason to look as any.
 */
static void
resolver_set_services(struct resolver *rs, uint32_t count)
{
	rs->changed =
	    reallocarray(rs->changed, (size_t)count + 1, sizeof(*rs->changed));
	MUST(rs->changed != NULL);
	for (uint32_t i = rs->services; i < count; i++)
		rs->changed[i] = false;
	rs->services = count;
}

void
resolver_follow(struct resolver *rs, const struct img_head *img)
{
	struct named at = { 0 };

	resolver_forget_users(rs);
	resolver_set_services(rs, img != NULL ? img->services.count : 0);
	if (img != NULL)
		resolver_prepare(rs, img);
	while (img != NULL && named_next(img, &at))
		name_add_user(named_get(rs, img, at.e), at.service);
	resolve_names_sweep(rs);
	if (list_empty(&rs->names))
		resolve_channel_close(&rs->channel);
}

void
resolver_inherit(struct resolver *rs)
{
	struct resolve_name *n = NULL;

	while ((n = resolver_next(rs, n)) != NULL)
		n->inherited = true;
}

/* ---- life ---- */

bool
resolver_init(
    struct resolver *rs, struct loop *loop, const struct resolver_owner *owner)
{
	*rs = (struct resolver){ .loop = loop, .owner = owner };
	list_init(&rs->names);
	list_init(&rs->queue);
	map_init(&rs->by_host);
	loop_task_init(&rs->tell, resolver_on_tell);
	timer_init(&rs->retry, resolver_on_retry);
	rs->random = hash_key_random().k0;
	return resolve_channel_init(&rs->channel, loop);
}

void
resolver_fini(struct resolver *rs)
{
	resolver_follow(rs, NULL);
	resolve_channel_fini(&rs->channel); /* ends the last rounds */
	loop_task_cancel(&rs->tell);
	timer_fini(&rs->loop->timers, &rs->retry);
	map_fini(&rs->by_host);
	free(rs->changed);
}
