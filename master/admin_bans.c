/*
 * admin_bans.c - see admin_bans.h.
 */
#include "master/admin_bans.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/units.h"
#include "master/audited.h"
#include "master/ban_list.h"
#include "master/json_fields.h"

#define ADDRESS_MAX 64
#define FOR_MAX_S (INT64_C(365) * 86400)

/* ---- showing ---- */

static void
ban_members(struct json *j, const struct region *r, const struct ban *b)
{
	char text[BAN_ADDRESS_TEXT];

	ban_address_text(&b->addr, text);
	json_add_string(j, "address", slice_str(text));
	if (b->until_us == BANS_FOR_EVER)
		json_add_null(j, "until");
	else
		json_add_int(j, "until", ban_until_s(b));
	json_add_uint(j, "strikes", b->strikes);
	if (b->by == BAN_BY_OPERATOR)
		json_add_null(j, "rule");
	else
		json_add_string(j, "rule", bans_by_name(r, b->by));
}

/* Place i, if its ban holds. */
static bool
ban_holds(const struct region *r, uint32_t i, struct ban *b)
{
	return bans_at(r, i, b) && b->until_us > (int64_t)clock_now().us;
}

void
admin_bans_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	struct json j;
	struct ban b;

	(void)q;
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "bans");
	for (uint32_t i = 0; i < BANS_MAX; i++) {
		if (!ban_holds(&a->in->region, i, &b))
			continue;
		json_object_begin(&j, NULL);
		ban_members(&j, &a->in->region, &b);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
}

/* ---- changing ---- */

static void
address_read(struct json_fields *f, struct slice text, struct addr *addr)
{
	json_fields_need(f, "address");
	if (json_fields_ok(f) && !ban_address_parse(text, addr))
		json_fields_say(f, "address is no address of IPv4 or IPv6");
}

static void
ban_told(struct admin *a, const struct ban *b, struct slice address)
{
	char time[32], how[64] = "for ever";

	if (b->until_us != BANS_FOR_EVER)
		(void)snprintf(how, sizeof(how), "for %s",
		    units_duration_text((uint64_t)b->until_us - clock_now().us,
			time, sizeof(time)));
	audited_by(a, AUDIT_BANNED, address, slice_str(how));
}

static void
banned(struct admin *a, const struct ban *b, struct admin_reply *r)
{
	bool saved = saver_write_due(&a->access->saver, SAVER_BANS);
	char text[BAN_ADDRESS_TEXT];
	struct json j;

	ban_address_text(&b->addr, text);
	log_info("bans: %s is banned by an operator", text);
	ban_told(a, b, slice_str(text));
	r->status = 201;
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	ban_members(&j, &a->in->region, b);
	json_add_bool(&j, "saved", saved);
	json_object_end(&j);
}

void
admin_ban_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	static const char *const names[] = { "address", "for", NULL };
	uint64_t now_us = clock_now().us;
	struct ban b = { .until_us = BANS_FOR_EVER };
	struct json_fields f;
	int64_t for_s;

	json_fields_init(&f, q->body, names);
	address_read(&f, json_fields_text(&f, "address", ADDRESS_MAX), &b.addr);
	for_s = json_fields_duration(&f, "for");
	if (for_s > FOR_MAX_S)
		json_fields_say(&f, "for is at most 365d");
	if (for_s != 0)
		b.until_us = (int64_t)now_us + for_s * 1000000;
	if (!json_fields_ok(&f))
		admin_reply_problem(r, 400, slice_str(f.wrong));
	else if (!bans_order(&a->in->region, &b.addr, b.until_us, now_us))
		admin_reply_problem(r, 507,
		    SLICE_LIT("operators' bans have all places of the table "
			      "that this one could have"));
	else
		banned(a, &b, r);
	json_fields_fini(&f);
}

static uint64_t
lift_all(struct region *r)
{
	uint64_t n = 0;
	struct ban b;

	for (uint32_t i = 0; i < BANS_MAX; i++)
		if (bans_at(r, i, &b))
			n += bans_lift(r, &b.addr, clock_now().us);
	return n;
}

static void
lifted(struct admin *a, struct slice what, uint64_t n, struct admin_reply *r)
{
	bool saved = saver_write_due(&a->access->saver, SAVER_BANS);
	struct json j;

	log_info("bans: an operator has lifted %" PRIu64, n);
	audited_by(a, AUDIT_UNBANNED, what, SLICE_NONE);
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	json_add_uint(&j, "lifted", n);
	json_add_bool(&j, "saved", saved);
	json_object_end(&j);
}

void
admin_unban_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	static const char *const names[] = { "address", NULL };
	struct region *region = &a->in->region;
	struct json_fields f;
	struct addr addr;
	struct slice text;

	json_fields_init(&f, q->body, names);
	text = json_fields_text(&f, "address", ADDRESS_MAX);
	if (slice_eq(text, SLICE_LIT("all"))) {
		lifted(a, text, lift_all(region), r);
	} else {
		address_read(&f, text, &addr);
		if (!json_fields_ok(&f))
			admin_reply_problem(r, 400, slice_str(f.wrong));
		else if (!bans_lift(region, &addr, clock_now().us))
			admin_reply_problem(
			    r, 404, SLICE_LIT("this is not banned"));
		else
			lifted(a, text, 1, r);
	}
	json_fields_fini(&f);
}

/* ---- metrics ---- */

static void
prom_rule(const struct region *r, uint32_t by, struct prom *p)
{
	prom_sample(p);
	prom_label(p, "rule", bans_by_name(r, by));
	prom_u64(p, bans_by_total(r, by));
}

void
admin_bans_prom(const struct region *r, struct prom *p)
{
	uint64_t held = 0;
	struct ban b;

	for (uint32_t i = 0; bans_active(r) && i < BANS_MAX; i++)
		held += ban_holds(r, i, &b);
	prom_single(p, METRIC_BANS_ACTIVE, held);
	prom_family(p, METRIC_BANS);
	for (uint32_t by = 0; by <= bans_rules(r); by++)
		prom_rule(r, by, p);
	if (bans_by_total(r, BAN_BY_OTHERS) != 0)
		prom_rule(r, BAN_BY_OTHERS, p);
	prom_single(p, METRIC_BANS_DROPPED, bans_dropped(r));
}
