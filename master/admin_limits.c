/*
 * admin_limits.c - see admin_limits.h. What keys have left is said as for
 * requests whose class has the multiplier 1, while nothing is shed.
 */
#include "master/admin_limits.h"

#include <stdlib.h>

#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "master/reload.h"
#include "shm/limit_rate.h"
#include "shm/limiter_key.h"

#define WHOLE 1000u    /* thousandths of a limit */
#define KEYS_SHOWN 100 /* those that have spent most */

static uint64_t
table_now_us(enum limiter_table table)
{
	return table == LIMITER_QUOTA ? (uint64_t)clock_wall().us
				      : clock_now().us;
}

/* ---- limits ---- */

static const struct img_limit *
limits_all(const struct img_head *img, uint32_t *count)
{
	*count = img != NULL ? img->protect.limits.count : 0;
	return *count != 0 ? img_at(img, img->protect.limits.off) : NULL;
}

/* NULL, and answered: there is none. */
static const struct img_limit *
limit_find(const struct img_head *img, struct slice name, struct admin_reply *r)
{
	uint32_t count;
	const struct img_limit *all = limits_all(img, &count);

	for (uint32_t i = 0; i < count; i++)
		if (slice_eq(img_slice(img, all[i].name), name))
			return &all[i];
	admin_reply_problem(r, 404, SLICE_LIT("no such limit"));
	return NULL;
}

static const char *
limit_algorithm(const struct img_limit *l)
{
	static const char *const words[IMG_LIMIT_KINDS] = {
		[IMG_LIMIT_TOKEN_BUCKET] = "token_bucket",
		[IMG_LIMIT_SLIDING_WINDOW] = "sliding_window",
		[IMG_LIMIT_FIXED_WINDOW] = "fixed_window",
		[IMG_LIMIT_QUOTA] = "quota",
		[IMG_LIMIT_CONCURRENCY] = "concurrency",
	};

	return words[l->kind];
}

static void
limit_members(
    struct json *j, const struct img_head *img, const struct img_limit *l)
{
	json_add_string(j, "name", img_slice(img, l->name));
	json_add_string(j, "algorithm", slice_str(limit_algorithm(l)));
	json_add_uint(j, "count", l->count);
	if (l->kind == IMG_LIMIT_QUOTA)
		json_add_string(j, "period",
		    l->period_us == IMG_PERIOD_DAY ? SLICE_LIT("day")
						   : SLICE_LIT("month"));
	else if (l->kind != IMG_LIMIT_CONCURRENCY)
		json_add_seconds(j, "period_seconds", l->period_us);
	if (l->kind == IMG_LIMIT_TOKEN_BUCKET)
		json_add_uint(j, "burst", l->burst);
}

/* ---- all of them ---- */

struct census_count {
	uint64_t id, keys;
};

/* There may be many limits, and each key of the tables is asked whose it is. */
struct census {
	const struct img_limit *all;
	uint32_t count;
	struct census_count *of; /* ordered by id */
};

static int
id_compare(const void *a, const void *b)
{
	uint64_t x = ((const struct census_count *)a)->id;
	uint64_t y = ((const struct census_count *)b)->id;

	return (x > y) - (x < y);
}

/* NULL: it is none of these. */
static struct census_count *
census_find(const struct census *t, uint64_t id)
{
	const struct census_count key = { .id = id };

	return bsearch(&key, t->of, t->count, sizeof(key), id_compare);
}

static uint64_t
census_keys(const struct census *t, const struct img_limit *l)
{
	const struct census_count *of = census_find(t, l->id);

	return of != NULL ? of->keys : 0;
}

static void
census_key(void *user, const struct limiter_seen *seen)
{
	struct census_count *of = census_find(user, seen->key.limit);

	if (of != NULL)
		of->keys++;
}

static void
census_make(
    struct census *t, const struct region *r, const struct img_head *img)
{
	t->all = limits_all(img, &t->count);
	t->of = calloc(t->count + 1, sizeof(*t->of));
	MUST(t->of != NULL);
	for (uint32_t i = 0; i < t->count; i++)
		t->of[i].id = t->all[i].id;
	qsort(t->of, t->count, sizeof(*t->of), id_compare);
	for (enum limiter_table i = 0; t->count != 0 && i < LIMITER_TABLES; i++)
		limiter_each(r, i, table_now_us(i), census_key, t);
}

void
admin_limits_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	const struct img_head *img = reload_current(&a->in->region);
	struct census t;
	struct json j;

	(void)q;
	census_make(&t, &a->in->region, img);
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "limits");
	for (uint32_t i = 0; i < t.count; i++) {
		json_object_begin(&j, NULL);
		limit_members(&j, img, &t.all[i]);
		if (t.all[i].kind != IMG_LIMIT_CONCURRENCY)
			json_add_uint(&j, "keys", census_keys(&t, &t.all[i]));
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
	free(t.of);
}

/* ---- the keys of one ---- */

/* All tables where keys of the limit may be: an address stands for an identity
 * that a request has not, and is counted where addresses are. */
static uint32_t
limit_tables(const struct img_limit *l, enum limiter_table tables[2])
{
	tables[0] = (enum limiter_table)l->table;
	tables[1] = LIMITER_ADDRESS;
	return l->table == LIMITER_IDENTITY ? 2 : 1;
}

struct spender {
	struct limiter_key key;
	struct limiter_left left;
};

