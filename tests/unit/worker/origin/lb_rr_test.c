/* Tests of lb_rr.c: shares by weight, smooth, nothing tried twice. */
#include "tests/unit/worker/origin/lb_kit.h"

START_TEST(equal_weights_take_turns)
{
	struct lb_kit k;
	uint32_t before;

	kit_init(&k, &lb_rr, 4, NULL);
	before = kit_pick(&k);
	for (int i = 0; i < 400; i++) {
		uint32_t at = kit_pick(&k);

		ck_assert_uint_eq(at, (before + 1) % 4);
		before = at;
	}
	kit_fini(&k);
}
END_TEST

START_TEST(shares_follow_weights_smoothly)
{
	struct lb_kit k;
	uint32_t run = 0, longest = 0;

	kit_init(&k, &lb_rr, 3, (uint32_t[]){ 5, 1, 2 });
	for (int i = 0; i < 8000; i++) {
		uint32_t at = kit_pick(&k);

		k.hits[at]++;
		run = at == 0 ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	ck_assert_uint_le(abs((int)k.hits[0] - 5000), 8);
	ck_assert_uint_le(abs((int)k.hits[1] - 1000), 8);
	ck_assert_uint_le(abs((int)k.hits[2] - 2000), 8);
	/* Not five in a row: the heavy one is spread among the others. */
	ck_assert_uint_le(longest, 4);
	kit_fini(&k);
}
END_TEST

START_TEST(what_was_tried_is_skipped)
{
	kit_check_tried(&lb_rr, NULL);
	kit_check_tried(&lb_rr, (uint32_t[]){ 7, 2, 1 });
}
END_TEST

/* Once all shares are full again it is as exact as ever. */
START_TEST(exact_again_after_small_shares)
{
	struct lb_kit k;

	kit_init(&k, &lb_rr, 3, (uint32_t[]){ 5, 1, 2 });
	kit_share(&k, 0, 30);
	kit_picks(&k, 1001);
	kit_near(&k, 2, 1001 * 2 / 3.15, 1);
	kit_share(&k, 0, VITAL_SHARE_FULL);
	k.tier.scale = 0;
	kit_picks(&k, 80);
	ck_assert_uint_le(abs((int)k.hits[0] - 50), 2);
	ck_assert_uint_le(abs((int)k.hits[1] - 10), 2);
	ck_assert_uint_le(abs((int)k.hits[2] - 20), 2);
	kit_fini(&k);
}
END_TEST

START_TEST(what_is_sick_is_skipped)
{
	kit_check_sick(&lb_rr, NULL);
	kit_check_sick(&lb_rr, (uint32_t[]){ 7, 2, 1 });
}
END_TEST

START_TEST(shares_scale_weights)
{
	kit_check_shares(&lb_rr);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("lb_rr");

	tcase_add_test(tc, equal_weights_take_turns);
	tcase_add_test(tc, shares_follow_weights_smoothly);
	tcase_add_test(tc, what_was_tried_is_skipped);
	tcase_add_test(tc, exact_again_after_small_shares);
	tcase_add_test(tc, what_is_sick_is_skipped);
	tcase_add_test(tc, shares_scale_weights);
	return fixture_run(tc, "lb_rr");
}
