/* Tests of pool.c: objects do not overlap, slabs come and go, limits hold. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/pool.h"

#define MANY 5000

/* 0: each object begins a line; 1: or is in the middle of one. */
START_TEST(geometry)
{
	const size_t align = _i == 0 ? POOL_ALIGN : POOL_ALIGN / 2;
	static const size_t sizes[] = { 16, 17, 144, 400, 1000, 4096, 16384,
		24000, 300000, 1 << 20 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct pool p;
		size_t body;

		if (_i == 0)
			pool_init(&p, "test", sizes[i], 0);
		else
			pool_init_dense(&p, "test", sizes[i], 0);
		body = p.per_slab * p.object_bytes;
		ck_assert_uint_eq(p.object_bytes % align, 0);
		ck_assert_uint_lt(p.object_bytes - sizes[i], align);
		ck_assert_uint_eq(p.slab_bytes & (p.slab_bytes - 1), 0);
		ck_assert_uint_ge(p.per_slab, 8);
		ck_assert_uint_lt(body, p.slab_bytes);
		if (sizes[i] < 100000)
			ck_assert_uint_le(
			    p.slab_bytes - body, p.slab_bytes / 50);
		pool_fini(&p);
	}
}
END_TEST

static uint32_t
room(const struct pool *p)
{
	return p->slabs * p->per_slab - p->used;
}

static void
fill(void *object, size_t size, unsigned i)
{
	memset(object, (int)(i % 251), size);
}

static void
check_filled(const void *object, size_t size, unsigned i)
{
	const unsigned char *p = object;
	size_t at = 0;

	while (at < size && p[at] == i % 251)
		at++;
	ck_assert_uint_eq(at, size);
}

START_TEST(random_use_keeps_contents)
{
	static void *held[MANY];
	struct pool p;
	unsigned used = 0;

	pool_init(&p, "test", 200, 0);
	srand(1);
	for (unsigned turn = 0; turn < 20 * MANY; turn++) {
		/* Waves: now mostly takes, now mostly gives. */
		bool take =
		    (unsigned)rand() % 100 < (turn / MANY % 2 == 0 ? 70u : 30u);
		unsigned i = (unsigned)rand() % MANY;

		if (take && held[i] == NULL) {
			held[i] = pool_take(&p);
			ck_assert_ptr_nonnull(held[i]);
			ck_assert_uint_eq((uintptr_t)held[i] % POOL_ALIGN, 0);
			fill(held[i], 200, i);
			used++;
		} else if (!take && held[i] != NULL) {
			check_filled(held[i], 200, i);
			pool_give(&p, held[i]);
			held[i] = NULL;
			used--;
		}
		ck_assert_uint_eq(p.used, used);
	}
	for (unsigned i = 0; i < MANY; i++) {
		if (held[i] != NULL) {
			check_filled(held[i], 200, i);
			pool_give(&p, held[i]);
		}
	}
	ck_assert_uint_eq(p.used, 0);
	pool_fini(&p);
}
END_TEST

START_TEST(newest_is_reused_first)
{
	struct pool p;
	void *a, *b;

	pool_init(&p, "test", 64, 0);
	a = pool_take(&p);
	b = pool_take(&p);
	pool_give(&p, b);
	pool_give(&p, a);
	ck_assert_ptr_eq(pool_take(&p), a);
	ck_assert_ptr_eq(pool_take(&p), b);
	pool_give(&p, a);
	pool_give(&p, b);
	pool_fini(&p);
}
END_TEST

START_TEST(limit_is_a_null)
{
	struct pool p;
	void *a, *b;

	pool_init(&p, "test", 64, 2);
	a = pool_take(&p);
	b = pool_take(&p);
	ck_assert_ptr_nonnull(b);
	ck_assert_ptr_null(pool_take(&p));
	pool_give(&p, b);
	ck_assert_ptr_eq(pool_take(&p), b);
	pool_give(&p, a);
	pool_give(&p, b);
	pool_fini(&p);
}
END_TEST

START_TEST(empty_slabs_go_back)
{
	static void *held[MANY];
	struct pool p;

	pool_init(&p, "test", 1000, 0);
	for (unsigned i = 0; i < MANY; i++)
		held[i] = pool_take(&p);
	ck_assert_uint_ge(room(&p) + p.used, MANY);
	for (unsigned i = 0; i < MANY; i++)
		pool_give(&p, held[i]);
	/* Needed since the last trim: kept for the next burst. */
	pool_trim(&p);
	ck_assert_uint_ge(room(&p), MANY);
	held[0] = pool_take(&p);
	pool_trim(&p);
	ck_assert_uint_eq(p.slabs, 1);
	ck_assert_uint_eq(room(&p), p.per_slab - 1);
	pool_give(&p, held[0]);
	pool_trim(&p);
	ck_assert_uint_eq(p.slabs, 1);
	pool_trim(&p);
	ck_assert_uint_eq(p.slabs, 0);
	ck_assert_uint_eq(room(&p), 0);
	pool_fini(&p);
	ck_assert_uint_eq(room(&p), 0);
}
END_TEST

START_TEST(foreign_object_aborts)
{
	struct pool p, q;
	void *a;

	pool_init(&p, "test", 64, 0);
	pool_init(&q, "other", 64, 0);
	a = pool_take(&p);
	pool_give(&q, a);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pool");
	TCase *tc = tcase_create("pool");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, geometry, 0, 2);
	tcase_add_test(tc, random_use_keeps_contents);
	tcase_add_test(tc, newest_is_reused_first);
	tcase_add_test(tc, limit_is_a_null);
	tcase_add_test(tc, empty_slabs_go_back);
	tcase_add_test_raise_signal(tc, foreign_object_aborts, SIGABRT);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
