/*
 * lb_weigh.c - see lb_weigh.h. Every member has a cell of the same width; what
 * is too light to fill its own shares it with one that is too heavy (Vose,
 * "A linear algorithm for generating random numbers with a given distribution",
 * 1991).
 */
#include "worker/origin/lb_weigh.h"

#include <stdlib.h>

#define WEIGH_TRIES 8u
/* Where much is skipped, or shares are small beside the largest. */
#define WEIGH_TRIES_MORE 64u

struct weigh_cell {
	uint32_t keep;  /* of 2^32: the cell's own share */
	uint32_t other; /* has the rest */
};

struct weigh {
	double mean;
	struct weigh_cell cells[];
};

/* What cells still lack or have too much while they are filled. */
struct weigh_rest {
	uint64_t width; /* of a cell: the sum of the weights */
	uint64_t *left; /* weight times count, not yet placed */
	uint32_t *list; /* light ones from the front, heavy from the back */
	uint32_t light, heavy;
};

static void
weigh_sort(struct weigh_rest *r, uint32_t count, uint32_t i)
{
	if (r->left[i] < r->width)
		r->list[r->light++] = i;
	else
		r->list[count - ++r->heavy] = i;
}

static void
weigh_fill(struct weigh *w, struct weigh_rest *r, uint32_t count)
{
	while (r->light != 0 && r->heavy != 0) {
		uint32_t i = r->list[--r->light];
		uint32_t big = r->list[count - r->heavy];

		w->cells[i].keep =
		    (uint32_t)(((unsigned __int128)r->left[i] << 32) /
			r->width);
		w->cells[i].other = big;
		r->left[big] -= r->width - r->left[i];
		r->heavy--;
		weigh_sort(r, count, big);
	}
}

static struct weigh *
weigh_make(const struct lb_tier *t, struct weigh_rest *r)
{
	struct weigh *w =
	    calloc(1, sizeof(*w) + t->count * sizeof(w->cells[0]));

	if (w == NULL)
		return NULL;
	for (uint32_t i = 0; i < t->count; i++) {
		/* Full, until it is found too light. */
		w->cells[i] = (struct weigh_cell){ UINT32_MAX, i };
		r->width += t->members[i].weight;
		r->left[i] = (uint64_t)t->members[i].weight * t->count;
	}
	w->mean = (double)r->width / t->count;
	for (uint32_t i = 0; i < t->count; i++)
		weigh_sort(r, t->count, i);
	weigh_fill(w, r, t->count);
	return w;
}

bool
lb_weigh_prepare(struct lb_state *s, const struct lb_tier *t)
{
	struct weigh_rest r = { 0 };

	r.left = calloc(t->count, sizeof(*r.left));
	r.list = calloc(t->count, sizeof(*r.list));
	if (r.left != NULL && r.list != NULL)
		s->own = weigh_make(t, &r);
	free(r.left);
	free(r.list);
	return s->own != NULL;
}

double
lb_weigh_mean(const struct lb_state *s)
{
	const struct weigh *w = s->own;

	return w->mean;
}

static uint32_t
weigh_any(struct lb_state *s, uint32_t count)
{
	const struct weigh *w = s->own;
	uint64_t bits = lb_random_bits(&s->random);
	uint32_t i = lb_below(bits, count);

	return (uint32_t)bits < w->cells[i].keep ? i : w->cells[i].other;
}

/* The same for what was drawn and cannot be had at once. */
static uint32_t
weigh_again(struct lb_state *s, const struct lb_tier *t,
    const struct balance_ask *ask, uint32_t other, uint32_t i)
{
	bool plain = !t->skips && t->scale == 0;
	uint32_t tries = plain ? WEIGH_TRIES : WEIGH_TRIES_MORE;

	for (uint32_t n = 0; n < tries; n++) {
		if (i != other && !lb_skips(t, ask, i) &&
		    lb_takes(s, t, ask, i))
			return i;
		i = weigh_any(s, t->count);
	}
	i = lb_unskipped(t, ask, i);
	if (i == other)
		i = lb_unskipped(t, ask, i + 1 < t->count ? i + 1 : 0);
	return i;
}

uint32_t
lb_weigh_draw(struct lb_state *s, const struct lb_tier *t,
    const struct balance_ask *ask, uint32_t other)
{
	uint32_t i = weigh_any(s, t->count);

	if (i != other && !t->skips && t->scale == 0)
		return i;
	return weigh_again(s, t, ask, other, i);
}
