/*
 * The filters of rate_limits: what is charged and given back, and what the
 * answer says of it.
 */
#include "tests/unit/worker/filter/limit_kit.h"

#include "shm/keyed.h"
#include "tests/unit/own_clock.h"

static void
expect_refused(enum why why)
{
	ck_assert_uint_eq(lk.said.status, 429);
	ck_assert_str_eq(why_table[lk.why].word, why_table[why].word);
	ck_assert_int_eq(lk.said.remaining, 0);
	ck_assert_int_ge(lk.said.retry_after, 1);
	if (lk.said.reset != -1)
		ck_assert_int_ge(lk.said.reset, lk.said.retry_after);
}

START_TEST(each_algorithm)
{
	static const struct {
		enum img_limit_kind kind;
		enum why why;
	} all[] = { { IMG_LIMIT_TOKEN_BUCKET, WHY_RATE_LIMITED },
		{ IMG_LIMIT_SLIDING_WINDOW, WHY_RATE_LIMITED },
		{ IMG_LIMIT_FIXED_WINDOW, WHY_RATE_LIMITED },
		{ IMG_LIMIT_QUOTA, WHY_QUOTA_EXCEEDED } };

	lk_limit(all[_i].kind, 3, "route");
	lk_configure();
	for (int left = 2; left >= 0; left--) {
		ck_assert_uint_eq(lk_send(), 200);
		lk_expect(3, left);
		ck_assert_int_ge(lk.said.reset, 1);
		ck_assert_int_eq(lk.said.retry_after, -1);
	}
	lk_send();
	expect_refused(all[_i].why);
	lk_expect(3, 0);
	if (all[_i].kind == IMG_LIMIT_TOKEN_BUCKET) {
		ck_assert_int_eq(lk.said.retry_after, 1200);
		ck_assert_int_eq(lk.said.reset, 3600);
	}
}
END_TEST

/* Two were taken after the turn in which the third comes has begun. */
START_TEST(a_turn_that_is_behind)
{
	lk_limit((enum img_limit_kind)_i, 3, "route");
	lk_configure();
	own_us += 5000;
	clock_update();
	ck_assert_uint_eq(lk_send(), 200);
	ck_assert_uint_eq(lk_send(), 200);
	clock_last.us -= 5000;
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(3, 0);
	lk_send();
	expect_refused(WHY_RATE_LIMITED);
}
END_TEST

START_TEST(a_refused_request_costs_nothing)
{
	lk_limit(IMG_LIMIT_FIXED_WINDOW, 9, "address");
	lk_limit(IMG_LIMIT_TOKEN_BUCKET, 9, "route");
	lk_limit(IMG_LIMIT_CONCURRENCY, 1, "");
	lk_limit(IMG_LIMIT_SLIDING_WINDOW, 1, "X-A");
	lk_configure();
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(1, 0); /* the tightest */
	for (int i = 0; i < 5; i++) {
		lk_send();
		expect_refused(WHY_RATE_LIMITED);
		lk_expect(1, 0);
	}
	lk_configure_without(3);
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(9, 7);
}
END_TEST

/* The late one refuses: what the early one took is given back, too. */
START_TEST(late_refusals_refund_early_charges)
{
	lk_limit(IMG_LIMIT_TOKEN_BUCKET, 9, "address");
	lk_limit(IMG_LIMIT_CONCURRENCY, 1, "route");
	lk_limit(IMG_LIMIT_TOKEN_BUCKET, 2, "user");
	lk_configure();
	lk.anybody = true;
	lk.parts.claim[IMG_CLAIM_USER] = SLICE_LIT("alice");
	ck_assert_uint_eq(lk_send(), 200);
	ck_assert_uint_eq(lk_send(), 200);
	for (int i = 0; i < 3; i++) {
		lk_send();
		expect_refused(WHY_RATE_LIMITED);
		lk_expect(2, 0);
	}
	lk.parts.claim[IMG_CLAIM_USER] = SLICE_LIT("bob");
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(2, 1);
	lk_configure_without(2);
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(9, 5);
}
END_TEST

