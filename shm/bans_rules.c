/*
 * bans_rules.c - the numbers that rules are known by, and what they have done.
 */
#include "shm/bans.h"

#include <string.h>

#include "common/base/must.h"
#include "shm/step.h"

uint32_t
bans_rules(const struct region *r)
{
	return atomic_load(&r->state->bans.rules);
}

static struct slice
ban_rule_name(const struct region *r, uint32_t by)
{
	const struct shm_ban_rule *rule = &r->state->bans.rule[by];

	MUST(rule->name_bytes <= BAN_RULE_NAME_MAX);
	return slice_make(rule->name, rule->name_bytes);
}

uint32_t
bans_rule(struct region *r, struct slice name)
{
	uint32_t n = bans_rules(r);
	struct shm_ban_rule *rule;

	MUST(name.n <= BAN_RULE_NAME_MAX);
	for (uint32_t by = 1; by <= n; by++)
		if (slice_eq(ban_rule_name(r, by), name))
			return by;
	if (n + 1 >= BAN_BY_OTHERS)
		return BAN_BY_OTHERS;
	rule = &r->state->bans.rule[n + 1];
	SHM_STEP("ban_rule_name");
	memcpy(rule->name, name.p, name.n);
	rule->name_bytes = (uint32_t)name.n;
	SHM_STEP("ban_rules");
	atomic_store(&r->state->bans.rules, n + 1);
	return n + 1;
}

struct slice
bans_by_name(const struct region *r, uint32_t by)
{
	if (by == BAN_BY_OPERATOR)
		return SLICE_LIT("operator");
	return by <= bans_rules(r) ? ban_rule_name(r, by) : SLICE_LIT("others");
}

uint64_t
bans_by_total(const struct region *r, uint32_t by)
{
	MUST(by <= BAN_RULES_MAX);
	return atomic_load(&r->state->bans.rule[by].total);
}
