/* Tests of lb_random.c and lb_weigh.c: shares by weight. */
#include "tests/unit/worker/origin/lb_kit.h"

#include "worker/origin/lb_weigh.h"

START_TEST(shares_follow_weights)
{
	struct lb_kit k;

	kit_init(&k, &lb_random, 4, NULL);
	kit_picks(&k, 40000);
	for (uint32_t i = 0; i < 4; i++)
		kit_near(&k, i, 10000, 5);
	kit_set(&k, 1, 4, (uint32_t[]){ 1000, 1, 300, 699 });
	kit_picks(&k, 200000);
	kit_near(&k, 0, 100000, 3);
	kit_near(&k, 1, 100, 50);
	kit_near(&k, 2, 30000, 3);
	kit_near(&k, 3, 69900, 3);
	kit_fini(&k);
}
END_TEST

START_TEST(no_order_in_it)
{
	struct lb_kit k;
	uint32_t same = 0, before = 0;

	kit_init(&k, &lb_random, 2, NULL);
	for (uint32_t i = 0; i < 10000; i++) {
		uint32_t at = kit_pick(&k);

		same += at == before;
		before = at;
	}
	ck_assert_uint_gt(same, 4700);
	ck_assert_uint_lt(same, 5300);
	kit_fini(&k);
}
END_TEST

START_TEST(a_second_draw_is_another)
{
	struct lb_kit k;

	kit_init(&k, &lb_random, 3, (uint32_t[]){ 1000, 1, 1 });
	for (uint32_t i = 0; i < 1000; i++)
		ck_assert_uint_ne(
		    lb_weigh_draw(&k.state, &k.tier, &k.ask, 0), 0);
	/* Unless it is the only one left. */
	kit_tried(&k, 1);
	kit_tried(&k, 2);
	ck_assert_uint_eq(lb_weigh_draw(&k.state, &k.tier, &k.ask, 0), 0);
	kit_fini(&k);
}
END_TEST

START_TEST(what_was_tried_is_skipped)
{
	kit_check_tried(&lb_random, NULL);
	kit_check_tried(&lb_random, (uint32_t[]){ 1000, 1, 1 });
}
END_TEST

/* The draw stays a fair one, whoever is sick and whatever is scaled down. */
START_TEST(few_healthy_share_evenly)
{
	struct lb_kit k;

	kit_init(&k, &lb_random, 100, NULL);
	for (uint32_t i = 0; i < 80; i++)
		kit_sick(&k, i, true);
	kit_share(&k, 90, 500);
	kit_picks(&k, 195000);
	for (uint32_t i = 80; i < 100; i++)
		kit_near(&k, i, i == 90 ? 5000 : 10000, 8);
	kit_fini(&k);
}
END_TEST

START_TEST(what_is_sick_is_skipped)
{
	kit_check_sick(&lb_random, NULL);
	kit_check_sick(&lb_random, (uint32_t[]){ 9, 1, 1 });
}
END_TEST

START_TEST(shares_scale_weights)
{
	kit_check_shares(&lb_random);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("lb_random");

	tcase_add_test(tc, shares_follow_weights);
	tcase_add_test(tc, no_order_in_it);
	tcase_add_test(tc, a_second_draw_is_another);
	tcase_add_test(tc, what_was_tried_is_skipped);
	tcase_add_test(tc, few_healthy_share_evenly);
	tcase_add_test(tc, what_is_sick_is_skipped);
	tcase_add_test(tc, shares_scale_weights);
	return fixture_run(tc, "lb_random");
}