START_TEST(at_once)
{
	struct req *held[2];

	lk_limit(IMG_LIMIT_CONCURRENCY, 2, "route");
	lk_configure();
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(2, 1); /* itself is one */
	ck_assert_int_eq(lk.said.reset, -1);
	lk.stays = true;
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(lk_send(), 0);
		held[i] = lk.q;
	}
	lk_send();
	expect_refused(WHY_CONCURRENCY_LIMITED);
	lk_expect(2, 0);
	ck_assert_int_eq(lk.said.reset, -1);
	ck_assert_int_eq(lk.said.retry_after, 1);
	/* However one ends. */
	req_end(held[0], WHY_CLIENT_CLOSED, true);
	lk.stays = false;
	ck_assert_uint_eq(lk_send(), 200);
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(2, 0);
	req_end(held[1], WHY_OK, false);
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(2, 1);
}
END_TEST

/* All places that the key could have are held by others. */
START_TEST(no_room)
{
	struct limit_charge c = { 0 };
	struct req *held[3];
	uint32_t ticket;

	lk_limit(IMG_LIMIT_CONCURRENCY, 1, "route");
	lk_configure();
	lk.q = lk_make();
	limit_key_make(lk.q, &lk.limits[0], &c);
	req_end(lk.q, WHY_OK, false);
	for (uint64_t i = 1; i <= KEYED_WAYS; i++)
		ck_assert_int_eq(keyed_take(&lk.env.permits,
				     c.key.hash ^ i << 40, 1, &ticket),
		    KEYED_TAKEN);
	lk.stays = true;
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(lk_send(), 0);
		held[i] = lk.q;
	}
	for (int i = 0; i < 3; i++)
		req_end(held[i], WHY_OK, false);
	ck_assert_uint_eq(
	    counters_sum(&lk.region, COUNTER_LIMITS_UNCOUNTED), 3);
}
END_TEST

/* What can be planned by comes first, then what is tighter. */
START_TEST(the_tightest)
{
	lk_limit(IMG_LIMIT_CONCURRENCY, 1, "route");
	lk_limit(IMG_LIMIT_TOKEN_BUCKET, 20, "");
	lk_limit(IMG_LIMIT_TOKEN_BUCKET, 10, "route");
	lk_configure();
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(10, 9);
	/* Of equals, that which takes longer. */
	lk_limit(IMG_LIMIT_QUOTA, 9, "");
	lk_configure();
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(9, 8);
	lk.limits[2].count = lk.limits[2].burst = 11;
	lk_configure();
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(9, 7);
}
END_TEST

/* Before it was given back, the other one had nothing left either. */
START_TEST(the_one_that_refused)
{
	lk_limit(IMG_LIMIT_QUOTA, 2, "route");
	lk_limit(IMG_LIMIT_TOKEN_BUCKET, 1, "");
	lk_configure();
	ck_assert_uint_eq(lk_send(), 200);
	lk_send();
	expect_refused(WHY_RATE_LIMITED);
	lk_expect(1, 0);
	lk_configure_without(1);
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(2, 0);
}
END_TEST

START_TEST(ties)
{
	struct img_limit *slow = lk_limit(IMG_LIMIT_TOKEN_BUCKET, 10, "");

	lk_limit(IMG_LIMIT_TOKEN_BUCKET, 10, "route");
	slow->each_ns *= 2;
	lk_configure();
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(10, 9);
	ck_assert_int_eq(lk.said.reset, 720);
}
END_TEST

