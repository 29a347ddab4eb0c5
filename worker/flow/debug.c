/*
 * debug.c - see debug.h.
 */
#include "worker/flow/debug.h"

#include "shm/debug_token.h"
#include "worker/flow/debug_text.h"
#include "worker/flow/steps.h"

#define DEBUG_TEXT_MAX 2048u

static const struct slice told_name = { "Penstock-Trace", 14 };

/* In no spelling, and no matter how often: nobody behind this sees it. */
static void
debug_remove(struct head *h)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < h->count; i++)
		if (h->fields[i].id != FIELD_PENSTOCK_DEBUG)
			h->fields[kept++] = h->fields[i];
	h->count = kept;
	h->present &= ~(UINT64_C(1) << FIELD_PENSTOCK_DEBUG);
}

void
debug_look(struct req *q)
{
	static const enum counter counters[] = {
		[DEBUG_TOKEN_GOOD] = COUNTER_DEBUG_GOOD,
		[DEBUG_TOKEN_BAD] = COUNTER_DEBUG_BAD,
		[DEBUG_TOKEN_EXPIRED] = COUNTER_DEBUG_EXPIRED,
	};
	const struct field *f = head_get(&q->head, FIELD_PENSTOCK_DEBUG);
	enum debug_token_kind kind =
	    debug_token_check(q->env->debug_mac, f->value, env_now_s());

	env_count(q->env, counters[kind], 1);
	debug_remove(&q->head);
	if (kind != DEBUG_TOKEN_GOOD)
		return;
	steps_begin(q);
	if (q->steps != NULL)
		q->steps->told = true;
}

/* Who asked this gateway is not to take an endpoint's for its own. */
static void
debug_remove_told(struct head *h)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < h->count; i++)
		if (h->fields[i].id != FIELD_OTHER ||
		    !slice_eq_nocase(h->fields[i].name, told_name))
			h->fields[kept++] = h->fields[i];
	h->count = kept;
}

void
debug_answer(struct req *q, struct head *h)
{
	char *room;
	struct text t;

	if (!q->steps->told)
		return;
	debug_remove_told(h);
	if (!head_reserve(h, 1, &q->arena))
		return;
	room = arena_alloc(&q->arena, DEBUG_TEXT_MAX);
	if (room == NULL)
		return;
	text_init_fixed(&t, room, DEBUG_TEXT_MAX);
	debug_text(q, h->status, &t);
	h->fields[h->count++] =
	    (struct field){ .name = told_name, .value = text_slice(&t) };
}
