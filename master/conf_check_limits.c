/*
 * conf_check_limits.c - rate_limits, and the routes that name them.
 */
#include <string.h>

#include "common/base/must.h"
#include "common/http/http.h"
#include "master/conf_check.h"
#include "master/conf_suggest.h"
#include "master/conf_table.h"
#include "shm/limiter.h"
#include "shm/permit.h"

#define DAY_US UINT64_C(86400000000)
#define BUCKET_PER_SECOND_MAX UINT64_C(10000000)
#define SCALED_MAX UINT64_C(1000000000)

/* Dangling names that get a suggestion: each is compared with all limits. */
#define SUGGESTIONS_MAX 100

struct limits_check {
	struct conf *c;
	struct diag *d;
	struct map names; /* of limits, to index + 1 */
	unsigned suggestions;
};

static const struct conf_block *const block = &conf_block_rate_limit;

#define COMPLAIN(lc, limit, path, ...)                                \
	do {                                                          \
		struct conf_place at_ =                               \
		    conf_where((lc)->c, block, (limit), (path));      \
		diag_error((lc)->d, at_.file, at_.line, __VA_ARGS__); \
	} while (0)

static bool
given(const struct conf_rate_limit *l, const char *path)
{
	return conf_given(block, l, path);
}

static void
check_name(struct limits_check *lc, size_t i)
{
	const struct conf_rate_limit *l = &lc->c->rate_limits[i], *other;
	size_t first;

	if (l->name == NULL)
		return;
	if (!conf_name_claim(&lc->names, l->name, i, &first)) {
		other = &lc->c->rate_limits[first];
		COMPLAIN(lc, l, "name",
		    "there is a rate limit \"%s\" already, at %s:%d", l->name,
		    other->place.file, other->place.line);
	} else if (!conf_is_word(l->name) ||
	    strpbrk(l->name, "/\"\\") != NULL) {
		COMPLAIN(lc, l, "name",
		    "name: \"%s\" has a space, a slash, a quote or a character "
		    "outside ASCII",
		    l->name);
	}
}

/* What was written, and means nothing for this algorithm. */
static void
check_rows(struct limits_check *lc, const struct conf_rate_limit *l)
{
	for (size_t i = 0; i < block->count; i++) {
		const struct conf_row *row = &block->rows[i];

		if (conf_row_prefix(row) == 0 && given(l, row->path) &&
		    !conf_row_applies(block, row, l))
			COMPLAIN(lc, l, row->path,
			    "%s: a limit of the algorithm \"%s\" has none",
			    row->path, l->algorithm);
	}
}

/* ---- what is counted by ---- */

static const struct {
	const char *word;
	uint32_t part;
	bool late;
} part_words[] = {
	{ "address", IMG_LIMIT_ADDRESS, false },
	{ "user", IMG_LIMIT_USER, true },
	{ "tenant", IMG_LIMIT_TENANT, true },
	{ "service", IMG_LIMIT_SERVICE, true },
	{ "route", IMG_LIMIT_ROUTE, false },
	{ "header", IMG_LIMIT_HEADER, false },
};

#define PART_WORDS (sizeof(part_words) / sizeof(part_words[0]))

/* NULL, or what is wrong with a part's name behind the colon (or NULL). */
static const char *
part_name_fault(uint32_t part, const char *name)
{
	if (part != IMG_LIMIT_HEADER)
		return name != NULL ? "has a name, and needs none" : NULL;
	return name != NULL && http_is_token(slice_str(name))
	    ? NULL
	    : "needs a name, as in \"header:X-Api-Key\"";
}

