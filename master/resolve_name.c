/*
 * resolve_name.c - see resolve_name.h.
 */
#include "master/resolve_name.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/must.h"

#define FLOOR_US 100000 /* never more often, whatever the bounds are */
#define JITTER_PART 16
#define DENIED_ROUNDS 5

struct resolve_name *
resolve_name_new(enum img_endpoint_kind kind, struct slice host)
{
	struct resolve_name *n = calloc(1, sizeof(*n));

	MUST(n != NULL);
	n->kind = kind;
	n->host = strndup(host.n != 0 ? host.p : "", host.n);
	MUST(n->host != NULL);
	list_init(&n->link);
	list_init(&n->wait);
	return n;
}

void
resolve_name_free(struct resolve_name *n)
{
	for (int i = 0; i < RESOLVE_FAMILIES; i++)
		free(n->family[i].addrs);
	free(n->targets);
	free(n->users);
	free(n->host);
	free(n);
}

/* ---- answers ---- */

/* The family gets what was answered; the answer loses it. */
static bool
family_take(struct resolve_family *f, struct resolve_answer *a)
{
	bool changed = f->count != a->addr_count ||
	    (f->count != 0 &&
		memcmp(f->addrs, a->addrs, f->count * sizeof(*f->addrs)) != 0);

	free(f->addrs);
	f->addrs = a->addrs;
	f->count = a->addr_count;
	f->answered = true;
	a->addrs = NULL;
	a->addr_count = 0;
	return changed;
}

static bool
replies_some(const struct resolve_reply reply[RESOLVE_FAMILIES])
{
	return reply[RESOLVE_V4].verdict == RESOLVE_SOME ||
	    reply[RESOLVE_V6].verdict == RESOLVE_SOME;
}

bool
resolve_name_take_addrs(
    struct resolve_name *n, struct resolve_reply reply[RESOLVE_FAMILIES])
{
	bool changed = false;

	if (!replies_some(reply))
		return false;
	for (int i = 0; i < RESOLVE_FAMILIES; i++)
		if (reply[i].verdict != RESOLVE_FAILED)
			changed |= family_take(&n->family[i], &reply[i].answer);
	return changed;
}

static bool
target_eq(const struct resolve_target *a, const struct resolve_target *b)
{
	return a->name == b->name && a->port == b->port &&
	    a->weight == b->weight && a->backup == b->backup;
}

bool
resolve_name_take_targets(
    struct resolve_name *n, struct resolve_target *targets, uint32_t count)
{
	bool changed = n->target_count != count;

	for (uint32_t i = 0; i < count && !changed; i++)
		changed = !target_eq(&n->targets[i], &targets[i]);
	n->targets = targets;
	n->target_count = count;
	return changed;
}

/* ---- how it went ---- */

/* What failed counts for more than what is denied. */
static const char *
replies_why(const struct resolve_name *n,
    const struct resolve_reply reply[RESOLVE_FAMILIES])
{
	const struct resolve_reply *v4 = &reply[RESOLVE_V4];

	if (n->kind == IMG_ENDPOINT_SRV || v4->verdict == RESOLVE_FAILED ||
	    reply[RESOLVE_V6].verdict == RESOLVE_SOME)
		return v4->why;
	return reply[RESOLVE_V6].why;
}

static bool
replies_failed(const struct resolve_name *n,
    const struct resolve_reply reply[RESOLVE_FAMILIES])
{
	if (n->kind == IMG_ENDPOINT_SRV)
		return reply[RESOLVE_SRV].verdict != RESOLVE_SOME;
	return !replies_some(reply) ||
	    reply[RESOLVE_V4].verdict == RESOLVE_FAILED ||
	    reply[RESOLVE_V6].verdict == RESOLVE_FAILED;
}

static uint64_t
clamp(uint64_t us, uint64_t min, uint64_t max)
{
	if (us > max)
		us = max;
	return us < min ? min : us;
}

