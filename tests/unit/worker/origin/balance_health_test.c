/*
 * Tests of balance.c where endpoints are sick, closed or due: the healthy come
 * first, nothing closed is used, and what is due is tried once.
 */
#include "tests/unit/worker/origin/balance_kit.h"

START_TEST(the_sick_wait)
{
	uint32_t hits[8];

	begin();
	publish(3, 0);
	for (uint32_t a = 0; a < IMG_BALANCE_COUNT; a++) {
		ask.algorithm = a;
		sick(2, true);
		picks(hits, 300);
		ck_assert_uint_eq(hits[2], 0);
		ck_assert_uint_gt(hits[1], 0);
		ck_assert_uint_gt(hits[3], 0);
		/* It is better than giving up. */
		ck_assert_uint_ne(pick(), 2);
		ck_assert_uint_ne(pick(), 2);
		ck_assert_uint_eq(pick(), 2);
		ck_assert_uint_eq(pick(), 0);
		sick(2, false);
		picks(hits, 300);
		ck_assert_uint_gt(hits[2], 0);
	}
	end();
}
END_TEST

START_TEST(when_most_are_sick_all_are_used)
{
	uint32_t hits[8];

	begin();
	publish(3, 0);
	sick(1, true);
	sick(2, true);
	for (uint32_t a = 0; a < IMG_BALANCE_COUNT; a++) {
		ask.algorithm = a;
		ask.panic_threshold = 50;
		picks(hits, 300);
		for (uint32_t n = 1; n <= 3; n++)
			ck_assert_uint_gt(hits[n], 0);
		ask.panic_threshold = 20;
		picks(hits, 300);
		ck_assert_uint_eq(hits[3], 300);
	}
	end();
}
END_TEST

START_TEST(the_closed_get_nothing)
{
	uint32_t hits[8];

	begin();
	publish(3, 1);
	close_one(1);
	sick(2, true);
	sick(3, true);
	sick(4, true);
	for (uint32_t a = 0; a < IMG_BALANCE_COUNT; a++) {
		ask.algorithm = a;
		picks(hits, 100);
		ck_assert_uint_gt(hits[2], 0);
		ck_assert_uint_gt(hits[3], 0);
		ck_assert_uint_eq(hits[2] + hits[3], 100);
		ck_assert_uint_le(pick(), 3);
		ck_assert_uint_le(pick(), 3);
		ck_assert_uint_eq(pick(), 4);
		ck_assert_uint_eq(pick(), 0);
		ask.tried.count = 0;
	}
	for (uint32_t n = 2; n <= 4; n++)
		close_one(n);
	for (uint32_t a = 0; a < IMG_BALANCE_COUNT; a++) {
		ask.algorithm = a;
		ck_assert_uint_eq(pick(), 0);
	}
	/* Of one alone, too. */
	publish(1, 0);
	close_one(1);
	ck_assert_uint_eq(pick(), 0);
	end();
}
END_TEST

START_TEST(backups_step_in_beside_the_healthy)
{
	uint32_t hits[8];

	begin();
	publish(3, 3);
	sick(1, true);
	sick(2, true);
	for (uint32_t a = 0; a < IMG_BALANCE_COUNT; a++) {
		ask.algorithm = a;
		picks(hits, 300);
		ck_assert_uint_eq(hits[1] + hits[2], 0);
		for (uint32_t n = 3; n <= 6; n++)
			ck_assert_uint_gt(hits[n], 0);
		for (int i = 0; i < 4; i++)
			ck_assert_uint_ge(pick(), 3);
		ck_assert_uint_le(pick(), 2);
		ck_assert_uint_le(pick(), 2);
		ck_assert_uint_eq(pick(), 0);
		ask.tried.count = 0;
	}
	end();
}
END_TEST

