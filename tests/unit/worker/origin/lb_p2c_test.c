/* Tests of lb_p2c.c: prefers the faster and the less loaded, and forgets. */
#include "tests/unit/worker/origin/lb_kit.h"

static void
answer(struct lb_kit *k, uint32_t i, enum balance_outcome outcome, uint64_t us)
{
	lb_p2c.feedback(lb_node(k->tier.nodes, k->tier.members[i].handle),
	    k->tier.now, outcome, us);
}

static void
answers(struct lb_kit *k, uint32_t first, uint32_t count, uint64_t us)
{
	for (uint32_t i = first; i < first + count; i++)
		answer(k, i, BALANCE_ANSWERED, us);
}

START_TEST(equals_share_by_weight)
{
	struct lb_kit k;

	kit_init(&k, &lb_p2c, 3, (uint32_t[]){ 5, 1, 2 });
	for (int known = 0; known < 2; known++) {
		kit_picks(&k, 80000);
		kit_near(&k, 0, 50000, 5);
		kit_near(&k, 1, 10000, 5);
		kit_near(&k, 2, 20000, 5);
		answers(&k, 0, 3, 20000);
	}
	kit_fini(&k);
}
END_TEST

START_TEST(load_follows_weights)
{
	struct lb_kit k;

	kit_init(&k, &lb_p2c, 3, (uint32_t[]){ 5, 1, 2 });
	for (uint32_t i = 0; i < 800; i++) {
		uint32_t at = kit_pick(&k);

		k.hits[at]++;
		kit_active(&k, 0, at, 1);
	}
	kit_near(&k, 0, 500, 15);
	kit_near(&k, 1, 100, 25);
	kit_near(&k, 2, 200, 25);
	kit_fini(&k);
}
END_TEST

START_TEST(the_faster_is_preferred)
{
	struct lb_kit k;

	kit_init(&k, &lb_p2c, 4, NULL);
	answers(&k, 0, 3, 10000);
	answer(&k, 3, BALANCE_ANSWERED, 100000);
	kit_picks(&k, 10000);
	ck_assert_uint_eq(k.hits[3], 0);
	kit_near(&k, 0, 3333, 10);
	/* Until the others have ten times its load. */
	for (uint32_t i = 0; i < 3; i++)
		kit_active(&k, 0, i, 15);
	kit_picks(&k, 10000);
	ck_assert_uint_gt(k.hits[3], 4000);
	kit_fini(&k);
}
END_TEST

/* Small differences are noise: the load decides. */
START_TEST(about_as_fast_is_as_fast)
{
	struct lb_kit k;

	kit_init(&k, &lb_p2c, 2, NULL);
	answer(&k, 0, BALANCE_ANSWERED, 10000);
	answer(&k, 1, BALANCE_ANSWERED, 15000);
	kit_picks(&k, 10000);
	kit_near(&k, 0, 5000, 6);
	kit_active(&k, 0, 0, 1);
	kit_picks(&k, 1000);
	ck_assert_uint_eq(k.hits[1], 1000);
	kit_fini(&k);
}
END_TEST

/* A slow answer counts at once, a fast one by and by. */
START_TEST(peaks_count_and_are_forgotten)
{
	struct lb_kit k;

	kit_init(&k, &lb_p2c, 2, NULL);
	answers(&k, 0, 2, 10000);
	answer(&k, 1, BALANCE_ANSWERED, 200000);
	answer(&k, 1, BALANCE_ANSWERED, 10000);
	kit_picks(&k, 1000);
	ck_assert_uint_eq(k.hits[1], 0);
	/* The first goes on being used, and is known; the second is not. */
	for (int s = 0; s < 30; s++) {
		k.tier.now.us += 1000000;
		answer(&k, 0, BALANCE_ANSWERED, 10000);
	}
	kit_picks(&k, 1000);
	ck_assert_uint_gt(k.hits[1], 0);
	answer(&k, 1, BALANCE_ANSWERED, 10000);
	kit_picks(&k, 1000);
	ck_assert_uint_gt(k.hits[1], 300);
	kit_fini(&k);
}
END_TEST

