/*
 * Tests of balance.c: primaries before backups, nothing twice, and states that
 * follow the set and the algorithm; what a call's end does.
 */
#include "tests/unit/worker/origin/balance_kit.h"

START_TEST(each_once_and_backups_last)
{
	begin();
	publish(3, 2);
	for (uint32_t a = 0; a < IMG_BALANCE_COUNT; a++)
		for (int round = 0; round < 50; round++) {
			uint32_t seen = 0;

			ask.algorithm = a;
			ask.hash = hash_u64((uint64_t)round);
			ask.tried.count = 0;
			for (int i = 0; i < 5; i++) {
				uint32_t n = pick();

				ck_assert_uint_ge(n, i < 3 ? 1 : 4);
				ck_assert_uint_le(n, i < 3 ? 3 : 5);
				ck_assert_uint_eq(seen & 1u << n, 0);
				seen |= 1u << n;
			}
			ck_assert_uint_eq(pick(), 0);
		}
	end();
}
END_TEST

START_TEST(small_and_empty_sets)
{
	begin();
	for (uint32_t a = 0; a < IMG_BALANCE_COUNT; a++) {
		ask.algorithm = a;
		ask.tried.count = 0;
		publish(0, 0);
		ck_assert_uint_eq(pick(), 0);
		publish(1, 1);
		ck_assert_uint_eq(pick(), 1);
		ck_assert_uint_eq(pick(), 2);
		ck_assert_uint_eq(pick(), 0);
		ask.tried.count = 0;
		publish(0, 1);
		ck_assert_uint_eq(pick(), 1);
	}
	end();
}
END_TEST

/* A pick after any change is one of the new set, by the new algorithm. */
START_TEST(sets_and_algorithms_change)
{
	begin();
	for (uint32_t i = 0; i < 2000; i++) {
		uint32_t count = 1 + (uint32_t)(hash_u64(i) % 20);

		publish(count, i % 3);
		ask.algorithm = i % IMG_BALANCE_COUNT;
		ask.hash = hash_u64(i + 7);
		ask.tried.count = 0;
		ck_assert_uint_le(pick(), count);
		if (count == 1)
			continue;
		/* The same set, another algorithm. */
		ask.algorithm = (i + 1) % IMG_BALANCE_COUNT;
		ck_assert_uint_le(pick(), count);
	}
	end();
}
END_TEST

START_TEST(enough_is_enough)
{
	begin();
	publish(40, 2);
	for (uint32_t i = 0; i < BALANCE_TRIED_MAX; i++)
		ck_assert_uint_ne(pick(), 0);
	ck_assert_uint_eq(pick(), 0);
	end();
}
END_TEST

START_TEST(feedback_reaches_p2c_alone)
{
	uint32_t hits[4] = { 0 };

	begin();
	publish(3, 0);
	ask.algorithm = IMG_BALANCE_P2C;
	const struct eset *set = registry_set(&region, ask.service);
	const struct vital_rule off = { 0 };
	struct balance_result how = { .outcome = BALANCE_FAILED, .us = 1 };
	for (uint32_t i = 0; i < 3; i++)
		balance_feedback(balance, IMG_BALANCE_RANDOM, &off,
		    set->members[i].handle, &how);
	how.outcome = BALANCE_ANSWERED;
	for (uint32_t i = 0; i < 3; i++) {
		how.us = i == 1 ? 500000 : 5000;
		balance_feedback(balance, IMG_BALANCE_P2C, &off,
		    set->members[i].handle, &how);
	}
	for (int i = 0; i < 3000; i++) {
		ask.tried.count = 0;
		hits[pick()]++;
	}
	ck_assert_uint_eq(hits[2], 0);
	ck_assert_uint_gt(hits[1], 500);
	ck_assert_uint_gt(hits[3], 500);
	end();
}
END_TEST

START_TEST(calls_are_tallied)
{
	struct tally t;

	begin();
	publish(2, 0);
	calls(1, 5, BALANCE_ANSWERED);
	calls(1, 2, BALANCE_ERROR);
	calls(1, 1, BALANCE_FAILED);
	calls(1, 7, BALANCE_ABANDONED);
	tally_sum(&region, index_of(1), &t);
	ck_assert_uint_eq(t.answered, 5);
	ck_assert_uint_eq(t.failed, 3);
	ck_assert_uint_eq(t.answered_us, 5000);
	tally_sum(&region, index_of(2), &t);
	ck_assert_uint_eq(t.answered + t.failed, 0);
	end();
}
END_TEST

START_TEST(shares_and_classes)
{
	uint32_t hits[8];

	begin();
	publish(2, 0);
	for (uint32_t a = 0; a < IMG_BALANCE_COUNT; a++) {
		if (a == IMG_BALANCE_HASH)
			continue;
		ask.algorithm = a;
		/* Weights 1 and 2. */
		vital_set_share(&region, index_of(2), 500);
		picks(hits, 20000);
		ck_assert_uint_ge(hits[1], 9500);
		ck_assert_uint_ge(hits[2], 9500);
		vital_set_share(&region, index_of(2), VITAL_SHARE_FULL);
		vital_set_flag(
		    &region, index_of(1), VITAL_BEST, true, CAUSE_SCORE, 1000);
		ask.class = IMG_CLASS_EMERGENCY;
		picks(hits, 20000);
		ck_assert_uint_ge(hits[1], 9500);
		ck_assert_uint_ge(hits[2], 9500);
		ask.class = IMG_CLASS_NORMAL;
		picks(hits, 30000);
		ck_assert_uint_ge(hits[1], 9500);
		ck_assert_uint_ge(hits[2], 19000);
	}
	end();
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("balance");

	tcase_add_test(tc, each_once_and_backups_last);
	tcase_add_test(tc, small_and_empty_sets);
	tcase_add_test(tc, sets_and_algorithms_change);
	tcase_add_test(tc, enough_is_enough);
	tcase_add_test(tc, feedback_reaches_p2c_alone);
	tcase_add_test(tc, calls_are_tallied);
	tcase_add_test(tc, shares_and_classes);
	return fixture_run(tc, "balance");
}
