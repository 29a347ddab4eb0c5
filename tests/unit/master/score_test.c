/*
 * score_test.c - scores from tallies: a service of four endpoints whose calls
 * the test makes up, a second at a time.
 */
#include "master/score.h"

#include "common/base/clock.h"
#include "shm/vital.h"
#include "tests/unit/shm/fixture.h"

#define COUNT 4
#define SECOND UINT64_C(1000000)

static struct region region;
static struct scores *scores;
static const struct eset *set;

static void
setup(void)
{
	struct eset_want want[COUNT];
	uint32_t service;

	clock_update();
	fixture_region(&region, 2);
	service = registry_service(&region, SLICE_LIT("s"));
	for (uint32_t i = 0; i < COUNT; i++)
		want[i] = fixture_want(i, 1);
	ck_assert(registry_publish_set(&region, service, want, COUNT));
	set = registry_set(&region, service);
	scores = scores_new(&region);
	scores_look(scores, set, true, SECOND);
}

static void
teardown(void)
{
	scores_free(scores);
	region_fini(&region);
}

static uint32_t
index_of(uint32_t member)
{
	return set->members[member].handle.index;
}

/* A second in which the member has `good` calls of `us` and `bad` ones. */
static void
calls(uint32_t member, uint32_t good, uint64_t us, uint32_t bad)
{
	for (uint32_t i = 0; i < good; i++)
		tally_add(&region, i % 2, index_of(member), true, us);
	for (uint32_t i = 0; i < bad; i++)
		tally_add(&region, i % 2, index_of(member), false, 100);
}

/* All but the last do well; the last as given. */
static void
seconds(uint32_t n, uint32_t good, uint64_t us, uint32_t bad, bool excludes)
{
	while (n-- != 0) {
		for (uint32_t i = 0; i + 1 < COUNT; i++)
			calls(i, 50, 10000, 0);
		calls(COUNT - 1, good, us, bad);
		scores_look(scores, set, excludes, SECOND);
	}
}

static int32_t
score_of_last(void)
{
	struct vital_info v;

	vital_info(&region, index_of(COUNT - 1), &v);
	return v.score;
}

static bool
flagged(uint32_t member, uint32_t flag)
{
	return (vital_flags(&region, index_of(member)) & flag) != 0;
}

static uint32_t
share_of_last(void)
{
	return scores_share(scores, set->members[COUNT - 1].handle, true);
}

START_TEST(unknown_without_calls)
{
	ck_assert_int_eq(score_of_last(), -1);
	ck_assert_uint_eq(share_of_last(), VITAL_SHARE_FULL);
	ck_assert(!flagged(COUNT - 1, VITAL_POOR));
}
END_TEST

START_TEST(equals_have_all)
{
	seconds(5, 50, 12000, 0, true);
	ck_assert_int_eq(score_of_last(), 1000);
	ck_assert_uint_eq(share_of_last(), VITAL_SHARE_FULL);
	ck_assert(flagged(COUNT - 1, VITAL_BEST));
}
END_TEST

START_TEST(four_times_slower_gets_half)
{
	seconds(30, 50, 43000, 0, true);
	ck_assert_int_ge(score_of_last(), 490);
	ck_assert_int_le(score_of_last(), 510);
	ck_assert_uint_ge(share_of_last(), 500);
	ck_assert_uint_le(share_of_last(), 550);
	ck_assert(!flagged(COUNT - 1, VITAL_BEST));
	ck_assert(flagged(0, VITAL_BEST));
}
END_TEST

START_TEST(ten_times_slower_is_excluded)
{
	seconds(30, 50, 100000, 0, true);
	ck_assert_int_lt(score_of_last(), 300);
	ck_assert(flagged(COUNT - 1, VITAL_POOR));
	ck_assert(!flagged(0, VITAL_POOR));
}
END_TEST

/* Hours of waiting for the head do not fit where it is shown. */
START_TEST(slower_than_can_be_shown)
{
	struct vital_info v;

	seconds(2, 10, UINT64_C(7200000000), 0, true);
	ck_assert(flagged(COUNT - 1, VITAL_POOR));
	vital_info(&region, index_of(COUNT - 1), &v);
	ck_assert_uint_eq(v.latency_us, UINT32_MAX);
}
END_TEST

