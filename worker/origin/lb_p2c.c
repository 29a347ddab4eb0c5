/*
 * lb_p2c.c - of two random choices the one with the lower cost:
 *
 *	 latency x (active / weight x mean weight + 1)
 *
 * Latency is a peak EWMA: a slower answer counts at once and in full, a faster
 * one by and by, and what is not used is forgotten, so that it is tried again.
 * An endpoint that is new starts with the mean of the others. The two are drawn
 * by weight, so that idle endpoints share as their weights say.
 */
#include "worker/origin/lb_weigh.h"

/* Half of an old latency is forgotten in this time. */
#define P2C_HALF_US 2000000u
/* Added to each latency: differences well below it mean nothing. */
#define P2C_FLOOR_US 1000.0
/* A call that failed counts as at least so slow, however fast it failed. */
#define P2C_FAILED_US 1000000u
/* Latencies that differ by less than this factor are equal: noise would else
 * send all that comes one by one to the same endpoint. */
#define P2C_EQUAL 2.0

/* 2^-(us / half): exact where that is whole, straight in between. */
static double
p2c_decay(uint64_t us)
{
	uint64_t halves = us / P2C_HALF_US;
	double rest = (double)(us % P2C_HALF_US) / P2C_HALF_US;

	if (halves >= 32)
		return 0;
	return (1 - rest / 2) / (double)(UINT64_C(1) << halves);
}

static double
p2c_latency(const struct lb_node *n, struct mono now)
{
	if (n->latency_us <= 0)
		return 0;
	return n->latency_us * p2c_decay(mono_diff_us(now, n->latency_at));
}

static void
p2c_feedback(struct lb_node *n, struct mono now, enum balance_outcome outcome,
    uint64_t us)
{
	double keep = p2c_decay(mono_diff_us(now, n->latency_at)), sample;

	if (outcome == BALANCE_FAILED && us < P2C_FAILED_US)
		us = P2C_FAILED_US;
	/* 1 at least, for 0 is what is not known. */
	sample = (double)us + 1;
	if (sample < n->latency_us) {
		/* No error makes an endpoint look faster than it was. */
		if (outcome != BALANCE_ANSWERED)
			keep = 1;
		sample += (n->latency_us - sample) * keep;
	}
	n->latency_us = sample;
	n->latency_at = now;
}

/* Members of which nothing is known start with the mean of the others. */
static bool
p2c_prepare(struct lb_state *s, const struct lb_tier *t)
{
	double sum = 0;
	uint32_t known = 0;

	if (!lb_weigh_prepare(s, t))
		return false;
	for (uint32_t i = 0; i < t->count; i++) {
		double us = p2c_latency(
		    lb_node(t->nodes, t->members[i].handle), t->now);

		sum += us;
		known += us > 0;
	}
	for (uint32_t i = 0; i < t->count && known != 0; i++) {
		struct lb_node *n = lb_node(t->nodes, t->members[i].handle);

		if (n->latency_us > 0)
			continue;
		n->latency_us = sum / known;
		n->latency_at = t->now;
	}
	return true;
}

/* What decides about a member. */
struct p2c_view {
	double load, latency_us;
};

/* mean: of the weights, in thousandths. */
static struct p2c_view
p2c_look(const struct lb_tier *t, const struct balance_ask *ask, double mean,
    uint32_t i)
{
	struct lb_node *node = lb_node(t->nodes, t->members[i].handle);
	double active = lb_node_active(t->nodes, node, t->now);

	return (struct p2c_view){
		.load = active * mean / (double)lb_weight(t, ask, i) + 1,
		.latency_us = p2c_latency(node, t->now),
	};
}

/* a's latency over b's; 1 where they are equal, or one is not known. */
static double
p2c_latency_ratio(const struct p2c_view *a, const struct p2c_view *b)
{
	double ratio =
	    (a->latency_us + P2C_FLOOR_US) / (b->latency_us + P2C_FLOOR_US);

	if (a->latency_us <= 0 || b->latency_us <= 0)
		return 1;
	return ratio < P2C_EQUAL && ratio > 1 / P2C_EQUAL ? 1 : ratio;
}

static uint32_t
p2c_pick(
    struct lb_state *s, const struct lb_tier *t, const struct balance_ask *ask)
{
	uint32_t a = lb_weigh_draw(s, t, ask, LB_NONE);
	uint32_t b = a != LB_NONE ? lb_weigh_draw(s, t, ask, a) : a;
	double mean = lb_weigh_mean(s) * VITAL_SHARE_FULL;
	struct p2c_view va, vb;

	if (b == LB_NONE)
		return a;
	/* Such a one is not judged by why it was left alone. */
	if (t->mind == LB_MIND_SICK && (lb_due(t, a) || lb_due(t, b)))
		return lb_due(t, a) ? a : b;
	va = p2c_look(t, ask, mean, a);
	vb = p2c_look(t, ask, mean, b);
	return vb.load < va.load * p2c_latency_ratio(&va, &vb) ? b : a;
}

const struct lb_ops lb_p2c = {
	.name = "p2c",
	.prepare = p2c_prepare,
	.pick = p2c_pick,
	.feedback = p2c_feedback,
};
