/*
 * limiter_account_test.c - the arithmetic of limits, beside a model that keeps
 * each charge by itself.
 */
#include <check.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "shm/limiter_account.h"
#include "tests/unit/shm/fixture.h"

#define SECOND UINT64_C(1000000)
#define TICK LIMITER_TICK_US

static struct limiter_left left;

static bool
charge(const struct limiter_rate *rate, struct account *a, uint64_t now_us)
{
	const struct account_clock c = { now_us, TICK };
	bool charged = account_charge(rate, &c, a, &left);

	ck_assert_int_eq(charged, left.wait_us == 0);
	ck_assert_uint_le(left.remaining, left.limit);
	return charged;
}

static uint32_t
charge_all(const struct limiter_rate *rate, struct account *a, uint64_t now_us)
{
	uint32_t n = 0;

	while (charge(rate, a, now_us))
		n++;
	return n;
}

static bool
refund(const struct limiter_rate *rate, struct account *a, uint64_t now_us)
{
	const struct account_clock c = { now_us, TICK };

	return account_refund(rate, &c, a);
}

static uint64_t
look(const struct limiter_rate *rate, const struct account *a, uint64_t now_us)
{
	const struct account_clock c = { now_us, TICK };

	account_look(rate, &c, a, &left);
	return left.remaining;
}

static uint64_t
random_below(uint64_t n)
{
	static uint64_t state;

	state += 0x9e3779b97f4a7c15u;
	return hash_u64(state) % n;
}

/* ---- windows ---- */

static const struct limiter_rate fixed = {
	.kind = LIMITER_FIXED, .count = 5, .period_us = 10 * SECOND
};
static const struct limiter_rate sliding = {
	.kind = LIMITER_SLIDING, .count = 10, .period_us = 10 * SECOND
};

START_TEST(a_window_ends)
{
	struct account a = { 0 };

	ck_assert_uint_eq(charge_all(&fixed, &a, 13 * SECOND), 5);
	ck_assert_uint_eq(left.limit, 5);
	ck_assert_uint_eq(left.wait_us, 7 * SECOND);
	ck_assert_uint_eq(left.reset_us, 7 * SECOND);
	ck_assert_uint_eq(charge_all(&fixed, &a, 20 * SECOND - 1), 0);
	ck_assert_uint_eq(left.wait_us, 1);
	ck_assert_uint_eq(look(&fixed, &a, 20 * SECOND), 5);
	ck_assert(charge(&fixed, &a, 20 * SECOND));
	ck_assert_uint_eq(left.remaining, 4);
	ck_assert_uint_eq(left.reset_us, 10 * SECOND);
	/* Whose clock is behind takes part in this one. */
	ck_assert_uint_eq(charge_all(&fixed, &a, 19 * SECOND), 4);
	ck_assert_uint_eq(charge_all(&fixed, &a, 9 * SECOND), 0);
	ck_assert_uint_eq(charge_all(&fixed, &a, 29 * SECOND), 0);
	ck_assert_uint_eq(charge_all(&fixed, &a, 75 * SECOND), 5);
	ck_assert_uint_eq(left.wait_us, 5 * SECOND);
}
END_TEST

START_TEST(a_window_slides)
{
	struct account a = { 0 };

	ck_assert_uint_eq(charge_all(&sliding, &a, 12 * SECOND), 10);
	/* To 20 s, and then until nine tenths of the window are covered. */
	ck_assert_uint_eq(left.wait_us, 9 * SECOND);
	ck_assert_uint_eq(left.reset_us, 18 * SECOND);
	ck_assert_uint_eq(charge_all(&sliding, &a, 20 * SECOND), 0);
	ck_assert_uint_eq(left.wait_us, SECOND);
	ck_assert_uint_eq(charge_all(&sliding, &a, 21 * SECOND - 1), 0);
	ck_assert_uint_eq(charge_all(&sliding, &a, 21 * SECOND), 1);
	ck_assert_uint_eq(charge_all(&sliding, &a, 25 * SECOND), 4);
	ck_assert_uint_eq(charge_all(&sliding, &a, 30 * SECOND - 1), 4);
	/* Nine in that window: one is free at once. */
	ck_assert_uint_eq(charge_all(&sliding, &a, 30 * SECOND), 1);
	/* After a window without any, all are. */
	ck_assert_uint_eq(charge_all(&sliding, &a, 50 * SECOND), 10);
}
END_TEST

