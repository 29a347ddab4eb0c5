/*
 * limiter_test.c - how often something may happen: to the microsecond, over a
 * few months, and in crowded sets.
 */
#include "shm/limit_rate.h"
#include "tests/unit/shm/limiter_kit.h"

static const struct limiter_rate *const rate = &rates[LIMITER_BUCKET];

START_TEST(a_rate_is_kept)
{
	struct limiter_left left;
	struct region r;

	fixture_region(&r, 1);
	ck_assert_uint_eq(take_all(&r, rate, 1, NOW), 3);
	ck_assert_uint_eq(take(&r, rate, 1, NOW), SECOND);
	ck_assert_uint_eq(take(&r, rate, 1, NOW + SECOND - 1), 1);
	ck_assert_uint_eq(take(&r, rate, 1, NOW + SECOND), 0);
	ck_assert_uint_eq(take(&r, rate, 1, NOW + SECOND), SECOND);
	ck_assert_uint_eq(take_all(&r, rate, 1, NOW + 3500000), 2);
	ck_assert_uint_eq(take(&r, rate, 1, NOW + 3500000), 500000);
	ck_assert_uint_eq(take_all(&r, rate, 1, NOW + 100 * SECOND), 3);
	/* Another key, and the same one in the other tables. */
	ck_assert_uint_eq(take_all(&r, rate, 2, NOW), 3);
	for (enum limiter_table t = LIMITER_IDENTITY; t < LIMITER_TABLES; t++) {
		struct limiter_key of = key(1);

		ck_assert(limiter_take(&r, t, &of, rate, NOW, &left));
		ck_assert_uint_eq(left.limit, 3);
		ck_assert_uint_eq(left.remaining, 2);
		ck_assert_uint_eq(left.reset_us, SECOND);
	}
	ck_assert_uint_eq(places(&r, 1, CELL_LIVE), 1);
	region_fini(&r);
}
END_TEST

/* As long as sets are not crowded, they are in few pages. */
START_TEST(names_are_near_each_other)
{
	const struct shm_limiter_name *name;
	struct limiter_left left;
	struct region r;

	fixture_region(&r, 1);
	for (uint64_t set = 0; set < LIMITER_SETS; set += LIMITER_SETS / 64) {
		struct limiter_key of = { .hash = UINT64_C(1) << 63 | set,
			.limit = 7 };

		ck_assert(limiter_take(&r, A, &of, rate, NOW, &left));
		name = limiter_at(&r, A)->name[0] + set;
		ck_assert_uint_eq(name->word[0], 7);
	}
	region_fini(&r);
}
END_TEST

START_TEST(what_is_given_back_can_be_taken)
{
	const struct limiter_rate *of = &rates[_i];
	struct region r;

	fixture_region(&r, 1);
	give(&r, of, 1, NOW);
	ck_assert_uint_eq(take_all(&r, of, 1, NOW), 3);
	give(&r, of, 1, NOW);
	ck_assert_uint_eq(take_all(&r, of, 1, NOW), 1);
	/* Never more than there may be. */
	for (int i = 0; i < 10; i++)
		give(&r, of, 1, NOW);
	ck_assert_uint_eq(take_all(&r, of, 1, NOW), 3);
	give(&r, of, 9, NOW);
	ck_assert_uint_eq(places(&r, 9, CELL_LIVE), 0);
	region_fini(&r);
}
END_TEST

START_TEST(a_bucket_changes)
{
	const struct limiter_rate less = { .each_ns = 100 * SECOND,
		.burst = 2 };
	const struct limiter_rate more = { .each_ns = 1000 * SECOND,
		.burst = 5 };
	struct region r;

	fixture_region(&r, 1);
	ck_assert_uint_eq(take_all(&r, rate, 1, NOW), 3);
	/* A clock that is behind would see as much. */
	ck_assert_uint_eq(take(&r, &less, 1, NOW), 3 * SECOND - SECOND / 10);
	ck_assert_uint_eq(take(&r, &less, 1, NOW + 3 * SECOND), 0);
	ck_assert_uint_eq(take_all(&r, rate, 2, NOW), 3);
	ck_assert_uint_eq(take_all(&r, &more, 2, NOW), 2);
	region_fini(&r);
}
END_TEST

/* How long a key whose slow bucket, or long window, is spent waits by another
 * rate: as long as it is told to, which is no longer than that rate's own. */