static uint64_t
backoff_us(const struct resolve_name *n, uint64_t min_us)
{
	uint32_t shift = n->fails < 20 ? n->fails - 1 : 19;

	return clamp(min_us << shift, min_us, RESOLVE_BACKOFF_MAX_US);
}

static uint64_t
replies_ttl_us(const struct resolve_reply reply[RESOLVE_FAMILIES])
{
	uint64_t ttl_s = UINT32_MAX;

	for (int i = 0; i < RESOLVE_FAMILIES; i++)
		if (reply[i].verdict == RESOLVE_SOME &&
		    reply[i].answer.ttl_s < ttl_s)
			ttl_s = reply[i].answer.ttl_s;
	return ttl_s * 1000000;
}

uint64_t
resolve_name_note(struct resolve_name *n,
    const struct resolve_reply reply[RESOLVE_FAMILIES],
    const struct resolve_bounds *bounds, uint64_t random)
{
	uint64_t min_us = clamp(bounds->min_us, FLOOR_US, UINT64_MAX >> 20);
	uint64_t wait_us = UINT64_MAX;

	n->rounds++;
	n->denied = reply[RESOLVE_V4].verdict == RESOLVE_NONE &&
	    reply[RESOLVE_V6].verdict == RESOLVE_NONE;
	if (replies_some(reply)) {
		n->ok_us = clock_now().us;
		n->ttl_us =
		    clamp(replies_ttl_us(reply), min_us, bounds->max_us);
		wait_us = n->ttl_us;
	}
	if (replies_failed(n, reply)) {
		n->fails++;
		n->failed_us = clock_now().us;
		n->why = replies_why(n, reply);
		wait_us = clamp(backoff_us(n, min_us), 0, wait_us);
	} else
		n->fails = 0;
	return wait_us + random % (wait_us / JITTER_PART);
}

/* ---- reading ---- */

bool
resolve_name_settled(const struct resolve_name *n)
{
	for (uint32_t i = 0; i < n->target_count; i++)
		if (n->targets[i].name->rounds == 0)
			return false;
	return n->rounds != 0;
}

/* A target that does not exist, and that for a while, is known, too. */
static bool
target_known(const struct resolve_name *target, int family)
{
	return target->family[family].answered ||
	    (target->denied && target->fails >= DENIED_ROUNDS);
}

static bool
family_known(const struct resolve_name *n, int family)
{
	if (n->kind != IMG_ENDPOINT_SRV)
		return n->family[family].answered;
	for (uint32_t i = 0; i < n->target_count; i++)
		if (!target_known(n->targets[i].name, family))
			return false;
	return n->ok_us != 0;
}

void
resolve_name_learn(struct resolve_name *n)
{
	for (int i = 0; i < RESOLVE_FAMILIES; i++)
		n->family[i].known |= family_known(n, i);
}

/* Place i of a host name: IPv4 first. */
static bool
host_place(const struct resolve_name *n, uint32_t i, struct addr *a)
{
	const struct resolve_family *v4 = &n->family[RESOLVE_V4];
	const struct resolve_family *v6 = &n->family[RESOLVE_V6];

	if (i < v4->count)
		*a = v4->addrs[i];
	else if (i - v4->count < v6->count)
		*a = v6->addrs[i - v4->count];
	else
		return false;
	return true;
}

bool
resolve_name_next(const struct resolve_name *n, struct resolve_walk *w,
    struct resolve_place *p)
{
	*p = (struct resolve_place){ .weight = 1 };
	if (n->kind != IMG_ENDPOINT_SRV)
		return host_place(n, w->at++, &p->addr);
	for (; w->target < n->target_count; w->target++, w->at = 0) {
		const struct resolve_target *t = &n->targets[w->target];

		if (!host_place(t->name, w->at, &p->addr))
			continue;
		w->at++;
		p->addr.port = t->port;
		p->weight = t->weight;
		p->backup = t->backup;
		return true;
	}
	return false;
}

const char *
resolve_name_state(const struct resolve_name *n)
{
	if (n->ok_us == 0)
		return "unresolved";
	return n->fails != 0 ? "failing" : "resolved";
}