START_TEST(what_was_given_back_is_of_its_window)
{
	struct account a = { 0 };

	ck_assert_uint_eq(charge_all(&fixed, &a, 13 * SECOND), 5);
	ck_assert(refund(&fixed, &a, 13 * SECOND));
	ck_assert_uint_eq(charge_all(&fixed, &a, 14 * SECOND), 1);
	ck_assert_uint_eq(charge_all(&fixed, &a, 20 * SECOND), 5);
	ck_assert(!refund(&fixed, &a, 14 * SECOND));
	ck_assert_uint_eq(charge_all(&fixed, &a, 20 * SECOND), 0);
	a = (struct account){ 0 };
	ck_assert(!refund(&fixed, &a, 14 * SECOND));
	ck_assert_uint_eq(charge_all(&sliding, &a, 13 * SECOND), 10);
	/* Before the next window has begun, and after. */
	ck_assert(refund(&sliding, &a, 13 * SECOND));
	ck_assert(charge(&sliding, &a, 20 * SECOND));
	ck_assert(refund(&sliding, &a, 13 * SECOND));
	ck_assert_uint_eq(a.word, UINT64_C(8) << 32 | 1);
	ck_assert(charge(&sliding, &a, 30 * SECOND));
	ck_assert(!refund(&sliding, &a, 13 * SECOND));
}
END_TEST

START_TEST(a_window_changes)
{
	struct limiter_rate rate = fixed;
	struct account a = { 0 };

	/* A lower limit counts as one that is spent; a higher one as itself. */
	ck_assert_uint_eq(charge_all(&fixed, &a, 12 * SECOND), 5);
	rate.count = 2;
	ck_assert_uint_eq(charge_all(&rate, &a, 12 * SECOND), 0);
	ck_assert_uint_eq(left.remaining, 0);
	ck_assert_uint_eq(left.wait_us, 8 * SECOND);
	rate.count = 8;
	ck_assert_uint_eq(charge_all(&rate, &a, 12 * SECOND), 3);
	/* What was spent goes on, longer. */
	rate = fixed;
	rate.period_us = 3600 * SECOND;
	rate.count = 10;
	ck_assert_uint_eq(charge_all(&rate, &a, 13 * SECOND), 2);
	ck_assert_uint_eq(left.wait_us, 3587 * SECOND);
	/* And for a shorter time. */
	rate = fixed;
	rate.count = 11;
	ck_assert_uint_eq(charge_all(&rate, &a, 13 * SECOND), 1);
	ck_assert_uint_eq(left.wait_us, 7 * SECOND);
	ck_assert_uint_eq(charge_all(&fixed, &a, 20 * SECOND), 5);
}
END_TEST

START_TEST(a_sliding_window_changes)
{
	struct limiter_rate rate = sliding;
	struct account a = { 0 };

	ck_assert_uint_eq(charge_all(&sliding, &a, 12 * SECOND), 10);
	rate.count = 4;
	ck_assert_uint_eq(charge_all(&rate, &a, 12 * SECOND), 0);
	/* One full bucket of four, not ten, is carried over. */
	ck_assert_uint_eq(left.wait_us, 8 * SECOND + 10 * SECOND / 4);
	ck_assert_uint_eq(
	    charge_all(&rate, &a, 20 * SECOND + 10 * SECOND / 4), 1);
	rate.period_us = 3600 * SECOND;
	rate.count = 20;
	ck_assert_uint_le(charge_all(&rate, &a, 24 * SECOND), 19);
	ck_assert_uint_gt(left.wait_us, 300 * SECOND);
	rate = sliding;
	rate.count = 30;
	ck_assert_uint_ge(charge_all(&rate, &a, 25 * SECOND), 1);
	ck_assert_uint_le(left.wait_us, 20 * SECOND);
}
END_TEST

START_TEST(counts_are_large)
{
	struct limiter_rate rate = { .kind = LIMITER_SLIDING,
		.count = UINT64_MAX,
		.period_us = UINT64_MAX };
	struct account a = { 0 };
	const struct account_clock c = { SECOND, TICK };

	account_restore(&rate, &c, UINT32_MAX - 2, &a);
	ck_assert_uint_eq(charge_all(&rate, &a, SECOND), 2);
	ck_assert_uint_eq(left.limit, UINT32_MAX);
	ck_assert_uint_eq(a.word, UINT32_MAX);
	/* In the next window, every 1.6 ms one. */
	ck_assert_uint_eq(
	    charge_all(&rate, &a, LIMITER_TIME_MAX_US + SECOND), 621);
	ck_assert_uint_le(left.wait_us, 1610);
	rate.kind = LIMITER_FIXED;
	ck_assert(charge(&rate, &a, 3 * LIMITER_TIME_MAX_US));
	ck_assert_uint_eq(left.remaining, UINT32_MAX - 1);
}
END_TEST

