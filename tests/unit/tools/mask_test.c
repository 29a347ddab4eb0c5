/*
 * Tests of mask*.c: what is masked and how, what only looks like it, and that
 * the quick look never misses anything.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/mask.h"

#define E IMG_MASK_EMAIL
#define C IMG_MASK_CARD
#define N IMG_MASK_NATIONAL_ID
#define I IMG_MASK_IBAN

static const struct {
	uint32_t kinds;            /* the only one that acts */
	const char *text, *masked; /* NULL: as it is */
} rows[] = {
	/* e-mail */
	{ E, "joe.doe@example.com", "j***@example.com" },
	{ E, "/users/joe@example.com/x", "/users/j***@example.com/x" },
	{ E, "/users/joe%40example.com/x", "/users/j***%40example.com/x" },
	{ E, "mail=joe+tag@mail.example.co.uk&a=1",
	    "mail=j***@mail.example.co.uk&a=1" },
	{ E, "<a@b.de>", "<***@b.de>" },
	{ E, "j%6fe@b.de.", "j***@b.de." },
	{ E, "mailto:joe@b.de", "mailto:***@b.de" },
	{ E, "https://joe:secret@host.example/",
	    "https://joe:***@host.example/" },
	{ E, "j\xc3\xb6rg@m\xc3\xbcller.de", "j***@m\xc3\xbcller.de" },
	{ E, "joe@example.xn--p1ai", "j***@example.xn--p1ai" },
	{ E, "a@b.co, cd@e.fr", "***@b.co, c***@e.fr" },
	{ E, "joe@example.com.4", "j***@example.com.4" },
	{ E, "joe@localhost", NULL },
	{ E, "@example.com", NULL },
	{ E, "/npm/@types/node", NULL },
	{ E, "/npm/lodash@4.17.21", NULL },
	{ E, "joe@.com", NULL },
	{ E, "joe@example.c", NULL },
	{ E, "joe@example.c.d", NULL },
	{ E, "joe@example.%cx", NULL },
	{ E, "user@@", NULL },
	/* cards */
	{ C, "4111111111111111", "************1111" },
	{ C, "/pay/4111111111111111/x", "/pay/************1111/x" },
	{ C, "4111 1111 1111 1111", "**** **** **** 1111" },
	{ C, "4111-1111-1111-1111.", "****-****-****-1111." },
	{ C, "n=4111+1111+1111+1111", "n=****+****+****+1111" },
	{ C, "n=4111%201111%201111%201111", "n=****%20****%20****%201111" },
	{ C, "%34111111111111111", "************1111" },
	{ C, "378282246310005", "***********0005" },
	{ C, "3782 822463 10005", "**** ****** *0005" },
	{ C, "30569309025904", "**********5904" },
	{ C, "4222222222222", "*********2222" },
	{ C, "4111111111111111110", "***************1110" },
	{ C, "5555555555554444", "************4444" },
	{ C, "2223003122003222", "************3222" },
	{ C, "6011111111111117", "************1117" },
	{ C, "x4111111111111111y", "x************1111y" },
	{ C, "4111111111111111 5555555555554444",
	    "************1111 ************4444" },
	{ C, "4111111111111112", NULL },
	{ C, "41111111111111111111", NULL },
	{ C, "1764371232123", NULL },
	{ C, "411111111111", NULL },
	{ C, "4111  1111  1111  1111", NULL },
	{ C, "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", NULL },
	{ C, "2026-11-28-23-07-12", NULL },
	/* accounts */
	{ I, "DE89370400440532013000", "DE****************3000" },
	{ I, "DE89 3704 0044 0532 0130 00", "DE** **** **** **** **30 00" },
	{ I, "de89370400440532013000", "de****************3000" },
	{ I, "iban=GB29NWBK60161331926819;", "iban=GB****************6819;" },
	{ I, "FR1420041010050500013M02606", "FR*********************2606" },
	{ I, "MT84MALT011000012345MTLCAST001S",
	    "MT*************************001S" },
	{ I, "NO9386011117947", "NO*********7947" },
	{ I, "DE89%203704%200044%200532%200130%2000",
	    "DE**%20****%20****%20****%20**30%2000" },
	{ I, "DE88370400440532013000", NULL },
	{ I, "XX89370400440532013000", NULL },
	{ I, "ADE89370400440532013000", NULL },
	{ I, "DE893704004405320130001", NULL },
	/* persons */
	{ N, "219-09-9998", "***-**-**98" },
	{ N, "ssn 219 09 9998", "ssn *** ** **98" },
	{ N, "219%2D09%2D9998", "***%2D**%2D**98" },
	{ N, "000-09-9998", NULL },
	{ N, "666-09-9998", NULL },
	{ N, "901-09-9998", NULL },
	{ N, "219-00-9998", NULL },
	{ N, "219-09-0000", NULL },
	{ N, "219099998", NULL },
	{ N, "1219-09-9998", NULL },
	{ N, "219-09-99981", NULL },
	{ N, "AB123456C", "*******6C" },
	{ N, "ni=ab 12 34 56 c&x", "ni=** ** ** *6 c&x" },
	{ N, "GB123456C", NULL },
	{ N, "QB123456C", NULL },
	{ N, "AO123456C", NULL },
	{ N, "AB123456E", NULL },
	{ N, "AB123456CX", NULL },
	{ N, "86095742719", "*********19" },
	{ N, "86 095 742 719", "** *** *** *19" },
	{ N, "86095742718", NULL },
	{ N, "06095742719", NULL },
	{ N, "12345678903", NULL },
	{ N, "185057800608491", "*************91" },
	{ N, "1 85 05 78 006 084 91", "* ** ** ** *** *** 91" },
	{ N, "185057800608490", NULL },
	{ N, "1 85 05 2A 006 084 35", "* ** ** ** *** *** 35" },
	{ N, "1 85 05 2C 006 084 35", NULL },
	{ N, "12345678Z", "*******8Z" },
	{ N, "/dni/12345678-z", "/dni/*******8-z" },
	{ N, "12345678A", NULL },
	{ N, "X1234567L", "*******7L" },
	{ N, "X-1234567-L", "*-******7-L" },
	{ N, "W1234567B", NULL },
	{ N, "529.982.247-25", "***.***.***-25" },
	{ N, "52998224725", "*********25" },
	{ N, "529.982.247-26", NULL },
	{ N, "111.111.111-11", NULL },
	/* what every log is full of; 0: and is quick to tell */
	{ 0, "", NULL },
	{ 0, "/api/v1/users/1234567/orders/20261128", NULL },
	{ C, "550e8400-e29b-41d4-a716-446655440000", NULL },
	{ 0,
	    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 "
	    "Firefox/133.0",
	    NULL },
	{ 0,
	    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
	    "(KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 "
	    "Edg/131.0.2903.112",
	    NULL },
	{ 0,
	    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) "
	    "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 "
	    "Mobile/15E148 Safari/604.1",
	    NULL },
	{ C, "2026-11-28T23:07:12.345678Z 192.168.100.200:54321", NULL },
	{ C, "%E2%82%AC%20100%25", NULL },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static struct mask_room *room;