/* NULL when `word` was added to the parts, else why not. */
static const char *
part_add(struct conf_rate_limit *l, const char *word)
{
	size_t n = strcspn(word, ":");
	const char *name = word[n] == ':' ? word + n + 1 : NULL, *fault;
	struct conf_limit_part *p = &l->parts[l->part_count];

	for (size_t i = 0; i < PART_WORDS; i++) {
		if (!slice_eq(
			slice_make(word, n), slice_str(part_words[i].word)))
			continue;
		fault = part_name_fault(part_words[i].part, name);
		if (fault != NULL)
			return fault;
		if (l->part_count == IMG_LIMIT_PARTS_MAX)
			return "is one more than the four that a key may "
			       "have";
		*p = (struct conf_limit_part){ part_words[i].part, name };
		l->part_count++;
		l->late |= part_words[i].late;
		return NULL;
	}
	return "is no key; there is \"address\", \"user\", \"tenant\", "
	       "\"service\", \"route\", \"header:NAME\" and \"global\"";
}

static void
check_key(struct limits_check *lc, struct conf_rate_limit *l)
{
	const struct conf_strings *s = &l->key;

	if (s->count == 0) {
		if (!given(l, "key") || s->items != NULL)
			COMPLAIN(lc, l, "key", "a rate limit needs a key");
		return;
	}
	for (size_t i = 0; i < s->count; i++) {
		bool global = strcmp(s->items[i], "global") == 0;
		const char *fault = NULL;

		if (global && s->count > 1)
			fault = "is all requests together: it stands alone";
		else if (!global)
			fault = part_add(l, s->items[i]);
		if (fault != NULL)
			diag_error(lc->d, s->places[i].file, s->places[i].line,
			    "key: \"%s\" %s", s->items[i], fault);
	}
	conf_check_twice(s, "key", lc->d);
}

/* ---- how much ---- */

static void
check_period(struct limits_check *lc, const struct conf_rate_limit *l)
{
	bool month = l->rate.per_us > DAY_US;

	if (l->kind == IMG_LIMIT_QUOTA && l->rate.per_us < DAY_US)
		COMPLAIN(lc, l, "rate",
		    "rate: a quota is of a \"day\" or a \"month\"");
	else if (l->kind != IMG_LIMIT_QUOTA && month)
		COMPLAIN(
		    lc, l, "rate", "rate: only a quota counts by the month");
}

/* Charges that are too near to each other, or too far apart, to be timed. */
static void
check_bucket(struct limits_check *lc, struct conf_rate_limit *l)
{
	const struct conf_rate *r = &l->rate;

	if (!given(l, "burst"))
		l->burst = r->count;
	if (r->count > r->per_us / 1000000 * BUCKET_PER_SECOND_MAX)
		COMPLAIN(lc, l, "rate",
		    "rate: a token bucket takes %llu/s at most",
		    (unsigned long long)BUCKET_PER_SECOND_MAX);
	else if (l->burst > LIMITER_TIME_MAX_US / r->per_us * r->count)
		COMPLAIN(lc, l, given(l, "burst") ? "burst" : "rate",
		    "burst: the bucket would take more than 80 days to fill");
}

static void
check_rate(struct limits_check *lc, struct conf_rate_limit *l)
{
	if (l->kind == IMG_LIMIT_CONCURRENCY) {
		if (!given(l, "limit"))
			COMPLAIN(lc, l, "limit",
			    "a rate limit of the algorithm \"concurrency\" "
			    "needs a limit");
		return;
	}
	if (!given(l, "rate"))
		COMPLAIN(lc, l, "rate", "a rate limit needs a rate");
	if (l->rate.per_us == 0)
		return;
	check_period(lc, l);
	if (l->kind == IMG_LIMIT_TOKEN_BUCKET)
		check_bucket(lc, l);
}

