/*
 * lb_hash.c - the same key gets the same endpoint, as long as that is there.
 *
 * A ring of points, several per endpoint and weight, made of its address alone;
 * a key is sent to the endpoint of the next point. So that few points per
 * endpoint give even shares, each key looks from several places of the ring and
 * takes the nearest point of all (Appleton, O'Reilly, "Multi-probe consistent
 * hashing", 2015). An endpoint that comes takes keys from all others and moves
 * none between them; one that goes, or is skipped, leaves its keys to them.
 *
 *	 points   {hash:48, member:16}, in order
 *	 starts   [top bits of a place] -> the first point at or behind it
 */
#include <stdlib.h>

#include "shm/layout.h"
#include "worker/origin/lb.h"

#define HASH_PROBES 5u
#define HASH_POINTS 64u /* per weight, where the sum of weights is small */
#define HASH_POINTS_MAX 32768u
#define HASH_MEMBER UINT64_C(0xffff)
#define RING_NONE UINT64_MAX
#define HASH_STEP 0x9e3779b97f4a7c15u

struct ring {
	uint32_t count, shift; /* of points; of a place to its start */
	uint64_t *points;      /* in this block */
	uint32_t starts[];
};

/*
 * How often HASH_POINTS is halved. A member's points are the first of one
 * sequence, so that fewer of them leave the rest where it was.
 */
static uint32_t
ring_halvings(const struct lb_tier *t)
{
	uint64_t total = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->count; i++)
		total += (uint64_t)t->members[i].weight * HASH_POINTS;
	while (total >> n > HASH_POINTS_MAX)
		n++;
	return n;
}

static uint32_t
member_points(const struct eset_member *m, uint32_t halvings)
{
	uint64_t n = (uint64_t)m->weight * HASH_POINTS >> halvings;

	return n != 0 ? (uint32_t)n : 1;
}

static int
point_compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
ring_fill(struct ring *r, const struct lb_tier *t, uint32_t halvings)
{
	static const struct hash_key key = { 0x70656e73746f636b, 0x72696e67 };
	uint32_t at = 0;

	for (uint32_t i = 0; i < t->count; i++) {
		const struct eset_member *m = &t->members[i];
		uint64_t h = hash_bytes(key, &m->addr, sizeof(m->addr));
		uint32_t n = member_points(m, halvings);

		for (uint32_t k = 0; k < n; k++, h += HASH_STEP)
			r->points[at++] = (hash_u64(h) & ~HASH_MEMBER) | i;
	}
	qsort(r->points, r->count, sizeof(r->points[0]), point_compare);
}

static void
ring_index(struct ring *r, uint32_t starts)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < starts; i++) {
		while (at < r->count && r->points[at] >> r->shift < i)
			at++;
		r->starts[i] = at;
	}
}

static bool
hash_prepare(struct lb_state *s, const struct lb_tier *t)
{
	uint32_t halvings = ring_halvings(t), points = 0, bits = 1;
	size_t head;
	struct ring *r;

	_Static_assert(ENDPOINTS_MAX <= HASH_MEMBER, "a member fits");
	for (uint32_t i = 0; i < t->count; i++)
		points += member_points(&t->members[i], halvings);
	while (UINT32_C(1) << bits < points)
		bits++;
	/* A power of two and more than one: the points are aligned to 8. */
	head = sizeof(*r) + (sizeof(r->starts[0]) << bits);
	r = malloc(head + points * sizeof(r->points[0]));
	if (r == NULL)
		return false;
	r->count = points;
	r->shift = 64 - bits;
	r->points = (uint64_t *)(void *)((char *)r + head);
	ring_fill(r, t, halvings);
	ring_index(r, UINT32_C(1) << bits);
	s->own = r;
	return true;
}

/* The first point at or behind `place` whose member is not skipped; or
 * RING_NONE. */
static uint64_t
ring_next(const struct ring *r, const struct lb_tier *t,
    const struct balance_ask *ask, uint64_t place)
{
	uint32_t i = r->starts[place >> r->shift];

	while (i < r->count && r->points[i] < place)
		i++;
	for (uint32_t n = 0; n < r->count; n++, i++) {
		if (i >= r->count)
			i = 0;
		if (!lb_skips(t, ask, (uint32_t)(r->points[i] & HASH_MEMBER)))
			return r->points[i];
	}
	return RING_NONE;
}

static uint32_t
hash_pick(
    struct lb_state *s, const struct lb_tier *t, const struct balance_ask *ask)
{
	uint64_t best = UINT64_MAX, place = ask->hash;
	uint32_t member = 0;

	for (uint32_t k = 0; k < HASH_PROBES; k++, place += HASH_STEP) {
		uint64_t from = hash_u64(place);
		uint64_t point = ring_next(s->own, t, ask, from);

		if (point == RING_NONE)
			return LB_NONE;
		/* Modulo 2^64: behind the end comes the beginning. */
		if (point - from > best)
			continue;
		best = point - from;
		member = (uint32_t)(point & HASH_MEMBER);
	}
	return member;
}

const struct lb_ops lb_hash = {
	.name = "hash",
	.prepare = hash_prepare,
	.pick = hash_pick,
};
