/*
 * guards.c - see guards.h.
 */
#include "worker/flow/guards.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "worker/flow/audited.h"
#include "worker/flow/identity.h"

#define GUARD_LEAVE_US 1000000u /* for a last word */

struct guards {
	struct list all;
	uint64_t version; /* of revocations, at the last look */
	int64_t at_s;     /* wall clock, likewise */
};

struct guard {
	struct list link;
	struct req *q;
	struct mono until; /* us 0: its identity holds */
};

struct guards *
guards_new(void)
{
	struct guards *g = calloc(1, sizeof(*g));

	MUST(g != NULL);
	list_init(&g->all);
	return g;
}

void
guards_free(struct guards *g)
{
	free(g);
}

static void
guard_forget(void *arg)
{
	struct guard *g = arg;

	list_remove(&g->link);
}

bool
guards_add(struct req *q)
{
	struct guard *g = arena_zalloc(&q->arena, sizeof(*g));

	if (g == NULL || !arena_defer(&q->arena, guard_forget, g))
		return false;
	g->q = q;
	list_push_back(&q->env->guards->all, &g->link);
	return true;
}

/* Its identity holds no longer. */
static void
guard_end(struct guard *g, int64_t now_s)
{
	struct req *q = g->q;

	if (g->until.us != 0) {
		if (g->until.us <= clock_now().us)
			req_end(q, WHY_IDENTITY_ENDED, true);
		return;
	}
	if (q->state != REQ_ANSWERING) {
		if (!q->request_done)
			req_fail(q,
			    identity_expired(q->identity, now_s)
				? WHY_TOKEN_EXPIRED
				: WHY_TOKEN_REVOKED);
		return;
	}
	audited_write(q, AUDIT_AUTH_ENDED, WHY_IDENTITY_ENDED);
	g->until = mono_add_us(clock_now(), GUARD_LEAVE_US);
	if (!req_leave(q, WHY_IDENTITY_ENDED))
		req_end(q, WHY_IDENTITY_ENDED, true);
}

/* Each is moved on before it is looked at: it may end. */
static void
guards_look(struct env *e, int64_t now_s)
{
	struct list left;

	list_init(&left);
	while (!list_empty(&e->guards->all)) {
		struct list *one = e->guards->all.next;

		list_remove(one);
		list_push_back(&left, one);
	}
	while (!list_empty(&left)) {
		struct guard *g = CONTAINER_OF(left.next, struct guard, link);

		list_remove(&g->link);
		list_push_back(&e->guards->all, &g->link);
		if (!identity_holds(e->region, g->q->identity, now_s))
			guard_end(g, now_s);
	}
}

void
guards_turn(struct env *e)
{
	struct guards *g = e->guards;
	uint64_t version;
	int64_t now_s;

	if (list_empty(&g->all))
		return;
	version = revoke_version(e->region);
	now_s = env_now_s();
	if (version == g->version && now_s == g->at_s)
		return;
	g->version = version;
	g->at_s = now_s;
	guards_look(e, now_s);
}
