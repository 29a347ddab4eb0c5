/*
 * Tests of grpc.c: which requests are of gRPC, and their deadlines. What they
 * are answered is in e2e/test_grpc.py.
 */
#include <check.h>
#include <stdlib.h>

#include "worker/flow/grpc.h"

static struct loop loop;
static struct env env;
static struct req req;
static struct field fields[4], up_fields[4];
static char memory[4096];

static void
add(const char *name, const char *value)
{
	enum field_id id = http_field_find(slice_str(name));

	fields[req.head.count] =
	    (struct field){ slice_str(name), slice_str(value), (uint16_t)id };
	up_fields[req.head.count] = fields[req.head.count];
	req.head.present |= id != FIELD_OTHER ? UINT64_C(1) << id : 0;
	req.up.count = ++req.head.count;
}

static void
setup(void)
{
	timer_wheel_init(&loop.timers, clock_update());
	env = (struct env){ .loop = &loop };
	req = (struct req){ .env = &env,
		.began = clock_now(),
		.head = { .method = METHOD_POST, .fields = fields },
		.up = { .fields = up_fields } };
	arena_init(&req.arena, memory, sizeof(memory), 0);
}

START_TEST(kinds)
{
	add("content-type", "application/grpc-web+proto");
	grpc_begin(&req);
	ck_assert_int_eq(req.grpc, GRPC_WEB);
	ck_assert(slice_eq(grpc_content_type(&req, GRPC_PLAIN),
	    SLICE_LIT("application/grpc+proto")));
	ck_assert(slice_eq(grpc_content_type(&req, GRPC_WEB_TEXT),
	    SLICE_LIT("application/grpc-web-text+proto")));
}
END_TEST

/* Of a head of the answer, or its trailers; the last word counts. */
START_TEST(statuses_that_are_heard)
{
	static const struct {
		const char *text;
		int32_t status;
	} cases[] = { { "0", 0 }, { "13", 13 }, { "", -1 }, { "x", -1 },
		{ "1x", -1 }, { "-1", -1 }, { "999999999", 999999999 },
		{ "9999999999", -1 } };
	struct field f = { .name = SLICE_LIT("Grpc-Status") };
	struct head h = { .fields = &f, .count = 1 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		req.grpc_status = -1;
		f.value = slice_str(cases[i].text);
		grpc_hear(&req, &h);
		ck_assert_int_eq(req.grpc_status, cases[i].status);
	}
	h.count = 0;
	req.grpc_status = 5;
	grpc_hear(&req, &h);
	ck_assert_int_eq(req.grpc_status, 5);
}
END_TEST

START_TEST(other_methods)
{
	add("content-type", "application/grpc");
	req.head.method = METHOD_PUT;
	grpc_begin(&req);
	ck_assert_int_eq(req.grpc, GRPC_NONE);
}
END_TEST

START_TEST(no_type)
{
	grpc_begin(&req);
	ck_assert_int_eq(req.grpc, GRPC_NONE);
}
END_TEST

START_TEST(no_deadline)
{
	ck_assert(grpc_set_deadline(&req));
	ck_assert_ptr_null(req.deadline);
	grpc_tell_deadline(&req);
	grpc_end(&req);
	ck_assert_uint_eq(loop.timers.count, 0);
}
END_TEST

/* It counts from the head, is told less what has passed, and ends. */
START_TEST(deadline)
{
	uint64_t us;

	add("grpc-timeout", "10S");
	req.began.us -= 2000000;
	ck_assert(grpc_set_deadline(&req));
	ck_assert_uint_eq(loop.timers.count, 1);
	for (int i = 0; i < 2; i++) {
		grpc_tell_deadline(&req);
		ck_assert(grpc_text_timeout(up_fields[0].value, &us));
		ck_assert(us > 7000000 && us <= 8000000);
	}
	ck_assert(slice_eq(fields[0].value, SLICE_LIT("10S")));
	grpc_end(&req);
	ck_assert_uint_eq(loop.timers.count, 0);
}
END_TEST

/* What a rule of the route has put there, or taken away, stays so. */
START_TEST(rules_decide)
{
	add("grpc-timeout", "10S");
	ck_assert(grpc_set_deadline(&req));
	up_fields[0].value = SLICE_LIT("1S");
	grpc_tell_deadline(&req);
	ck_assert(slice_eq(up_fields[0].value, SLICE_LIT("1S")));
	req.up.count = 0;
	grpc_tell_deadline(&req);
	ck_assert_uint_eq(req.up.count, 0);
	grpc_end(&req);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("grpc");
	TCase *tc = tcase_create("grpc");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, kinds);
	tcase_add_test(tc, other_methods);
	tcase_add_test(tc, statuses_that_are_heard);
	tcase_add_test(tc, no_type);
	tcase_add_test(tc, no_deadline);
	tcase_add_test(tc, deadline);
	tcase_add_test(tc, rules_decide);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
