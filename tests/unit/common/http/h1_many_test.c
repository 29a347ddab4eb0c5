/*
 * Tests of h1.c with more fields than most heads have: as many as may be are
 * read, in a head and behind a body.
 */
#include <check.h>

#include "tests/unit/common/http/trace.h"

static const uint32_t counts[] = { 63, 64, 65, 66, 200 };

struct text {
	char bytes[8192];
	size_t n;
};

static void __attribute__((format(printf, 2, 3)))
add(struct text *to, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	to->n += (size_t)vsnprintf(
	    to->bytes + to->n, sizeof(to->bytes) - to->n, fmt, ap);
	va_end(ap);
}

static void
add_fields(struct text *to, uint32_t n, const char *name, const char *sep,
    const char *end)
{
	for (uint32_t i = 0; i < n; i++)
		add(to, "%s%u%s%u%s", name, i, sep, i, end);
}

/* A request of n fields, and as many trailers, of which so many may be. */
static void
check_many(uint32_t n, uint32_t most, const char *error)
{
	const struct codec_limits limits = { 8192, 128, most };
	struct text in = { .n = 0 }, want = { .n = 0 };
	struct trace t;

	add(&in, "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n");
	add_fields(&in, n - 2, "A", ": ", "\r\n");
	add(&in, "\r\n0\r\n");
	add_fields(&in, n, "B", ": ", "\r\n");
	add(&in, "\r\n");
	add(&want,
	    "request PUT / @a v1 b2 n0|Host=a|Transfer-Encoding=chunked");
	add_fields(&want, n - 2, "|A", "=", "");
	add(&want, "\nend");
	add_fields(&want, n, "|B", "=", "");
	add(&want, "\n");
	trace_init(&t, CODEC_SERVER, TRACE_LATER, &limits);
	trace_offer(&t, in.bytes, 0, in.n);
	if (error == NULL)
		ck_assert_str_eq(t.text, want.bytes);
	else
		ck_assert_str_eq(t.text, error);
	trace_fini(&t);
}

START_TEST(as_many_as_may_be)
{
	check_many(counts[_i], counts[_i], NULL);
	check_many(counts[_i], H1_FIELDS_MAX, NULL);
	check_many(counts[_i], counts[_i] - 1, "error too_many_fields\n");
}
END_TEST

static void
setup(void)
{
	buf_pool_init(0);
}

int
main(void)
{
	Suite *suite = suite_create("h1_many");
	TCase *tc = tcase_create("h1_many");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, buf_pool_fini);
	tcase_add_loop_test(
	    tc, as_many_as_may_be, 0, sizeof(counts) / sizeof(counts[0]));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
