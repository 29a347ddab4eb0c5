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
	enum http_method method;
	struct slice method_text;
	bool ahead; /* h asks about a request that may come */
};

/* A preflight names the fields that will come beyond what it has itself. */
static bool
header_announced(const struct asked *q, struct slice name)
{
	return q->ahead &&
	    head_lists(q->h, FIELD_ACCESS_CONTROL_REQUEST_HEADERS, name);
}

static bool
condition_holds(const struct img_head *img, const struct img_condition *c,
    const struct asked *q)
{
	struct slice name = img_slice(img, c->name);
	struct slice value = img_slice(img, c->value), found;

	switch ((enum img_condition_kind)c->kind) {
	case COND_HEADER:
		return header_holds(q->h, c, name, value) ||
		    header_announced(q, name);
	case COND_QUERY:
		return uri_query_find(q->u->query, name, &found) &&
		    (!c->has_value || query_means(found, value));
	case COND_COOKIE:
		return q->ahead ||
		    (cookie_find(q->h, name, &found) &&
			(!c->has_value || slice_eq(found, value)));
	case COND_CLIENT_SUBJECT:
	case COND_CLIENT_SAN:
	case COND_CLIENT_FINGERPRINT:
		/* Browsers keep it back, as they do cookies. */
		return q->ahead || peer_fits(q->peer, c, value);
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

bool
route_method_listed(const struct img_head *img, uint32_t methods,
    struct img_span others, enum http_method method, struct slice text)
{
	const struct img_str *names = img_at(img, others.off);

	if (methods == 0)
		return true;
	if (method != METHOD_OTHER)
		return (methods >> method & 1u) != 0;
	for (uint32_t i = 0; i < others.count; i++)
		if (slice_eq(img_slice(img, names[i]), text))
			return true;
	return false;
}

static bool
route_serves(const struct img_head *img, const struct img_route *r,
    const struct asked *q)
{
	struct img_span others = { 0, 0 };

	if (q->method == METHOD_OTHER)
		others = img_route_more(img, r)->other_methods;
	return route_method_listed(
	    img, r->methods, others, q->method, q->method_text);
}

static const struct img_cors *
cors_at(const struct img_head *img, uint32_t index)
{
	const struct img_cors *all = img_at(img, img->cors.off);

	return index != IMG_NONE ? &all[index] : NULL;
}

const struct img_cors *
route_cors(const struct img_head *img, const struct route_match *m)
{
	return m->route != NULL ? cors_at(img, m->route->cors) : m->cors;
}

static void
allow_add(const struct img_head *img, struct route_match *m,
    const struct img_route *r)
{
	m->allow |= r->methods;
	if ((r->methods >> METHOD_OTHER & 1u) != 0 &&
	    m->allow_others < ROUTE_ALLOW_OTHERS)
		m->allow_other[m->allow_others++] =
		    &img_route_more(img, r)->other_methods;
	if (m->cors == NULL)
		m->cors = cors_at(img, r->cors);
}

static void
match_init(struct route_match *m)
{
	m->route = NULL;
	m->allow = 0;
	m->allow_others = 0;
	m->preflight = PREFLIGHT_NONE;
	m->cors = NULL;
}

/* The i-th route of a term. */
static const struct img_route *
term_route(const struct img_head *img, struct img_term term, uint32_t i)
{
	const struct img_route *routes = img_at(img, img->routes.off);
	const uint32_t *lists = img_at(img, img->router.lists.off);

	return &routes[term.count == 1 ? term.first : lists[term.first + i]];
}

/* The route of a term for this request. */
static enum route_verdict
term_choose(const struct img_head *img, struct img_term term,
    const struct asked *q, struct route_match *m)
{
	bool eligible = false, keeps = false;

	for (uint32_t i = 0; i < term.count; i++) {
		const struct img_route *r = term_route(img, term, i);

		if (!conditions_hold(img, r, q))
			continue;
		if (route_serves(img, r, q)) {
			if (q->u->encoded_slash && !r->encoded_slash_keep)
				return ROUTE_ENCODED_SLASH;
			m->route = r;
			return ROUTE_FOUND;
		}
		eligible = true;
		keeps |= r->encoded_slash_keep;
		allow_add(img, m, r);
	}
	if (q->u->encoded_slash && !keeps)
		return ROUTE_ENCODED_SLASH;
	return eligible ? ROUTE_NO_METHOD : ROUTE_NO_PATH;
}

/* ---- preflights ---- */

static bool
is_preflight(const struct head *h)
{
	return h->method == METHOD_OPTIONS && head_has(h, FIELD_ORIGIN) &&
	    head_has(h, FIELD_ACCESS_CONTROL_REQUEST_METHOD);
}

/* What the routes of the term with the chosen one's policy serve. */
static uint32_t
term_methods(const struct img_head *img, struct img_term term,
    const struct asked *q, uint32_t cors)
{
	uint32_t methods = 0;

	for (uint32_t i = 0; i < term.count; i++) {
		const struct img_route *r = term_route(img, term, i);

		if (r->cors != cors || !conditions_hold(img, r, q))
			continue;
		if (r->methods == 0)
			return 0;
		methods |= r->methods;
	}
	return methods;
}

/* True when the request that a preflight asks about has a policy. */
static bool
preflight_choose(const struct img_head *img, struct img_term term,
    const struct asked *q, struct route_match *m)
{
	struct asked meant = *q;

	meant.method_text =
	    head_get(q->h, FIELD_ACCESS_CONTROL_REQUEST_METHOD)->value;
	meant.method = http_method_find(meant.method_text);
	meant.ahead = true;
	if (term_choose(img, term, &meant, m) == ROUTE_FOUND &&
	    m->route->cors != IMG_NONE) {
		m->preflight = PREFLIGHT_ROUTED;
		m->allow = term_methods(img, term, &meant, m->route->cors);
		m->allow_others = 0;
		return true;
	}
	match_init(m);
	m->preflight = PREFLIGHT_ASTRAY;
	return false;
}

/* The route of a term that has no other, if it takes every request with this
 * method; else NULL. */
static inline const struct img_route *
term_only(const struct img_head *img, struct img_term term,
    const struct head *h, const struct uri *u)
{
	const struct img_route *r;

	if (term.count != 1 || u->encoded_slash || h->method == METHOD_OPTIONS)
		return NULL;
	r = term_route(img, term, 0);
	return r->conditions.count == 0 &&
		(r->methods == 0 ||
		    (h->method != METHOD_OTHER &&
			(r->methods >> h->method & 1u) != 0))
	    ? r
	    : NULL;
}

static __attribute__((noinline)) enum route_verdict
route_choose(const struct img_head *img, struct img_term term,
    const struct head *h, const struct uri *u, const struct peer *peer,
    struct route_match *m)
{
	const struct asked q = { h, u, peer, (enum http_method)h->method,
		h->method_text, false };

	if (img->cors.count != 0 && is_preflight(h) &&
	    preflight_choose(img, term, &q, m))
		return ROUTE_FOUND;
	return term_choose(img, term, &q, m);
}

enum route_verdict
route_find(const struct img_head *img, struct contexts *ctx,
    const struct head *h, const struct uri *u, const struct peer *peer,
    struct route_match *m)
{
	struct img_term term;

	match_init(m);
	if (!route_path_find(img, ctx, h->host, u->path, m, &term))
		return u->encoded_slash ? ROUTE_ENCODED_SLASH : ROUTE_NO_PATH;
	m->route = term_only(img, term, h, u);
	return m->route != NULL ? ROUTE_FOUND
				: route_choose(img, term, h, u, peer, m);
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
