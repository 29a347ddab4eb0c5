/* Tests of env.c: request ids are hex, do not repeat, differ by worker. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/map.h"
#include "worker/flow/env.h"

START_TEST(ids_do_not_repeat)
{
	struct env *e = calloc(1, sizeof(*e));
	struct map seen;
	char id[ENV_ID_BYTES];
	bool added;

	random_init(&e->random, (struct hash_key){ 1, 2 });
	map_init(&seen);
	for (int i = 0; i < 20000; i++) {
		env_make_id(e, id);
		for (unsigned k = 0; k < sizeof(id); k++)
			ck_assert_ptr_nonnull(
			    memchr("0123456789abcdef", id[k], 16));
		(void)map_put(&seen, slice_make(id, sizeof(id)), &added);
		ck_assert(added);
	}
	map_fini(&seen);
	free(e);
}
END_TEST

START_TEST(other_prefix_other_ids)
{
	struct env *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));
	char x[ENV_ID_BYTES], y[ENV_ID_BYTES];

	random_init(&a->random, (struct hash_key){ 1, 0 });
	random_init(&b->random, (struct hash_key){ 2, 0 });
	env_make_id(a, x);
	env_make_id(b, y);
	ck_assert(memcmp(x, y, sizeof(x)) != 0);
	ck_assert(memcmp(x, y, sizeof(x) / 2) != 0);
	ck_assert(memcmp(x + 16, y + 16, 16) != 0);
	free(a);
	free(b);
}
END_TEST

START_TEST(dates_follow_the_clock)
{
	struct env *e = calloc(1, sizeof(*e));
	char now[WALL_DATE_BYTES];
	struct slice date;

	memset(e->date, 'x', sizeof(e->date));
	do {
		wall_date(clock_wall(), now);
		date = env_date(e);
	} while (memcmp(now, date.p, 25) != 0); /* but for the second */
	ck_assert_uint_eq(date.n, 29);
	e->date[0] = 'y';
	e->date_s--;
	ck_assert_int_eq(env_date(e).p[0], 'y'); /* once in a turn */
	e->dated.us--;
	ck_assert_int_ne(env_date(e).p[0], 'y');
	free(e);
}
END_TEST

START_TEST(stamps_are_of_the_turn)
{
	struct env *e = calloc(1, sizeof(*e));
	char want[WALL_TEXT_BYTES];

	for (int64_t us = 1766000000998000; us < 1766000003000000; us += 501) {
		e->wall.us = us;
		e->walled = clock_now();
		e->stamped.us = e->walled.us + 1;
		wall_text(e->wall, want);
		ck_assert(slice_eq(env_stamp(e), slice_str(want)));
	}
	free(e);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("env");
	TCase *tc = tcase_create("env");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, ids_do_not_repeat);
	tcase_add_test(tc, stamps_are_of_the_turn);
	tcase_add_test(tc, dates_follow_the_clock);
	tcase_add_test(tc, other_prefix_other_ids);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
