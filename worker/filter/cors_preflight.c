/*
 * cors_preflight.c - see cors_preflight.h.
 */
#include "worker/filter/cors_preflight.h"

#include "worker/filter/cors_origin.h"
#include "worker/flow/reply.h"

#define PREFLIGHT_FIELDS 8u
#define METHODS_TEXT 128u /* all that are known, and one more of 32 */

/* Of the name of a field that is refused. */
#define NAME_SHOWN 64u

/* Neither is ever served (own.h), nor do browsers ask for them. */
#define METHODS_NEVER \
	(UINT32_C(1) << METHOD_CONNECT | UINT32_C(1) << METHOD_TRACE)
#define METHODS_KNOWN \
	(((UINT32_C(1) << METHOD_COUNT) - 2) & ~(uint32_t)METHODS_NEVER)

unsigned
cors_preflight_kind(const struct req *q)
{
	const struct img_route *r = q->match.route;

	return r != NULL ? r->filters >> IMG_FILTER_GRPC_WEB & 1 : 0;
}

/* ---- the decision ---- */

struct asking {
	const struct img_head *img;
	const struct img_cors *c;
	unsigned kind;
	const struct head *h;
	struct slice method;
};

static struct asking
asking_of(const struct img_head *img, const struct img_cors *c, unsigned kind,
    const struct head *h)
{
	return (struct asking){ img, c, kind, h,
		head_get(h, FIELD_ACCESS_CONTROL_REQUEST_METHOD)->value };
}

static bool
method_allowed(const struct asking *a)
{
	enum http_method m = http_method_find(a->method);

	return http_is_token(a->method) && (METHODS_NEVER >> m & 1) == 0 &&
	    route_method_listed(
		a->img, a->c->methods, a->c->other_methods, m, a->method);
}

static bool
header_allowed(const struct asking *a, struct slice name)
{
	const struct img_span *span = &a->c->headers[a->kind];
	const struct img_str *all = img_at(a->img, span->off);

	if (a->c->any_header)
		return http_is_token(name);
	for (uint32_t i = 0; i < span->count; i++)
		if (slice_eq_nocase(img_slice(a->img, all[i]), name))
			return true;
	return false;
}

/* The first that is not allowed of those that are asked for; else empty. */
static struct slice
header_refused(const struct asking *a)
{
	for (uint32_t i = 0; i < a->h->count; i++) {
		const struct field *f = &a->h->fields[i];
		struct slice name;
		size_t at = 0;

		if (f->id != FIELD_ACCESS_CONTROL_REQUEST_HEADERS)
			continue;
		while (head_list_next(f->value, &at, &name))
			if (!header_allowed(a, name))
				return name;
	}
	return SLICE_NONE;
}

enum cors_verdict
cors_preflight_judge(const struct img_head *img, const struct img_cors *c,
    unsigned kind, const struct head *h, struct slice *name)
{
	struct asking a = asking_of(img, c, kind, h);

	if (!cors_origin_fits(img, c, head_get(h, FIELD_ORIGIN)->value))
		return CORS_BAD_ORIGIN;
	if (!method_allowed(&a))
		return CORS_BAD_METHOD;
	*name = header_refused(&a);
	return name->n == 0 ? CORS_ALLOWED : CORS_BAD_HEADER;
}

static const char *
fault_text(enum cors_verdict verdict, struct slice name, struct arena *arena)
{
	struct slice text;

	switch (verdict) {
	case CORS_BAD_ORIGIN:
		return "The policy does not have this origin.";
	case CORS_BAD_METHOD:
		return "The policy does not have this method.";
	case CORS_BAD_HEADER:
		if (name.n > NAME_SHOWN)
			name.n = NAME_SHOWN;
		text = arena_printf(arena,
		    "The policy does not have the header field %.*s.",
		    SLICE_FMT(name));
		return text.p;
	case CORS_ALLOWED:
		break;
	}
	return NULL;
}

/* ---- what is allowed ---- */

/* All methods that have this answer, so that a browser need not ask again. */
static struct slice
methods_text(struct req *q, const struct asking *a)
{
	char *p = arena_alloc(&q->arena, METHODS_TEXT + 2 + a->method.n);
	size_t n;

	if (p == NULL)
		return SLICE_NONE;
	if (q->match.allow == 0)
		q->match.allow = METHODS_KNOWN;
	q->match.allow &= METHODS_KNOWN;
	if (a->c->methods != 0)
		q->match.allow &= a->c->methods;
	n = route_allow_text(q->image, &q->match, p, METHODS_TEXT);
	if (http_method_find(a->method) == METHOD_OTHER) {
		memcpy(p + n, ", ", n != 0 ? 2 : 0);
		n += n != 0 ? 2 : 0;
		memcpy(p + n, a->method.p, a->method.n);
		n += a->method.n;
	}
	return slice_make(p, n);
}

/* Where any is allowed, those that were asked for. */
static struct slice
headers_text(struct req *q, const struct asking *a)
{
	struct slice text = SLICE_NONE;

	if (!a->c->any_header)
		return img_slice(a->img, a->c->headers_text[a->kind]);
	for (uint32_t i = 0; i < a->h->count; i++) {
		const struct field *f = &a->h->fields[i];

		if (f->id != FIELD_ACCESS_CONTROL_REQUEST_HEADERS)
			continue;
		if (text.n == 0)
			text = f->value;
		else
			text = arena_printf(&q->arena, "%.*s, %.*s",
			    SLICE_FMT(text), SLICE_FMT(f->value));
	}
	return text;
}

static void
put(struct head *h, const char *name, struct slice value)
{
	if (value.n != 0)
		h->fields[h->count++] =
		    (struct field){ .name = slice_str(name), .value = value };
}

static void
preflight_allow(struct req *q, const struct asking *a)
{
	struct field *fields =
	    arena_alloc(&q->arena, PREFLIGHT_FIELDS * sizeof(*fields));
	struct head h = { .status = 204,
		.reason = http_reason(204),
		.version = HTTP_1_1,
		.method = q->head.method,
		.body = BODY_NONE,
		.fields = fields };

	q->why = WHY_CORS_PREFLIGHT;
	h.close = reply_closes(q);
	if (fields == NULL) {
		req_end(q, WHY_OVERLOADED, true);
		return;
	}
	head_add(&h, FIELD_SERVER, SLICE_LIT("penstock"));
	put(&h, "Access-Control-Allow-Methods", methods_text(q, a));
	put(&h, "Access-Control-Allow-Headers", headers_text(q, a));
	put(&h, "Access-Control-Max-Age", img_slice(a->img, a->c->max_age));
	req_answer_head(q, &h, PREFLIGHT_FIELDS, true);
}

void
cors_preflight_answer(struct req *q)
{
	const struct img_cors *c = route_cors(q->image, &q->match);
	unsigned kind = cors_preflight_kind(q);
	struct asking a = asking_of(q->image, c, kind, &q->head);
	struct slice name = SLICE_NONE;
	enum cors_verdict verdict =
	    cors_preflight_judge(q->image, c, kind, &q->head, &name);

	if (verdict == CORS_ALLOWED)
		preflight_allow(q, &a);
	else
		req_fail_with(q, WHY_CORS_REFUSED,
		    fault_text(verdict, name, &q->arena), NULL);
}
