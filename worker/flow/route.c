/*
 * route.c - of the routes that share host and path, the one for a request:
 * conditions, methods, and what to say when there is none. The search for host
 * and path is route_path.
 */
#include "worker/flow/route.h"

#include "worker/flow/cookie.h"
#include "worker/flow/route_path.h"

static bool
header_holds(const struct head *h, const struct img_condition *c,
    struct slice name, struct slice value)
{
	if (c->id != FIELD_OTHER && !head_has(h, (enum field_id)c->id))
		return false;
	for (uint32_t i = 0; i < h->count; i++) {
		const struct field *f = &h->fields[i];

		if (f->id != c->id ||
		    (c->id == FIELD_OTHER && !slice_eq_nocase(f->name, name)))
			continue;
		if (!c->has_value || slice_eq(f->value, value))
			return true;
	}
	return false;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Whether `raw`, a query value as sent, means `value`. */
static bool
query_means(struct slice raw, struct slice value)
{
	size_t at = 0;

	for (size_t i = 0; i < raw.n; i++, at++) {
		char c = raw.p[i] == '+' ? ' ' : raw.p[i];

		if (c == '%' && raw.n - i > 2 && hex_digit(raw.p[i + 1]) >= 0 &&
		    hex_digit(raw.p[i + 2]) >= 0) {
			c = (char)(hex_digit(raw.p[i + 1]) * 16 +
			    hex_digit(raw.p[i + 2]));
			i += 2;
		}
		if (at == value.n || value.p[at] != c)
			return false;
	}
	return at == value.n;
}

/* What conditions and methods are held against. */
struct asked {
	const struct head *h;
	const struct uri *u;
	const struct peer *peer; /* NULL: nothing is known */
};

static bool
condition_holds(const struct img_head *img, const struct img_condition *c,
    const struct asked *q)
{
	struct slice name = img_slice(img, c->name);
	struct slice value = img_slice(img, c->value), found;

	switch ((enum img_condition_kind)c->kind) {
	case COND_HEADER:
		return header_holds(q->h, c, name, value);
	case COND_QUERY:
		return uri_query_find(q->u->query, name, &found) &&
		    (!c->has_value || query_means(found, value));
	case COND_COOKIE:
		return cookie_find(q->h, name, &found) &&
		    (!c->has_value || slice_eq(found, value));
	case COND_CLIENT_SUBJECT:
	case COND_CLIENT_SAN:
	case COND_CLIENT_FINGERPRINT:
		return peer_fits(q->peer, c, value);
	case COND_COUNT:
		break;
	}
	return false;
}

static bool
conditions_hold(const struct img_head *img, const struct img_route *r,
    const struct asked *q)
{
	const struct img_condition *c = img_at(img, r->conditions.off);

	for (uint32_t i = 0; i < r->conditions.count; i++)
		if (!condition_holds(img, &c[i], q))
			return false;
	return true;
}

static bool
method_allowed(
    const struct img_head *img, const struct img_route *r, const struct head *h)
{
	const struct img_str *others = img_at(img, r->other_methods.off);

	if (r->methods == 0)
		return true;
	if (h->method != METHOD_OTHER)
		return (r->methods >> h->method & 1u) != 0;
	for (uint32_t i = 0; i < r->other_methods.count; i++)
		if (slice_eq(img_slice(img, others[i]), h->method_text))
			return true;
	return false;
}

static void
allow_add(struct route_match *m, const struct img_route *r)
{
	m->allow |= r->methods;
	if (r->other_methods.count != 0 && m->allow_others < ROUTE_ALLOW_OTHERS)
		m->allow_other[m->allow_others++] = &r->other_methods;
}

/* The route of a term for this request. */
static enum route_verdict
term_choose(const struct img_head *img, struct img_term term,
    const struct asked *q, struct route_match *m)
{
	const struct img_route *routes = img_at(img, img->routes.off);
	const uint32_t *lists = img_at(img, img->router.lists.off);
	bool eligible = false, keeps = false;

	for (uint32_t i = 0; i < term.count; i++) {
		const struct img_route *r =
		    &routes[term.count == 1 ? term.first
					    : lists[term.first + i]];

		if (!conditions_hold(img, r, q))
			continue;
		if (method_allowed(img, r, q->h)) {
			if (q->u->encoded_slash && !r->encoded_slash_keep)
				return ROUTE_ENCODED_SLASH;
			m->route = r;
			return ROUTE_FOUND;
		}
		eligible = true;
		keeps |= r->encoded_slash_keep;
		allow_add(m, r);
	}
	if (q->u->encoded_slash && !keeps)
		return ROUTE_ENCODED_SLASH;
	return eligible ? ROUTE_NO_METHOD : ROUTE_NO_PATH;
}

enum route_verdict
route_find(const struct img_head *img, struct contexts *ctx,
    const struct head *h, const struct uri *u, const struct peer *peer,
    struct route_match *m)
{
	const struct asked q = { h, u, peer };
	struct img_term term;

	m->route = NULL;
	m->allow = 0;
	m->allow_others = 0;
	if (route_path_find(img, ctx, h->host, u->path, m, &term))
		return term_choose(img, term, &q, m);
	return u->encoded_slash ? ROUTE_ENCODED_SLASH : ROUTE_NO_PATH;
}

struct allow_text {
	char *buf;
	size_t size, n;
};

/* Whole names only: half of one would be another method. */
static void
allow_put(struct allow_text *t, struct slice name)
{
	size_t sep = t->n != 0 ? 2 : 0;

	if (t->size - t->n < sep + name.n)
		return;
	memcpy(t->buf + t->n, ", ", sep);
	memcpy(t->buf + t->n + sep, name.p, name.n);
	t->n += sep + name.n;
}

/* Whether the i-th span of others, or those before it, had the name already. */
static bool
allow_repeated(const struct img_head *img, const struct route_match *m,
    uint32_t span, uint32_t entry)
{
	const struct img_str *own = img_at(img, m->allow_other[span]->off);

	for (uint32_t i = 0; i < span; i++) {
		const struct img_str *names =
		    img_at(img, m->allow_other[i]->off);

		for (uint32_t k = 0; k < m->allow_other[i]->count; k++)
			if (slice_eq(img_slice(img, names[k]),
				img_slice(img, own[entry])))
				return true;
	}
	return false;
}

size_t
route_allow_text(const struct img_head *img, const struct route_match *m,
    char *buf, size_t size)
{
	struct allow_text t = { buf, size, 0 };

	for (unsigned i = METHOD_OTHER + 1; i < METHOD_COUNT; i++)
		if ((m->allow >> i & 1u) != 0)
			allow_put(&t, http_method_name((enum http_method)i));
	for (uint32_t i = 0; i < m->allow_others; i++) {
		const struct img_span *span = m->allow_other[i];
		const struct img_str *names = img_at(img, span->off);

		for (uint32_t k = 0; k < span->count; k++)
			if (!allow_repeated(img, m, i, k))
				allow_put(&t, img_slice(img, names[k]));
	}
	return t.n;
}