/* Refusing fast, or answering 503 fast, does not attract. */
START_TEST(errors_are_not_fast)
{
	struct lb_kit k;

	kit_init(&k, &lb_p2c, 3, NULL);
	answers(&k, 0, 3, 20000);
	for (int i = 0; i < 10; i++) {
		k.tier.now.us += 1000000;
		answer(&k, 0, BALANCE_ANSWERED, 20000);
		answer(&k, 1, BALANCE_ERROR, 100);
	}
	answer(&k, 2, BALANCE_FAILED, 100);
	kit_picks(&k, 10000);
	kit_near(&k, 0, 5000, 6);
	kit_near(&k, 1, 5000, 6);
	ck_assert_uint_eq(k.hits[2], 0);
	answer(&k, 1, BALANCE_ABANDONED, 400000);
	kit_picks(&k, 10000);
	ck_assert_uint_eq(k.hits[0] + k.hits[1], 10000);
	ck_assert_uint_eq(k.hits[1], 10000 - k.hits[0]);
	ck_assert_uint_gt(k.hits[0], 6000);
	kit_fini(&k);
}
END_TEST

/* Not flooded as the fastest, nor left out as the slowest. */
START_TEST(new_ones_start_with_the_mean)
{
	struct lb_kit k;

	kit_init(&k, &lb_p2c, 4, NULL);
	answers(&k, 0, 3, 2000);
	answer(&k, 3, BALANCE_ANSWERED, 100000);
	kit_set(&k, 1, 5, NULL);
	ck_assert_double_eq_tol(
	    lb_node(k.tier.nodes, k.tier.members[4].handle)->latency_us, 26501,
	    1);
	kit_picks(&k, 100000);
	/* Worse than the fast, better than the slow. */
	ck_assert_uint_lt(k.hits[4], k.hits[0] / 2);
	ck_assert_uint_gt(k.hits[4], 5000);
	/* What was known stays known over the change. */
	ck_assert_uint_eq(k.hits[3], 0);
	kit_fini(&k);
}
END_TEST

START_TEST(what_was_tried_is_skipped)
{
	kit_check_tried(&lb_p2c, NULL);
	kit_check_tried(&lb_p2c, (uint32_t[]){ 1000, 1, 1 });
}
END_TEST

/* Its latency is a matter of the past: it has to be tried. */
START_TEST(what_is_due_is_tried_soon)
{
	const struct vital_rule rule = { .failures = 1, .time_us = 1000000 };
	struct lb_kit k;
	uint32_t index;

	kit_init(&k, &lb_p2c, 3, NULL);
	answers(&k, 0, 2, 1000);
	index = k.tier.members[2].handle.index;
	vital_failed(&k.region, index, &rule, k.tier.now.us, CAUSE_CONNECT, 0);
	answer(&k, 2, BALANCE_FAILED, 100);
	k.tier.mind = LB_MIND_SICK;
	k.tier.skips = true;
	kit_picks(&k, 100);
	ck_assert_uint_eq(k.hits[2], 0);
	k.tier.now.us += rule.time_us;
	answers(&k, 0, 2, 1000);
	kit_picks(&k, 100);
	ck_assert_uint_gt(k.hits[2], 40);
	kit_fini(&k);
}
END_TEST

START_TEST(what_is_sick_is_skipped)
{
	kit_check_sick(&lb_p2c, NULL);
	kit_check_sick(&lb_p2c, (uint32_t[]){ 9, 1, 1 });
}
END_TEST

START_TEST(shares_scale_weights)
{
	kit_check_shares(&lb_p2c);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("lb_p2c");

	tcase_add_test(tc, equals_share_by_weight);
	tcase_add_test(tc, load_follows_weights);
	tcase_add_test(tc, the_faster_is_preferred);
	tcase_add_test(tc, about_as_fast_is_as_fast);
	tcase_add_test(tc, peaks_count_and_are_forgotten);
	tcase_add_test(tc, errors_are_not_fast);
	tcase_add_test(tc, new_ones_start_with_the_mean);
	tcase_add_test(tc, what_was_tried_is_skipped);
	tcase_add_test(tc, what_is_due_is_tried_soon);
	tcase_add_test(tc, what_is_sick_is_skipped);
	tcase_add_test(tc, shares_scale_weights);
	return fixture_run(tc, "lb_p2c");
}