static void
room_open(void)
{
	room = mask_room_new();
}

static void
room_close(void)
{
	mask_room_free(room);
}

START_TEST(masks)
{
	struct slice text = slice_str(rows[_i].text);
	const char *want = rows[_i].masked;
	struct slice got = mask_text(room, MASK_ALL, text);

	ck_assert_msg(
	    slice_eq(got, slice_str(want != NULL ? want : rows[_i].text)),
	    "%s: %.*s", rows[_i].text, SLICE_FMT(got));
	got = mask_text(room, rows[_i].kinds, text);
	ck_assert(
	    slice_eq(got, slice_str(want != NULL ? want : rows[_i].text)));
	got = mask_text(room, MASK_ALL & ~rows[_i].kinds, text);
	ck_assert_msg(slice_eq(got, text), "%s: %.*s without its kind",
	    rows[_i].text, SLICE_FMT(got));
}
END_TEST

/* At every place in a text, and across every border of what is looked at. */
START_TEST(masks_anywhere)
{
	const char *want = rows[_i].masked;
	char text[400], masked[400];

	for (int before = 0; before < 140 && want != NULL; before++) {
		int n = snprintf(text, sizeof(text), "%*s %s %*s", before, "",
		    rows[_i].text, 90, "");
		int m = snprintf(masked, sizeof(masked), "%*s %s %*s", before,
		    "", want, 90, "");
		struct slice got =
		    mask_text(room, MASK_ALL, slice_make(text, (size_t)n));

		ck_assert_msg(
		    slice_eq(got, slice_make(masked, (size_t)m)), "%s", text);
	}
}
END_TEST

