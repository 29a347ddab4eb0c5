/*
 * Tests of duct.c: who gets which pipe, and when there is none.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/net/duct.h"

static int no_pipe;  /* an errno, or 0 */
static int size_max; /* what F_SETPIPE_SZ grants; 0: as the kernel does */
static unsigned pipes;

int
pipe2(int ends[2], int flags)
{
	pipes++;
	if (no_pipe == 0)
		return (int)syscall(SYS_pipe2, ends, flags);
	errno = no_pipe;
	return -1;
}

int
fcntl(int fd, int what, ...)
{
	va_list ap;
	long arg;

	va_start(ap, what);
	arg = va_arg(ap, long);
	va_end(ap);
	if (size_max != 0 && what == F_SETPIPE_SZ && (int)arg > size_max) {
		errno = EPERM;
		return -1;
	}
	return (int)syscall(SYS_fcntl, fd, what, arg);
}

static void
setup(void)
{
	clock_update();
	no_pipe = size_max = 0;
	pipes = 0;
}

static int
size_of(uint8_t d)
{
	return fcntl(duct_in(d), F_GETPIPE_SZ, 0L);
}

START_TEST(an_empty_one_is_used_again)
{
	uint8_t d = duct_take();

	ck_assert_uint_ne(d, 0);
	ck_assert_int_eq(size_of(d), (int)DUCT_BYTES);
	duct_give(d, true);
	ck_assert_uint_eq(duct_take(), d);
	ck_assert_uint_eq(pipes, 1);
	duct_give(d, true);
	ducts_fini();
}
END_TEST

START_TEST(one_with_bytes_is_not)
{
	uint8_t d = duct_take();
	int in = duct_in(d), out = duct_out(d);

	ck_assert_int_eq(write(in, "x", 1), 1);
	duct_give(d, false);
	ck_assert_int_eq(fcntl(in, F_GETFD, 0L), -1);
	ck_assert_int_eq(fcntl(out, F_GETFD, 0L), -1);
	d = duct_take();
	ck_assert_uint_ne(d, 0);
	ck_assert_uint_eq(pipes, 2);
	duct_give(d, true);
	ducts_fini();
}
END_TEST

START_TEST(few_are_kept_and_not_too_many_made)
{
	uint8_t all[DUCTS_MAX];

	for (unsigned i = 0; i < DUCTS_MAX; i++) {
		all[i] = duct_take();
		/* The user may not have so many large ones. */
		if (all[i] == 0)
			ducts_fini();
	}
	ck_assert_uint_eq(duct_take(), 0);
	for (unsigned i = 0; i < DUCTS_MAX; i++)
		if (all[i] != 0)
			duct_give(all[i], true);
	pipes = 0;
	for (unsigned i = 0; i < 5; i++)
		all[i] = duct_take();
	ck_assert_uint_eq(pipes, 1);
	for (unsigned i = 0; i < 5; i++)
		duct_give(all[i], true);
	ducts_fini();
}
END_TEST

START_TEST(smaller_ones_do)
{
	uint8_t d;

	size_max = 262144;
	d = duct_take();
	ck_assert_int_eq(size_of(d), 262144);
	duct_give(d, true);
	ducts_fini();
	size_max = 1; /* as it comes */
	d = duct_take();
	ck_assert_int_eq(size_of(d), 65536);
	duct_give(d, true);
	ducts_fini();
}
END_TEST

START_TEST(not_asked_for_again_at_once)
{
	static const int lacks[] = { EMFILE, ENFILE, ENOMEM };
	uint8_t d;

	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
		no_pipe = lacks[i];
		pipes = 0;
		ck_assert_uint_eq(duct_take(), 0);
		no_pipe = 0;
		ck_assert_uint_eq(duct_take(), 0);
		ck_assert_uint_eq(pipes, 1);
		ducts_fini();
	}
	no_pipe = EMFILE;
	ck_assert_uint_eq(duct_take(), 0);
	no_pipe = 0;
	usleep(1001000);
	clock_update();
	d = duct_take();
	ck_assert_uint_ne(d, 0);
	duct_give(d, true);
	ducts_fini();
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("duct");
	Suite *s = suite_create("duct");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, an_empty_one_is_used_again);
	tcase_add_test(tc, one_with_bytes_is_not);
	tcase_add_test(tc, few_are_kept_and_not_too_many_made);
	tcase_add_test(tc, smaller_ones_do);
	tcase_add_test(tc, not_asked_for_again_at_once);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
