/*
 * ban_list.c - see ban_list.h. A restart ends the region's clock: files have
 * the wall clock's time.
 */
#include "master/ban_list.h"

#include <stdlib.h>

#include "common/base/json.h"
#include "common/base/must.h"
#include "master/json_fields.h"
#include "master/reload.h"
#include "master/saver.h"
#include "master/state.h"

#define TEND_US 1000000
#define SECONDS_MAX INT64_C(253402300799) /* the end of the year 9999 */
#define STRIKES_MAX 255

/* ---- addresses ---- */

void
ban_address_text(const struct addr *a, char text[BAN_ADDRESS_TEXT])
{
	size_t n = addr_ip_text(a, text);

	if (a->is_v6)
		memcpy(text + n, "/64", sizeof("/64"));
}

bool
ban_address_parse(struct slice text, struct addr *a)
{
	const struct slice net = SLICE_LIT("/64");
	bool is_net =
	    text.n > net.n && slice_eq(slice_skip(text, text.n - net.n), net);

	if (is_net)
		text.n -= net.n;
	return addr_parse_ip(text, a) && (a->is_v6 || !is_net);
}

/* ---- times ---- */

int64_t
ban_until_s(const struct ban *b)
{
	int64_t left_us;

	if (b->until_us == BANS_FOR_EVER)
		return 0;
	/* Rounded up already: not once more with each restart. */
	left_us = b->until_us - (int64_t)clock_now().us - BANS_UNIT_US;
	return (clock_wall().us + left_us + 999999) / 1000000;
}

/* What is over keeps its end: strikes are forgotten so long after it. */
static int64_t
until_of_s(int64_t s)
{
	if (s == 0)
		return BANS_FOR_EVER;
	return (int64_t)clock_now().us + s * 1000000 - clock_wall().us;
}

/* ---- the file ---- */

static void
ban_write(const struct region *r, const struct ban *b, struct text *out)
{
	char text[BAN_ADDRESS_TEXT];
	struct json j;

	ban_address_text(&b->addr, text);
	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_add_string(&j, "address", slice_str(text));
	if (b->until_us != BANS_FOR_EVER)
		json_add_int(&j, "until", ban_until_s(b));
	json_add_uint(&j, "strikes", b->strikes);
	if (b->by != BAN_BY_OPERATOR)
		json_add_string(&j, "rule", bans_by_name(r, b->by));
	json_object_end(&j);
	text_add_char(out, '\n');
}

void
ban_list_write(const struct region *r, struct text *out)
{
	struct ban b;

	state_begin(out, BAN_LIST_FILE);
	for (uint32_t i = 0; i < BANS_MAX; i++)
		if (bans_at(r, i, &b))
			ban_write(r, &b, out);
}

struct loading {
	struct region *region;
	char wrong[JSON_FIELDS_WRONG];
};

static void
ban_take(struct loading *l, struct json_fields *f)
{
	struct slice rule, text = json_fields_text(f, "address", 64);
	struct ban b = { 0 };

	if (!ban_address_parse(text, &b.addr))
		json_fields_say(f, "address is none");
	b.until_us = until_of_s(json_fields_int(f, "until", 1, SECONDS_MAX, 0));
	b.strikes = (uint32_t)json_fields_int(f, "strikes", 0, STRIKES_MAX, 0);
	rule = json_fields_text(f, "rule", BAN_RULE_NAME_MAX);
	if (!json_fields_ok(f))
		return;
	if (rule.n != 0)
		b.by = bans_rule(l->region, rule);
	bans_restore(l->region, &b, clock_now().us);
}

static const char *
loading_line(void *ctx, struct slice line)
{
	static const char *const names[] = { "address", "until", "strikes",
		"rule", NULL };
	struct loading *l = ctx;
	struct json_fields f;

	json_fields_init(&f, line, names);
	if (json_fields_ok(&f))
		ban_take(l, &f);
	memcpy(l->wrong, f.wrong, sizeof(l->wrong));
	json_fields_fini(&f);
	return l->wrong[0] != '\0' ? l->wrong : NULL;
}

bool
ban_list_load(struct region *r, struct slice text, struct diag *d)
{
	struct loading l = { .region = r };

	return state_walk(text, BAN_LIST_FILE, loading_line, &l, d);
}

/* ---- tending ---- */

static void
list_save(struct ban_list *l)
{
	uint64_t version = bans_version(l->region);

	if (version != l->saved && saver_write(l->saver, SAVER_BANS))
		l->saved = version;
}

static void
list_save_due(struct ban_list *l)
{
	if (saver_is_due(l->saver, SAVER_BANS))
		list_save(l);
}

static void
list_sweep(struct ban_list *l)
{
	const struct img_head *img = reload_current(l->region);
	uint32_t count = img != NULL ? img->protect.bans.count : 0;
	const struct img_ban_rule *rules =
	    count != 0 ? img_at(img, img->protect.bans.off) : NULL;
	struct ban_terms *terms = calloc(count + 1, sizeof(*terms));

	MUST(terms != NULL);
	for (uint32_t i = 0; i < count; i++)
		terms[i] = (struct ban_terms){ .max_us = rules[i].max_us,
			.by = rules[i].by };
	(void)bans_sweep(l->region, terms, count, clock_now().us);
	free(terms);
}

static void
list_tend(struct timer *t)
{
	struct ban_list *l = CONTAINER_OF(t, struct ban_list, timer);

	/* Without an image nobody knows the rules yet. */
	if (reload_current(l->region) != NULL)
		list_sweep(l);
	list_save_due(l);
	timer_set(&l->loop->timers, t, mono_add_us(clock_now(), TEND_US));
}

void
ban_list_init(struct ban_list *l, struct loop *loop, struct region *r,
    struct saver *saver)
{
	*l = (struct ban_list){ .loop = loop, .region = r, .saver = saver };
	timer_init(&l->timer, list_tend);
	timer_set(&loop->timers, &l->timer, mono_add_us(clock_now(), TEND_US));
}

void
ban_list_fini(struct ban_list *l)
{
	list_save(l);
	timer_fini(&l->loop->timers, &l->timer);
}
