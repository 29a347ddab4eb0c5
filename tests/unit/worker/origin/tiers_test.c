/*
 * Tests of tiers.c: what is worked out of a set, when again, and where a
 * request looks in which order.
 */
#include "tests/unit/shm/fixture.h"
#include "worker/origin/tiers.h"

#define ROUNDS 100000u

static struct region region;
static uint32_t service;
static struct tiers tiers;
static struct balance_ask ask;
static uint64_t seed;
static struct mono now;

static const struct vital_rule rule = { .failures = 1, .time_us = 1000 };

static void
begin(void)
{
	fixture_region(&region, 1);
	service = registry_service(&region, SLICE_LIT("s"));
	memset(&tiers, 0, sizeof(tiers));
	ask = (struct balance_ask){ .panic_threshold = 50,
		.algorithm = IMG_BALANCE_RANDOM };
	now.us = 1000000;
}

static void
end(void)
{
	region_fini(&region);
}

/* Weight 1 each: `near` of the own zone, `far` others, `backups`. */
static void
publish(uint32_t near, uint32_t far, uint32_t backups)
{
	struct eset_want want[64];
	uint32_t n = near + far + backups;

	for (uint32_t i = 0; i < n; i++) {
		want[i] = fixture_want(i + 1, 1);
		want[i].near = i < near;
		want[i].backup = i >= near + far;
	}
	ck_assert(registry_publish_set(&region, service, want, n));
}

static uint32_t
index_of(uint32_t i)
{
	return registry_set(&region, service)->members[i].handle.index;
}

static void
sick(uint32_t i, bool on)
{
	vital_set_flag(
	    &region, index_of(i), VITAL_DOWN, on, CAUSE_PROBE_CONNECT, 0);
}

/* As of now; true when it was worked out anew. */
static bool
update(void)
{
	tiers.sums[TIER_ALL].count = UINT32_MAX;
	tiers_update(
	    &tiers, &region, registry_set(&region, service), now, false);
	return tiers.sums[TIER_ALL].count != UINT32_MAX;
}

static struct tiers_step
first(void)
{
	tiers_work_out(
	    &tiers, &region, registry_set(&region, service), now, false);
	return tiers_first(&tiers, &ask, &seed);
}

static void
check_step(struct tiers_step got, enum tier tier, enum lb_mind mind)
{
	ck_assert_uint_eq(got.tier, tier);
	ck_assert_uint_eq(got.mind, mind);
}

/* Of ROUNDS requests, how many look in the own zone first. */
static uint32_t
stay_near(void)
{
	uint32_t n = 0;

	first();
	for (uint32_t i = 0; i < ROUNDS; i++) {
		ask.hash = hash_u64(i + 1);
		n += tiers_first(&tiers, &ask, &seed).tier == TIER_NEAR;
	}
	return n;
}

START_TEST(sums_are_of_stretches)
{
	const struct tier_sum *s = tiers.sums;

	begin();
	publish(2, 3, 4);
	sick(1, true);
	sick(8, true);
	vital_set_admin(&region, index_of(2), ADMIN_MAINT, CAUSE_OPERATOR);
	vital_set_share(&region, index_of(3), 300);
	ck_assert(update());
	ck_assert_uint_eq(s[TIER_NEAR].count, 2);
	ck_assert_uint_eq(s[TIER_NEAR].usable, 1);
	ck_assert_uint_eq(s[TIER_NEAR].open, 2);
	ck_assert(s[TIER_NEAR].full && !s[TIER_NEAR].sound);
	ck_assert_uint_eq(s[TIER_PRIMARY].count, 5);
	ck_assert_uint_eq(s[TIER_PRIMARY].total, 4);
	ck_assert_uint_eq(s[TIER_PRIMARY].healthy, 3);
	ck_assert(!s[TIER_PRIMARY].full && !s[TIER_PRIMARY].sound);
	ck_assert_uint_eq(s[TIER_ALL].count, 9);
	ck_assert_uint_eq(s[TIER_ALL].open, 8);
	ck_assert_uint_eq(s[TIER_ALL].usable, 6);
	ck_assert(!tiers.plain);
	end();
}
END_TEST

