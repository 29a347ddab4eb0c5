/*
 * limit.c - charges a request for the limits of its route, in their order. On a
 * refusal those before it are given back in reverse: a request that is refused
 * costs nothing.
 */
#include "worker/filter/limit.h"

#include "shm/keyed.h"
#include "shm/limit_rate.h"
#include "shm/limiter_account.h"
#include "shm/registry.h"
#include "worker/filter/limit_state.h"

#define DETAIL_MAX (LIMIT_NAME_MAX + 64u)

/* ---- permits ---- */

static void
charge_drop(struct limits *ls, struct limit_charge *c)
{
	if (c->ticket != PERMIT_NONE)
		permit_drop(&ls->env->permits, c->ticket);
	c->ticket = PERMIT_NONE;
}

/* However the request ends. */
static void
limits_release(void *arg)
{
	struct limits *ls = arg;

	for (uint32_t i = ls->count; i-- != 0;)
		charge_drop(ls, &ls->charges[i]);
}

/* Registered before the first permit is taken, once. False: no memory. */
static bool
limits_will_release(struct req *q, struct limits *ls)
{
	ls->releases =
	    ls->releases || arena_defer(&q->arena, limits_release, ls);
	return ls->releases;
}

/* ---- one limit ---- */

static bool
charge_at_once(struct limits *ls, struct limit_charge *c, uint32_t share)
{
	uint32_t max = limit_at_once(c->of, share);

	c->left = (struct limiter_left){ .limit = max };
	switch (keyed_take(&ls->env->permits, c->key.hash, max, &c->ticket)) {
	case KEYED_TAKEN:
		break;
	case KEYED_REFUSED:
		return false;
	case KEYED_UNCOUNTED:
		env_count(ls->env, COUNTER_LIMITS_UNCOUNTED, 1);
		break;
	}
	return true;
}

static bool
charge_at(
    struct req *q, struct limit_charge *c, uint32_t share, uint64_t now_us)
{
	c->now_us = now_us;
	limit_rate(c->of, share, now_us, &c->rate);
	return limiter_take(q->env->region, (enum limiter_table)c->table,
	    &c->key, &c->rate, now_us, &c->left);
}

/*
 * A turn that has lasted is behind one that began later in another worker, and
 * to it what was taken there is taken in the future: whoever asks in that
 * moment is not refused for as long as this turn is old.
 */
static bool
charge_timed(struct req *q, struct limit_charge *c, uint32_t share)
{
	uint64_t now_us = limit_now_us(c->of), looked_us;

	if (charge_at(q, c, share, now_us))
		return true;
	if (c->of->kind == IMG_LIMIT_QUOTA ||
	    c->left.wait_us > LIMITER_BEHIND_US)
		return false;
	looked_us = clock_look().us;
	return looked_us - now_us >= c->left.wait_us &&
	    charge_at(q, c, share, looked_us);
}

/* False: refused. */
static bool
limits_charge(struct req *q, struct limits *ls, const struct img_limit *l)
{
	uint32_t share =
	    limit_in_force(l, q->match.route->class, q->env->pressure);
	struct limit_charge *c;

	if (share == 0)
		return true;
	c = &ls->charges[ls->count++];
	c->of = l;
	c->ticket = PERMIT_NONE;
	limit_key_make(q, l, c);
	return l->kind == IMG_LIMIT_CONCURRENCY ? charge_at_once(ls, c, share)
						: charge_timed(q, c, share);
}

/* ---- refusing ---- */

static void
limits_refund(struct limits *ls)
{
	/* The last one was not charged. */
	for (uint32_t i = ls->count - 1; i-- != 0;) {
		struct limit_charge *c = &ls->charges[i];

		if (c->of->kind == IMG_LIMIT_CONCURRENCY)
			charge_drop(ls, c);
		else
			limiter_refund(ls->env->region,
			    (enum limiter_table)c->table, &c->key, &c->rate,
			    c->now_us);
	}
}

static enum why
limit_why(const struct img_limit *l)
{
	switch ((enum img_limit_kind)l->kind) {
	case IMG_LIMIT_QUOTA:
		return WHY_QUOTA_EXCEEDED;
	case IMG_LIMIT_CONCURRENCY:
		return WHY_CONCURRENCY_LIMITED;
	case IMG_LIMIT_TOKEN_BUCKET:
	case IMG_LIMIT_SLIDING_WINDOW:
	case IMG_LIMIT_FIXED_WINDOW:
	case IMG_LIMIT_KINDS:
		break;
	}
	return WHY_RATE_LIMITED;
}

static void
limits_refuse(struct req *q, struct limits *ls)
{
	const struct img_limit *l = ls->charges[ls->count - 1].of;
	enum why why = limit_why(l);
	struct slice name = img_slice(q->image, l->name);
	char detail[DETAIL_MAX], *at = detail;

	ls->refused = true;
	limits_refund(ls);
	series_add(q->env->region, q->env->slot, SERIES_LIMITED, l->row,
	    REGISTRY_NONE, 0, 0);
	if (name.n > LIMIT_NAME_MAX)
		name.n = LIMIT_NAME_MAX;
	at = slice_put(at, SLICE_LIT("The limit \""));
	at = slice_put(at, name);
	at = slice_put(at, SLICE_LIT("\" is reached."));
	*at = '\0';
	req_fail_with(q, why, detail, NULL);
}

/* ---- the filters ---- */

/* The charges so far, with room for all that the route has; NULL: no memory. */
static struct limits *
limits_of(struct req *q)
{
	const struct img_route *r = q->match.route;
	uint32_t most = r->limits.count + r->late_limits.count;
	struct limits *ls = q->limits;

	if (ls != NULL)
		return ls;
	ls =
	    arena_alloc(&q->arena, sizeof(*ls) + most * sizeof(ls->charges[0]));
	if (ls == NULL)
		return NULL;
	*ls = (struct limits){ .env = q->env };
	q->limits = ls;
	return ls;
}

static enum verdict
limits_run(struct req *q, struct img_span list)
{
	const struct img_limit *all =
	    img_at(q->image, q->image->protect.limits.off);
	const uint32_t *index = img_at(q->image, list.off);
	struct limits *ls = limits_of(q);

	for (uint32_t i = 0; ls != NULL && i < list.count; i++) {
		const struct img_limit *l = &all[index[i]];

		if (l->kind == IMG_LIMIT_CONCURRENCY &&
		    !limits_will_release(q, ls))
			break;
		if (limits_charge(q, ls, l))
			continue;
		limits_refuse(q, ls);
		return DONE;
	}
	if (!arena_failed(&q->arena))
		return GO_ON;
	req_fail(q, WHY_OVERLOADED);
	return DONE;
}

enum verdict
limit_request(struct req *q)
{
	return limits_run(q, q->match.route->limits);
}

enum verdict
late_limit_request(struct req *q)
{
	return limits_run(q, q->match.route->late_limits);
}
