/*
 * pipeline.c - the runner: a few lines, one place.
 */
#include "worker/flow/pipeline.h"

#include "common/base/must.h"
#include "worker/flow/req.h"

void
pipeline_run(struct req *q)
{
	const struct filter *filters = q->env->filters;

	for (;;) {
		uint32_t left = q->match.route->filters >> q->passed;
		const struct filter *f;

		MUST(left != 0);
		q->passed = (uint8_t)(q->passed + __builtin_ctz(left) + 1);
		f = &filters[q->passed - 1];
		switch (f->request(q)) {
		case GO_ON:
			break;
		case WAIT:
			q->waiting = true;
			return;
		case DONE:
			return;
		}
	}
}

void
pipeline_answer(struct req *q, struct head *h)
{
	const struct img_route *r = q->match.route;
	uint32_t mask;

	if (r == NULL || q->passed == 0)
		return;
	mask = r->filters & ((UINT32_C(1) << q->passed) - 1);
	while (mask != 0) {
		unsigned i = 31u - (unsigned)__builtin_clz(mask);

		mask &= ~(UINT32_C(1) << i);
		if (q->env->filters[i].answer != NULL)
			q->env->filters[i].answer(q, h);
	}
}