START_TEST(worked_out_when_something_changes)
{
	begin();
	publish(0, 3, 0);
	ck_assert(update());
	ck_assert(tiers.plain);
	ck_assert(!update());
	now.us += 1000000000;
	ck_assert(!update());
	sick(0, true);
	ck_assert(update());
	ck_assert(!tiers.plain);
	sick(0, false);
	vital_set_share(&region, index_of(0), 999);
	ck_assert(update());
	ck_assert(!tiers.plain);
	vital_set_share(&region, index_of(0), VITAL_SHARE_FULL);
	publish(0, 4, 0);
	ck_assert(update());
	ck_assert(tiers.plain && !update());
	end();
}
END_TEST

/* Time alone makes an endpoint due; that is not told by the version. */
START_TEST(worked_out_when_one_is_due)
{
	begin();
	publish(0, 3, 0);
	vital_failed(&region, index_of(1), &rule, now.us, CAUSE_CONNECT, 0);
	vital_failed(
	    &region, index_of(2), &rule, now.us + 500, CAUSE_CONNECT, 0);
	ck_assert(update());
	ck_assert_uint_eq(tiers.sums[TIER_PRIMARY].usable, 1);
	now.us += rule.time_us - 1;
	ck_assert(!update());
	now.us += 1;
	ck_assert(update());
	ck_assert_uint_eq(tiers.sums[TIER_PRIMARY].usable, 2);
	ck_assert(!update());
	/* It is down as well: its time has nothing to say. */
	sick(2, true);
	now.us += 500;
	ck_assert(update());
	ck_assert_uint_eq(tiers.sums[TIER_PRIMARY].usable, 2);
	ck_assert(!update());
	end();
}
END_TEST

START_TEST(panic_has_a_threshold)
{
	begin();
	publish(0, 3, 0);
	check_step(first(), TIER_PRIMARY, LB_MIND_SICK);
	sick(0, true);
	check_step(first(), TIER_PRIMARY, LB_MIND_SICK);
	sick(1, true);
	check_step(first(), TIER_PRIMARY, LB_MIND_CLOSED);
	ask.panic_threshold = 30;
	check_step(first(), TIER_PRIMARY, LB_MIND_SICK);
	sick(2, true);
	check_step(first(), TIER_PRIMARY, LB_MIND_CLOSED);
	ask.panic_threshold = 0;
	check_step(first(), TIER_PRIMARY, LB_MIND_SICK);
	ask.panic_threshold = 100;
	sick(0, false);
	sick(1, false);
	check_step(first(), TIER_PRIMARY, LB_MIND_CLOSED);
	/* What is closed is no part of it. */
	vital_set_admin(&region, index_of(2), ADMIN_DRAIN, CAUSE_OPERATOR);
	check_step(first(), TIER_PRIMARY, LB_MIND_SICK);
	end();
}
END_TEST

START_TEST(backups_step_in)
{
	begin();
	publish(0, 3, 2);
	sick(0, true);
	check_step(first(), TIER_PRIMARY, LB_MIND_SICK);
	sick(1, true);
	/* 1 of 3, and 3 of 5. */
	check_step(first(), TIER_ALL, LB_MIND_SICK);
	sick(3, true);
	/* 2 of 5: panic, of the primaries. */
	check_step(first(), TIER_PRIMARY, LB_MIND_CLOSED);
	/* 1 of 5, and it is a backup: better than any primary. */
	sick(2, true);
	check_step(first(), TIER_ALL, LB_MIND_SICK);
	sick(4, true);
	check_step(first(), TIER_PRIMARY, LB_MIND_CLOSED);
	for (uint32_t i = 0; i < 3; i++)
		vital_set_admin(
		    &region, index_of(i), ADMIN_MAINT, CAUSE_OPERATOR);
	sick(4, false);
	check_step(first(), TIER_ALL, LB_MIND_SICK);
	end();
}
END_TEST

