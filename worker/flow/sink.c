/*
 * sink.c - see sink.h.
 */
#include "worker/flow/sink.h"

#include "common/base/must.h"
#include "worker/flow/req.h"

bool
sink_append(struct req *q, struct sink **chain, struct sink *s,
    const struct sink_ops *last)
{
	struct sink **at = chain;

	if (*at == NULL) {
		*at = arena_alloc(&q->arena, sizeof(**at));
		if (*at == NULL)
			return false;
		sink_init(*at, last, q);
	}
	while ((*at)->next != NULL)
		at = &(*at)->next;
	s->next = *at;
	*at = s;
	return true;
}

enum why
sink_data(struct sink *s, struct slice bytes)
{
	MUST(!s->ended);
	if (s->why == WHY_OK && bytes.n != 0)
		s->why = s->ops->data(s, bytes);
	return s->why;
}

enum why
sink_end(struct sink *s, const struct head *trailers)
{
	MUST(!s->ended);
	s->ended = true;
	if (s->why == WHY_OK)
		s->why = s->ops->end(s, trailers);
	return s->why;
}