START_TEST(what_the_endpoint_says_is_replaced)
{
	lk_limit(IMG_LIMIT_CONCURRENCY, 5, "route");
	lk_configure();
	lk.answer[0] = (struct field){ .name = SLICE_LIT("x-ratelimit-limit"),
		.value = SLICE_LIT("77") };
	lk.answer[1] = (struct field){ .name = SLICE_LIT("X-RATELIMIT-RESET"),
		.value = SLICE_LIT("78") };
	lk.answer[2] =
	    (struct field){ .name = SLICE_LIT("X-RateLimit-Remaining"),
		    .value = SLICE_LIT("79") };
	lk.answer[3] = (struct field){ .name = SLICE_LIT("X-RateLimit-Other"),
		.value = SLICE_LIT("80") };
	lk.answer[4] = (struct field){ .name = SLICE_LIT("Retry-After"),
		.value = SLICE_LIT("81"),
		.id = FIELD_RETRY_AFTER };
	lk.answer_count = 5;
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(5, 4);
	ck_assert_int_eq(lk.said.reset, -1);
	ck_assert_int_eq(lk.said.retry_after, 81);
	/* Where nothing is counted, nothing is said. */
	lk.limits[0].multiplier[IMG_CLASS_NORMAL] = 0;
	lk_configure();
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(77, 79);
}
END_TEST

START_TEST(classes)
{
	struct img_limit *l = lk_limit(IMG_LIMIT_FIXED_WINDOW, 4, "route");

	l->multiplier[IMG_CLASS_PRIORITY] = 1500;
	l->multiplier[IMG_CLASS_EMERGENCY] = 0;
	lk_configure();
	for (int i = 0; i < 4; i++)
		ck_assert_uint_eq(lk_send(), 200);
	ck_assert_uint_eq(lk_send(), 429);
	lk.route.class = IMG_CLASS_PRIORITY;
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(6, 1);
	ck_assert_uint_eq(lk_send(), 200);
	ck_assert_uint_eq(lk_send(), 429);
	lk.route.class = IMG_CLASS_EMERGENCY;
	for (int i = 0; i < 9; i++) {
		ck_assert_uint_eq(lk_send(), 200);
		ck_assert_uint_eq(lk.said.told, 0);
	}
	lk.route.class = IMG_CLASS_NORMAL;
	ck_assert_uint_eq(lk_send(), 429);
}
END_TEST

START_TEST(less_while_the_gateway_sheds)
{
	lk_limit(IMG_LIMIT_FIXED_WINDOW, 100, "route");
	lk_limit(IMG_LIMIT_CONCURRENCY, 100, "route");
	lk.limits[0].adaptive = 1;
	lk_configure_without(1);
	lk.env.pressure = 250;
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(75, 74);
	lk.env.pressure = 0;
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(100, 98);
	lk.env.pressure = 1000;
	ck_assert_uint_eq(lk_send(), 429);
	lk_expect(1, 0);
	/* The other one is not. */
	lk_configure_without(0);
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(100, 99);
}
END_TEST

/* The same metadata, and the code of the reason. */
START_TEST(grpc)
{
	kit_field("Content-Type", "application/grpc");
	kit_q.grpc = 1;
	lk_limit(IMG_LIMIT_TOKEN_BUCKET, 1, "route");
	lk_configure();
	ck_assert_uint_eq(lk_send(), 200);
	lk_expect(1, 0);
	ck_assert_uint_eq(lk_send(), 200); /* of HTTP */
	ck_assert_str_eq(
	    why_table[lk.why].word, why_table[WHY_RATE_LIMITED].word);
	lk_expect(1, 0);
	ck_assert_int_eq(lk.said.retry_after, 3600);
	ck_assert_int_eq(lk.said.reset, 3600);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("limit");

	tcase_add_checked_fixture(tc, lk_begin, lk_fini);
	tcase_add_loop_test(tc, each_algorithm, 0, 4);
	tcase_add_loop_test(
	    tc, a_turn_that_is_behind, IMG_LIMIT_TOKEN_BUCKET, IMG_LIMIT_QUOTA);
	tcase_add_test(tc, a_refused_request_costs_nothing);
	tcase_add_test(tc, late_refusals_refund_early_charges);
	tcase_add_test(tc, at_once);
	tcase_add_test(tc, no_room);
	tcase_add_test(tc, the_tightest);
	tcase_add_test(tc, the_one_that_refused);
	tcase_add_test(tc, ties);
	tcase_add_test(tc, what_the_endpoint_says_is_replaced);
	tcase_add_test(tc, classes);
	tcase_add_test(tc, less_while_the_gateway_sheds);
	tcase_add_test(tc, grpc);
	return kit_run(tc, "limit");
}
