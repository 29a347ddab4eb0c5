/*
 * pipeline.c - the runner: a few lines, one place.
 */
#include "worker/flow/pipeline.h"

#include "common/base/must.h"
#include "worker/flow/req.h"
#include "worker/flow/steps.h"

void
pipeline_run(struct req *q)
{
	const struct filter *filters = q->env->filters;
	uint32_t left = q->match.route->filters & (UINT32_MAX << q->passed);
	enum verdict v;

	do {
		unsigned i;

		MUST(left != 0);
		i = (unsigned)__builtin_ctz(left);
		left &= left - 1;
		q->passed = (uint8_t)(i + 1);
		q->ran |= UINT32_C(1) << i;
		if (q->steps != NULL)
			steps_enter(q, i);
		v = filters[i].request(q);
		if (v == DONE)
			return; /* it may be gone */
		if (q->steps != NULL)
			steps_leave(q, v);
	} while (v == GO_ON);
	q->waiting = true;
}

uint32_t
pipeline_answering(const struct filter *filters)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < IMG_FILTER_COUNT; i++)
		if (filters[i].answer != NULL)
			mask |= UINT32_C(1) << i;
	return mask;
}

/* The filters that an answer to q passes. */
static uint32_t
pipeline_back(const struct req *q)
{
	const struct img_route *r = q->match.route;

	if (r != NULL)
		return img_route_always(r) |
		    (r->filters & ((UINT32_C(1) << q->passed) - 1));
	return q->image != NULL ? q->image->always : 0;
}

void
pipeline_answer(struct req *q, struct head *h)
{
	uint32_t mask = pipeline_back(q) & q->env->answering;

	while (mask != 0) {
		unsigned i = 31u - (unsigned)__builtin_clz(mask);

		mask &= ~(UINT32_C(1) << i);
		q->env->filters[i].answer(q, h);
	}
}