static void
wait_is_true(const struct limiter_rate *was, const struct limiter_rate *is,
    uint64_t most_us)
{
	struct region r;
	uint64_t wait;

	fixture_region(&r, 1);
	take_all(&r, was, 1, NOW);
	wait = take(&r, is, 1, NOW);
	ck_assert_uint_ne(wait, 0);
	ck_assert_uint_le(wait, most_us);
	ck_assert_uint_eq(take(&r, is, 1, NOW + wait), 0);
	region_fini(&r);
}

START_TEST(slow_becomes_fast)
{
	const struct limiter_rate slow = { .each_ns = 360000 * SECOND,
		.burst = 10 };
	const struct limiter_rate fast = { .each_ns = 600 * SECOND,
		.burst = 10 };

	wait_is_true(&slow, &fast, SECOND * 6 / 10);
}
END_TEST

START_TEST(a_day_becomes_a_minute)
{
	const struct limiter_rate day = { .kind = (enum limiter_kind)_i,
		.count = 100,
		.period_us = 86400 * SECOND };
	struct limiter_rate minute = day;

	minute.period_us = 60 * SECOND;
	wait_is_true(&day, &minute, 56 * SECOND);
}
END_TEST

/* What is charged while all is shed does not lock out afterwards. */
START_TEST(all_is_shed_for_a_moment)
{
	const struct img_limit l = { .kind = IMG_LIMIT_TOKEN_BUCKET,
		.burst = 100,
		.each_ns = 60000000,
		.adaptive = 1,
		.multiplier = { 1000, 1000, 1000 } };
	struct limiter_rate shed, whole;

	limit_rate(&l, limit_in_force(&l, IMG_CLASS_NORMAL, 1000), 0, &shed);
	limit_rate(&l, limit_in_force(&l, IMG_CLASS_NORMAL, 0), 0, &whole);
	wait_is_true(&shed, &whole, 60000);
}
END_TEST

/* A class with less refuses: what the others have spent stays spent. */
START_TEST(a_class_forgives_nothing)
{
	const struct img_limit l = { .kind = IMG_LIMIT_TOKEN_BUCKET,
		.burst = 1,
		.each_ns = 1000 * SECOND * 60,
		.multiplier = { 1000, 1900, 0 } };
	struct limiter_rate one, more;
	struct region r;

	fixture_region(&r, 1);
	limit_rate(&l, 1000, 0, &one);
	limit_rate(&l, 1900, 0, &more);
	ck_assert_uint_eq(take(&r, &one, 1, NOW), 0);
	ck_assert_uint_eq(take(&r, &more, 1, NOW), 60 * SECOND);
	ck_assert_uint_eq(take(&r, &one, 1, NOW), 60 * SECOND);
	region_fini(&r);
}
END_TEST

/* Nor does one whose clock is behind. */
START_TEST(who_is_behind_forgives_nothing)
{
	const uint64_t ahead = NOW + LIMITER_BEHIND_US;
	const struct limiter_rate *of = &rates[_i];
	struct region r;
	uint64_t wait;

	fixture_region(&r, 1);
	ck_assert_uint_eq(take_all(&r, of, 1, ahead), 3);
	wait = take(&r, of, 1, ahead);
	ck_assert_uint_ne(take(&r, of, 1, NOW), 0);
	ck_assert_uint_eq(take(&r, of, 1, ahead), wait);
	region_fini(&r);
}
END_TEST

/* Very slow buckets, whenever they begin: the clock in a cell comes round. */
START_TEST(months_are_counted)
{
	const uint64_t day = 24 * 3600 * SECOND, month = 31 * day;
	const struct limiter_rate slow = { .each_ns = month, .burst = 1000 };
	const struct limiter_rate ages = { .each_ns = UINT64_MAX,
		.burst = UINT64_MAX };
	struct region r;
	uint64_t now = 7;

	fixture_region(&r, 1);
	for (uint64_t n = 0; n < 90; n++) {
		uint32_t taken;

		now = n * 10 * day + 7;
		taken = take_all(&r, &slow, n % 2, now);
		/* 20 days have passed since it was last asked for. */
		ck_assert_uint_ge(taken, n < 2 ? 1000 : 645);
		ck_assert_uint_le(taken, n < 2 ? 1000 : 646);
		limiter_sweep(&r, A, now);
	}
	ck_assert_uint_eq(take(&r, &ages, 7, now), 0);
	ck_assert_uint_eq(take(&r, &ages, 7, now), 80 * day);
	ck_assert_uint_eq(take(&r, &ages, 7, now + 79 * day), day);
	ck_assert_uint_eq(take(&r, &ages, 7, now + 80 * day), 0);
	/* A worker whose clock is a little behind sees no other time. */
	ck_assert_uint_gt(take(&r, &ages, 7, now + 80 * day - 5000), day);
	region_fini(&r);
}
END_TEST