START_TEST(the_own_zone_spills_over)
{
	begin();
	publish(10, 5, 0);
	for (uint32_t hash = 0; hash < 2; hash++) {
		ask.algorithm =
		    hash ? IMG_BALANCE_HASH : IMG_BALANCE_ROUND_ROBIN;
		ck_assert_uint_eq(stay_near(), ROUNDS);
		/* 8 of 10 can carry 1.12 times the zone. */
		sick(0, true);
		sick(1, true);
		ck_assert_uint_eq(stay_near(), ROUNDS);
		for (uint32_t i = 2; i < 6; i++)
			sick(i, true);
		/* 4 of 10: 56 per cent. */
		ck_assert_uint_ge(stay_near(), ROUNDS * 55 / 100);
		ck_assert_uint_le(stay_near(), ROUNDS * 57 / 100);
		for (uint32_t i = 6; i < 10; i++)
			sick(i, true);
		ck_assert_uint_eq(stay_near(), 0);
		for (uint32_t i = 0; i < 10; i++)
			sick(i, false);
	}
	for (uint32_t i = 0; i < 10; i++)
		vital_set_admin(
		    &region, index_of(i), ADMIN_DRAIN, CAUSE_OPERATOR);
	ck_assert_uint_eq(stay_near(), 0);
	end();
}
END_TEST

START_TEST(without_others_there_is_no_zone)
{
	begin();
	publish(4, 0, 2);
	check_step(first(), TIER_PRIMARY, LB_MIND_SICK);
	publish(0, 4, 2);
	check_step(first(), TIER_PRIMARY, LB_MIND_SICK);
	end();
}
END_TEST

/* A key that spills over always does. */
START_TEST(keys_spill_over_for_good)
{
	begin();
	publish(2, 2, 0);
	sick(0, true);
	ask.algorithm = IMG_BALANCE_HASH;
	first();
	for (uint32_t i = 0; i < 1000; i++) {
		ask.hash = hash_u64(i);
		enum tier tier = tiers_first(&tiers, &ask, &seed).tier;

		for (uint32_t n = 0; n < 5; n++)
			ck_assert_uint_eq(
			    tiers_first(&tiers, &ask, &seed).tier, tier);
	}
	end();
}
END_TEST

START_TEST(the_way_through)
{
	struct tiers_step s;

	begin();
	publish(2, 2, 2);
	s = first();
	check_step(s, TIER_NEAR, LB_MIND_SICK);
	ck_assert(tiers_next(&tiers, &ask, &s));
	check_step(s, TIER_PRIMARY, LB_MIND_SICK);
	ck_assert(tiers_next(&tiers, &ask, &s));
	check_step(s, TIER_ALL, LB_MIND_SICK);
	ck_assert(tiers_next(&tiers, &ask, &s));
	check_step(s, TIER_PRIMARY, LB_MIND_CLOSED);
	ck_assert(tiers_next(&tiers, &ask, &s));
	check_step(s, TIER_ALL, LB_MIND_CLOSED);
	ck_assert(!tiers_next(&tiers, &ask, &s));
	end();
}
END_TEST

START_TEST(scale_is_the_largest_share)
{
	begin();
	publish(0, 3, 0);
	first();
	ck_assert_uint_eq(
	    tier_scale(&tiers.sums[TIER_PRIMARY], IMG_CLASS_EMERGENCY), 0);
	for (uint32_t i = 0; i < 3; i++)
		vital_set_share(&region, index_of(i), 100 * (i + 1));
	first();
	ck_assert_uint_eq(
	    tier_scale(&tiers.sums[TIER_PRIMARY], IMG_CLASS_EMERGENCY), 300);
	vital_set_flag(
	    &region, index_of(0), VITAL_BEST, true, CAUSE_SCORE, 900);
	first();
	ck_assert_uint_eq(
	    tier_scale(&tiers.sums[TIER_PRIMARY], IMG_CLASS_NORMAL), 300);
	ck_assert_uint_eq(
	    tier_scale(&tiers.sums[TIER_PRIMARY], IMG_CLASS_PRIORITY), 450);
	ck_assert_uint_eq(
	    tier_scale(&tiers.sums[TIER_PRIMARY], IMG_CLASS_EMERGENCY), 600);
	end();
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("tiers");

	tcase_add_test(tc, sums_are_of_stretches);
	tcase_add_test(tc, worked_out_when_something_changes);
	tcase_add_test(tc, worked_out_when_one_is_due);
	tcase_add_test(tc, panic_has_a_threshold);
	tcase_add_test(tc, backups_step_in);
	tcase_add_test(tc, the_own_zone_spills_over);
	tcase_add_test(tc, without_others_there_is_no_zone);
	tcase_add_test(tc, keys_spill_over_for_good);
	tcase_add_test(tc, the_way_through);
	tcase_add_test(tc, scale_is_the_largest_share);
	return fixture_run(tc, "tiers");
}
