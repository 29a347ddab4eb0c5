/*
 * contexts.c - compiled regular expressions, by their text.
 *
 * A cache: an expression that is missing is compiled when it is asked for. A
 * turn with a new image walks its expressions, compiles ahead what is missing
 * as far as the budget goes, and at the end of the walk drops what neither
 * this image nor the one before it names.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/map.h"
#include "common/base/must.h"
#include "worker/flow/contexts.h"

/* (a+)+ costs 15 us at this limit, 15 ms at the library's own. */
#define MATCH_LIMIT 10000
#define DEPTH_LIMIT 1000
#define HEAP_LIMIT_KIB 256

struct expression {
	pcre2_code *code; /* NULL: does not compile here */
	uint32_t captures;
	uint64_t round; /* the last that named it */
};

struct contexts {
	struct map expressions; /* struct expression */
	pcre2_match_data *data;
	pcre2_match_context *limits;
	const struct img_head *img; /* of this round; only compared */
	uint64_t generation, round;
	uint32_t next; /* expression of img that the walk is at */
	bool walking;
};

struct contexts *
contexts_new(void)
{
	struct contexts *ctx = calloc(1, sizeof(*ctx));

	MUST(ctx != NULL);
	map_init(&ctx->expressions);
	ctx->data = pcre2_match_data_create(IMG_PARAMS_MAX + 1, NULL);
	ctx->limits = pcre2_match_context_create(NULL);
	MUST(ctx->data != NULL && ctx->limits != NULL);
	(void)pcre2_set_match_limit(ctx->limits, MATCH_LIMIT);
	(void)pcre2_set_depth_limit(ctx->limits, DEPTH_LIMIT);
	(void)pcre2_set_heap_limit(ctx->limits, HEAP_LIMIT_KIB);
	return ctx;
}

static void
expression_free(struct expression *e)
{
	pcre2_code_free(e->code);
	free(e);
}

void
contexts_free(struct contexts *ctx)
{
	struct map_entry *e;
	size_t at = 0;

	if (ctx == NULL)
		return;
	while ((e = map_next(&ctx->expressions, &at)) != NULL)
		expression_free(e->value.ptr);
	map_fini(&ctx->expressions);
	pcre2_match_data_free(ctx->data);
	pcre2_match_context_free(ctx->limits);
	free(ctx);
}

static struct expression *
expression_new(struct slice text)
{
	struct expression *e = calloc(1, sizeof(*e));
	PCRE2_SIZE at;
	int error;

	MUST(e != NULL);
	e->code = pcre2_compile(
	    (PCRE2_SPTR)text.p, text.n, IMG_REGEX_OPTIONS, &error, &at, NULL);
	if (e->code == NULL)
		return e;
	(void)pcre2_pattern_info(
	    e->code, PCRE2_INFO_CAPTURECOUNT, &e->captures);
	/* Where pages cannot be made executable, it is interpreted. */
	(void)pcre2_jit_compile(e->code, PCRE2_JIT_COMPLETE);
	return e;
}

static struct expression *
expression_get(struct contexts *ctx, struct slice text)
{
	struct map_entry *entry = map_get(&ctx->expressions, text);
	struct expression *e;
	bool added;

	if (entry != NULL)
		return entry->value.ptr;
	e = expression_new(text);
	e->round = ctx->round;
	entry = map_put(&ctx->expressions, text, &added);
	entry->value.ptr = e;
	return e;
}

/* One that is not named by this round or the one before it; NULL: none. */
static struct map_entry *
stale_find(const struct contexts *ctx)
{
	struct map_entry *entry;
	size_t at = 0;

	while ((entry = map_next(&ctx->expressions, &at)) != NULL) {
		const struct expression *e = entry->value.ptr;

		if (e->round + 1 < ctx->round)
			return entry;
	}
	return NULL;
}

static void
stale_drop(struct contexts *ctx)
{
	struct map_entry *entry;

	while ((entry = stale_find(ctx)) != NULL) {
		struct expression *e = entry->value.ptr;

		(void)map_remove(&ctx->expressions, entry->key);
		expression_free(e);
	}
}

void
contexts_turn(
    struct contexts *ctx, const struct img_head *img, uint64_t budget_us)
{
	const struct img_regex *all;
	uint64_t end;

	if (ctx->img != img || ctx->generation != img->generation) {
		ctx->img = img;
		ctx->generation = img->generation;
		ctx->round++;
		ctx->next = 0;
		ctx->walking = true;
	}
	if (!ctx->walking)
		return;
	all = img_at(img, img->router.regexes.off);
	end = clock_raw_us() + budget_us;
	while (ctx->next < img->router.regexes.count) {
		expression_get(ctx, img_slice(img, all[ctx->next].text))
		    ->round = ctx->round;
		ctx->next++;
		if (clock_raw_us() >= end)
			return;
	}
	stale_drop(ctx);
	ctx->walking = false;
}

size_t
contexts_count(const struct contexts *ctx)
{
	return ctx->expressions.count;
}

int
contexts_match(struct contexts *ctx, struct slice text, struct slice subject,
    struct slice *captures, int max)
{
	struct expression *e = expression_get(ctx, text);
	int count = max < IMG_PARAMS_MAX ? max : IMG_PARAMS_MAX;
	const PCRE2_SIZE *at;
	int n;

	if (e->code == NULL)
		return -1;
	if (e->captures < (uint32_t)count)
		count = (int)e->captures;
	n = pcre2_match(e->code, (PCRE2_SPTR)subject.p, subject.n, 0, 0,
	    ctx->data, ctx->limits);
	if (n < 0)
		return -1;
	at = pcre2_get_ovector_pointer(ctx->data);
	for (int i = 0; i < count; i++) {
		PCRE2_SIZE start = at[2 * i + 2], stop = at[2 * i + 3];

		captures[i] = SLICE_NONE;
		/* \K in a look-around can set the start behind the end. */
		if (start != PCRE2_UNSET && start <= stop)
			captures[i] =
			    slice_make(subject.p + start, stop - start);
	}
	return count;
}
