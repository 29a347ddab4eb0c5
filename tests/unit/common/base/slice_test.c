/* Tests of slice.h: what is more than a line there. */
#include <check.h>
#include <stdlib.h>

#include "common/base/slice.h"

/* The parts of a list, each in brackets. */
static const char *
parts(const char *list)
{
	static char out[64];
	struct slice rest = slice_str(list), part;
	size_t n = 0;

	while (slice_cut(&rest, ',', &part)) {
		out[n++] = '[';
		memcpy(out + n, part.p, part.n);
		n += part.n;
		out[n++] = ']';
	}
	out[n] = '\0';
	return out;
}

START_TEST(cuts)
{
	ck_assert_str_eq(parts(""), "");
	ck_assert_str_eq(parts("a"), "[a]");
	ck_assert_str_eq(parts("a,bc,d"), "[a][bc][d]");
	ck_assert_str_eq(parts(",a,,b"), "[][a][][b]");
	/* What ends with it has no more after it. */
	ck_assert_str_eq(parts("a,"), "[a]");
}
END_TEST

START_TEST(trims)
{
	ck_assert(
	    slice_eq(slice_trim(SLICE_LIT(" \ta b\t ")), SLICE_LIT("a b")));
	ck_assert_uint_eq(slice_trim(SLICE_LIT(" \t ")).n, 0);
}
END_TEST

START_TEST(compares)
{
	ck_assert(slice_eq_nocase(SLICE_LIT("aZ-9"), SLICE_LIT("Az-9")));
	ck_assert(!slice_eq_nocase(SLICE_LIT("a["), SLICE_LIT("a{")));
	ck_assert(!slice_eq_nocase(SLICE_LIT("a"), SLICE_LIT("ab")));
	ck_assert(slice_eq_nocase(SLICE_NONE, SLICE_LIT("")));
	ck_assert(slice_starts(SLICE_LIT("abc"), SLICE_LIT("ab")));
	ck_assert(slice_starts(SLICE_LIT("a"), SLICE_NONE));
	ck_assert(!slice_starts(SLICE_LIT("a"), SLICE_LIT("ab")));
}
END_TEST

static int
lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
}

/*
 * Each byte beside itself and what differs in one bit, at each place of each
 * length, in memory of just that length.
 */
START_TEST(compares_without_case)
{
	for (size_t n = 1; n <= 25; n++) {
		char *a = malloc(n), *b = malloc(n);

		memset(a, 'x', n);
		memset(b, 'X', n);
		for (size_t i = 0; i < n * 256 * 9; i++) {
			size_t at = i % n;
			int c = (int)(i / n % 256);
			int d = (c ^ 1 << i / n / 256) & 255;

			a[at] = (char)c;
			b[at] = (char)d;
			if (slice_eq_nocase(slice_make(a, n),
				slice_make(b, n)) != (lower(c) == lower(d)))
				ck_abort_msg(
				    "%02x and %02x at %zu of %zu", c, d, at, n);
			a[at] = 'x';
			b[at] = 'X';
		}
		free(a);
		free(b);
	}
}
END_TEST

/* Each length, in memory of just that length; not a byte more is written. */
START_TEST(puts_each_length)
{
	for (size_t n = 0; n <= 200; n++) {
		char *from = malloc(n + 1), to[202];

		memset(to, '-', sizeof(to));
		for (size_t i = 0; i < n; i++)
			from[1 + i] = (char)('0' + i % 61);
		ck_assert_ptr_eq(
		    slice_put(to + 1, slice_make(from + 1, n)), to + 1 + n);
		ck_assert(memcmp(to + 1, from + 1, n) == 0);
		ck_assert_int_eq(to[0], '-');
		ck_assert_int_eq(to[1 + n], '-');
		free(from);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("slice");
	TCase *tc = tcase_create("slice");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, cuts);
	tcase_add_test(tc, trims);
	tcase_add_test(tc, compares);
	tcase_add_test(tc, compares_without_case);
	tcase_add_test(tc, puts_each_length);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? 0 : 1;
}
