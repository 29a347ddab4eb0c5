/*
 * steps.c - see steps.h.
 */
#include "worker/flow/steps.h"

#include "worker/flow/pipeline.h"
#include "worker/flow/req.h"

void
steps_begin(struct req *q)
{
	struct steps *s;

	if (q->steps != NULL)
		return;
	s = arena_zalloc(&q->arena, sizeof(*s));
	if (s == NULL)
		return;
	s->began_ns = s->last_ns = clock_raw_ns();
	q->steps = s;
}

/* The time of this note, as steps count. */
static uint64_t
steps_now(struct steps *s)
{
	s->last_ns = clock_raw_ns();
	return s->last_ns - s->began_ns;
}

static void
steps_end(struct steps *s, uint64_t now_ns)
{
	struct step *last;

	if (s->count == 0)
		return;
	last = &s->step[s->count - 1];
	if (last->took_ns != 0)
		return;
	/* 0 would mean that it is not over. */
	last->took_ns = now_ns > last->at_ns ? now_ns - last->at_ns : 1;
}

void
steps_enter(struct req *q, uint32_t filter)
{
	struct steps *s = q->steps;
	uint64_t now_ns = steps_now(s);

	steps_end(s, now_ns);
	if (s->count < STEPS_MAX)
		s->step[s->count++] = (struct step){ .filter = (uint8_t)filter,
			.verdict = DONE,
			.at_ns = now_ns };
}

void
steps_leave(struct req *q, unsigned verdict)
{
	struct steps *s = q->steps;

	/* The filter itself may have begun to watch. */
	if (s->count == 0)
		return;
	s->step[s->count - 1].verdict = (uint8_t)verdict;
	if (verdict == GO_ON)
		steps_end(s, steps_now(s));
}

void
steps_close(struct req *q)
{
	if (q->steps != NULL)
		steps_end(q->steps, steps_now(q->steps));
}
