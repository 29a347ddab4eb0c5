/*
 * Tests of proxyhdr.c: every form of header, cut at every place, and what is
 * refused, each with its reason.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "worker/proxyhdr.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\1\2\3\4\5\6\7\10\x12\x34\0\120"
#define V6                                                             \
	"\x20\1\r\270\0\0\0\0\0\0\0\0\0\0\0\1\x20\1\r\270\0\0\0\0\0\0" \
	"\0\0\0\0\0\2\x12\x34\0\120"
#define TEXT(s) SLICE_LIT(s)

static struct proxyhdr h;

/* What it makes of a text that arrives byte by byte. */
static enum proxyhdr_result
result_of(struct slice s)
{
	enum proxyhdr_result r = PROXYHDR_MORE;

	for (size_t n = 0; n <= s.n && r == PROXYHDR_MORE; n++) {
		char *copy = malloc(n + 1);

		/* Of its own size, so that the sanitizer sees more. */
		if (n != 0)
			memcpy(copy, s.p, n);
		r = proxyhdr_parse(slice_make(copy, n), &h);
		free(copy);
	}
	return r;
}

struct good {
	struct slice text;
	const char *source; /* NULL: none is named */
};

static const struct good good[] = {
	{ TEXT("PROXY TCP4 192.0.2.1 198.51.100.1 50000 443\r\n"),
	    "192.0.2.1:50000" },
	{ TEXT("PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n"), "0.0.0.0:0" },
	{ TEXT("PROXY TCP6 2001:db8::1 ::1 65535 1\r\n"),
	    "[2001:db8::1]:65535" },
	{ TEXT("PROXY TCP6 ::ffff:10.1.2.3 ::1 5 1\r\n"), "10.1.2.3:5" },
	{ TEXT("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
	    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535" },
	{ TEXT("PROXY UNKNOWN\r\n"), NULL },
	{ TEXT("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
	    NULL },
	{ TEXT(SIGNATURE "\x21\x11\0\14" V4), "1.2.3.4:4660" },
	{ TEXT(SIGNATURE "\x21\x21\0\44" V6), "[2001:db8::1]:4660" },
	/* TLVs: of no length, and two */
	{ TEXT(SIGNATURE "\x21\x11\0\17" V4 "\4\0\0"), "1.2.3.4:4660" },
	{ TEXT(SIGNATURE "\x21\x11\0\27" V4 "\1\0\2h2\3\0\3abc"),
	    "1.2.3.4:4660" },
	{ TEXT(SIGNATURE "\x21\x21\0\50" V6 "\5\0\1x"), "[2001:db8::1]:4660" },
	/* LOCAL, with whatever family; unspecified */
	{ TEXT(SIGNATURE "\x20\0\0\0"), NULL },
	{ TEXT(SIGNATURE "\x20\x11\0\14" V4), NULL },
	{ TEXT(SIGNATURE "\x20\xff\0\1x"), NULL },
	{ TEXT(SIGNATURE "\x21\0\0\0"), NULL },
	{ TEXT(SIGNATURE "\x21\0\0\3\1\2\3"), NULL },
};

static void
expect_good(const struct good *g, size_t bytes)
{
	char text[ADDR_TEXT_MAX];

	ck_assert_uint_eq(h.bytes, bytes);
	ck_assert_int_eq(h.named, g->source != NULL);
	if (g->source == NULL)
		return;
	(void)addr_text(&h.source, text);
	ck_assert_str_eq(text, g->source);
}

START_TEST(every_form)
{
	const struct good *g = &good[_i];
	char behind[512];

	ck_assert_int_eq(result_of(g->text), PROXYHDR_DONE);
	expect_good(g, g->text.n);
	/* One byte less is not all; what follows is not looked at. */
	ck_assert_int_eq(
	    proxyhdr_parse(slice_make(g->text.p, g->text.n - 1), &h),
	    PROXYHDR_MORE);
	memcpy(behind, g->text.p, g->text.n);
	memcpy(behind + g->text.n, "GET / HTTP/1.1\r\n", 16);
	ck_assert_int_eq(proxyhdr_parse(slice_make(behind, g->text.n + 16), &h),
	    PROXYHDR_DONE);
	expect_good(g, g->text.n);
}
END_TEST

START_TEST(paths_say_nothing)
{
	char text[16 + 216] = SIGNATURE "\x21\x31\0\330";

	ck_assert_int_eq(
	    result_of(slice_make(text, sizeof(text))), PROXYHDR_DONE);
	ck_assert_uint_eq(h.bytes, sizeof(text));
	ck_assert(!h.named);
	text[15] = (char)215;
	ck_assert_int_eq(
	    result_of(slice_make(text, sizeof(text))), PROXYHDR_BAD);
	ck_assert_str_eq(h.fault, "is too short for its addresses");
}
END_TEST

#define WRONG "has wrong addresses or ports"
#define STRAY "has a character that does not belong there"

static const struct {
	struct slice text;
	const char *fault;
} bad[] = {
	{ TEXT("G"), "is missing" },
	{ TEXT("GET / HTTP/1.1\r\n"), "is missing" },
	{ TEXT("\n"), "is missing" },
	{ TEXT("\r\n\r\r"), "is missing" },
	{ TEXT("proxy TCP4"), "is missing" },
	{ TEXT("PROXY\tTCP4"), "is missing" },
	{ TEXT("PROXY TCP5 1.2.3.4 1.2.3.4 1 1\r\n"), "has an unknown family" },
	{ TEXT("PROXY UNKNOWNS\r\n"), "has an unknown family" },
	{ TEXT("PROXY \r\n"), "has an unknown family" },
	{ TEXT("PROXY  TCP4 1.2.3.4 1.2.3.4 1 1\r\n"),
	    "has an unknown family" },
	{ TEXT("PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n"), "has an unknown family" },
	{ TEXT("PROXY TCP4\r\n"), WRONG },
	{ TEXT("PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n"), WRONG },
	{ TEXT("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n"), WRONG },
	{ TEXT("PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n"), WRONG },
	{ TEXT("PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n"), WRONG },
	{ TEXT("PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1\r\n"), WRONG },
	{ TEXT("PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n"), WRONG },
	{ TEXT("PROXY TCP4 1.2.3.4 1.2.3.4 -1 1\r\n"), WRONG },
	{ TEXT("PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n"), WRONG },
	{ TEXT("PROXY TCP4 1.2.3.4 1.2.3.4 1 000001\r\n"), WRONG },
	{ TEXT("PROXY TCP4 1.2.3.256 1.2.3.4 1 1\r\n"), WRONG },
	{ TEXT("PROXY TCP4 01.2.3.4 1.2.3.4 1 1\r\n"), WRONG },
	{ TEXT("PROXY TCP4 1.2.3.4 1.2.3 1 1\r\n"), WRONG },
	{ TEXT("PROXY TCP4 ::1 ::1 1 1\r\n"), WRONG },
	{ TEXT("PROXY TCP6 1.2.3.4 ::1 1 1\r\n"), WRONG },
	{ TEXT("PROXY TCP6 [::1] ::1 1 1\r\n"), WRONG },
	{ TEXT("PROXY TCP6 ::1%lo ::1 1 1\r\n"), WRONG },
	{ TEXT("PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n"), STRAY },
	{ TEXT("PROXY TCP4 1.2.3.4\t1.2.3.4 1 1\r\n"), STRAY },
	{ TEXT("PROXY TCP4 1.2.3.4\0"), STRAY },
	{ TEXT("PROXY TCP4 \x80"), STRAY },
	{ TEXT("PROXY TCP4 1.2.3.4 1.2.3.4 1 1\rX"), "has a CR without LF" },
	{ TEXT("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 655355\r\n"),
	    "is longer than 107 bytes" },
	{ TEXT("\r\n\r\n\0\r\nQUIT\r"), "is missing" },
	{ TEXT(SIGNATURE "\x11"), "has an unknown version" },
	{ TEXT(SIGNATURE "\x31"), "has an unknown version" },
	{ TEXT(SIGNATURE "\x22"), "has an unknown command" },
	{ TEXT(SIGNATURE "\x2f"), "has an unknown command" },
	{ TEXT(SIGNATURE "\x21\x11\x10\1"), "is longer than 4 KiB" },
	{ TEXT(SIGNATURE "\x20\x11\xff\xff"), "is longer than 4 KiB" },
	{ TEXT(SIGNATURE "\x21\x11\0\13" V4),
	    "is too short for its addresses" },
	{ TEXT(SIGNATURE "\x21\x11\0\0"), "is too short for its addresses" },
	{ TEXT(SIGNATURE "\x21\x21\0\43" V6),
	    "is too short for its addresses" },
	{ TEXT(SIGNATURE "\x21\x12\0\14" V4), "is about datagrams" },
	{ TEXT(SIGNATURE "\x21\x22\0\44" V6), "is about datagrams" },
	{ TEXT(SIGNATURE "\x21\x32\0\0"), "is about datagrams" },
	{ TEXT(SIGNATURE "\x21\1\0\0"), "has an unknown family" },
	{ TEXT(SIGNATURE "\x21\x10\0\14" V4), "has an unknown family" },
	{ TEXT(SIGNATURE "\x21\x41\0\14" V4), "has an unknown family" },
	{ TEXT(SIGNATURE "\x21\x11\0\15" V4 "\1"),
	    "has a TLV that ends outside of it" },
	{ TEXT(SIGNATURE "\x21\x11\0\16" V4 "\1\0"),
	    "has a TLV that ends outside of it" },
	{ TEXT(SIGNATURE "\x21\x11\0\17" V4 "\1\0\1"),
	    "has a TLV that ends outside of it" },
	{ TEXT(SIGNATURE "\x21\x11\0\20" V4 "\1\xff\xff\1"),
	    "has a TLV that ends outside of it" },
	{ TEXT(SIGNATURE "\x21\x21\0\50" V6 "\5\0\2x"),
	    "has a TLV that ends outside of it" },
};

START_TEST(every_fault)
{
	ck_assert_int_eq(result_of(bad[_i].text), PROXYHDR_BAD);
	ck_assert_str_eq(h.fault, bad[_i].fault);
	/* Nor does it help to send it at once. */
	ck_assert_int_eq(proxyhdr_parse(bad[_i].text, &h), PROXYHDR_BAD);
	ck_assert_str_eq(h.fault, bad[_i].fault);
}
END_TEST

/* 4 KiB behind the fixed part, all of it one TLV, are the most. */
START_TEST(the_longest)
{
	static char text[16 + 4096] = SIGNATURE "\x21\x11\x10\0" V4;

	text[16 + 12] = 4;
	text[16 + 13] = (char)((4096 - 15) >> 8);
	text[16 + 14] = (char)((4096 - 15) & 0xff);
	ck_assert_int_eq(
	    result_of(slice_make(text, sizeof(text))), PROXYHDR_DONE);
	ck_assert_uint_eq(h.bytes, sizeof(text));
	ck_assert(h.named);
}
END_TEST

START_TEST(nothing_yet)
{
	ck_assert_int_eq(proxyhdr_parse(SLICE_NONE, &h), PROXYHDR_MORE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("proxyhdr");
	TCase *tc = tcase_create("proxyhdr");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(
	    tc, every_form, 0, (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_loop_test(
	    tc, every_fault, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, paths_say_nothing);
	tcase_add_test(tc, the_longest);
	tcase_add_test(tc, nothing_yet);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
