/* Tests of h2_memory.c: pieces of each size, from pools and from the heap. */
#include <check.h>
#include <stdlib.h>

#include "common/http/h2_state.h"

/* About each border between two kinds of piece. */
static const size_t sizes[] = { 1, 47, 48, 49, 112, 113, 240, 241, 496, 497,
	16383, 16384, 16448, 16449, 70000 };
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static void
check_fill(const unsigned char *p, size_t n, int byte)
{
	size_t same = 0;

	while (same < n && p[same] == byte)
		same++;
	ck_assert_uint_eq(same, n);
}

/* Each may be written whole: the sanitizers watch. */
START_TEST(takes_and_gives)
{
	nghttp2_mem m = h2_memory();
	unsigned char *p[SIZES];

	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < SIZES; i++) {
			p[i] = m.malloc(sizes[i], m.mem_user_data);
			ck_assert_ptr_nonnull(p[i]);
			ck_assert_uint_eq((uintptr_t)p[i] % 16, 0);
			memset(p[i], (int)i + 1, sizes[i]);
		}
		for (size_t i = 0; i < SIZES; i++)
			check_fill(p[i], sizes[i], (int)i + 1);
		for (size_t i = 0; i < SIZES; i++)
			m.free(p[i], m.mem_user_data);
	}
	m.free(NULL, m.mem_user_data);
	h2_memory_trim();
}
END_TEST

START_TEST(resizes)
{
	nghttp2_mem m = h2_memory();

	for (size_t i = 0; i < SIZES; i++) {
		for (size_t k = 0; k < SIZES; k++) {
			size_t less = sizes[i] < sizes[k] ? sizes[i] : sizes[k];
			unsigned char *p =
			    m.realloc(NULL, sizes[i], m.mem_user_data);

			memset(p, 7, sizes[i]);
			p = m.realloc(p, sizes[k], m.mem_user_data);
			check_fill(p, less, 7);
			memset(p, 8, sizes[k]);
			m.free(p, m.mem_user_data);
		}
	}
}
END_TEST

START_TEST(zeroes)
{
	nghttp2_mem m = h2_memory();

	for (size_t i = 0; i < SIZES; i++) {
		unsigned char *p = m.malloc(sizes[i], m.mem_user_data);

		memset(p, 9, sizes[i]);
		m.free(p, m.mem_user_data);
		p = m.calloc(1, sizes[i], m.mem_user_data);
		check_fill(p, sizes[i], 0);
		m.free(p, m.mem_user_data);
	}
}
END_TEST

/* More than may wait, and each of them another's. */
START_TEST(takes_again_what_was_given)
{
	static unsigned *p[1500];
	const unsigned n = sizeof(p) / sizeof(p[0]);
	nghttp2_mem m = h2_memory();
	unsigned *last;

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < n; i++) {
			p[i] = m.malloc(100, m.mem_user_data);
			*p[i] = i;
		}
		for (unsigned i = 0; i < n; i++) {
			ck_assert_uint_eq(*p[i], i);
			m.free(p[i], m.mem_user_data);
		}
		if (round == 1)
			h2_memory_trim();
	}
	p[0] = m.malloc(112, m.mem_user_data);
	m.free(p[0], m.mem_user_data);
	p[1] = m.malloc(113, m.mem_user_data);
	ck_assert_ptr_ne(p[1], p[0]);
	last = m.malloc(49, m.mem_user_data);
	ck_assert_ptr_eq(last, p[0]);
	m.free(p[1], m.mem_user_data);
	m.free(last, m.mem_user_data);
	h2_memory_trim();
}
END_TEST

START_TEST(refuses_what_wraps)
{
	nghttp2_mem m = h2_memory();
	void *p = m.malloc(100, m.mem_user_data);

	ck_assert_ptr_null(m.malloc(SIZE_MAX - 8, m.mem_user_data));
	ck_assert_ptr_null(m.calloc(SIZE_MAX / 2, 4, m.mem_user_data));
	ck_assert_ptr_null(m.realloc(p, SIZE_MAX - 8, m.mem_user_data));
	m.free(p, m.mem_user_data);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("h2_memory");
	TCase *tc = tcase_create("h2_memory");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, takes_and_gives);
	tcase_add_test(tc, resizes);
	tcase_add_test(tc, zeroes);
	tcase_add_test(tc, takes_again_what_was_given);
	tcase_add_test(tc, refuses_what_wraps);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
