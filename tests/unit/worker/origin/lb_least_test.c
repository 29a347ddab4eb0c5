/* Tests of lb_least.c: the least loaded, over all workers, per weight. */
#include "tests/unit/worker/origin/lb_kit.h"

START_TEST(idle_endpoints_share_by_weight)
{
	struct lb_kit k;

	kit_init(&k, &lb_least, 3, (uint32_t[]){ 5, 1, 2 });
	kit_picks(&k, 80000);
	kit_near(&k, 0, 50000, 5);
	kit_near(&k, 1, 10000, 5);
	kit_near(&k, 2, 20000, 5);
	kit_fini(&k);
}
END_TEST

START_TEST(load_follows_weights)
{
	struct lb_kit k;

	kit_init(&k, &lb_least, 3, (uint32_t[]){ 5, 1, 2 });
	for (uint32_t i = 0; i < 80; i++) {
		uint32_t at = kit_pick(&k);

		k.hits[at]++;
		kit_active(&k, 0, at, 1);
	}
	ck_assert_uint_eq(k.hits[0], 50);
	ck_assert_uint_eq(k.hits[1], 10);
	ck_assert_uint_eq(k.hits[2], 20);
	/* One that hangs gets nothing while the others end theirs. */
	kit_active(&k, 0, 0, -10);
	kit_active(&k, 0, 2, -1);
	ck_assert_uint_eq(kit_pick(&k), 0);
	kit_fini(&k);
}
END_TEST

/* What other workers have counts, a millisecond late at most. */
START_TEST(all_workers_count)
{
	struct lb_kit k;

	kit_init(&k, &lb_least, 2, NULL);
	kit_active(&k, 1, 0, 5);
	kit_picks(&k, 100);
	ck_assert_uint_eq(k.hits[1], 100);
	kit_active(&k, 1, 0, -5);
	kit_active(&k, 1, 1, 5);
	kit_active(&k, 0, 1, 1); /* one's own at once */
	kit_picks(&k, 100);
	ck_assert_uint_eq(k.hits[1], 100);
	k.tier.now.us += 1000;
	kit_picks(&k, 100);
	ck_assert_uint_eq(k.hits[0], 100);
	kit_fini(&k);
}
END_TEST

/* Of many, the busy ones are avoided and the idle ones share evenly. */
START_TEST(large_sets_are_sampled)
{
	struct lb_kit k;

	kit_init(&k, &lb_least, 1000, NULL);
	for (uint32_t i = 0; i < 1000; i += 2)
		kit_active(&k, 1, i, 1);
	kit_picks(&k, 100000);
	for (uint32_t i = 0; i < 1000; i++)
		if (i % 2 == 0)
			ck_assert_uint_eq(k.hits[i], 0);
		else
			kit_near(&k, i, 200, 50);
	kit_fini(&k);
}
END_TEST

START_TEST(what_was_tried_is_skipped)
{
	kit_check_tried(&lb_least, NULL);
	kit_check_tried(&lb_least, (uint32_t[]){ 7, 2, 1 });
}
END_TEST

START_TEST(what_is_sick_is_skipped)
{
	kit_check_sick(&lb_least, NULL);
	kit_check_sick(&lb_least, (uint32_t[]){ 7, 2, 1 });
}
END_TEST

START_TEST(shares_scale_weights)
{
	kit_check_shares(&lb_least);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("lb_least");

	tcase_add_test(tc, idle_endpoints_share_by_weight);
	tcase_add_test(tc, load_follows_weights);
	tcase_add_test(tc, all_workers_count);
	tcase_add_test(tc, large_sets_are_sampled);
	tcase_add_test(tc, what_was_tried_is_skipped);
	tcase_add_test(tc, what_is_sick_is_skipped);
	tcase_add_test(tc, shares_scale_weights);
	return fixture_run(tc, "lb_least");
}
