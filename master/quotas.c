/*
 * quotas.c - see quotas.h. A line has the limit's id, which is made of its
 * name, and the bytes of the key, both as digits of base 16: so neither a
 * configuration nor the region's key of hashes is needed to read it. The text
 * is for people.
 */
#include "master/quotas.h"

#include <inttypes.h>

#include "common/base/hex.h"
#include "common/base/json.h"
#include "master/json_fields.h"
#include "master/saver.h"
#include "master/state.h"
#include "shm/limiter_key.h"

#define TEND_US 5000000
#define SECONDS_MAX UINT32_MAX /* as a cell has them */
#define ID_DIGITS 16

static uint64_t
wall_us(void)
{
	return (uint64_t)clock_wall().us;
}

/* ---- the file ---- */

static void
id_write(uint64_t id, char out[ID_DIGITS])
{
	uint8_t bytes[ID_DIGITS / 2];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(id >> (56 - 8 * i));
	hex_write(bytes, sizeof(bytes), out);
}

static void
quota_write(void *user, const struct limiter_seen *seen)
{
	char id[ID_DIGITS], bytes[2 * LIMITER_KEY_BYTES];
	char text[LIMITER_KEY_TEXT];
	struct text *out = user;
	struct json j;

	/* The rest would be cut off. */
	if (out->n > STATE_BYTES_MAX)
		return;
	id_write(seen->key.limit, id);
	hex_write(seen->key.bytes, seen->key.n, bytes);
	limiter_key_text(&seen->key, text, sizeof(text));
	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_add_string(&j, "limit", slice_make(id, sizeof(id)));
	json_add_string(&j, "key", slice_make(bytes, 2 * (size_t)seen->key.n));
	json_add_string(&j, "text", slice_str(text));
	json_add_uint(&j, "spent", (uint32_t)seen->state);
	json_add_uint(&j, "until", seen->over_us / 1000000);
	json_object_end(&j);
	text_add_char(out, '\n');
}

void
quotas_write(const struct region *r, struct text *out)
{
	state_begin(out, QUOTAS_FILE);
	limiter_each(r, LIMITER_QUOTA, wall_us(), quota_write, out);
}

struct loading {
	struct region *region;
	char wrong[JSON_FIELDS_WRONG];
};

static bool
key_read(struct json_fields *f, struct limiter_key *key)
{
	struct slice id = json_fields_text(f, "limit", ID_DIGITS);
	struct slice hex = json_fields_text(f, "key", 2 * LIMITER_KEY_BYTES);
	uint8_t bytes[ID_DIGITS / 2];

	*key = (struct limiter_key){ .n = (uint8_t)(hex.n / 2) };
	if (id.n != ID_DIGITS || !hex_read(id, bytes, sizeof(bytes)))
		json_fields_say(f, "limit is not of 16 digits");
	else if (hex.n % 2 != 0 || !hex_read(hex, key->bytes, key->n))
		json_fields_say(f, "key is not of pairs of digits");
	if (!json_fields_ok(f))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		key->limit = key->limit << 8 | bytes[i];
	return true;
}

static void
quota_take(struct loading *l, struct json_fields *f)
{
	uint64_t spent, until, now_us = wall_us();
	struct limiter_rate rate;
	struct limiter_key key;

	json_fields_need(f, "limit");
	json_fields_need(f, "spent");
	json_fields_need(f, "until");
	spent = (uint64_t)json_fields_int(f, "spent", 1, UINT32_MAX, 1);
	until = (uint64_t)json_fields_int(f, "until", 1, SECONDS_MAX, 1);
	if (!key_read(f, &key) || until * 1000000 <= now_us)
		return;
	/* As if all were spent: then it stays when places are scarce, until
	 * its first request says how much there is. */
	rate = (struct limiter_rate){ .kind = LIMITER_FIXED,
		.count = spent,
		.period_us = IMG_PERIOD_MONTH,
		.end_us = until * 1000000 };
	key.hash = limiter_key_hash(l->region, &key);
	limiter_restore(l->region, LIMITER_QUOTA, &key, &rate, spent, now_us);
}

static const char *
loading_line(void *ctx, struct slice line)
{
	static const char *const names[] = { "limit", "key", "text", "spent",
		"until", NULL };
	struct loading *l = ctx;
	struct json_fields f;

	json_fields_init(&f, line, names);
	if (json_fields_ok(&f))
		quota_take(l, &f);
	memcpy(l->wrong, f.wrong, sizeof(l->wrong));
	json_fields_fini(&f);
	return l->wrong[0] != '\0' ? l->wrong : NULL;
}

bool
quotas_load(struct region *r, struct slice text, struct diag *d)
{
	struct loading l = { .region = r };

	return state_walk(text, QUOTAS_FILE, loading_line, &l, d);
}

/* ---- tending ---- */

static void
quotas_save(struct quotas *q)
{
	uint64_t sum;

	(void)limiter_used(q->region, LIMITER_QUOTA, wall_us(), &sum);
	if (sum != q->saved && saver_write(q->saver, SAVER_QUOTAS))
		q->saved = sum;
}

static void
quotas_tend(struct timer *t)
{
	struct quotas *q = CONTAINER_OF(t, struct quotas, timer);
	uint64_t began_us = clock_raw_us(), took_us, next_us;

	quotas_save(q);
	took_us = clock_raw_us() - began_us;
	next_us =
	    took_us > TEND_US / SAVER_SHARE ? took_us * SAVER_SHARE : TEND_US;
	timer_set(&q->loop->timers, t, mono_add_us(clock_now(), next_us));
}

void
quotas_init(
    struct quotas *q, struct loop *loop, struct region *r, struct saver *saver)
{
	*q = (struct quotas){ .loop = loop, .region = r, .saver = saver };
	timer_init(&q->timer, quotas_tend);
	if (saver_keeps(saver))
		timer_set(&loop->timers, &q->timer,
		    mono_add_us(clock_now(), TEND_US));
}

void
quotas_fini(struct quotas *q)
{
	if (saver_keeps(q->saver))
		quotas_save(q);
	timer_fini(&q->loop->timers, &q->timer);
}