/* ---- beside a model ---- */

#define CHARGES_MAX 100000

static struct {
	uint64_t at[CHARGES_MAX];
	uint32_t n;
} model;

/* The first window's end after us, as the layout rounds it. */
static uint64_t
model_end(uint64_t period, uint64_t us)
{
	uint64_t k = us / period;
	uint64_t end;

	do
		end = (k++ * period + TICK - 1) / TICK * TICK;
	while (end <= us);
	return end;
}

static uint64_t
model_in(uint64_t from, uint64_t to)
{
	uint64_t n = 0;

	for (uint32_t i = model.n; i > 0 && model.at[i - 1] >= from; i--)
		n += model.at[i - 1] < to;
	return n;
}

/* Whether one more may be charged. */
static bool
model_may(const struct limiter_rate *rate, uint64_t now)
{
	uint64_t period = rate->period_us, end, begin, cur, prev, rest;

	end = model_end(period, now);
	begin = end > period + 2 * TICK ? model_end(period, end - period - TICK)
					: 0;
	if (begin >= end || begin > now)
		begin = model_end(period, begin - 2 * TICK);
	cur = model_in(begin, end);
	if (rate->kind == LIMITER_FIXED)
		return cur < rate->count;
	rest = end - now < period ? end - now : period;
	prev = begin == 0 ? 0
			  : model_in(begin > period + TICK
				    ? model_end(period, begin - period - TICK)
				    : 0,
				begin);
	return cur < rate->count &&
	    (rate->count - cur - 1) * period >= prev * rest;
}

/* Random tries at random times: as the model says, and who waits as long as he
 * was told to gets one, and no sooner. */
START_TEST(charges_are_those_of_a_model)
{
	const uint64_t periods[] = { SECOND, 100000, 77777, 10 * SECOND };
	struct limiter_rate rate = {
		.kind = _i % 2 != 0 ? LIMITER_FIXED : LIMITER_SLIDING,
		.count = 1 + random_below(20),
		.period_us = periods[_i / 2],
	};
	struct account a = { 0 }, b;
	uint64_t now = 3 * rate.period_us + 5;

	model.n = 0;
	for (int i = 0; i < 20000; i++) {
		bool may = model_may(&rate, now);

		ck_assert_int_eq(look(&rate, &a, now) != 0, may);
		ck_assert_int_eq(charge(&rate, &a, now), may);
		if (may) {
			model.at[model.n++] = now;
		} else {
			uint64_t wait = left.wait_us;

			b = a;
			ck_assert(!charge(&rate, &b, now + wait - 1));
			ck_assert(charge(&rate, &b, now + wait));
		}
		now += random_below(10) == 0
		    ? random_below(rate.period_us)
		    : random_below(rate.period_us / rate.count);
	}
}
END_TEST

START_TEST(a_bucket_is_that_of_a_model)
{
	const struct limiter_rate rate = { .kind = LIMITER_BUCKET,
		.each_ns = _i == 0 ? 333333333 : 7,
		.burst = 1 + random_below(20) };
	struct account a = { 0 }, b;
	uint64_t now = SECOND, full_ns = 0; /* when the model's is full again */

	for (int i = 0; i < 20000; i++) {
		uint64_t now_ns = now * 1000;
		uint64_t ahead = full_ns > now_ns ? full_ns - now_ns : 0;
		bool may = ahead + rate.each_ns <= rate.each_ns * rate.burst;

		ck_assert_int_eq(charge(&rate, &a, now), may);
		if (may) {
			full_ns = now_ns + ahead + rate.each_ns;
			ck_assert_uint_eq(left.remaining,
			    (rate.each_ns * rate.burst - ahead) / rate.each_ns -
				1);
			continue;
		}
		uint64_t wait = left.wait_us;
		b = a;
		ck_assert(wait == 1 || !charge(&rate, &b, now + wait - 1));
		ck_assert(charge(&rate, &b, now + wait));
		now += random_below(1000000);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("limiter_account");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_window_ends);
	tcase_add_test(tc, a_window_slides);
	tcase_add_test(tc, what_was_given_back_is_of_its_window);
	tcase_add_test(tc, a_window_changes);
	tcase_add_test(tc, a_sliding_window_changes);
	tcase_add_test(tc, counts_are_large);
	tcase_add_loop_test(tc, charges_are_those_of_a_model, 0, 8);
	tcase_add_loop_test(tc, a_bucket_is_that_of_a_model, 0, 2);
	return fixture_run(tc, "limiter_account");
}
