/*
 * wants.c - see wants.h.
 *
 * The order of wants is that of the configuration, and by address within a
 * name, so that the order of a DNS answer changes nothing.
 */
#include "master/wants.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "shm/override.h"

#define TOTAL_MAX                                                   \
	INT32_MAX /* of weights; rounding up may exceed it a little \
		   */

/* What the wants of one service are made from. */
struct maker {
	struct wants *w;
	const struct region *r;
	const struct resolver *names;
	const struct img_head *img;
	const struct img_service *s;
	const struct img_endpoint *e; /* the one at hand */
	struct override by_text;      /* of e, as far as it holds */
};

/* ---- what operators changed ---- */

/* Only what the configuration has not changed since. */
static struct override
maker_override(const struct maker *m, struct slice name)
{
	struct override o;

	if (!override_find(m->r, m->s->slot, name, &o))
		return (struct override){ 0 };
	o.has_state = o.has_state && o.conf_state == m->e->admin;
	o.has_weight = o.has_weight && o.conf_weight == m->e->weight;
	return o;
}

static void
want_set_admin(struct eset_want *want, const struct override *o)
{
	if (!o->has_state)
		return;
	want->admin = o->state;
	want->cause = CAUSE_OPERATOR;
}

/* ---- adding ---- */

static struct eset_want *
wants_add(struct wants *w)
{
	if (w->count == w->room) {
		w->room = w->room != 0 ? 2 * w->room : 16;
		w->at = reallocarray(w->at, w->room, sizeof(*w->at));
		MUST(w->at != NULL);
	}
	return &w->at[w->count++];
}

/*
 * One address of the endpoint at hand. What was changed of the address wins
 * over what was changed of the text that stands for it.
 */
static void
maker_add(struct maker *m, const struct addr *a, uint32_t weight, bool backup)
{
	const struct img_endpoint *e = m->e;
	struct eset_want *want = wants_add(m->w);
	char text[ADDR_TEXT_MAX];
	struct override o =
	    maker_override(m, slice_make(text, addr_text(a, text)));

	*want = (struct eset_want){ .addr = *a,
		.label = img_slice(m->img, e->label),
		.weight = o.has_weight ? o.weight : weight,
		.manner = m->s->manner,
		.backup = backup,
		.near = e->near != 0,
		.slow = m->s->slow_start_us != 0,
		.admin = e->admin,
		.cause =
		    e->kind == IMG_ENDPOINT_ADDR ? CAUSE_CONFIG : CAUSE_DNS };
	want_set_admin(want, &m->by_text);
	want_set_admin(want, &o);
}

/* The configured weight, or the operator's. */
static uint32_t
maker_weight(const struct maker *m)
{
	return m->by_text.has_weight ? m->by_text.weight : m->e->weight;
}

/* ---- names ---- */

static void
maker_add_resolved(struct maker *m, const struct resolve_name *n)
{
	struct resolve_walk walk = { 0 };
	struct resolve_place p;

	while (resolve_name_next(n, &walk, &p)) {
		uint64_t weight = (uint64_t)p.weight * maker_weight(m);

		if (n->kind == IMG_ENDPOINT_NAME)
			p.addr.port = m->e->addr.port;
		maker_add(m, &p.addr,
		    weight < TOTAL_MAX ? (uint32_t)weight : TOTAL_MAX,
		    p.backup || m->e->backup != 0);
	}
}

static bool
wants_have(const struct wants *w, uint32_t from, const struct addr *a)
{
	for (uint32_t i = from; i < w->count; i++)
		if (addr_eq(&w->at[i].addr, a))
			return true;
	return false;
}

static bool
is_known(const struct resolve_name *n, const struct addr *a)
{
	return n->family[a->is_v6 ? RESOLVE_V6 : RESOLVE_V4].known;
}

/*
 * What a master before this one knew. The weight and place of a host's address
 * are in the configuration, those of an SRV record in the set alone.
 */
static void
maker_add_carried(struct maker *m, const struct resolve_name *n, uint32_t from)
{
	const struct eset *set = registry_set(m->r, m->s->slot);
	struct slice label = img_slice(m->img, m->e->label);

	for (uint32_t i = 0; set != NULL && i < set->count; i++) {
		const struct eset_member *member = &set->members[i];

		if (is_known(n, &member->addr) ||
		    wants_have(m->w, from, &member->addr) ||
		    !slice_eq(
			registry_endpoint_label(m->r, member->handle.index),
			label))
			continue;
		if (m->e->kind == IMG_ENDPOINT_SRV)
			maker_add(m, &member->addr, member->weight,
			    i >= set->primaries);
		else
			maker_add(m, &member->addr, maker_weight(m),
			    m->e->backup != 0);
	}
}

static int
want_order(const void *a, const void *b)
{
	const struct eset_want *x = a, *y = b;
	int by = memcmp(&x->addr, &y->addr, sizeof(x->addr));

	if (by == 0)
		by = (int)x->backup - (int)y->backup;
	if (by == 0)
		by = (x->weight > y->weight) - (x->weight < y->weight);
	return by;
}

static void
maker_add_name(struct maker *m)
{
	const struct resolve_name *n = resolver_find(m->names,
	    (enum img_endpoint_kind)m->e->kind, img_slice(m->img, m->e->host));
	uint32_t from = m->w->count;

	if (n == NULL)
		return;
	maker_add_resolved(m, n);
	if (n->inherited)
		maker_add_carried(m, n, from);
	if (m->w->count != from)
		qsort(m->w->at + from, m->w->count - from, sizeof(*m->w->at),
		    want_order);
}

/* ---- all of a service ---- */

static void
maker_add_endpoint(struct maker *m)
{
	m->by_text = maker_override(m, img_slice(m->img, m->e->label));
	switch ((enum img_endpoint_kind)m->e->kind) {
	case IMG_ENDPOINT_ADDR:
		maker_add(m, &m->e->addr, maker_weight(m), m->e->backup != 0);
		break;
	case IMG_ENDPOINT_NAME:
	case IMG_ENDPOINT_SRV:
		maker_add_name(m);
		break;
	}
}

/* SRV records can have large weights; what counts is how they compare. */
static void
wants_bound(struct wants *w)
{
	uint64_t total = 0, by;

	for (uint32_t i = 0; i < w->count; i++)
		total += w->at[i].weight;
	by = total / TOTAL_MAX + 1;
	for (uint32_t i = 0; i < w->count && by != 1; i++) {
		w->at[i].weight = (uint32_t)(w->at[i].weight / by);
		if (w->at[i].weight == 0)
			w->at[i].weight = 1;
	}
}

void
wants_init(struct wants *w, const struct region *r,
    const struct resolver *names, const struct img_head *img,
    const struct img_service *s)
{
	struct maker m = { .w = w, .r = r, .names = names, .img = img, .s = s };
	const struct img_endpoint *e = img_at(img, s->endpoints.off);

	*w = (struct wants){ 0 };
	for (uint32_t i = 0; i < s->endpoints.count; i++) {
		m.e = &e[i];
		maker_add_endpoint(&m);
	}
	wants_bound(w);
}

void
wants_fini(struct wants *w)
{
	free(w->at);
}

bool
wants_label_used(const struct region *r, uint32_t slot, struct slice label)
{
	const struct eset *set = registry_set(r, slot);

	for (uint32_t i = 0; set != NULL && i < set->count; i++)
		if (slice_eq(registry_endpoint_label(
				 r, set->members[i].handle.index),
			label))
			return true;
	return false;
}
