/*
 * grpc_health_test.c - the bytes of grpc.health.v1.
 */
#include "master/grpc_health.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/master/conf_try.h"

START_TEST(what_is_asked)
{
	char to[GRPC_HEALTH_ASK_MAX], name[GRPC_HEALTH_SERVICE_MAX];

	ck_assert_uint_eq(grpc_health_ask(to, SLICE_NONE), 5);
	ck_assert_mem_eq(to, "\0\0\0\0\0", 5);
	ck_assert_uint_eq(grpc_health_ask(to, SLICE_LIT("a.B")), 10);
	ck_assert_mem_eq(to, "\0\0\0\0\5\x0a\3a.B", 10);
	memset(name, 'n', sizeof(name));
	ck_assert_uint_eq(grpc_health_ask(to, slice_make(name, 127)), 134);
	ck_assert_mem_eq(to, "\0\0\0\0\x81\x0a\x7fn", 8);
	ck_assert_uint_eq(grpc_health_ask(to, slice_make(name, 128)), 136);
	ck_assert_mem_eq(to, "\0\0\0\0\x83\x0a\x80\x01n", 9);
	ck_assert_uint_eq(grpc_health_ask(to, slice_make(name, 255)), 263);
	ck_assert_mem_eq(to, "\0\0\0\1\2\x0a\xff\x01n", 9);
}
END_TEST

/* A message in its frame. */
static bool
reads(const char *message, size_t n, uint32_t *status)
{
	char *body = malloc(5 + n); /* of just these bytes, for ASan */
	bool ok;

	memset(body, 0, 5);
	body[4] = (char)n;
	memcpy(body + 5, message, n);
	ok = grpc_health_read(slice_make(body, 5 + n), status);
	free(body);
	return ok;
}

#define READS(s, status)                       \
	{                                      \
		s, sizeof(s) - 1, true, status \
	}
#define REFUSES(s)                         \
	{                                  \
		s, sizeof(s) - 1, false, 0 \
	}

START_TEST(messages)
{
	static const struct {
		const char *message;
		size_t n;
		bool ok;
		uint32_t status;
	} c[] = {
		READS("", 0), READS("\x08\1", 1), READS("\x08\2", 2),
		READS("\x08\x80\x80\x01", 16384),
		/* An enum below zero has ten bytes. */
		READS(
		    "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", UINT32_MAX),
		/* The last one counts; others are passed over. */
		READS("\x08\2\x08\1", 1), READS("\x10\x96\1\x08\1", 1),
		READS("\x12\2ab\x08\1", 1),
		READS("\x19"
		      "12345678\x08\1",
		    1),
		READS("\x25"
		      "1234\x08\1",
		    1),
		READS("\xfa\xff\xff\xff\x0f\0\x08\1", 1), REFUSES("\x08"),
		REFUSES("\x08\x81"),
		REFUSES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
		REFUSES("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
		REFUSES("\x0a\1a"), /* ours, and a string */
		REFUSES("\x12\3ab"),
		REFUSES("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		REFUSES("\x19"
			"1234567"),
		REFUSES("\x25"
			"123"),
		REFUSES("\x13\x14"),               /* a group */
		REFUSES("\x16"), REFUSES("\0\1"),  /* field 0 */
		REFUSES("\x80\x80\x80\x80\x10\1"), /* and one too high */
	};
	uint32_t status = 99;

	ck_assert_int_eq(reads(c[_i].message, c[_i].n, &status), c[_i].ok);
	if (c[_i].ok)
		ck_assert_uint_eq(status, c[_i].status);
}
END_TEST

START_TEST(frames)
{
	uint32_t status;

	ck_assert(!grpc_health_read(SLICE_NONE, &status));
	ck_assert(!grpc_health_read(SLICE_LIT("\0\0\0\0"), &status));
	ck_assert(grpc_health_read(SLICE_LIT("\0\0\0\0\2\x08\1"), &status));
	ck_assert(!grpc_health_read(SLICE_LIT("\1\0\0\0\2\x08\1"), &status));
	ck_assert(!grpc_health_read(SLICE_LIT("\0\0\0\0\3\x08\1"), &status));
	ck_assert(!grpc_health_read(SLICE_LIT("\0\0\0\0\1\x08\1"), &status));
	ck_assert(!grpc_health_read(SLICE_LIT("\0\1\0\0\2\x08\1"), &status));
	ck_assert(
	    !grpc_health_read(SLICE_LIT("\0\xff\xff\xff\xff\x08\1"), &status));
	/* Two of them. */
	ck_assert(!grpc_health_read(
	    SLICE_LIT("\0\0\0\0\2\x08\1\0\0\0\0\2\x08\1"), &status));
}
END_TEST

START_TEST(codes)
{
	uint32_t code;

	ck_assert(grpc_status_read(SLICE_LIT("0"), &code) && code == 0);
	ck_assert(grpc_status_read(SLICE_LIT("12"), &code) && code == 12);
	ck_assert(grpc_status_read(SLICE_LIT("9999"), &code) && code == 9999);
	ck_assert(!grpc_status_read(SLICE_LIT("10000"), &code));
	ck_assert(!grpc_status_read(SLICE_LIT("99999999999"), &code));
	ck_assert(!grpc_status_read(SLICE_NONE, &code));
	ck_assert(!grpc_status_read(SLICE_LIT("-1"), &code));
	ck_assert(!grpc_status_read(SLICE_LIT("1 "), &code));
}
END_TEST

START_TEST(words)
{
	static const struct {
		uint32_t code, health;
		const char *words;
	} c[] = {
		{ 12, 0,
		    "grpc-status 12 UNIMPLEMENTED, the server has no health "
		    "service" },
		{ 5, 0,
		    "grpc-status 5 NOT_FOUND, the server does not know the "
		    "service" },
		{ 16, 1, "grpc-status 16 UNAUTHENTICATED" },
		{ 17, 0, "grpc-status 17" },
		{ 0, GRPC_HEALTH_UNKNOWN, "UNKNOWN" },
		{ 0, GRPC_HEALTH_NOT_SERVING, "NOT_SERVING" },
		{ 0, GRPC_HEALTH_SERVICE_UNKNOWN, "SERVICE_UNKNOWN" },
		{ 0, 4, "status 4, which is not known" },
		{ 0, UINT32_MAX, "status 65535, which is not known" },
	};
	struct text t = { 0 };

	grpc_health_words(&t, grpc_health_detail(c[_i].code, c[_i].health));
	ck_assert_msg(slice_eq(text_slice(&t), slice_str(c[_i].words)), "%.*s",
	    SLICE_FMT(text_slice(&t)));
	text_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("grpc_health");

	tcase_add_test(tc, what_is_asked);
	tcase_add_loop_test(tc, messages, 0, 24);
	tcase_add_test(tc, frames);
	tcase_add_test(tc, codes);
	tcase_add_loop_test(tc, words, 0, 9);
	return conf_try_run("grpc_health", tc);
}