static void
check_multiplier(struct limits_check *lc, const struct conf_rate_limit *l)
{
	static const char *const paths[IMG_CLASS_COUNT] = {
		[IMG_CLASS_NORMAL] = "multiplier.normal",
		[IMG_CLASS_PRIORITY] = "multiplier.priority",
		[IMG_CLASS_EMERGENCY] = "multiplier.emergency",
	};
	bool atonce = l->kind == IMG_LIMIT_CONCURRENCY, counted = false;
	uint64_t most = atonce ? PERMIT_COUNT_MAX : SCALED_MAX;
	uint64_t n = atonce ? l->limit : l->rate.count;

	for (unsigned i = 0; i < IMG_CLASS_COUNT; i++) {
		counted |= l->multiplier[i] != 0;
		if (n * l->multiplier[i] / 1000 > most ||
		    l->burst * l->multiplier[i] / 1000 > most)
			COMPLAIN(lc, l, paths[i],
			    "%s: the limit becomes more than %llu", paths[i],
			    (unsigned long long)most);
	}
	if (!counted)
		COMPLAIN(lc, l, paths[0],
		    "multiplier: no class of requests is counted");
}

static void
check_adaptive(struct limits_check *lc, const struct conf_rate_limit *l)
{
	if (l->adaptive && !conf_given(&conf_block_top, lc->c, "overload"))
		COMPLAIN(lc, l, "adaptive",
		    "adaptive: nothing is shed without overload");
}

static void
check_limit(struct limits_check *lc, size_t i)
{
	struct conf_rate_limit *l = &lc->c->rate_limits[i];

	l->kind = conf_word_index(block, "algorithm", l->algorithm);
	check_name(lc, i);
	check_rows(lc, l);
	check_key(lc, l);
	check_rate(lc, l);
	check_multiplier(lc, l);
	check_adaptive(lc, l);
}

/* ---- routes ---- */

static void
dangling(struct limits_check *lc, const struct conf_strings *names, size_t i)
{
	struct conf_suggest near;
	char buf[96];

	conf_suggest_init(&near, names->items[i]);
	if (lc->suggestions++ < SUGGESTIONS_MAX)
		for (size_t k = 0; k < lc->c->rate_limit_count; k++)
			if (lc->c->rate_limits[k].name != NULL)
				conf_suggest_offer(
				    &near, lc->c->rate_limits[k].name);
	diag_error(lc->d, names->places[i].file, names->places[i].line,
	    "rate_limits: there is no rate limit \"%s\"%s", names->items[i],
	    conf_suggest_text(&near, buf, sizeof(buf)));
}

static void
check_late(struct limits_check *lc, const struct conf_route *r, size_t i,
    const struct conf_rate_limit *l)
{
	const struct conf_place *at = &r->rate_limits.places[i];

	if (l->late && r->authenticate.count == 0)
		diag_error(lc->d, at->file, at->line,
		    "rate_limits: \"%s\" counts by whom requests are from, and "
		    "the route has no authenticate",
		    l->name);
}

static void
check_route(struct limits_check *lc, struct conf_route *r)
{
	const struct conf_strings *names = &r->rate_limits;
	const struct map_entry *e;

	if (names->count == 0)
		return;
	conf_check_twice(names, "rate_limits", lc->d);
	r->limit_indexes = arena_alloc(
	    &lc->c->arena, names->count * sizeof(*r->limit_indexes));
	MUST(r->limit_indexes != NULL);
	for (size_t i = 0; i < names->count; i++) {
		e = map_get(&lc->names, slice_str(names->items[i]));
		if (e == NULL) {
			dangling(lc, names, i);
			continue;
		}
		r->limit_indexes[r->limit_count++] = (uint32_t)e->value.num - 1;
		check_late(lc, r, i, &lc->c->rate_limits[e->value.num - 1]);
	}
}

void
conf_check_limits(struct conf *c, struct diag *d)
{
	struct limits_check lc = { .c = c, .d = d };

	map_init(&lc.names);
	for (size_t i = 0; i < c->rate_limit_count; i++)
		check_limit(&lc, i);
	for (size_t i = 0; i < c->route_count; i++)
		check_route(&lc, &c->routes[i]);
	map_fini(&lc.names);
}
