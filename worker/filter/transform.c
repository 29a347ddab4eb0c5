/*
 * transform.c - see transform.h.
 */
#include "worker/filter/transform.h"

#include "worker/flow/req.h"

/* path[?query] as one text; the received target itself where nothing changed.
 */
static struct slice
transform_target(struct req *q, const struct uri *u)
{
	size_t n = u->path.n + (u->has_query ? 1 + u->query.n : 0);
	char *p;

	if (u->path.p == q->head.target.p && n == q->head.target.n)
		return q->head.target;
	p = arena_alloc(&q->arena, n);
	if (p == NULL)
		return SLICE_NONE;
	memcpy(p, u->path.p, u->path.n);
	if (u->has_query) {
		p[u->path.n] = '?';
		if (u->query.n != 0)
			memcpy(p + u->path.n + 1, u->query.p, u->query.n);
	}
	return slice_make(p, n);
}

/* False when the rewritten target is not one that may be sent. */
static bool
transform_rewrite(struct req *q, const struct template_vars *v, struct uri *to)
{
	struct slice text = template_eval(
	    q->image, q->match.route->rewrite, TEMPLATE_TARGET, v, &q->arena);
	char *room = arena_alloc(&q->arena, text.n);

	return room != NULL && uri_normalise(text, room, to) == URI_OK;
}

static void
transform_host(struct req *q)
{
	struct slice host = q->service != NULL
	    ? img_slice(q->image, q->service->host)
	    : SLICE_NONE;

	if (host.n != 0 && q->up.count != 0)
		q->up.fields[0].value = host; /* forwarded.c put Host first */
}

/* As the route says; false when the target cannot be what it would be. */
static __attribute__((noinline)) bool
transform_by_route(struct req *q)
{
	const struct img_route *r = q->match.route;
	struct uri to = q->uri;
	struct template_vars v;

	req_vars(q, &v);
	if (r->has_rewrite && !transform_rewrite(q, &v, &to))
		return false;
	q->up.target = transform_target(q, &to);
	(void)rules_apply(
	    q->image, r->request_rules, &q->up, &q->up_room, &v, &q->arena);
	return true;
}

enum verdict
transform_request(struct req *q)
{
	const struct img_route *r = q->match.route;

	transform_host(q);
	if (!r->has_rewrite && r->request_rules.count == 0) {
		q->up.target = transform_target(q, &q->uri);
	} else if (!transform_by_route(q)) {
		req_fail(q, WHY_BAD_PATH);
		return DONE;
	}
	if (arena_failed(&q->arena)) {
		req_fail(q, WHY_OVERLOADED);
		return DONE;
	}
	return GO_ON;
}

static __attribute__((noinline)) void
transform_answer_by_route(struct req *q, struct head *h)
{
	struct template_vars v;

	req_vars(q, &v);
	(void)rules_apply(q->image, q->match.route->response_rules, h, &h->room,
	    &v, &q->arena);
}

void
transform_answer(struct req *q, struct head *h)
{
	if (q->match.route->response_rules.count != 0)
		transform_answer_by_route(q, h);
}