START_TEST(who_has_spent_least_gives_way)
{
	struct region r;

	fixture_region(&r, 1);
	for (uint64_t i = 0; i < LIMITER_WAYS; i++)
		for (uint64_t n = 0; n <= i % 3; n++)
			ck_assert_uint_eq(take(&r, rate, i, NOW), 0);
	ck_assert_uint_eq(limiter_evicted(&r, A), 0);
	ck_assert_uint_eq(take(&r, rate, 100, NOW), 0);
	ck_assert_uint_eq(limiter_evicted(&r, A), 1);
	ck_assert_uint_eq(places(&r, 0, CELL_LIVE), 0);
	for (uint64_t i = 1; i < LIMITER_WAYS; i++)
		ck_assert_uint_eq(places(&r, i, CELL_LIVE), 1);
	/* Whose time is over goes unnoticed. */
	ck_assert_uint_eq(take(&r, rate, 101, NOW + SECOND), 0);
	ck_assert_uint_eq(limiter_evicted(&r, A), 1);
	ck_assert_uint_eq(limiter_evicted(&r, LIMITER_IDENTITY), 0);
	/* Those who have spent most are known still. */
	ck_assert_uint_eq(take(&r, rate, 2, NOW), SECOND);
	ck_assert_uint_eq(take(&r, rate, 5, NOW), SECOND);
	region_fini(&r);
}
END_TEST

/* A flood of keys that come once leaves those be that have spent a part. */
START_TEST(a_flood_takes_its_own_places)
{
	const struct limiter_rate many[] = {
		{ .each_ns = 60000000, .burst = 100 },
		{ .kind = LIMITER_FIXED, .count = 100, .period_us = NOW * 2 },
		{ .kind = LIMITER_SLIDING, .count = 100, .period_us = NOW * 2 },
	};
	struct limiter_left left;
	struct region r;

	fixture_region(&r, 1);
	for (uint64_t k = 0; k < LIMITER_WAYS - 1; k++)
		for (uint64_t n = 0; n < 2 + k; n++)
			ck_assert(take_left(&r, &many[_i], k, NOW, &left));
	for (uint64_t k = 0; k < 1000; k++)
		ck_assert(take_left(&r, &many[_i], 100 + k, NOW + k, &left));
	ck_assert_uint_eq(limiter_evicted(&r, A), 999);
	for (uint64_t k = 0; k < LIMITER_WAYS - 1; k++) {
		ck_assert(take_left(&r, &many[_i], k, NOW, &left));
		ck_assert_uint_eq(left.remaining, 100 - 3 - k);
	}
	region_fini(&r);
}
END_TEST

START_TEST(the_sweep_frees_what_is_over)
{
	struct stat before, after;
	struct region r;

	fixture_region(&r, 1);
	ck_assert_int_eq(fstat(r.state_fd, &before), 0);
	limiter_sweep(&r, A, NOW);
	give(&r, rate, 1, NOW);
	ck_assert_int_eq(fstat(r.state_fd, &after), 0);
	/* But for the pages that say where something is. */
	ck_assert_int_le(after.st_blocks - before.st_blocks, 16);
	take_all(&r, rate, 1, NOW);
	take(&r, rate, 2, NOW);
	/* Who is behind is to find it still. */
	limiter_sweep(&r, A, NOW + SECOND + LIMITER_BEHIND_US - 1);
	ck_assert_uint_eq(places(&r, 2, CELL_LIVE), 1);
	limiter_sweep(&r, A, NOW + SECOND + LIMITER_BEHIND_US);
	ck_assert_uint_eq(places(&r, 2, CELL_LIVE), 0);
	ck_assert_uint_eq(places(&r, 1, CELL_LIVE), 1);
	ck_assert_uint_eq(take(&r, rate, 1, NOW), SECOND);
	limiter_sweep(&r, A, NOW + 3 * SECOND + LIMITER_BEHIND_US);
	ck_assert_uint_eq(places(&r, 1, CELL_EMPTY), LIMITER_WAYS);
	ck_assert_uint_eq(take_all(&r, rate, 1, NOW + 3 * SECOND), 3);
	region_fini(&r);
}
END_TEST

