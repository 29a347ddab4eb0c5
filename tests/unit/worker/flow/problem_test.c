/* Tests of problem.c: the prepared pieces are what a writer of JSON writes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "worker/flow/problem.h"

static struct env env;

static size_t
written(char *buf, size_t size, enum why why, const char *detail,
    struct slice instance, struct slice id, struct slice when)
{
	const struct why_info *w = &why_table[why];
	struct text t;
	struct json j;

	text_init_fixed(&t, buf, size);
	json_init(&j, &t);
	json_object_begin(&j, NULL);
	json_add_string(&j, "type", SLICE_LIT("about:blank"));
	json_add_string(&j, "title", slice_str(w->title));
	json_add_uint(&j, "status", w->status);
	json_add_string(
	    &j, "detail", slice_str(detail != NULL ? detail : w->help));
	json_add_string(&j, "instance", instance);
	json_add_string(&j, "error_code", slice_str(w->code));
	json_add_string(&j, "message", slice_str(w->title));
	json_add_string(&j, "error", slice_str(w->word));
	json_object_begin(&j, "details");
	json_add_string(&j, "fault", slice_str(why_fault_name(w->fault)));
	json_object_end(&j);
	json_add_string(&j, "request_id", id);
	json_add_string(&j, "timestamp", when);
	json_object_end(&j);
	return t.n;
}

static void
same(enum why why, const char *detail, const char *instance, const char *id)
{
	char a[PROBLEM_BYTES], b[PROBLEM_BYTES];
	size_t n = problem_text(&env, a,
	    &(struct problem){ .why = why,
		.detail = detail,
		.instance = slice_str(instance),
		.id = slice_str(id) });
	size_t want = written(b, sizeof(b), why, detail, slice_str(instance),
	    slice_str(id), slice_make(env.stamp, WALL_TEXT_BYTES - 1));

	ck_assert_uint_eq(n, want);
	ck_assert(memcmp(a, b, n) == 0);
}

START_TEST(every_reason)
{
	memset(&env, 0, sizeof(env));
	same((enum why)_i, NULL, "/some/path", "0123456789abcdef");
	same((enum why)_i, "what exactly", "/", "");
}
END_TEST

START_TEST(an_id_of_our_own_is_as_any_other)
{
	struct problem p = { .why = WHY_NO_ROUTE,
		.instance = SLICE_LIT("/"),
		.id = SLICE_LIT("0123456789abcdef0123456789abcdef") };
	char a[PROBLEM_BYTES], b[PROBLEM_BYTES];
	size_t n, want;

	memset(&env, 0, sizeof(env));
	want = problem_text(&env, b, &p);
	p.made = true;
	n = problem_text(&env, a, &p);
	ck_assert_uint_eq(n, want);
	ck_assert(memcmp(a, b, n) == 0);
}
END_TEST

START_TEST(what_others_said_is_escaped)
{
	memset(&env, 0, sizeof(env));
	same(WHY_BAD_PATH, "a \"quoted\" detail\n", "/\"\\\x01\xff\xc3\xa4",
	    "\"},\"title\":\"mine");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("problem");
	TCase *tc = tcase_create("problem");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, every_reason, 0, WHY_COUNT);
	tcase_add_test(tc, an_id_of_our_own_is_as_any_other);
	tcase_add_test(tc, what_others_said_is_escaped);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
