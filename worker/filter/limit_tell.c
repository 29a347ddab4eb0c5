/*
 * limit_tell.c - what an answer says of limits: of the one with the least left,
 * so that its numbers belong together.
 */
#include "common/base/text.h"
#include "shm/keyed.h"
#include "shm/limit_names.h"
#include "worker/filter/limit.h"
#include "worker/filter/limit_state.h"

#define TOLD_FIELDS 4u
#define SECOND_US 1000000u

static bool
is_at_once(const struct limit_charge *c)
{
	return c->of->kind == IMG_LIMIT_CONCURRENCY;
}

/*
 * What is left of time can be told to a client, which plans by it; of what
 * happens at once only if there is nothing else.
 */
static bool
charge_is_tighter(const struct limit_charge *a, const struct limit_charge *b)
{
	if (is_at_once(a) != is_at_once(b))
		return is_at_once(b);
	if (a->left.remaining != b->left.remaining)
		return a->left.remaining < b->left.remaining;
	return a->left.reset_us > b->left.reset_us;
}

/* That which was refused: the others have more left by now. */
static const struct limit_charge *
limits_tightest(const struct limits *ls)
{
	const struct limit_charge *best = &ls->charges[ls->count - 1];

	for (uint32_t i = 0; !ls->refused && i < ls->count - 1; i++)
		if (charge_is_tighter(&ls->charges[i], best))
			best = &ls->charges[i];
	return best;
}

static bool
is_told(struct slice name)
{
	static const struct slice prefix = { "X-RateLimit-", 12 };

	return name.n > prefix.n &&
	    slice_eq_nocase(slice_make(name.p, prefix.n), prefix) &&
	    (slice_eq_nocase(name, http_name(TOLD_X_RATELIMIT_LIMIT)) ||
		slice_eq_nocase(name, http_name(TOLD_X_RATELIMIT_REMAINING)) ||
		slice_eq_nocase(name, http_name(TOLD_X_RATELIMIT_RESET)));
}

/* What an endpoint says of limits of its own would contradict. */
static void
told_drop(struct head *h)
{
	struct field *to = h->fields, *end = to + h->count;

	while (to != end && (to->id != FIELD_OTHER || !is_told(to->name)))
		to++;
	for (const struct field *f = to; f != end; f++)
		if (f->id != FIELD_OTHER || !is_told(f->name))
			*to++ = *f;
	h->count = (uint32_t)(to - h->fields);
}

/* The digits of the value go to `room`; returns where they end. */
static inline char *
told_add(struct head *h, enum http_told name, uint64_t value, char *room)
{
	char *end = text_put_u64(room, value);

	head_add_told(h, name, slice_make(room, (size_t)(end - room)));
	return end;
}

static uint64_t
charge_remaining(const struct req *q, const struct limit_charge *c)
{
	uint32_t out;

	if (q->limits->refused)
		return 0;
	if (!is_at_once(c))
		return c->left.remaining;
	out = keyed_count(q->env->region, c->key.hash);
	return out < c->left.limit ? c->left.limit - out : 0;
}

static uint64_t
seconds_up(uint64_t us)
{
	return us / SECOND_US + (us % SECOND_US != 0);
}

/* In the place of what a 429 says that knows no better. */
static char *
told_retry_after(struct head *h, uint64_t seconds, char *room)
{
	char *end = text_put_u64(room, seconds);
	struct slice digits = slice_make(room, (size_t)(end - room));

	if (!head_has(h, FIELD_RETRY_AFTER)) {
		head_add(h, FIELD_RETRY_AFTER, digits);
		return end;
	}
	for (uint32_t i = 0; i < h->count; i++)
		if (h->fields[i].id == FIELD_RETRY_AFTER)
			h->fields[i].value = digits;
	return end;
}

/* Finds the tightest one, for when the image may be gone. */
static inline void
limit_note(const struct req *q)
{
	struct limits *ls = q->limits;
	const struct limit_charge *c = limits_tightest(ls);
	uint64_t left = charge_remaining(q, c);

	ls->noted = true;
	ls->tightest = c;
	ls->row = c->of->row;
	ls->left = left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
}

struct slice
limit_named(const struct req *q, uint32_t *left)
{
	const struct limits *ls = q->limits;

	*left = 0;
	if (ls == NULL || ls->count == 0)
		return SLICE_NONE;
	if (!ls->noted)
		limit_note(q); /* no head was sent: the image is there */
	*left = ls->left;
	return limit_name_of(q->env->region, ls->row);
}

/* Sets the fields of the answer, of the one that was noted. */
static void
limit_tell(struct req *q, struct head *h)
{
	const struct limits *ls = q->limits;
	const struct limit_charge *c = ls->tightest;
	uint64_t reset = seconds_up(c->left.reset_us), wait;
	char *at = arena_alloc(&q->arena, TOLD_FIELDS * TEXT_U64_MAX);

	if (at == NULL || !head_reserve(h, TOLD_FIELDS, &q->arena))
		return;
	told_drop(h);
	at = told_add(h, TOLD_X_RATELIMIT_LIMIT, c->left.limit, at);
	at =
	    told_add(h, TOLD_X_RATELIMIT_REMAINING, charge_remaining(q, c), at);
	if (ls->refused) {
		wait = seconds_up(c->left.wait_us);
		wait = wait != 0 ? wait : 1;
		at = told_retry_after(h, wait, at);
		reset = reset > wait ? reset : wait;
	}
	if (!is_at_once(c))
		(void)told_add(h, TOLD_X_RATELIMIT_RESET, reset, at);
}

void
limit_answer(struct req *q, struct head *h)
{
	struct limits *ls = q->limits;

	if (ls == NULL || ls->told || ls->count == 0)
		return;
	limit_note(q);
	/* Of another limit, which does not say what is left of it. */
	if (!ls->refused && why_table[q->why].status == 429)
		return;
	ls->told = true;
	limit_tell(q, h);
}