START_TEST(a_key_is_reset)
{
	const struct limiter_rate *of = &rates[_i];
	struct limiter_key one = key(1), other = key(2);
	struct region r;

	fixture_region(&r, 1);
	ck_assert(!limiter_reset(&r, A, &one));
	ck_assert_uint_eq(take_all(&r, of, 1, NOW), 3);
	ck_assert(!limiter_reset(&r, A, &other));
	ck_assert(limiter_reset(&r, A, &one));
	ck_assert_uint_eq(take_all(&r, of, 1, NOW), 3);
	region_fini(&r);
}
END_TEST

/* ---- names ---- */

static struct limiter_key
named(const struct region *r, uint32_t n)
{
	struct limiter_key key;
	struct addr a = { .ip = { [10] = 0xff,
			      0xff,
			      10,
			      0,
			      (uint8_t)(n >> 8),
			      (uint8_t)n } };

	limiter_key_address(r, 7, &a, &key);
	return key;
}

/* Sums of what was seen. */
struct sight {
	const struct region *r;
	const struct limiter_rate *rate;
	uint32_t keys, spent;
};

static void
sight_add(void *user, const struct limiter_seen *seen)
{
	struct sight *s = user;
	struct limiter_left left;
	struct limiter_key key =
	    named(s->r, (uint32_t)seen->key.bytes[4] << 8 | seen->key.bytes[5]);

	ck_assert_int_eq(memcmp(&key, &seen->key, sizeof(key)), 0);
	limiter_look(A, seen, s->rate, NOW, &left);
	s->keys++;
	s->spent += (uint32_t)(left.limit - left.remaining);
}

START_TEST(keys_are_listed_by_name)
{
	struct region r;
	struct limiter_left left;
	struct sight s = { .r = &r, .rate = &rates[_i] };

	fixture_region(&r, 1);
	limiter_each(&r, A, NOW, sight_add, &s);
	ck_assert_uint_eq(s.keys, 0);
	for (uint32_t n = 0; n < 1000; n++) {
		struct limiter_key k = named(&r, n);

		for (uint32_t i = 0; i <= n % 3; i++)
			ck_assert(limiter_take(&r, A, &k, s.rate, NOW, &left));
	}
	limiter_each(&r, A, NOW, sight_add, &s);
	ck_assert_uint_eq(s.keys, 1000);
	ck_assert_uint_eq(limiter_used(&r, A, NOW, NULL), 1000);
	ck_assert_uint_eq(s.spent, 1999);
	/* A name that is not whole is none. */
	struct limiter_key k = named(&r, 0);
	struct limit l = limit_make(&r, A, k.hash, NOW);
	struct cell o;
	atomic_fetch_add(&l.name[limit_find(&l, &o)].word[1], 256);
	limiter_each(&r, A, NOW, sight_add, &s);
	ck_assert_uint_eq(s.keys, 1999);
	/* Nor is it listed whose time is over. */
	limiter_each(&r, A, NOW + 100 * SECOND, sight_add, &s);
	ck_assert_uint_eq(s.keys, 1999);
	region_fini(&r);
}
END_TEST

/* By the key's next charge, or refusal; what was spent stays. */
START_TEST(a_wrong_name_is_written_again)
{
	const bool spent = _i >= 3;
	struct region r;
	struct limiter_left left;
	struct sight s = { .r = &r, .rate = &rates[_i % 3] };
	struct limit l;
	struct cell o;

	fixture_region(&r, 1);
	struct limiter_key k = named(&r, 0);
	for (int i = 0; i < (spent ? 3 : 1); i++)
		ck_assert(limiter_take(&r, A, &k, s.rate, NOW, &left));
	l = limit_make(&r, A, k.hash, NOW);
	atomic_fetch_add(&l.name[limit_find(&l, &o)].word[1], 256);
	limiter_each(&r, A, NOW, sight_add, &s);
	ck_assert_uint_eq(s.keys, 0);
	ck_assert_int_eq(limiter_take(&r, A, &k, s.rate, NOW, &left), !spent);
	limiter_each(&r, A, NOW, sight_add, &s);
	ck_assert_uint_eq(s.keys, 1);
	ck_assert_uint_eq(s.spent, spent ? 3 : 2);
	region_fini(&r);
}
END_TEST