/* Of 4 near ones 2 are healthy: 70 per cent stay, the rest goes anywhere. */
START_TEST(the_own_zone_first)
{
	struct eset_want want[6];
	uint32_t hits[8];

	begin();
	for (uint32_t i = 0; i < 6; i++) {
		want[i] = fixture_want(i + 1, 1);
		want[i].near = i < 4;
	}
	ck_assert(registry_publish_set(&region, ask.service, want, 6));
	for (uint32_t a = 0; a < IMG_BALANCE_COUNT; a++) {
		ask.algorithm = a;
		sick(1, false);
		sick(2, false);
		picks(hits, 1000);
		ck_assert_uint_eq(hits[5] + hits[6], 0);
		sick(1, true);
		sick(2, true);
		picks(hits, 100000);
		ck_assert_uint_eq(hits[1] + hits[2], 0);
		/* Half of 30 per cent: the far are 2 of the 4 healthy. */
		ck_assert_uint_ge(hits[5] + hits[6], 13500);
		ck_assert_uint_le(hits[5] + hits[6], 16500);
		/* A request that had all that is near goes on elsewhere. */
		uint32_t seen = 0;
		for (int i = 0; i < 4; i++)
			seen |= 1u << pick();
		ck_assert_uint_eq(seen, 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6);
		ck_assert_uint_le(pick(), 2);
	}
	end();
}
END_TEST

START_TEST(failures_put_it_aside_and_one_trial_brings_it_back)
{
	uint32_t hits[8];

	begin();
	publish(3, 0);
	for (uint32_t a = 0; a < IMG_BALANCE_COUNT; a++) {
		ask.algorithm = a;
		age(1);
		calls(2, 2, BALANCE_ERROR);
		calls(2, 1, BALANCE_ANSWERED);
		calls(2, 2, BALANCE_FAILED);
		calls(2, 9, BALANCE_ABANDONED);
		picks(hits, 300);
		/* p2c has not forgotten yet that it failed. */
		ck_assert(hits[2] != 0 || a == IMG_BALANCE_P2C);
		calls(2, 1, BALANCE_ERROR);
		picks(hits, 300);
		ck_assert_uint_eq(hits[2], 0);
		/* Whoever comes first tries it, and nobody else. */
		age(2);
		picks(hits, 300);
		ck_assert_uint_eq(hits[2], 1);
		calls(2, 1, BALANCE_FAILED);
		picks(hits, 300);
		ck_assert_uint_eq(hits[2], 0);
		age(3);
		picks(hits, 300);
		ck_assert_uint_eq(hits[2], 1);
		calls(2, 1, BALANCE_ANSWERED);
		age(10);
		picks(hits, 300);
		ck_assert_uint_gt(hits[2], 50);
	}
	end();
}
END_TEST

/* Those that are due count as usable, and as sick once another tries them. */
START_TEST(trials_among_the_sick)
{
	uint32_t hits[8];

	begin();
	publish(2, 0);
	for (uint32_t a = 0; a < IMG_BALANCE_COUNT; a++) {
		ask.algorithm = a;
		age(1);
		calls(1, 3, BALANCE_FAILED);
		calls(2, 3, BALANCE_FAILED);
		ask.panic_threshold = 0;
		age(2);
		/* One trial of each; for the others the sick are all there is.
		 */
		picks(hits, 200);
		ck_assert_uint_gt(hits[1], 0);
		ck_assert_uint_gt(hits[2], 0);
		ck_assert_uint_eq(
		    vital_look(&region, index_of(1), clock_now().us),
		    VITAL_SICK);
		ck_assert_uint_eq(
		    vital_look(&region, index_of(2), clock_now().us),
		    VITAL_SICK);
		calls(1, 1, BALANCE_ANSWERED);
		picks(hits, 200);
		ck_assert_uint_eq(hits[1], 200);
		calls(2, 1, BALANCE_ANSWERED);
	}
	end();
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("balance_health");

	tcase_add_test(tc, the_sick_wait);
	tcase_add_test(tc, when_most_are_sick_all_are_used);
	tcase_add_test(tc, the_closed_get_nothing);
	tcase_add_test(tc, backups_step_in_beside_the_healthy);
	tcase_add_test(tc, the_own_zone_first);
	tcase_add_test(tc, failures_put_it_aside_and_one_trial_brings_it_back);
	tcase_add_test(tc, trials_among_the_sick);
	return fixture_run(tc, "balance_health");
}