START_TEST(failing_is_excluded)
{
	seconds(30, 10, 10000, 40, true);
	ck_assert(flagged(COUNT - 1, VITAL_POOR));
}
END_TEST

START_TEST(shown_only_where_not_minded)
{
	seconds(30, 0, 0, 50, false);
	ck_assert_int_lt(score_of_last(), 300);
	ck_assert(!flagged(COUNT - 1, VITAL_POOR));
	ck_assert_uint_eq(
	    scores_share(scores, set->members[COUNT - 1].handle, false),
	    VITAL_SHARE_FULL);
}
END_TEST

/* What fails everywhere is nobody's fault. */
START_TEST(all_failing_excludes_none)
{
	for (uint32_t n = 0; n < 30; n++) {
		for (uint32_t i = 0; i < COUNT; i++)
			calls(i, 20, 10000, 30);
		scores_look(scores, set, true, SECOND);
	}
	for (uint32_t i = 0; i < COUNT; i++)
		ck_assert(!flagged(i, VITAL_POOR));
}
END_TEST

START_TEST(forgiven_without_traffic)
{
	uint32_t n = 0;

	seconds(30, 0, 0, 50, true);
	ck_assert(flagged(COUNT - 1, VITAL_POOR));
	while (flagged(COUNT - 1, VITAL_POOR) && n++ < 120)
		seconds(1, 0, 0, 0, true);
	ck_assert_uint_gt(n, 10);
	ck_assert_uint_lt(n, 60);
	/* And judged anew by what it does then. */
	seconds(5, 50, 10000, 0, true);
	ck_assert_int_eq(score_of_last(), 1000);
}
END_TEST

START_TEST(few_calls_say_nothing_yet)
{
	seconds(3, 0, 0, 2, true);
	ck_assert_int_eq(score_of_last(), -1);
	seconds(10, 0, 0, 2, true);
	ck_assert_int_lt(score_of_last(), 300);
}
END_TEST

/* Another master goes on with the scores that it finds. */
START_TEST(a_successor_forgives_nothing)
{
	int32_t before;

	seconds(30, 0, 0, 50, true);
	before = score_of_last();
	scores_free(scores);
	scores = scores_new(&region);
	scores_look(scores, set, true, SECOND);
	ck_assert_int_eq(score_of_last(), before);
	ck_assert(flagged(COUNT - 1, VITAL_POOR));
	ck_assert_uint_lt(share_of_last(), 300);
	seconds(1, 50, 10000, 0, true);
	ck_assert_int_eq(score_of_last(), 1000);
}
END_TEST

START_TEST(alone_it_is_as_good_as_the_others)
{
	struct eset_want want = fixture_want(COUNT - 1, 1);
	uint32_t service = registry_service(&region, SLICE_LIT("s"));

	seconds(30, 0, 0, 50, true);
	ck_assert(flagged(COUNT - 1, VITAL_POOR));
	ck_assert(registry_publish_set(&region, service, &want, 1));
	set = registry_set(&region, service);
	for (uint32_t i = 0; i < 20; i++)
		tally_add(&region, 0, index_of(0), false, 100);
	scores_look(scores, set, true, SECOND);
	ck_assert(!flagged(0, VITAL_POOR));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("score");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, unknown_without_calls);
	tcase_add_test(tc, equals_have_all);
	tcase_add_test(tc, four_times_slower_gets_half);
	tcase_add_test(tc, ten_times_slower_is_excluded);
	tcase_add_test(tc, slower_than_can_be_shown);
	tcase_add_test(tc, failing_is_excluded);
	tcase_add_test(tc, shown_only_where_not_minded);
	tcase_add_test(tc, all_failing_excludes_none);
	tcase_add_test(tc, forgiven_without_traffic);
	tcase_add_test(tc, few_calls_say_nothing_yet);
	tcase_add_test(tc, a_successor_forgives_nothing);
	tcase_add_test(tc, alone_it_is_as_good_as_the_others);
	return fixture_run(tc, "score");
}
