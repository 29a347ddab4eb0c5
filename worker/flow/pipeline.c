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

	for (;;) {
		uint32_t left = q->match.route->filters >> q->passed;
		const struct filter *f;

		MUST(left != 0);
		q->passed = (uint8_t)(q->passed + __builtin_ctz(left) + 1);
		q->ran |= UINT32_C(1) << (q->passed - 1);
		f = &filters[q->passed - 1];
		if (q->steps != NULL)
			steps_enter(q, q->passed - 1u);
		switch (f->request(q)) {
		case GO_ON:
			if (q->steps != NULL)
				steps_leave(q, GO_ON);
			break;
		case WAIT:
			q->waiting = true;
			if (q->steps != NULL)
				steps_leave(q, WAIT);
			return;
		case DONE:
			return;
		}
	}
}

/* The filters that an answer to q goes through. */
static uint32_t
pipeline_answering(const struct req *q)
{
	const struct img_route *r = q->match.route;

	if (r != NULL)
		return r->always |
		    (r->filters & ((UINT32_C(1) << q->passed) - 1));
	return q->image != NULL ? q->image->always : 0;
}

void
pipeline_answer(struct req *q, struct head *h)
{
	uint32_t mask = pipeline_answering(q);

	while (mask != 0) {
		unsigned i = 31u - (unsigned)__builtin_clz(mask);

		mask &= ~(UINT32_C(1) << i);
		if (q->env->filters[i].answer != NULL)
			q->env->filters[i].answer(q, h);
	}
}
