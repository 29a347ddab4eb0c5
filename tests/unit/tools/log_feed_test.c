/*
 * Tests of log_feed.c: each record once, those of a newer generation later,
 * what was lapped counted; and how often it looks.
 */
#include "tests/unit/tools/log_kit.h"

static struct log_kit k;
static uint64_t given[4096];
static int given_count;

static void
setup(void)
{
	kit_init(&k);
	given_count = 0;
}

static void
teardown(void)
{
	kit_stop(&k);
	kit_fini(&k);
}

static void
take(void *ctx, const struct record_view *v)
{
	struct slice path = record_text(v, RECORD_PATH);

	ck_assert_ptr_eq(ctx, &k);
	given[given_count++] = strtoull(path.p + 1, NULL, 10);
}

static uint64_t
turn(void)
{
	given_count = 0;
	return log_feed_turn(&k.feed, take, &k);
}

static void
gave(uint64_t from, uint64_t to)
{
	ck_assert_int_eq(given_count, (int)(to - from + 1));
	for (int i = 0; i < given_count; i++)
		ck_assert_uint_eq(given[i], from + (uint64_t)i);
}

static void
gave_nothing(void)
{
	ck_assert_int_eq(given_count, 0);
}

START_TEST(each_once)
{
	kit_ask(&k, 0, 10);
	kit_ask(&k, 1, 10);
	ck_assert_uint_gt(turn(), 0);
	gave(1, 20);
	ck_assert_uint_eq(turn(), 0);
	gave_nothing();
	kit_ask(&k, 1, 5);
	(void)turn();
	gave(21, 25);
	ck_assert_uint_eq(k.feed.records, 25);
	ck_assert_uint_eq(log_feed_lost(&k.feed), 0);
}
END_TEST

START_TEST(a_turn_has_an_end)
{
	uint64_t next = 1;

	kit_ask(&k, 0, 300);
	for (int turns = 0; turn() != 0; turns++) {
		ck_assert_int_lt(turns, 3);
		ck_assert_int_lt(given_count, 300);
		gave(next, next + (uint64_t)given_count - 1);
		next += (uint64_t)given_count;
	}
	ck_assert_uint_eq(next, 301);
}
END_TEST

START_TEST(newer_ones_wait)
{
	k.feed.generation = 7;
	kit_ask(&k, 0, 2);
	k.record.q.generation = 8;
	kit_ask(&k, 0, 2);
	k.record.q.generation = 7;
	kit_ask(&k, 1, 2);
	(void)turn();
	ck_assert_int_eq(given_count, 4);
	ck_assert_uint_eq(given[3], 6);
	ck_assert_uint_eq(turn(), 0);
	gave_nothing();
	k.feed.generation = 8;
	(void)turn();
	gave(3, 4);
}
END_TEST

START_TEST(older_ones_are_passed_over)
{
	k.feed.first = 8;
	kit_ask(&k, 0, 2);
	k.record.q.generation = 8;
	kit_ask(&k, 0, 2);
	(void)turn();
	gave(3, 4);
	ck_assert_uint_eq(k.feed.records, 2);
}
END_TEST

START_TEST(lapped)
{
	kit_ask(&k, 0, 1000);
	while (turn() != 0)
		;
	ck_assert_uint_gt(log_feed_lost(&k.feed), 0);
	ck_assert_uint_eq(k.feed.records + log_feed_lost(&k.feed), 1000);
}
END_TEST

/* What is held is not in the mark. */
START_TEST(a_successor_goes_on)
{
	struct shm_readers *r = k.r.readers;

	kit_ask(&k, 0, 5);
	k.record.q.generation = 8;
	kit_ask(&k, 0, 5);
	k.feed.generation = 7;
	(void)turn();
	gave(1, 5);
	kit_mark(&k);
	log_feed_fini(&k.feed);
	log_feed_init(&k.feed, &k.r, true);
	ck_assert(log_feed_resume(&k.feed, r));
	(void)turn();
	gave(6, 10);
}
END_TEST

START_TEST(from_the_end)
{
	kit_ask(&k, 0, 5);
	log_feed_fini(&k.feed);
	log_feed_init(&k.feed, &k.r, true);
	ck_assert(!log_feed_resume(&k.feed, k.r.readers));
	ck_assert_uint_eq(turn(), 0);
	kit_ask(&k, 0, 5);
	(void)turn();
	gave(6, 10);
}
END_TEST

START_TEST(looks_more_often_where_more_comes)
{
	k.feed.pause_us = LOG_FEED_PAUSE_MAX_US;
	kit_ask(&k, 0, 250);
	(void)turn();
	for (int i = 0; i < 5; i++) {
		kit_ask(&k, 0, 250);
		while (turn() != 0)
			;
	}
	ck_assert_uint_lt(k.feed.pause_us, 4 * LOG_FEED_PAUSE_MIN_US);
	ck_assert_uint_ge(k.feed.pause_us, LOG_FEED_PAUSE_MIN_US);
}
END_TEST

/* The larger a ring, the longer it may be left alone. */
START_TEST(looks_less_often_where_nothing_comes)
{
	static const struct {
		uint32_t ring;
		uint64_t pause_us;
	} rows[] = { { 256u << 10, LOG_FEED_PAUSE_MIN_US }, { 4u << 20, 26214 },
		{ 64u << 20, LOG_FEED_PAUSE_MAX_US } };
	struct region r = k.r;

	k.feed.region = &r;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r.record_bytes = rows[i].ring;
		r.records = NULL;
		for (int n = 0; n < 20; n++)
			(void)turn();
		ck_assert_uint_eq(k.feed.pause_us, rows[i].pause_us);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("log_feed");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, each_once);
	tcase_add_test(tc, a_turn_has_an_end);
	tcase_add_test(tc, newer_ones_wait);
	tcase_add_test(tc, older_ones_are_passed_over);
	tcase_add_test(tc, lapped);
	tcase_add_test(tc, a_successor_goes_on);
	tcase_add_test(tc, from_the_end);
	tcase_add_test(tc, looks_more_often_where_more_comes);
	tcase_add_test(tc, looks_less_often_where_nothing_comes);
	return fixture_run(tc, "log_feed");
}
