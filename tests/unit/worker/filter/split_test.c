/*
 * Which arm a key has: shares, and what moves when weights do.
 */
#include <check.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "worker/filter/split.h"

#define KEYS 100000

/* Arms of these weights, whose names are 1, 2, ... */
static void
arms_make(struct img_arm *arms, const uint32_t *weights, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		arms[i] = (struct img_arm){ .service = i,
			.weight = weights[i],
			.hash = hash_u64(i + 1) };
}

static uint64_t
key_of(uint64_t i)
{
	return hash_u64(i * 0x9e3779b97f4a7c15u + 12345);
}

static uint32_t
choice(const struct img_arm *arms, uint32_t n, uint64_t i)
{
	return split_choose(arms, n, key_of(i))->service;
}

static void
ck_share(uint32_t got, double want)
{
	double share = (double)got / KEYS;

	ck_assert_double_lt(share, want + 0.005);
	ck_assert_double_gt(share, want - 0.005);
}

static const struct {
	uint32_t n, weights[4];
} cases[] = {
	{ 1, { 7 } },
	{ 2, { 90, 10 } },
	{ 2, { 1, 1 } },
	{ 2, { 99999, 100000 } },
	{ 3, { 0, 1, 3 } },
	{ 4, { 1, 2, 3, 4 } },
};

START_TEST(shares)
{
	uint32_t got[4] = { 0 }, n = cases[_i].n, sum = 0;
	struct img_arm arms[4];

	arms_make(arms, cases[_i].weights, n);
	for (uint32_t i = 0; i < n; i++)
		sum += cases[_i].weights[i];
	for (uint64_t i = 0; i < KEYS; i++)
		got[choice(arms, n, i)]++;
	for (uint32_t i = 0; i < n; i++) {
		ck_share(got[i], (double)cases[_i].weights[i] / sum);
		if (cases[_i].weights[i] == 0)
			ck_assert_uint_eq(got[i], 0);
	}
}
END_TEST

/* From 90/10 to 80/20: a tenth of the keys, all of them to the second. */
START_TEST(only_what_must_move)
{
	struct img_arm before[2], after[2];
	uint32_t moved = 0;

	arms_make(before, (uint32_t[]){ 90, 10 }, 2);
	arms_make(after, (uint32_t[]){ 80, 20 }, 2);
	for (uint64_t i = 0; i < KEYS; i++) {
		uint32_t was = choice(before, 2, i), is = choice(after, 2, i);

		moved += was != is;
		ck_assert(was == is || is == 1);
	}
	ck_share(moved, 0.1);
}
END_TEST

/* One that comes takes its share of each; what stays is where it was. */
START_TEST(one_more)
{
	struct img_arm arms[4];
	uint32_t moved = 0;

	arms_make(arms, (uint32_t[]){ 3, 3, 3, 1 }, 4);
	for (uint64_t i = 0; i < KEYS; i++) {
		uint32_t was = choice(arms, 3, i), is = choice(arms, 4, i);

		moved += was != is;
		ck_assert(was == is || is == 3);
	}
	ck_share(moved, 0.1);
}
END_TEST

/* Neither their order, nor what all weights have in common. */
START_TEST(what_does_not_matter)
{
	struct img_arm arms[3], turned[3];

	arms_make(arms, (uint32_t[]){ 5, 3, 2 }, 3);
	for (int i = 0; i < 3; i++) {
		turned[2 - i] = arms[i];
		turned[2 - i].weight *= 7;
	}
	for (uint64_t i = 0; i < KEYS / 10; i++)
		ck_assert_uint_eq(choice(arms, 3, i), choice(turned, 3, i));
}
END_TEST

/* The ends of what a hash can be. */
START_TEST(extremes)
{
	struct img_arm arms[2];

	arms_make(arms, (uint32_t[]){ 1, 0 }, 2);
	arms[0].hash = 0;
	ck_assert_ptr_eq(split_choose(arms, 2, 0), &arms[0]);
	ck_assert_ptr_eq(split_choose(arms, 2, UINT64_MAX), &arms[0]);
	arms[0].weight = 0;
	ck_assert_ptr_null(split_choose(arms, 2, 1));
	ck_assert_ptr_null(split_choose(arms, 0, 1));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("split");
	TCase *t = tcase_create("split");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(
	    t, shares, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(t, only_what_must_move);
	tcase_add_test(t, one_more);
	tcase_add_test(t, what_does_not_matter);
	tcase_add_test(t, extremes);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