/* Those that have spent most, ordered. */
struct spenders {
	const struct img_limit *limit;
	enum limiter_table table; /* that is looked at */
	struct limiter_rate rate;
	uint64_t now_us, keys;
	uint32_t count;
	struct spender of[KEYS_SHOWN];
};

/* Less is left; of two, it takes longer until all is. */
static bool
spender_before(const struct limiter_left *a, const struct limiter_left *b)
{
	if (a->remaining != b->remaining)
		return a->remaining < b->remaining;
	return a->reset_us > b->reset_us;
}

static void
spenders_add(void *user, const struct limiter_seen *seen)
{
	struct spenders *s = user;
	struct limiter_left left;
	uint32_t at;

	if (seen->key.limit != s->limit->id)
		return;
	s->keys++;
	limiter_look(s->table, seen, &s->rate, s->now_us, &left);
	if (s->count < KEYS_SHOWN)
		at = s->count++;
	else if (spender_before(&left, &s->of[KEYS_SHOWN - 1].left))
		at = KEYS_SHOWN - 1;
	else
		return;
	for (; at > 0 && spender_before(&left, &s->of[at - 1].left); at--)
		s->of[at] = s->of[at - 1];
	s->of[at] = (struct spender){ seen->key, left };
}

static void
spender_write(struct json *j, const struct spender *s)
{
	char text[LIMITER_KEY_TEXT];
	size_t n = limiter_key_text(&s->key, text, sizeof(text));

	json_object_begin(j, NULL);
	json_add_string(j, "key", slice_make(text, n));
	json_add_uint(j, "limit", s->left.limit);
	json_add_uint(j, "used", s->left.limit - s->left.remaining);
	json_add_uint(j, "remaining", s->left.remaining);
	json_add_seconds(j, "reset_seconds", s->left.reset_us);
	json_object_end(j);
}

static void
spenders_write(
    struct json *j, const struct region *r, const struct img_limit *l)
{
	struct spenders *s = calloc(1, sizeof(*s));
	enum limiter_table tables[2];
	uint32_t n = limit_tables(l, tables);

	MUST(s != NULL);
	s->limit = l;
	s->now_us = limit_now_us(l);
	limit_rate(l, WHOLE, s->now_us, &s->rate);
	for (uint32_t i = 0; i < n; i++) {
		s->table = tables[i];
		limiter_each(r, s->table, s->now_us, spenders_add, s);
	}
	json_add_uint(j, "keys", s->keys);
	json_array_begin(j, "most_used");
	for (uint32_t i = 0; i < s->count; i++)
		spender_write(j, &s->of[i]);
	json_array_end(j);
	free(s);
}

void
admin_limit_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	const struct img_head *img = reload_current(&a->in->region);
	const struct img_limit *l = limit_find(img, q->arg[0], r);
	struct json j;

	if (l == NULL)
		return;
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	limit_members(&j, img, l);
	if (l->kind != IMG_LIMIT_CONCURRENCY)
		spenders_write(&j, &a->in->region, l);
	json_object_end(&j);
}

/* ---- resetting ---- */

struct reset {
	const struct region *region;
	const struct img_limit *limit;
	enum limiter_table table; /* that is looked at */
	struct slice text;
	uint64_t done;
};

static void
reset_key(void *user, const struct limiter_seen *seen)
{
	char text[LIMITER_KEY_TEXT];
	struct reset *s = user;
	size_t n;

	if (seen->key.limit != s->limit->id)
		return;
	n = limiter_key_text(&seen->key, text, sizeof(text));
	if (slice_eq(slice_make(text, n), s->text))
		s->done += limiter_reset(s->region, s->table, &seen->key);
}

static void
limit_reset(struct reset *s)
{
	enum limiter_table tables[2];
	uint32_t n = limit_tables(s->limit, tables);

	for (uint32_t i = 0; i < n; i++) {
		s->table = tables[i];
		limiter_each(
		    s->region, s->table, limit_now_us(s->limit), reset_key, s);
	}
}

void
admin_limit_reset_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	const struct img_head *img = reload_current(&a->in->region);
	struct reset s = { .region = &a->in->region, .text = q->arg[1] };
	struct json j;

	s.limit = limit_find(img, q->arg[0], r);
	if (s.limit == NULL)
		return;
	if (s.limit->kind != IMG_LIMIT_CONCURRENCY)
		limit_reset(&s);
	if (s.done == 0) {
		admin_reply_problem(
		    r, 404, SLICE_LIT("this key has spent nothing"));
		return;
	}
	log_info("limits: an operator has reset a key of \"%.*s\"",
	    (int)q->arg[0].n, q->arg[0].p);
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	json_add_uint(&j, "reset", s.done);
	json_object_end(&j);
}

/* ---- metrics ---- */

static const char *const table_words[LIMITER_TABLES] = {
	[LIMITER_ADDRESS] = "address",
	[LIMITER_IDENTITY] = "identity",
	[LIMITER_QUOTA] = "quota",
};

void
admin_limits_prom(const struct region *r, struct prom *p)
{
	prom_family(p, METRIC_LIMITS_KEYS);
	for (enum limiter_table t = 0; t < LIMITER_TABLES; t++)
		prom_pair(p, "table", table_words[t],
		    limiter_used(r, t, table_now_us(t), NULL));
	prom_family(p, METRIC_LIMITS_FORGOTTEN);
	for (enum limiter_table t = 0; t < LIMITER_TABLES; t++)
		prom_pair(p, "table", table_words[t], limiter_evicted(r, t));
}
