/*
 * cors.c - see cors.h. What may be asked for is cors_preflight.c's.
 */
#include "worker/filter/cors.h"

#include "worker/filter/cors_origin.h"
#include "worker/filter/cors_preflight.h"
#include "worker/flow/req.h"

#define CORS_FIELDS 4u /* that an answer gets at most */

static const struct slice cors_prefix = { "access-control-", 15 };
static const struct slice cors_origin = { "Origin", 6 };

enum verdict
cors_request(struct req *q)
{
	switch (q->match.preflight) {
	case PREFLIGHT_NONE:
		return GO_ON;
	case PREFLIGHT_ROUTED:
		cors_preflight_answer(q);
		return DONE;
	case PREFLIGHT_ASTRAY:
		break;
	}
	req_fail_with(q, WHY_CORS_REFUSED, ROUTE_NO_POLICY, NULL);
	return DONE;
}

/* ---- the answer ---- */

static bool
is_cors_field(const struct field *f)
{
	if (f->id != FIELD_OTHER)
		return f->id == FIELD_ACCESS_CONTROL_ALLOW_ORIGIN;
	return f->name.n > cors_prefix.n &&
	    f->name.p[cors_prefix.n - 1] == '-' &&
	    slice_eq_nocase(slice_make(f->name.p, cors_prefix.n), cors_prefix);
}

/* What the endpoint says of it, which does not know the policy. */
static void
cors_drop(struct head *h)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->count; i++) {
		if (is_cors_field(&h->fields[i]))
			continue;
		if (n != i)
			h->fields[n] = h->fields[i];
		n++;
	}
	h->count = n;
	h->present &= ~(UINT64_C(1) << FIELD_ACCESS_CONTROL_ALLOW_ORIGIN);
}

static void
vary_append(struct req *q, struct field *f)
{
	size_t n = f->value.n + sizeof(", Origin") - 1;
	char *p = arena_alloc(&q->arena, n);

	if (p == NULL)
		return;
	memcpy(p, f->value.p, f->value.n);
	memcpy(p + f->value.n, ", Origin", sizeof(", Origin") - 1);
	f->value = slice_make(p, n);
}

/* RFC 9110 12.5.5: a cache has to keep answers to several origins apart. */
static void
vary_add(struct req *q, struct head *h)
{
	uint32_t i = 0;

	if (!head_has(h, FIELD_VARY)) {
		head_add(h, FIELD_VARY, cors_origin);
		return;
	}
	if (head_lists(h, FIELD_VARY, cors_origin) ||
	    head_lists(h, FIELD_VARY, SLICE_LIT("*")))
		return;
	while (h->fields[i].id != FIELD_VARY)
		i++;
	if (h->fields[i].value.n == 0)
		h->fields[i].value = cors_origin;
	else
		vary_append(q, &h->fields[i]);
}

static void
cors_add(struct head *h, const char *name, struct slice value)
{
	h->fields[h->count++] =
	    (struct field){ .name = slice_str(name), .value = value };
}

/* A policy with methods is not about requests with others. */
static bool
cors_is_about(const struct req *q, const struct img_cors *c)
{
	return q->why == WHY_CORS_PREFLIGHT ||
	    (q->why != WHY_CORS_REFUSED &&
		route_method_listed(q->image, c->methods, c->other_methods,
		    (enum http_method)q->head.method, q->head.method_text));
}

/* The origin that may read the answer; empty: none. */
static struct slice
cors_reader(const struct req *q, const struct img_cors *c)
{
	const struct field *origin = head_find(&q->head, FIELD_ORIGIN);

	if (!cors_is_about(q, c))
		return SLICE_NONE;
	if (c->any)
		return SLICE_LIT("*");
	return origin != NULL && cors_origin_fits(q->image, c, origin->value)
	    ? origin->value
	    : SLICE_NONE;
}

void
cors_answer(struct req *q, struct head *h)
{
	const struct img_cors *c = route_cors(q->image, &q->match);
	struct slice reader, expose;

	if (c == NULL || !head_reserve(h, CORS_FIELDS, &q->arena))
		return;
	if (q->why != WHY_CORS_PREFLIGHT)
		cors_drop(h);
	if (!c->any)
		vary_add(q, h);
	reader = cors_reader(q, c);
	if (reader.n == 0)
		return;
	head_add(h, FIELD_ACCESS_CONTROL_ALLOW_ORIGIN, reader);
	if (c->credentials)
		cors_add(
		    h, "Access-Control-Allow-Credentials", SLICE_LIT("true"));
	expose = img_slice(q->image, c->expose_text[cors_preflight_kind(q)]);
	if (expose.n != 0 && q->why != WHY_CORS_PREFLIGHT)
		cors_add(h, "Access-Control-Expose-Headers", expose);
}
