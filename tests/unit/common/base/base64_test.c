/* Tests of base64.c: both ways, cut at every place, and what is none. */
#include <check.h>
#include <stdlib.h>

#include "common/base/base64.h"

static const struct {
	const char *text, *bytes;
} rows[] = {
	{ "", "" },
	{ "Zg==", "f" },
	{ "Zm8=", "fo" },
	{ "Zm9v", "foo" },
	{ "Zm9vYg==", "foob" },
	{ "Zm9vYmE=", "fooba" },
	{ "Zm9vYmFy", "foobar" },
	{ "+/+/", "\xfb\xff\xbf" },
};

/* Decodes text in two pieces, with as little room as may be. */
static bool
read_cut(struct slice text, size_t cut, char *out, size_t *n)
{
	struct base64_reader r = { 0 };
	struct slice parts[] = { { text.p, cut }, slice_skip(text, cut) };

	*n = 0;
	for (size_t i = 0; i < 2; i++) {
		while (parts[i].n != 0) {
			size_t some;

			if (!base64_read(&r, &parts[i], out + *n, 3, &some))
				return false;
			*n += some;
		}
	}
	return base64_read_whole(&r);
}

START_TEST(read_rows)
{
	struct slice text = slice_str(rows[_i].text);

	for (size_t cut = 0; cut <= text.n; cut++) {
		char out[32];
		size_t n;

		ck_assert(read_cut(text, cut, out, &n));
		ck_assert(
		    slice_eq(slice_make(out, n), slice_str(rows[_i].bytes)));
	}
}
END_TEST

START_TEST(write_rows)
{
	struct slice bytes = slice_str(rows[_i].bytes);

	for (size_t cut = 0; cut <= bytes.n; cut++) {
		struct base64_writer w = { 0 };
		struct slice parts[] = { { bytes.p, cut },
			slice_skip(bytes, cut) };
		char out[32];
		size_t n = 0;

		for (size_t i = 0; i < 2; i++)
			while (parts[i].n != 0)
				n += base64_write(&w, &parts[i], out + n, 4);
		n += base64_write_end(&w, out + n);
		ck_assert(
		    slice_eq(slice_make(out, n), slice_str(rows[_i].text)));
		ck_assert_uint_eq(base64_write_end(&w, out), 0);
	}
}
END_TEST

START_TEST(segments)
{
	static const char text[] = "Zg==Zm8=Zm9vZg==";
	char out[32];
	size_t n;

	for (size_t cut = 0; cut < sizeof(text); cut++) {
		ck_assert(read_cut(SLICE_LIT(text), cut, out, &n));
		ck_assert(slice_eq(slice_make(out, n), SLICE_LIT("ffofoof")));
	}
}
END_TEST

/* Bits that stand for nothing. */
START_TEST(loose_bits)
{
	char out[8];
	size_t n;

	ck_assert(read_cut(SLICE_LIT("Zn=="), 0, out, &n));
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(out[0], 'f');
}
END_TEST

static const char *const bad[] = { "Z", "Zg", "Zg=", "=",
	"Z=", "Z===", "====", "Zg=a", "Zm9v!", "Zm9-", "Zm9_", "Zm9v\n",
	"Zm9v ", "Zm9vZg==Z", "\xff\xff\xff\xff" };

START_TEST(no_base64)
{
	struct slice text = slice_str(bad[_i]);
	char out[32];
	size_t n;

	for (size_t cut = 0; cut <= text.n; cut++)
		ck_assert(!read_cut(text, cut, out, &n));
}
END_TEST

/* No more is written than there is room for; the rest waits in the slice. */
START_TEST(room)
{
	struct base64_reader r = { 0 };
	struct base64_writer w = { 0 };
	struct slice text = SLICE_LIT("Zm9vYmFy"), bytes = SLICE_LIT("foobar");
	char out[8];
	size_t n;

	ck_assert(base64_read(&r, &text, out, 5, &n));
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(text.n, 4);
	ck_assert_uint_eq(base64_write(&w, &bytes, out, 7), 4);
	ck_assert_uint_eq(bytes.n, 3);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("base64");
	TCase *tc = tcase_create("base64");
	SRunner *runner;
	int failed, count = (int)(sizeof(rows) / sizeof(rows[0]));

	tcase_add_loop_test(tc, read_rows, 0, count);
	tcase_add_loop_test(tc, write_rows, 0, count);
	tcase_add_test(tc, segments);
	tcase_add_test(tc, loose_bits);
	tcase_add_loop_test(
	    tc, no_base64, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, room);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
