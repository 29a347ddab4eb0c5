/* Tests of lb_rr.c: shares by weight, smooth, nothing tried twice. */
#include <check.h>
#include <stdlib.h>

#include "worker/origin/balance.h"

#define MEMBERS 5

static struct eset *set;
static struct lb_state state;
static const struct balance_tried none;

static void
make_set(const uint32_t *weights, uint32_t count)
{
	set = calloc(1, sizeof(*set) + MEMBERS * sizeof(struct eset_member));
	set->version = 1;
	set->count = count;
	for (uint32_t i = 0; i < count; i++) {
		set->members[i].handle.index = 100 + i;
		set->members[i].weight = weights[i];
	}
	state = (struct lb_state){ 0 };
	ck_assert(lb_rr.prepare(&state, set));
}

static void
end_set(void)
{
	free(state.own);
	free(set);
}

START_TEST(equal_weights_take_turns)
{
	uint32_t hits[MEMBERS] = { 0 }, before = UINT32_MAX;

	make_set((uint32_t[]){ 1, 1, 1, 1 }, 4);
	for (int i = 0; i < 400; i++) {
		uint32_t at = lb_rr.pick(&state, set, &none);

		ck_assert_uint_lt(at, 4);
		if (before != UINT32_MAX)
			ck_assert_uint_eq(at, (before + 1) % 4);
		before = at;
		hits[at]++;
	}
	for (int i = 0; i < 4; i++)
		ck_assert_uint_eq(hits[i], 100);
	end_set();
}
END_TEST

START_TEST(shares_follow_weights_smoothly)
{
	uint32_t hits[MEMBERS] = { 0 }, run = 0, longest = 0;

	make_set((uint32_t[]){ 5, 1, 2 }, 3);
	for (int i = 0; i < 8000; i++) {
		uint32_t at = lb_rr.pick(&state, set, &none);

		hits[at]++;
		run = at == 0 ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	ck_assert_uint_le(abs((int)hits[0] - 5000), 8);
	ck_assert_uint_le(abs((int)hits[1] - 1000), 8);
	ck_assert_uint_le(abs((int)hits[2] - 2000), 8);
	/* Not five in a row: the heavy one is spread among the others. */
	ck_assert_uint_le(longest, 4);
	end_set();
}
END_TEST

START_TEST(what_was_tried_is_skipped)
{
	struct balance_tried tried = { .count = 2, .index = { 100, 102 } };

	make_set((uint32_t[]){ 1, 1, 1 }, 3);
	for (int i = 0; i < 10; i++)
		ck_assert_uint_eq(lb_rr.pick(&state, set, &tried), 1);
	end_set();
	make_set((uint32_t[]){ 7, 2, 1 }, 3);
	for (int i = 0; i < 10; i++)
		ck_assert_uint_eq(lb_rr.pick(&state, set, &tried), 1);
	end_set();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("lb_rr");
	TCase *tc = tcase_create("lb_rr");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, equal_weights_take_turns);
	tcase_add_test(tc, shares_follow_weights_smoothly);
	tcase_add_test(tc, what_was_tried_is_skipped);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
