/*
 * publish.c - see publish.h. What a set consists of is in wants.c.
 */
#include "master/publish.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "master/keyring.h"
#include "master/wants.h"
#include "shm/bans.h"
#include "shm/histo_own.h"
#include "shm/keysets.h"
#include "shm/limit_names.h"
#include "shm/override.h"
#include "shm/registry.h"

static const struct img_service *
services_of(const struct img_head *img)
{
	return img_at(img, img->services.off);
}

/* Where workers find what is published for an authenticator at its own pace. */
static uint32_t
keyset_slot(
    struct region *r, const struct img_head *img, const struct img_auth *a)
{
	struct slice name = img_slice(img, a->name);

	if (a->type == IMG_AUTH_API_KEY)
		return keyring_slot(r, name);
	if (a->type == IMG_AUTH_JWT && a->own != 0)
		return keysets_slot(r, SLICE_LIT(KEYSETS_OWN));
	return keysets_slot(r, name);
}

static bool
publish_keyset_slots(struct region *r, struct img_head *img, struct diag *d)
{
	struct img_span span = img->access.authenticators;
	struct img_auth *a =
	    (struct img_auth *)(void *)((char *)img + span.off);

	for (uint32_t i = 0; i < span.count; i++) {
		a[i].slot = IMG_NONE;
		if (a[i].type != IMG_AUTH_API_KEY &&
		    (a[i].type != IMG_AUTH_JWT ||
			(a[i].own == 0 && a[i].jwks_url.len == 0)))
			continue;
		a[i].slot = keyset_slot(r, img, &a[i]);
		if (a[i].slot != KEYSETS_NONE)
			continue;
		diag_error(d, NULL, 0,
		    "no room for the keys of authenticator \"%.*s\": there "
		    "are %u since the start, which is all",
		    SLICE_FMT(img_slice(img, a[i].name)), KEYSETS_MAX);
		return false;
	}
	return true;
}

/* Rules have numbers, which bans are known by. */
static void
publish_ban_rules(struct region *r, struct img_head *img)
{
	struct img_span span = img->protect.bans;
	struct img_ban_rule *b =
	    (struct img_ban_rule *)(void *)((char *)img + span.off);

	for (uint32_t i = 0; i < span.count; i++)
		b[i].by = bans_rule(r, img_slice(img, b[i].name));
}

static void
publish_limit_rows(struct region *r, struct img_head *img)
{
	struct img_span span = img->protect.limits;
	struct img_limit *l =
	    (struct img_limit *)(void *)((char *)img + span.off);

	for (uint32_t i = 0; i < span.count; i++)
		l[i].row = limit_name_row(r, img_slice(img, l[i].name));
}

bool
publish_slots(struct region *r, struct img_head *img, struct diag *d)
{
	char *base = (char *)img;
	struct img_service *s =
	    (struct img_service *)(void *)(base + img->services.off);
	struct img_route *routes =
	    (struct img_route *)(void *)(base + img->routes.off);

	for (uint32_t i = 0; i < img->services.count; i++) {
		struct slice name = img_slice(img, s[i].name);

		s[i].slot = registry_service(r, name);
		if (s[i].slot != REGISTRY_NONE)
			continue;
		diag_error(d, NULL, 0,
		    "no room for service \"%.*s\": there are %u since the "
		    "start, which is all",
		    SLICE_FMT(name), SERVICES_MAX);
		return false;
	}
	publish_ban_rules(r, img);
	for (uint32_t i = 0; i < img->routes.count; i++) {
		routes[i].row =
		    registry_route(r, img_slice(img, routes[i].name));
		routes[i].row_name = registry_route_named(r, routes[i].row);
	}
	publish_limit_rows(r, img);
	histo_own_allow(r, img->telemetry.max_histograms);
	return publish_keyset_slots(r, img, d);
}

/* ---- names ---- */

static void
publish_await_service(const struct region *r, struct resolver *names,
    const struct img_head *img, const struct img_service *s)
{
	const struct img_endpoint *e = img_at(img, s->endpoints.off);

	for (uint32_t i = 0; i < s->endpoints.count; i++) {
		struct resolve_name *n;

		if (e[i].kind == IMG_ENDPOINT_ADDR)
			continue;
		n = resolver_find(names, (enum img_endpoint_kind)e[i].kind,
		    img_slice(img, e[i].host));
		if (n != NULL && n->ok_us == 0 &&
		    !wants_label_used(r, s->slot, img_slice(img, e[i].label)))
			resolver_await(names, n);
	}
}

