/* Tests of grpc_text.c: content types, timeouts, messages, names of codes. */
#include <check.h>
#include <stdlib.h>

#include "common/http/grpc_text.h"

static const struct {
	const char *type;
	enum grpc_kind kind;
	const char *suffix;
} types[] = {
	{ "application/grpc", GRPC_PLAIN, "" },
	{ "application/grpc+proto", GRPC_PLAIN, "+proto" },
	{ "APPLICATION/Grpc+x-y", GRPC_PLAIN, "+x-y" },
	{ "application/grpc;a=b", GRPC_PLAIN, "" },
	{ "application/grpc+json ; a=b", GRPC_PLAIN, "+json" },
	{ "application/grpc-web", GRPC_WEB, "" },
	{ "application/grpc-web+proto", GRPC_WEB, "+proto" },
	{ "application/grpc-web;charset=utf-8", GRPC_WEB, "" },
	{ "application/grpc-web-text", GRPC_WEB_TEXT, "" },
	{ "application/grpc-web-TEXT+proto", GRPC_WEB_TEXT, "+proto" },
	{ "", GRPC_NONE, "" },
	{ "application/grp", GRPC_NONE, "" },
	{ "application/grpcx", GRPC_NONE, "" },
	{ "application/grpc-", GRPC_NONE, "" },
	{ "application/grpc-webx", GRPC_NONE, "" },
	{ "application/grpc-web-texts", GRPC_NONE, "" },
	{ "application/grpc+", GRPC_NONE, "" },
	{ "application/grpc+a b", GRPC_NONE, "" },
	{ "application/grpc+a,b", GRPC_NONE, "" },
	{ "text/plain; application/grpc", GRPC_NONE, "" },
};

START_TEST(kinds)
{
	struct slice suffix;

	ck_assert_int_eq(
	    grpc_text_kind(slice_str(types[_i].type), &suffix), types[_i].kind);
	ck_assert(slice_eq(suffix, slice_str(types[_i].suffix)));
	ck_assert_int_eq(grpc_text_is(slice_str(types[_i].type)),
	    types[_i].kind != GRPC_NONE);
}
END_TEST

static const struct {
	const char *text;
	bool good;
	uint64_t us;
} timeouts[] = {
	{ "1H", true, UINT64_C(3600000000) },
	{ "99999999H", true, UINT64_C(99999999) * 3600000000u },
	{ "2M", true, 120000000 },
	{ "3S", true, 3000000 },
	{ "00000004m", true, 4000 },
	{ "5u", true, 5 },
	{ "6n", true, 1 },
	{ "1000n", true, 1 },
	{ "1001n", true, 2 },
	{ "0n", true, 0 },
	{ "0H", true, 0 },
	{ "", false, 0 },
	{ "1", false, 0 },
	{ "S", false, 0 },
	{ "1s", false, 0 },
	{ "1h", false, 0 },
	{ "123456789S", false, 0 },
	{ "-1S", false, 0 },
	{ "+1S", false, 0 },
	{ " 1S", false, 0 },
	{ "1 S", false, 0 },
	{ "1S ", false, 0 },
	{ "1.5S", false, 0 },
	{ "1S1", false, 0 },
};

START_TEST(timeout)
{
	uint64_t us = 0;

	ck_assert_int_eq(grpc_text_timeout(slice_str(timeouts[_i].text), &us),
	    timeouts[_i].good);
	if (timeouts[_i].good)
		ck_assert_uint_eq(us, timeouts[_i].us);
}
END_TEST

static const struct {
	uint64_t us;
	const char *text;
} made[] = {
	{ 0, "1u" },
	{ 1, "1u" },
	{ 99999999, "99999999u" },
	{ 100000000, "100000m" },
	{ 100000999, "100000m" },
	{ UINT64_C(99999999999), "99999999m" },
	{ UINT64_C(100000000000), "100000S" },
	{ UINT64_C(99999999999999), "99999999S" },
	{ UINT64_C(100000000000000), "1666666M" },
	{ UINT64_C(359999996400000000), "99999999H" },
	{ UINT64_MAX, "99999999H" },
};

/* What is read of it is never longer than what it was made of. */
START_TEST(make_timeout)
{
	char out[GRPC_TIMEOUT_TEXT];
	struct slice text =
	    slice_make(out, grpc_text_make_timeout(made[_i].us, out));
	uint64_t us;

	ck_assert(slice_eq(text, slice_str(made[_i].text)));
	ck_assert(grpc_text_timeout(text, &us));
	ck_assert(us <= made[_i].us || made[_i].us == 0);
}
END_TEST

static const struct {
	const char *message;
	size_t room;
	const char *text;
} messages[] = {
	{ "", 8, "" },
	{ "Not Found: no_route", 32, "Not Found: no_route" },
	{ "~ 100 %", 32, "~ 100 %25" },
	{ "\n\x7f\xc3\xbc", 32, "%0A%7F%C3%BC" },
	{ "abc", 2, "ab" },
	{ "a%b", 3, "a" },
	{ "a%b", 4, "a%25" },
};

START_TEST(message)
{
	char out[32];
	size_t n = grpc_text_message(
	    slice_str(messages[_i].message), out, messages[_i].room);

	ck_assert(slice_eq(slice_make(out, n), slice_str(messages[_i].text)));
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(grpc_code_name((enum grpc_code)0), "OK");
	ck_assert_str_eq(
	    grpc_code_name((enum grpc_code)4), "DEADLINE_EXCEEDED");
	ck_assert_str_eq(grpc_code_name((enum grpc_code)12), "UNIMPLEMENTED");
	ck_assert_str_eq(grpc_code_name((enum grpc_code)14), "UNAVAILABLE");
	ck_assert_str_eq(grpc_code_name((enum grpc_code)16), "UNAUTHENTICATED");
	for (int i = 0; i < GRPC_CODE_COUNT; i++)
		ck_assert_ptr_nonnull(grpc_code_name((enum grpc_code)i));
}
END_TEST

#define LOOP(tc, test, rows) \
	tcase_add_loop_test(tc, test, 0, (int)(sizeof(rows) / sizeof(rows[0])))

int
main(void)
{
	Suite *suite = suite_create("grpc_text");
	TCase *tc = tcase_create("grpc_text");
	SRunner *runner;
	int failed;

	LOOP(tc, kinds, types);
	LOOP(tc, timeout, timeouts);
	LOOP(tc, make_timeout, made);
	LOOP(tc, message, messages);
	tcase_add_test(tc, names);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
