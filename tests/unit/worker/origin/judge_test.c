/*
 * What of a call is a failure, for breakers.
 */
#include "worker/origin/judge.h"

#include <check.h>
#include <stdlib.h>

static struct field fields[4];
static const struct img_range statuses[] = { { 429, 429 }, { 502, 504 } };
static const struct judge judge = {
	.scope = IMG_BREAKER_ENDPOINT,
	.on = IMG_BREAKER_CONNECT | IMG_BREAKER_RESET,
	.status_count = 2,
	.statuses = statuses,
};

static struct judged
of_status(uint16_t status)
{
	struct head h = { .status = status, .fields = fields };
	struct judged v = { .is = JUDGED_NOT };

	judge_head(&judge, &h, &v);
	return v;
}

static const struct {
	uint16_t status;
	bool bad;
} answers[] = { { 200, false }, { 101, false }, { 204, false }, { 304, false },
	{ 400, false }, { 428, false }, { 429, true }, { 430, false },
	{ 500, false }, { 501, false }, { 502, true }, { 503, true },
	{ 504, true }, { 505, false } };

START_TEST(statuses_as_listed)
{
	struct judged v = of_status(answers[_i].status);

	ck_assert_int_eq(v.is, answers[_i].bad ? JUDGED_BAD : JUDGED_GOOD);
	ck_assert_int_eq(v.how.failed, answers[_i].bad);
	if (!answers[_i].bad)
		return;
	ck_assert_int_eq(v.how.cause, CAUSE_STATUS);
	ck_assert_uint_eq(v.how.detail, answers[_i].status);
}
END_TEST

static struct judged
of_grpc(struct slice type, struct slice name, struct slice value)
{
	struct head h = { .status = 200, .fields = fields };
	struct judged v;

	head_add(&h, FIELD_CONTENT_TYPE, type);
	fields[h.count++] =
	    (struct field){ .name = name, .value = value, .id = FIELD_OTHER };
	judge_head(&judge, &h, &v);
	return v;
}

START_TEST(grpc_in_the_head)
{
	struct slice status = SLICE_LIT("Grpc-Status");
	struct judged v = of_grpc(
	    SLICE_LIT("application/grpc+proto"), status, SLICE_LIT("14"));

	ck_assert_int_eq(v.is, JUDGED_BAD);
	ck_assert_uint_eq(v.how.detail, 503);
	v = of_grpc(SLICE_LIT("application/grpc"), status, SLICE_LIT("13"));
	ck_assert_int_eq(v.is, JUDGED_GOOD);
	v = of_grpc(SLICE_LIT("application/grpc"), status, SLICE_LIT("0"));
	ck_assert_int_eq(v.is, JUDGED_GOOD);
	v = of_grpc(SLICE_LIT("text/plain"), status, SLICE_LIT("14"));
	ck_assert_int_eq(v.is, JUDGED_GOOD);
	v = of_grpc(SLICE_LIT("application/grpc"), SLICE_LIT("grpc-message"),
	    SLICE_LIT("14"));
	ck_assert_int_eq(v.is, JUDGED_GOOD);
}
END_TEST

static const struct {
	enum change_cause cause;
	uint32_t bit;
} causes[] = {
	{ CAUSE_CONNECT, IMG_BREAKER_CONNECT },
	{ CAUSE_TLS, IMG_BREAKER_CONNECT },
	{ CAUSE_RESET, IMG_BREAKER_RESET },
	{ CAUSE_TIMEOUT, IMG_BREAKER_TIMEOUT },
	{ CAUSE_BROKEN, IMG_BREAKER_BROKEN },
};

START_TEST(causes_as_listed)
{
	struct judge j = judge;
	struct judged v = { .is = JUDGED_GOOD };

	j.on = ~causes[_i].bit;
	judge_failed(&j, causes[_i].cause, 7, &v);
	ck_assert_int_eq(v.is, JUDGED_GOOD);
	j.on = causes[_i].bit;
	judge_failed(&j, causes[_i].cause, 7, &v);
	ck_assert_int_eq(v.is, JUDGED_BAD);
	ck_assert(v.how.failed);
	ck_assert_int_eq(v.how.cause, causes[_i].cause);
	ck_assert_uint_eq(v.how.detail, 7);
}
END_TEST

START_TEST(other_causes_are_none)
{
	struct judge j = judge;
	struct judged v = { .is = JUDGED_NOT };

	j.on = UINT32_MAX;
	judge_failed(&j, CAUSE_OPERATOR, 0, &v);
	ck_assert_int_eq(v.is, JUDGED_NOT);
}
END_TEST

/* A service of a bare image. */
START_TEST(copied_from_the_image)
{
	static struct {
		struct img_head head;
		struct img_range ranges[2];
	} image = { .ranges = { { 429, 429 }, { 502, 504 } } };
	struct img_service s = {
		.breaker = { .scope = IMG_BREAKER_SERVICE,
		    .failures = 1,
		    .successes = 2,
		    .probes = 3,
		    .minimum = 4,
		    .error_rate = 5,
		    .slow_rate = 6,
		    .on = IMG_BREAKER_RESET,
		    .open_us = 7,
		    .slow_us = 8,
		    .window_us = 9,
		    .statuses = { offsetof(typeof(image), ranges), 2 } }
	};
	struct judge j;

	judge_init(&j, &image.head, &s, IMG_CLASS_PRIORITY);
	ck_assert_uint_eq(j.scope, IMG_BREAKER_SERVICE);
	ck_assert_uint_eq(j.on, IMG_BREAKER_RESET);
	ck_assert(!j.bypass);
	ck_assert_uint_eq(j.status_count, 2);
	ck_assert_uint_eq(j.statuses[1].to, 504);
	ck_assert_uint_eq(j.rule.failures, 1);
	ck_assert_uint_eq(j.rule.successes, 2);
	ck_assert_uint_eq(j.rule.probes, 3);
	ck_assert_uint_eq(j.rule.minimum, 4);
	ck_assert_uint_eq(j.rule.error_rate, 5);
	ck_assert_uint_eq(j.rule.slow_rate, 6);
	ck_assert_uint_eq(j.rule.open_us, 7);
	ck_assert_uint_eq(j.rule.slow_us, 8);
	ck_assert_uint_eq(j.rule.window_us, 9);
	judge_init(&j, &image.head, &s, IMG_CLASS_EMERGENCY);
	ck_assert(j.bypass);
	s.breaker.scope = 0;
	judge_init(&j, &image.head, &s, IMG_CLASS_EMERGENCY);
	ck_assert_uint_eq(j.scope, 0);
	ck_assert(!j.bypass);
}
END_TEST

#define CASES(list) (int)(sizeof(list) / sizeof((list)[0]))

int
main(void)
{
	Suite *s = suite_create("judge");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, statuses_as_listed, 0, CASES(answers));
	tcase_add_test(tc, grpc_in_the_head);
	tcase_add_loop_test(tc, causes_as_listed, 0, CASES(causes));
	tcase_add_test(tc, other_causes_are_none);
	tcase_add_test(tc, copied_from_the_image);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
