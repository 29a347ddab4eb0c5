/*
 * Tests of otlp_wire.c: bytes as the format of Protocol Buffers has them, and
 * what is read of bytes that are none.
 */
#include <check.h>
#include <stdlib.h>

#include "tools/otlp_wire.h"

static char out[400000], *at;

static void
setup(void)
{
	at = out;
}

static void
ck_bytes(const char *want, size_t n)
{
	ck_assert_uint_eq((size_t)(at - out), n);
	ck_assert_mem_eq(out, want, n);
	at = out;
}

#define CK_BYTES(want) ck_bytes(want, sizeof(want) - 1)

START_TEST(scalars)
{
	at = wire_put_uint(at, 1, 150);
	CK_BYTES("\x08\x96\x01");
	at = wire_put_uint(at, 15, 0);
	CK_BYTES("\x78\x00");
	at = wire_put_uint(at, 16, UINT64_MAX);
	CK_BYTES("\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
	at = wire_put_fixed32(at, 16, 0x0102);
	CK_BYTES("\x85\x01\x02\x01\x00\x00");
	at = wire_put_fixed64(at, 7, 0x0102030405060708);
	CK_BYTES("\x39\x08\x07\x06\x05\x04\x03\x02\x01");
	at = wire_put_bytes(at, 2, SLICE_LIT("testing"));
	CK_BYTES("\x12\x07testing");
	at = wire_put_bytes(at, 2, SLICE_NONE);
	CK_BYTES("\x12\x00");
}
END_TEST

START_TEST(strings_are_utf8)
{
	at = wire_put_string(at, 1, SLICE_LIT("a\xc3\xa4z"));
	CK_BYTES("\x0a\x04"
		 "a\xc3\xa4z");
	at = wire_put_string(at, 1, SLICE_LIT("a\xff\xc3"));
	CK_BYTES("\x0a\x07"
		 "a\xef\xbf\xbd\xef\xbf\xbd");
	at = wire_put_string(at, 1, SLICE_LIT("\xf0\x9f\x92z"));
	CK_BYTES("\x0a\x0a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
}
END_TEST

static const size_t sizes[] = { 0, 1, 127, 128, 16383, 16384, 100000 };

/* However long it is, its length is as short as can be, and is moved for. */
START_TEST(messages_within)
{
	char *inside = malloc(sizes[_i] + 1);
	struct slice message, within;
	struct wire_field f;
	char *a, *b;

	memset(inside, 'x', sizes[_i] + 1);
	a = wire_open(at, 3);
	b = wire_open(a, 4);
	memcpy(b, inside, sizes[_i]);
	at = wire_close(b, b + sizes[_i]);
	at = wire_put_uint(at, 5, 7);
	at = wire_close(a, at);
	at = wire_put_uint(at, 6, 8);
	message = slice_make(out, (size_t)(at - out));
	ck_assert(wire_next(&message, &f));
	ck_assert(f.number == 3 && f.is_bytes);
	ck_assert_uint_eq((size_t)(at - out),
	    f.bytes.n + 1 + 2 +
		(f.bytes.n < 128            ? 1
			: f.bytes.n < 16384 ? 2
					    : 3));
	within = f.bytes;
	ck_assert(wire_next(&within, &f) && f.number == 4);
	ck_assert_uint_eq(f.bytes.n, sizes[_i]);
	ck_assert_mem_eq(f.bytes.p, inside, sizes[_i]);
	ck_assert(wire_next(&message, &f));
	ck_assert(f.number == 6 && !f.is_bytes && f.value == 8);
	ck_assert(!wire_next(&message, &f));
	ck_assert_uint_eq(message.n, 0);
	free(inside);
}
END_TEST

static const struct {
	const char *bytes;
	size_t n;
} broken[] = {
#define BYTES(s)                 \
	{                        \
		s, sizeof(s) - 1 \
	}
	BYTES("\x08"),     /* no value */
	BYTES("\x08\x80"), /* half a varint */
	BYTES("\x0a\x05"
	      "abcd"), /* fewer bytes than it says */
	BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"),
	BYTES("\x0d\x01\x02\x03"),            /* half of 32 bits */
	BYTES("\x09\x01"), BYTES("\x00\x01"), /* field 0 */
	BYTES("\x0b"),                        /* a group */
	BYTES("\x0e\x01"),
	BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	BYTES("\x80\x80\x80\x80\x80\x01\x01"), /* a number of 33 bits */
#undef BYTES
};

START_TEST(what_is_none)
{
	char *copy = malloc(broken[_i].n); /* its end is watched */
	struct slice message = { copy, broken[_i].n };
	struct wire_field f;

	memcpy(copy, broken[_i].bytes, broken[_i].n);
	ck_assert(!wire_next(&message, &f));
	ck_assert_uint_ne(message.n, 0);
	free(copy);
}
END_TEST

#define LOOP(test, cases) \
	tcase_add_loop_test(t, test, 0, (int)(sizeof(cases) / sizeof(cases[0])))

int
main(void)
{
	Suite *s = suite_create("otlp_wire");
	TCase *t = tcase_create("otlp_wire");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, scalars);
	tcase_add_test(t, strings_are_utf8);
	LOOP(messages_within, sizes);
	LOOP(what_is_none, broken);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
