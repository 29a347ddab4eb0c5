/*
 * own.c - see own.h. CONNECT would be a tunnel to anywhere, TRACE shows a
 * client what others put into its request (RFC 9110 9.3.8); OPTIONS with "*",
 * or that may go no further, asks the gateway (9.3.7, 7.6.2); https has no
 * place on a connection that is not secured (7.4).
 */
#include "worker/flow/own.h"

#include "worker/flow/reply.h"

#define MAX_FORWARDS_MOST 100000 /* of a larger number, too */

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

static bool
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

bool
own_answers(struct req *q)
{
	if (q->head.https) {
		req_fail(q, WHY_MISDIRECTED);
		return true;
	}
	if (q->head.method == METHOD_OPTIONS)
		return own_options(q);
	if (q->head.method == METHOD_CONNECT)
		req_fail(q, WHY_NOT_IMPLEMENTED);
	else if (q->head.method == METHOD_TRACE)
		req_fail_with(q, WHY_TRACE, NULL, &own_allow);
	else
		return false;
	return true;
}
