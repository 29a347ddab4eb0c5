/*
 * offences.c - see offences.h. Bans are rare, but a thousand addresses may be
 * banned in one second: the log has a few of them, and how many more there
 * were.
 */
#include "worker/watch/offences.h"

#include <stdio.h>

#include "common/base/log.h"
#include "common/base/units.h"
#include "shm/audit.h"
#include "shm/bans.h"
#include "shm/image.h"
#include "shm/limiter.h"
#include "shm/limiter_key.h"
#include "worker/flow/trust.h"

#define LOGGED_MAX 10 /* in a second */

void
offences_follow(struct env *e)
{
	const struct img_head *img = e->view.image;

	e->offences = img != NULL && img->protect.bans.count != 0;
}

/* ---- the log ---- */

static bool
ban_is_logged(struct env *e)
{
	int64_t now_s = env_now_s();

	if (now_s != e->bans_logged_s) {
		if (e->bans_logged > LOGGED_MAX)
			log_info("bans: %u more addresses were banned",
			    e->bans_logged - LOGGED_MAX);
		e->bans_logged_s = now_s;
		e->bans_logged = 0;
	}
	return ++e->bans_logged <= LOGGED_MAX;
}

static void
ban_log(struct env *e, const struct img_head *img,
    const struct img_ban_rule *rule, const struct ban *b, uint64_t now_us)
{
	char text[ADDR_TEXT_MAX], time[32];
	uint64_t s = (b->until_us - now_us + 500000) / 1000000;

	if (!ban_is_logged(e))
		return;
	(void)addr_ip_text(&b->addr, text);
	log_info("bans: %s%s is banned for %s by rule \"%.*s\", strike %u",
	    text, b->addr.is_v6 ? "/64" : "",
	    units_duration_text(s * 1000000, time, sizeof(time)),
	    SLICE_FMT(img_slice(img, rule->name)), b->strikes);
}

/* ---- the audit log ---- */

static void
ban_tell(struct env *e, const struct img_head *img,
    const struct img_ban_rule *rule, const struct ban *b, uint64_t now_us)
{
	char text[ADDR_TEXT_MAX + 4], time[32], how[64];
	uint64_t s = (b->until_us - now_us + 500000) / 1000000;
	size_t n = addr_ip_text(&b->addr, text);
	struct audit_note note = {
		.event = AUDIT_BANNED, .address = &b->addr, .count = b->strikes
	};

	(void)snprintf(
	    text + n, sizeof(text) - n, "%s", b->addr.is_v6 ? "/64" : "");
	(void)snprintf(how, sizeof(how), "for %s",
	    units_duration_text(s * 1000000, time, sizeof(time)));
	note.text[AUDIT_WHO] = img_slice(img, rule->name);
	note.text[AUDIT_VIA] = SLICE_LIT("rule");
	note.text[AUDIT_OBJECT] = slice_str(text);
	note.text[AUDIT_DETAIL] = slice_str(how);
	audit_write(e->region, &note);
}

/* ---- counting ---- */

static bool
rule_counts(const struct img_head *img, const struct img_ban_rule *rule,
    unsigned status, enum why why)
{
	return (rule->whys[why / 64] >> why % 64 & 1) != 0 ||
	    img_ranges_have(
		img_at(img, rule->statuses.off), rule->statuses.count, status);
}

/* The time before this one was the last that is let pass. */
static bool
rule_is_broken(
    struct env *e, const struct img_ban_rule *rule, const struct limiter_key *k)
{
	struct limiter_rate rate = { .kind = LIMITER_SLIDING,
		.count = rule->count - 1,
		.period_us = rule->window_us };
	struct limiter_left left;

	return rule->count == 1 ||
	    !limiter_take(
		e->region, LIMITER_ADDRESS, k, &rate, clock_now().us, &left);
}

static void
rule_note(struct env *e, const struct img_head *img,
    const struct img_ban_rule *rule, const struct addr *a)
{
	const struct ban_terms terms = { .time_us = rule->time_us,
		.max_us = rule->max_us,
		.factor = rule->factor,
		.by = rule->by };
	uint64_t now_us = clock_now().us;
	struct limiter_key key;
	struct ban b;

	limiter_key_address(e->region, rule->id, a, &key);
	if (!rule_is_broken(e, rule, &key) ||
	    !bans_add(e->region, a, &terms, now_us, &b))
		return;
	/* When it is over, it counts from the start. */
	(void)limiter_reset(e->region, LIMITER_ADDRESS, &key);
	ban_log(e, img, rule, &b, now_us);
	if (audit_wants(e->region, AUDIT_BANNED))
		ban_tell(e, img, rule, &b, now_us);
}

/* What it does while it is banned does not prolong that. */
static bool
is_exempt(struct env *e, const struct img_head *img, const struct addr *a)
{
	return trust_has(img, a) ||
	    (bans_active(e->region) && bans_have(e->region, a, clock_now().us));
}

void
offences_note(
    struct env *e, const struct addr *a, unsigned status, enum why why)
{
	const struct img_head *img = e->view.image;
	const struct img_ban_rule *rules;

	if (img == NULL || why == WHY_BANNED)
		return;
	rules = img_at(img, img->protect.bans.off);
	for (uint32_t i = 0; i < img->protect.bans.count; i++) {
		if (!rule_counts(img, &rules[i], status, why))
			continue;
		if (is_exempt(e, img, a))
			return;
		rule_note(e, img, &rules[i], a);
	}
}