void
publish_await(
    const struct region *r, struct resolver *names, const struct img_head *img)
{
	const struct img_service *s = services_of(img);

	for (uint32_t i = 0; i < img->services.count; i++)
		publish_await_service(r, names, img, &s[i]);
}

/* ---- sets ---- */

bool
publish_service(struct region *r, const struct resolver *names,
    const struct img_head *img, uint32_t index)
{
	const struct img_service *s = &services_of(img)[index];
	struct wants w;
	bool ok;

	wants_init(&w, r, names, img, s);
	ok = registry_publish_set(r, s->slot, w.at, w.count);
	wants_fini(&w);
	return ok;
}

bool
publish_sets(struct region *r, const struct resolver *names,
    const struct img_head *img, struct diag *d)
{
	for (uint32_t i = 0; i < img->services.count; i++) {
		if (publish_service(r, names, img, i))
			continue;
		diag_error(d, NULL, 0,
		    "no room for the endpoints of service \"%.*s\"",
		    SLICE_FMT(img_slice(img, services_of(img)[i].name)));
		return false;
	}
	return true;
}

bool
publish_undo(struct region *r, const struct resolver *names,
    const struct img_head *current)
{
	bool all = true;

	for (uint32_t i = 0; current != NULL && i < current->services.count;
	     i++)
		all = publish_service(r, names, current, i) && all;
	return all;
}

/* ---- what operators changed ---- */

/* By its text, or as one of the addresses that its text stands for. */
static bool
endpoint_is(const struct region *r, const struct img_head *img,
    const struct img_service *s, const struct img_endpoint *e,
    struct slice name)
{
	const struct eset *set = registry_set(r, s->slot);
	struct slice label = img_slice(img, e->label);
	char addr[ADDR_TEXT_MAX];

	if (slice_eq(label, name) ||
	    (e->kind == IMG_ENDPOINT_ADDR &&
		slice_eq(slice_make(addr, addr_text(&e->addr, addr)), name)))
		return true;
	for (uint32_t i = 0; set != NULL && i < set->count; i++) {
		uint32_t index = set->members[i].handle.index;

		if (slice_eq(registry_endpoint_text(r, index), name))
			return slice_eq(
			    registry_endpoint_label(r, index), label);
	}
	return false;
}

/*
 * Ends what img says anew. An address that a name does not stand for at the
 * moment may come back: its change stays as long as there are names.
 */
static void
override_refresh(const struct region *r, const struct img_head *img,
    const struct img_service *s, struct slice name, struct override *o)
{
	const struct img_endpoint *e = img_at(img, s->endpoints.off);
	bool names = false;

	for (uint32_t i = 0; i < s->endpoints.count; i++) {
		names = names || e[i].kind != IMG_ENDPOINT_ADDR;
		if (!endpoint_is(r, img, s, &e[i], name))
			continue;
		o->has_state = o->has_state && o->conf_state == e[i].admin;
		o->has_weight = o->has_weight && o->conf_weight == e[i].weight;
		return;
	}
	o->has_state = o->has_state && names;
	o->has_weight = o->has_weight && names;
}

/* True: some of it stays. */
static bool
override_review(struct region *r, const struct img_head *img, uint32_t slot,
    struct slice name, const struct override *was)
{
	const struct img_service *s = image_service(img, slot);
	struct override o = *was;

	if (s == NULL) {
		override_drop_service(r, slot);
		return false;
	}
	override_refresh(r, img, s, name, &o);
	if (o.has_state != was->has_state || o.has_weight != was->has_weight)
		(void)override_set(r, slot, name, &o);
	return o.has_state || o.has_weight;
}

void
publish_commit(struct region *r, const struct img_head *img)
{
	struct override o;
	struct slice name;
	uint32_t slot, i = 0;

	while (override_at(r, i, &slot, &name, &o))
		i += override_review(r, img, slot, name, &o);
}

void
publish_retire_absent(struct region *r, const struct img_head *current)
{
	uint32_t count = atomic_load(&r->state->control.services);
	bool *named = calloc(SERVICES_MAX, sizeof(*named));
	const struct img_service *s;

	MUST(named != NULL);
	if (current != NULL) {
		s = services_of(current);
		for (uint32_t i = 0; i < current->services.count; i++)
			if (s[i].slot < SERVICES_MAX)
				named[s[i].slot] = true;
	}
	for (uint32_t i = 0; i < count; i++)
		if (!named[i] && registry_set(r, i) != NULL)
			registry_retire_service(r, i);
	free(named);
}
