/* What a process has for itself: this one. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "master/footprint.h"

#define BYTES (64u << 20)

static void *
pages(int flags)
{
	void *p = mmap(
	    NULL, BYTES, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	memset(p, 1, BYTES);
	return p;
}

START_TEST(own_memory_counts)
{
	uint64_t before = footprint_read(getpid()), with;
	void *own = pages(MAP_PRIVATE);

	ck_assert_uint_ne(before, 0);
	with = footprint_read(getpid());
	ck_assert_uint_ge(with, before + BYTES - (1u << 20));
	munmap(own, BYTES);
	ck_assert_uint_le(footprint_read(getpid()), with - BYTES / 2);
}
END_TEST

START_TEST(shared_memory_does_not)
{
	uint64_t before = footprint_read(getpid());
	void *shared = pages(MAP_SHARED);

	ck_assert_uint_le(footprint_read(getpid()), before + BYTES / 2);
	munmap(shared, BYTES);
}
END_TEST

START_TEST(nobody)
{
	ck_assert_uint_eq(footprint_read(0x7fffffff), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("footprint");
	TCase *t = tcase_create("footprint");
	SRunner *sr;
	int failed;

	tcase_add_test(t, own_memory_counts);
	tcase_add_test(t, shared_memory_does_not);
	tcase_add_test(t, nobody);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
