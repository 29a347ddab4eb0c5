/* Tests of retry.c: what is sent again, and how long it waits. */
#include <check.h>
#include <stdlib.h>

#include "worker/origin/retry.h"

static const struct img_range statuses[] = { { 502, 504 }, { 429, 429 } };
static struct img_retry rule;

/* A GET that was sent on a connection, of which nothing came back. */
static struct retry_case
sent(enum why why)
{
	rule = (struct img_retry){
		.attempts = { 3, 3, 3 },
		.on = RETRY_CONNECT | RETRY_RESET | RETRY_TIMEOUT,
		.factor = 2000,
		.base_us = 25000,
		.max_us = 1000000,
		.statuses.count = 2,
	};
	return (struct retry_case){ .why = why,
		.attempts = 1,
		.idempotent = true,
		.sent = true,
		.whole = true };
}

static bool
again(const struct retry_case *c)
{
	return retry_again(&rule, statuses, c);
}

START_TEST(attempts_count_the_first)
{
	struct retry_case c = sent(WHY_UPSTREAM_CLOSED);

	ck_assert(again(&c));
	c.attempts = 2;
	ck_assert(again(&c));
	c.attempts = 3;
	ck_assert(!again(&c));
	c.attempts = 1;
	rule.attempts[IMG_CLASS_NORMAL] = 1;
	ck_assert(!again(&c));
	rule.attempts[IMG_CLASS_NORMAL] = 0;
	ck_assert(!again(&c));
}
END_TEST

START_TEST(conditions)
{
	static const struct {
		enum why why;
		uint32_t on;
	} rows[] = {
		{ WHY_CONNECT_FAILED, RETRY_CONNECT },
		{ WHY_CONNECT_TIMEOUT, RETRY_CONNECT },
		{ WHY_UPSTREAM_TLS, RETRY_CONNECT },
		{ WHY_UPSTREAM_REFUSED, RETRY_CONNECT },
		{ WHY_UPSTREAM_PROTOCOL, RETRY_RESET },
		{ WHY_UPSTREAM_CLOSED, RETRY_RESET },
		{ WHY_RESPONSE_TIMEOUT, RETRY_TIMEOUT },
		{ WHY_BAD_RESPONSE, 0 },
		{ WHY_UPSTREAM_SEND_TIMEOUT, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct retry_case c = sent(rows[i].why);

		ck_assert_msg(again(&c) == (rows[i].on != 0), "row %zu", i);
		rule.on &= ~rows[i].on;
		ck_assert_msg(!again(&c), "row %zu, off", i);
		rule.on = rows[i].on;
		ck_assert_msg(again(&c) == (rows[i].on != 0), "row %zu", i);
	}
}
END_TEST

/* RFC 9113 8.7: whatever the method. */
START_TEST(what_was_not_looked_at)
{
	struct retry_case c = sent(WHY_UPSTREAM_REFUSED);

	c.idempotent = false;
	ck_assert(again(&c));
	c.whole = false;
	ck_assert(!again(&c));
	/* Of another protocol, which was seen before anything was sent. */
	c = sent(WHY_UPSTREAM_PROTOCOL);
	c.idempotent = c.sent = false;
	ck_assert(again(&c));
	/* It waited on a connection that was lost. */
	c.why = WHY_UPSTREAM_CLOSED;
	ck_assert(again(&c));
	rule.on = RETRY_RESET;
	ck_assert(!again(&c));
}
END_TEST

START_TEST(only_what_does_no_harm)
{
	struct retry_case c = sent(WHY_UPSTREAM_CLOSED);

	c.idempotent = false;
	ck_assert(!again(&c));
	c.idempotent = true;
	c.heard = true;
	ck_assert(!again(&c));
	c.heard = false;
	c.whole = false;
	ck_assert(!again(&c));
	/* Nothing was sent: any method. */
	c = sent(WHY_CONNECT_FAILED);
	c.sent = c.idempotent = false;
	ck_assert(again(&c));
}
END_TEST

START_TEST(status_ranges)
{
	static const uint16_t yes[] = { 429, 502, 503, 504 };
	static const uint16_t no[] = { 200, 400, 428, 430, 500, 501, 505 };
	struct retry_case c = sent(WHY_OK);

	c.heard = true;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		c.status = yes[i];
		ck_assert_msg(again(&c), "%u", yes[i]);
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		c.status = no[i];
		ck_assert_msg(!again(&c), "%u", no[i]);
	}
	c.status = 503;
	c.idempotent = false;
	ck_assert(!again(&c));
	c.idempotent = true;
	rule.statuses.count = 0;
	ck_assert(!again(&c));
}
END_TEST

START_TEST(delays_grow_to_the_bound)
{
	(void)sent(WHY_OK);
	ck_assert_uint_eq(retry_delay_us(&rule, 1, 0), 25000);
	ck_assert_uint_eq(retry_delay_us(&rule, 2, 0), 50000);
	ck_assert_uint_eq(retry_delay_us(&rule, 3, 0), 100000);
	ck_assert_uint_eq(retry_delay_us(&rule, 6, 0), 800000);
	ck_assert_uint_eq(retry_delay_us(&rule, 7, 0), 1000000);
	ck_assert_uint_eq(retry_delay_us(&rule, 100, 0), 1000000);
	rule.factor = 1500;
	ck_assert_uint_eq(retry_delay_us(&rule, 3, 0), 56250);
	rule.factor = 1000;
	ck_assert_uint_eq(retry_delay_us(&rule, 100, 0), 25000);
	rule.base_us = 0;
	ck_assert_uint_eq(retry_delay_us(&rule, 5, 0), 0);
	rule.base_us = 25000;
	rule.max_us = 1000;
	ck_assert_uint_eq(retry_delay_us(&rule, 1, 0), 1000);
	/* Nothing overflows. */
	rule.base_us = UINT64_MAX / 2;
	rule.factor = UINT32_MAX;
	rule.max_us = UINT64_MAX;
	ck_assert_uint_ge(
	    retry_delay_us(&rule, 100, 0), UINT64_MAX / UINT32_MAX);
}
END_TEST

START_TEST(jitter_is_a_part)
{
	(void)sent(WHY_OK);
	rule.jitter = 1;
	ck_assert_uint_eq(retry_delay_us(&rule, 2, 0), 0);
	ck_assert_uint_eq(retry_delay_us(&rule, 2, UINT64_MAX / 2), 24999);
	ck_assert_uint_eq(retry_delay_us(&rule, 2, UINT64_MAX), 49999);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("retry");
	TCase *tc = tcase_create("retry");

	tcase_add_test(tc, attempts_count_the_first);
	tcase_add_test(tc, conditions);
	tcase_add_test(tc, what_was_not_looked_at);
	tcase_add_test(tc, only_what_does_no_harm);
	tcase_add_test(tc, status_ranges);
	tcase_add_test(tc, delays_grow_to_the_bound);
	tcase_add_test(tc, jitter_is_a_part);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