/* A card behind a letter makes that the last one of a word. */
static const char *const together[][2] = {
	{ "12345678Z4111111111111111", "*******8Z************1111" },
	{ "12345678-z%34111111111111111", "*******8-z************1111" },
	{ "MU17BOMM0101101030300200000MUR4111111111111111",
	    "MU************************0MUR************1111" },
};

#define TOGETHER (sizeof(together) / sizeof(together[0]))

START_TEST(masks_together)
{
	struct slice want = slice_str(together[_i][1]);
	struct slice got =
	    mask_text(room, MASK_ALL, slice_str(together[_i][0]));

	ck_assert_msg(slice_eq(got, want), "%.*s", SLICE_FMT(got));
}
END_TEST

/* What is quick to tell is the text itself, not a copy. */
START_TEST(looks_quickly)
{
	struct slice text = slice_str(rows[_i].text);

	if (rows[_i].kinds == 0)
		ck_assert_ptr_eq(mask_text(room, MASK_ALL, text).p, text.p);
	ck_assert_ptr_eq(mask_text(room, 0, text).p, text.p);
}
END_TEST

/* By how many digits it is decided. */
START_TEST(looks_closely)
{
	ck_assert(mask_look(MASK_ALL, SLICE_LIT("123456789")));
	ck_assert(!mask_look(MASK_ALL, SLICE_LIT("12345678")));
	ck_assert(!mask_look(MASK_ALL, SLICE_LIT("1234567 -")));
	ck_assert(mask_look(MASK_ALL, SLICE_LIT("12-3-5678")));
	ck_assert(mask_look(MASK_ALL, SLICE_LIT("123456a")));
	ck_assert(!mask_look(MASK_ALL, SLICE_LIT("123456aa")));
	ck_assert(!mask_look(IMG_MASK_EMAIL, SLICE_LIT("123456789")));
	ck_assert(!mask_look(IMG_MASK_CARD, SLICE_LIT("joe@b.de")));
}
END_TEST

START_TEST(cuts_what_is_too_long)
{
	static char text[2 * MASK_TEXT_MAX];

	memset(text, '@', sizeof(text));
	ck_assert_uint_eq(
	    mask_text(room, MASK_ALL, slice_make(text, sizeof(text))).n,
	    MASK_TEXT_MAX);
	for (size_t i = 0; i + 6 < sizeof(text); i += 7)
		memcpy(text + i, "aa@b.cd", 7);
	ck_assert_uint_gt(
	    mask_text(room, MASK_ALL, slice_make(text, sizeof(text))).n, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("mask");
	TCase *tc = tcase_create("mask");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, room_open, room_close);
	tcase_add_loop_test(tc, masks, 0, ROWS);
	tcase_add_loop_test(tc, masks_anywhere, 0, ROWS);
	tcase_add_loop_test(tc, masks_together, 0, TOGETHER);
	tcase_add_loop_test(tc, looks_quickly, 0, ROWS);
	tcase_add_test(tc, looks_closely);
	tcase_add_test(tc, cuts_what_is_too_long);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
