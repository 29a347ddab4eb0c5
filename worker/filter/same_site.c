/*
 * same_site.c - see same_site.h.
 */
#include "worker/filter/same_site.h"

#include "common/http/authority.h"
#include "worker/filter/cors_origin.h"
#include "worker/filter/way.h"

/* Changes nothing, and what it reads stays with the browser. */
static bool
is_harmless(const struct head *h)
{
	return (http_method_flags((enum http_method)h->method) & METHOD_SAFE) !=
	    0 &&
	    !head_has(h, FIELD_UPGRADE) && h->upgrade.n == 0;
}

/*
 * The scheme and authority that a URL begins with, nothing else of it. On a
 * connection that is secured, a page that was not is another origin; on one
 * that is not, somebody in front of us may have secured it.
 */
static bool
is_own_origin(const struct req *q, struct slice url)
{
	struct slice rest;
	struct authority from, own;
	uint16_t port;
	const char *slash;

	if (slice_starts(url, SLICE_LIT("https://"))) {
		rest = slice_skip(url, 8);
		port = 443;
	} else if (slice_starts(url, SLICE_LIT("http://")) && q->tls == NULL) {
		rest = slice_skip(url, 7);
		port = 80;
	} else {
		return false;
	}
	slash = memchr(rest.p, '/', rest.n);
	if (slash != NULL)
		rest.n = (size_t)(slash - rest.p);
	return authority_parse(rest, &from) &&
	    authority_parse(way_host(q), &own) &&
	    authority_eq(&from, &own, port);
}

/* A page that may send requests with cookies, by what the route says. */
static bool
is_let_in(const struct req *q, struct slice origin)
{
	const struct img_cors *c = route_cors(q->image, &q->match);

	return c != NULL && c->credentials != 0 &&
	    cors_origin_fits(q->image, c, origin);
}

/* What browsers say that know of it, and no page can. False: nothing. */
static bool
fetch_site(const struct head *h, bool *same)
{
	bool said = false;

	*same = true;
	for (uint32_t i = 0; i < h->count; i++) {
		const struct field *f = &h->fields[i];

		if (f->id != FIELD_OTHER ||
		    !slice_eq_nocase(f->name, SLICE_LIT("Sec-Fetch-Site")))
			continue;
		said = true;
		*same = *same &&
		    (slice_eq(f->value, SLICE_LIT("same-origin")) ||
			slice_eq(f->value, SLICE_LIT("none")));
	}
	return said;
}

bool
same_site(const struct req *q)
{
	const struct head *h = &q->head;
	const struct field *origin = head_find(h, FIELD_ORIGIN);
	const struct field *referer = head_find(h, FIELD_REFERER);
	bool same;

	if (is_harmless(h))
		return true;
	if (origin != NULL && is_let_in(q, origin->value))
		return true;
	if (fetch_site(h, &same))
		return same;
	if (origin != NULL)
		return is_own_origin(q, origin->value);
	return referer != NULL && is_own_origin(q, referer->value);
}
