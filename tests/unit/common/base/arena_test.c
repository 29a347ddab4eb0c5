/* Tests of arena.c: alignment, limits that stick, ends in order. */
#include <check.h>
#include <stdlib.h>

#include "common/base/arena.h"
#include "tests/unit/hidden.h"

static char order[8];
static size_t ends;

static void
note_end(void *arg)
{
	order[ends++] = *(const char *)arg;
}

START_TEST(first_block_then_chunks)
{
	char first[65];
	struct arena a;
	char *p, *q;

	/* A skewed first block: what comes out is aligned all the same. */
	arena_init(&a, first + 1, 64, 1 << 20);
	p = arena_alloc(&a, 1);
	q = arena_alloc(&a, 8);
	ck_assert_uint_eq((uintptr_t)p % 8, 0);
	ck_assert_uint_eq((uintptr_t)q % 8, 0);
#if !SANITIZED_ADDRESS
	ck_assert(p > first && q < first + 65);
	ck_assert_int_eq((int)(q - p), 8);
#endif
	ck_assert_uint_eq(a.used, 0);
	p = arena_alloc(&a, 100);
	ck_assert(p < first || p > first + 65);
	ck_assert_uint_gt(a.used, 100);
	for (unsigned i = 1; i < 2000; i += 7) {
		p = arena_alloc(&a, i);
		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % 8, 0);
		memset(p, 0xaa, i);
	}
	ck_assert(!arena_failed(&a));
	arena_fini(&a);
}
END_TEST

START_TEST(limit_sticks)
{
	struct arena a;

	arena_init(&a, NULL, 0, 8192);
	ck_assert_ptr_nonnull(arena_alloc(&a, 3000));
	ck_assert_ptr_null(arena_alloc(&a, 9000));
	ck_assert(arena_failed(&a));
	ck_assert_ptr_null(arena_alloc(&a, 1));
	ck_assert_ptr_null(arena_zalloc(&a, 1));
	ck_assert_uint_eq(arena_copy(&a, SLICE_LIT("x")).n, 0);
	ck_assert_uint_eq(arena_printf(&a, "%d", 1).n, 0);
	ck_assert(!arena_defer(&a, note_end, order));
	ck_assert_uint_le(a.used, 8192);
	arena_fini(&a);
}
END_TEST

START_TEST(limit_is_used_up)
{
	struct arena a;
	size_t got = 0;

	arena_init(&a, NULL, 0, 100000);
	while (arena_alloc(&a, 64) != NULL)
		got += 64;
	ck_assert_uint_gt(got, 98000);
	ck_assert_uint_le(a.used, 100000);
	arena_fini(&a);
}
END_TEST

START_TEST(absurd_sizes_fail)
{
	struct arena a;

	arena_init(&a, NULL, 0, 8192);
	ck_assert_ptr_nonnull(arena_alloc(&a, 0));
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX));
	arena_fini(&a);
	arena_init(&a, NULL, 0, SIZE_MAX);
	ck_assert_ptr_nonnull(arena_alloc(&a, 8));
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX - 3));
	ck_assert(arena_failed(&a));
	arena_fini(&a);
}
END_TEST

START_TEST(copies_and_formats)
{
	char text[] = "abc";
	struct arena a;
	struct slice s;

	arena_init(&a, NULL, 0, 1 << 20);
	s = arena_copy(&a, slice_str(text));
	text[0] = 'x';
	ck_assert(slice_eq(s, SLICE_LIT("abc")));
	s = arena_printf(&a, "%s-%d", "n", 42);
	ck_assert(slice_eq(s, SLICE_LIT("n-42")));
	ck_assert_int_eq(s.p[s.n], '\0');
	s = slice_make(arena_zalloc(&a, 300), 300);
	for (size_t i = 0; i < s.n; i++)
		ck_assert_int_eq(s.p[i], 0);
	arena_fini(&a);
}
END_TEST

START_TEST(what_is_behind_is_hidden)
{
	char first[256];
	struct arena a;
	char *p;

	arena_init(&a, first, sizeof(first), 1 << 20);
	for (size_t n = 1; n < 40; n++) {
		p = arena_alloc(&a, n);
		ck_assert_ptr_nonnull(p);
		memset(p, 'x', n);
		ck_assert(hidden(p - 1) && hidden(p + n));
	}
	arena_fini(&a);
	ck_assert(hidden(p));
}
END_TEST

START_TEST(deferred_run_newest_first)
{
	struct arena a;

	arena_init(&a, NULL, 0, 1 << 20);
	ck_assert(arena_defer(&a, note_end, (char[]){ 'a' }));
	ck_assert(arena_defer(&a, note_end, (char[]){ 'b' }));
	ck_assert(arena_defer(&a, note_end, (char[]){ 'c' }));
	ck_assert_uint_eq(ends, 0);
	arena_fini(&a);
	ck_assert_mem_eq(order, "cba", 4);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("arena");
	TCase *tc = tcase_create("arena");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, first_block_then_chunks);
	tcase_add_test(tc, limit_sticks);
	tcase_add_test(tc, limit_is_used_up);
	tcase_add_test(tc, absurd_sizes_fail);
	tcase_add_test(tc, copies_and_formats);
	tcase_add_test(tc, what_is_behind_is_hidden);
	tcase_add_test(tc, deferred_run_newest_first);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
