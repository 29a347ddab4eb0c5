/*
 * own.c - see own.h. CONNECT would be a tunnel to anywhere, TRACE shows a
 * client what others put into its request (RFC 9110 9.3.8); OPTIONS with "*",
 * or that may go no further, asks the gateway (9.3.7, 7.6.2); https has no
 * place on a connection that is not secured (7.4).
 */
#include "worker/flow/own.h"

#include "common/base/text.h"
#include "common/http/authority.h"
#include "worker/flow/reply.h"

#define MAX_FORWARDS_MOST 100000 /* of a larger number, too */
#define HTTPS_PORT 443

/* RFC 8555 8.3: answers to these are looked for in the clear. */
#define ACME_FOLDER "/.well-known/acme-challenge/"

static const struct field own_allow = {
	.name = { "Allow", 5 },
	.value = { "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH", 44 },
	.id = FIELD_ALLOW,
};

bool
own_max_forwards(const struct req *q, uint32_t *left)
{
	const struct field *f = head_find(&q->head, FIELD_MAX_FORWARDS);

	if (f == NULL || f->value.n == 0)
		return false;
	*left = 0;
	for (size_t i = 0; i < f->value.n; i++) {
		if (f->value.p[i] < '0' || f->value.p[i] > '9')
			return false;
		*left = *left * 10 + (uint32_t)(f->value.p[i] - '0');
		if (*left > MAX_FORWARDS_MOST)
			*left = MAX_FORWARDS_MOST;
	}
	return true;
}

static __attribute__((noinline)) bool
own_options(struct req *q)
{
	uint32_t left;
	bool star = slice_eq(q->head.target, SLICE_LIT("*"));
	bool limited = head_has(&q->head, FIELD_MAX_FORWARDS);
	bool readable = own_max_forwards(q, &left);

	if (limited && !readable) {
		req_fail(q, WHY_BAD_REQUEST);
		return true;
	}
	if (!star && !(limited && left == 0))
		return false;
	q->why = WHY_OPTIONS;
	reply_body(q, 200, SLICE_NONE, SLICE_NONE, &own_allow);
	return true;
}

/* ---- https is there, and wanted ---- */

/* A token of ACME has nothing in it that leads elsewhere. */
static bool
own_is_acme(struct slice target)
{
	struct slice token;

	if (!slice_starts(target, SLICE_LIT(ACME_FOLDER)))
		return false;
	token = slice_skip(target, sizeof(ACME_FOLDER) - 1);
	for (size_t i = 0; i < token.n; i++) {
		char c = ascii_lower(token.p[i]);

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' &&
		    c != '_')
			return false;
	}
	return token.n != 0;
}

static struct slice
own_https_location(struct req *q)
{
	struct slice target = q->head.target;
	struct authority a;
	struct text t;
	size_t room;
	char *p;

	if (!authority_parse(q->head.host, &a))
		return SLICE_NONE;
	/* The scheme, a port, and a "/" that an absolute target had not. */
	room = a.host.n + target.n + 24;
	p = arena_alloc(&q->arena, room);
	if (p == NULL)
		return SLICE_NONE;
	text_init_fixed(&t, p, room);
	text_add(&t, SLICE_LIT("https://"));
	text_add(&t, a.host);
	if (q->redirect_port != HTTPS_PORT) {
		text_add(&t, SLICE_LIT(":"));
		text_add_u64(&t, q->redirect_port);
	}
	if (target.p[0] != '/')
		text_add(&t, SLICE_LIT("/"));
	text_add(&t, target);
	return text_slice(&t);
}

static __attribute__((noinline)) bool
own_redirects(struct req *q)
{
	struct field location = { .name = SLICE_LIT("Location"),
		.id = FIELD_LOCATION };

	if (slice_eq(q->head.target, SLICE_LIT("*")) ||
	    own_is_acme(q->head.target))
		return false;
	location.value = own_https_location(q);
	if (location.value.n == 0) {
		/* HTTP/1.0 may come without a host. */
		req_fail(q, WHY_BAD_REQUEST);
		return true;
	}
	q->why = WHY_HTTPS_REDIRECT;
	reply_body(q, 308, SLICE_NONE, SLICE_NONE, &location);
	return true;
}

bool
own_answers(struct req *q)
{
	if (q->head.https && q->tls == NULL) {
		req_fail(q, WHY_MISDIRECTED);
		return true;
	}
	if (q->head.method == METHOD_CONNECT) {
		req_fail(q, WHY_NOT_IMPLEMENTED);
		return true;
	}
	if (q->head.method == METHOD_TRACE) {
		req_fail_with(q, WHY_TRACE, NULL, &own_allow);
		return true;
	}
	if (q->head.method == METHOD_OPTIONS && own_options(q))
		return true;
	return q->redirect_port != 0 && own_redirects(q);
}