START_TEST(a_change_is_noticed)
{
	const struct limiter_rate *of = &rates[_i];
	uint64_t before, after;
	struct region r;

	fixture_region(&r, 1);
	ck_assert_uint_eq(limiter_used(&r, A, NOW, &before), 0);
	for (int i = 0; i < 3; i++) {
		take(&r, of, 1, NOW);
		ck_assert_uint_eq(limiter_used(&r, A, NOW, &after), 1);
		ck_assert_uint_ne(after, before);
		before = after;
	}
	ck_assert_uint_ne(take(&r, of, 1, NOW), 0);
	ck_assert_uint_eq(limiter_used(&r, A, NOW, &after), 1);
	ck_assert_uint_eq(after, before);
	ck_assert_uint_eq(limiter_used(&r, A, NOW + 100 * SECOND, NULL), 0);
	region_fini(&r);
}
END_TEST

START_TEST(a_quota_is_restored)
{
	const uint64_t day = 86400 * SECOND, now = 20000 * day + 7;
	const struct limiter_rate quota = { .kind = LIMITER_FIXED,
		.count = 10,
		.period_us = day,
		.end_us = 20001 * day };
	struct limiter_left left;
	struct region r;

	fixture_region(&r, 1);
	struct limiter_key k = named(&r, 3);
	limiter_restore(&r, LIMITER_QUOTA, &k, &quota, 4, now);
	ck_assert(limiter_take(&r, LIMITER_QUOTA, &k, &quota, now, &left));
	ck_assert_uint_eq(left.remaining, 5);
	ck_assert_uint_eq(left.reset_us, day - 7);
	/* More is known. */
	limiter_restore(&r, LIMITER_QUOTA, &k, &quota, 4, now);
	ck_assert(limiter_take(&r, LIMITER_QUOTA, &k, &quota, now, &left));
	ck_assert_uint_eq(left.remaining, 4);
	/* More than there may be. */
	limiter_restore(&r, LIMITER_QUOTA, &k, &quota, UINT64_MAX, now);
	ck_assert(!limiter_take(&r, LIMITER_QUOTA, &k, &quota, now, &left));
	ck_assert_uint_eq(left.wait_us, day - 7);
	region_fini(&r);
}
END_TEST

/* From a month to a day; from another time to this one. */
START_TEST(a_quota_is_put_right)
{
	const uint64_t day = 86400 * SECOND, now = 20000 * day + 7;
	const struct limiter_rate month = { .kind = LIMITER_FIXED,
		.count = 10,
		.period_us = IMG_PERIOD_MONTH,
		.end_us = 20020 * day };
	struct limiter_rate this = month;
	struct limiter_left left;
	struct region r;

	this.end_us = now + 3600 * SECOND;
	this.period_us = _i == 0 ? day : IMG_PERIOD_MONTH;
	fixture_region(&r, 1);
	struct limiter_key k = named(&r, 3);
	while (limiter_take(&r, LIMITER_QUOTA, &k, &month,
	    _i == 0 ? now : month.end_us - 1, &left))
		continue;
	ck_assert(!limiter_take(&r, LIMITER_QUOTA, &k, &this, now, &left));
	ck_assert_uint_le(left.wait_us, 3601 * SECOND);
	this.end_us += this.period_us;
	ck_assert(limiter_take(
	    &r, LIMITER_QUOTA, &k, &this, now + left.wait_us, &left));
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("limiter");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_rate_is_kept);
	tcase_add_test(tc, names_are_near_each_other);
	tcase_add_loop_test(tc, what_is_given_back_can_be_taken, 0, 3);
	tcase_add_test(tc, a_bucket_changes);
	tcase_add_test(tc, slow_becomes_fast);
	tcase_add_loop_test(
	    tc, a_day_becomes_a_minute, LIMITER_FIXED, LIMITER_SLIDING + 1);
	tcase_add_test(tc, all_is_shed_for_a_moment);
	tcase_add_test(tc, a_class_forgives_nothing);
	tcase_add_loop_test(tc, who_is_behind_forgives_nothing, 0, 3);
	tcase_add_test(tc, months_are_counted);
	tcase_add_test(tc, who_has_spent_least_gives_way);
	tcase_add_loop_test(tc, a_flood_takes_its_own_places, 0, 3);
	tcase_add_test(tc, the_sweep_frees_what_is_over);
	tcase_add_loop_test(tc, a_key_is_reset, 0, 3);
	tcase_add_loop_test(tc, keys_are_listed_by_name, 0, 3);
	tcase_add_loop_test(tc, a_wrong_name_is_written_again, 0, 6);
	tcase_add_loop_test(tc, a_change_is_noticed, 0, 3);
	tcase_add_test(tc, a_quota_is_restored);
	tcase_add_loop_test(tc, a_quota_is_put_right, 0, 2);
	return fixture_run(tc, "limiter");
}
