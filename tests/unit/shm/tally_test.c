/* Tests of tally.c: sums over workers. */
#include "shm/registry.h"
#include "shm/tally.h"
#include "tests/unit/shm/fixture.h"

START_TEST(calls_are_summed)
{
	struct region r;
	struct tally t;

	fixture_region(&r, 3);
	tally_sum(&r, 5, &t);
	ck_assert_uint_eq(t.answered + t.failed + t.answered_us, 0);
	for (uint32_t w = 0; w < 3; w++) {
		tally_add(&r, w, 5, true, 100 * (w + 1));
		tally_add(&r, w, 5, false, 7777);
		tally_add(&r, w, 6, true, 1);
	}
	tally_add(&r, 1, 5, true, 1);
	tally_sum(&r, 5, &t);
	ck_assert_uint_eq(t.answered, 4);
	ck_assert_uint_eq(t.failed, 3);
	ck_assert_uint_eq(t.answered_us, 601);
	/* Counts outlive their writer. */
	registry_recover_worker(&r, 1);
	tally_sum(&r, 5, &t);
	ck_assert_uint_eq(t.answered, 4);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("tally");

	tcase_add_test(tc, calls_are_summed);
	return fixture_run(tc, "tally");
}
