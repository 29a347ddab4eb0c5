/*
 * score.c - see score.h. Tallies only grow, so what counts is their difference
 * to the last look; a slot with another tag begins anew, with the score that
 * its vital has: that of a predecessor, if any.
 */
#include "master/score.h"

#include <math.h>
#include <stdlib.h>

#include "common/base/must.h"
#include "shm/vital.h"

#define SCORE_CALLS_MIN 10u        /* that say something, or */
#define SCORE_WAIT_US 10000000u    /* those of this time */
#define SCORE_HALF_US 5000000.0    /* half of what was is forgotten */
#define SCORE_PARDON_US 30000000.0 /* half of a fault, without traffic */
#define SCORE_FLOOR_US 1000.0      /* differences below mean nothing */
#define SCORE_SLOWER 2.0           /* up to here latency is no fault */
#define SCORE_EXCLUDE 0.3
#define SCORE_RETURN 0.5
#define SCORE_BEST 0.95      /* of the best one's score */
#define SCORE_SHARE_STEP 50u /* so that noise publishes nothing */

struct score {
	struct tally seen;
	uint64_t waited_us; /* since calls were last looked at */
	uint32_t tag;
	bool known;                 /* the means say something */
	double success, latency_us; /* means; latency 0: not known */
	bool valued;                /* `value` says something */
	double value;
	bool poor;
};

struct scores {
	struct region *region;
	double *sorted; /* of one service */
	struct score of[ENDPOINTS_MAX];
};

struct scores *
scores_new(struct region *r)
{
	struct scores *s = calloc(1, sizeof(*s));

	MUST(s != NULL);
	s->sorted = calloc(ENDPOINTS_MAX, sizeof(*s->sorted));
	MUST(s->sorted != NULL);
	s->region = r;
	return s;
}

void
scores_free(struct scores *s)
{
	free(s->sorted);
	free(s);
}

static struct score *
score_of(struct scores *s, struct endpoint_handle h)
{
	struct score *e = &s->of[h.index];
	struct vital_info v;

	MUST(h.index < ENDPOINTS_MAX);
	if (e->tag == h.tag)
		return e;
	vital_info(s->region, h.index, &v);
	*e = (struct score){ .tag = h.tag,
		.success = 1,
		.valued = v.score >= 0,
		.value = v.score >= 0 ? v.score / 1000.0 : 1,
		.poor = (v.flags & VITAL_POOR) != 0 };
	tally_sum(s->region, h.index, &e->seen);
	return e;
}

static double
score_part(uint64_t us, double half_us)
{
	return 1 - exp2(-(double)us / half_us);
}

/* Takes in the calls since the last time; false: too few yet. */
static bool
score_learn(struct score *e, const struct tally *now)
{
	uint64_t answered = now->answered - e->seen.answered;
	uint64_t calls = answered + now->failed - e->seen.failed;
	double part = e->known ? score_part(e->waited_us, SCORE_HALF_US) : 1;
	double success, latency;

	if (calls == 0 ||
	    (calls < SCORE_CALLS_MIN && e->waited_us < SCORE_WAIT_US))
		return false;
	success = (double)answered / (double)calls;
	e->success += (success - e->success) * part;
	if (answered != 0) {
		latency = (double)(now->answered_us - e->seen.answered_us) /
		    (double)answered;
		e->latency_us +=
		    (latency - e->latency_us) * (e->latency_us > 0 ? part : 1);
	}
	e->seen = *now;
	e->waited_us = 0;
	e->known = e->valued = true;
	return true;
}

static int
double_compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The middle one of the known latencies, the lower of two; 0: none. */
static double
middle_latency(struct scores *s, const struct eset *set)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < set->count; i++) {
		struct score *e = score_of(s, set->members[i].handle);

		if (e->known && e->latency_us > 0)
			s->sorted[n++] = e->latency_us;
	}
	qsort(s->sorted, n, sizeof(s->sorted[0]), double_compare);
	return n != 0 ? s->sorted[(n - 1) / 2] : 0;
}

/* The middle one of the known success rates, the higher of two; 0: none. */
static double
middle_success(struct scores *s, const struct eset *set)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < set->count; i++) {
		struct score *e = score_of(s, set->members[i].handle);

		if (e->known)
			s->sorted[n++] = e->success;
	}
	qsort(s->sorted, n, sizeof(s->sorted[0]), double_compare);
	return n != 0 ? s->sorted[n / 2] : 0;
}

static double
score_value(const struct score *e, double success, double latency)
{
	double value = 1;

	if (success > 0)
		value = fmin(1, e->success / success);
	if (latency > 0 && e->latency_us > 0)
		value *= fmin(1,
		    SCORE_SLOWER * (latency + SCORE_FLOOR_US) /
			(e->latency_us + SCORE_FLOOR_US));
	return value;
}

/* A fault without traffic fades; once it is taken back nothing is known. */
static void
score_pardon(struct score *e, uint64_t elapsed_us)
{
	e->value += (1 - e->value) * score_part(elapsed_us, SCORE_PARDON_US);
	if (!e->poor || e->value < SCORE_RETURN)
		return;
	e->known = e->valued = false;
	e->success = 1;
	e->latency_us = 0;
}

static void
score_show(struct scores *s, struct endpoint_handle h, struct score *e,
    bool excludes, double best)
{
	uint32_t thousandths = (uint32_t)(e->value * 1000);

	if (e->poor ? e->value >= SCORE_RETURN : e->value < SCORE_EXCLUDE)
		e->poor = !e->poor;
	vital_set_flag(s->region, h.index, VITAL_POOR, e->poor && excludes,
	    CAUSE_SCORE, thousandths);
	vital_set_flag(s->region, h.index, VITAL_BEST,
	    e->value >= SCORE_BEST * best, CAUSE_SCORE, thousandths);
	vital_set_score(s->region, h.index,
	    e->valued ? (int32_t)thousandths : -1,
	    (uint32_t)fmin(e->latency_us, UINT32_MAX));
}

void
scores_look(struct scores *s, const struct eset *set, bool excludes,
    uint64_t elapsed_us)
{
	double success, latency, best = 0;
	struct tally now;

	for (uint32_t i = 0; i < set->count; i++) {
		struct score *e = score_of(s, set->members[i].handle);

		e->waited_us += elapsed_us;
		tally_sum(s->region, set->members[i].handle.index, &now);
		if (!score_learn(e, &now) && e->waited_us > SCORE_WAIT_US)
			score_pardon(e, elapsed_us);
	}
	success = middle_success(s, set);
	latency = middle_latency(s, set);
	for (uint32_t i = 0; i < set->count; i++) {
		struct score *e = score_of(s, set->members[i].handle);

		if (e->waited_us == 0)
			e->value = score_value(e, success, latency);
		best = fmax(best, e->value);
	}
	for (uint32_t i = 0; i < set->count; i++) {
		struct endpoint_handle h = set->members[i].handle;

		score_show(s, h, score_of(s, h), excludes, best);
	}
}

uint32_t
scores_share(const struct scores *s, struct endpoint_handle h, bool excludes)
{
	const struct score *e = &s->of[h.index];
	uint32_t share;

	MUST(h.index < ENDPOINTS_MAX);
	if (!excludes || e->tag != h.tag)
		return VITAL_SHARE_FULL;
	share = (uint32_t)(e->value * VITAL_SHARE_FULL) + SCORE_SHARE_STEP - 1;
	share -= share % SCORE_SHARE_STEP;
	if (share < SCORE_SHARE_STEP)
		share = SCORE_SHARE_STEP;
	return share < VITAL_SHARE_FULL ? share : VITAL_SHARE_FULL;
}
