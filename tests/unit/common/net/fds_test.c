/* Tests of fds.c: descriptors ride on a byte of a stream, in their order. */
#include "common/net/fds.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int pair[2];

static void
setup(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
}

static void
teardown(void)
{
	close(pair[0]);
	close(pair[1]);
}

START_TEST(come_with_their_byte)
{
	int sent[2][2], got[FDS_PASSED_MAX];
	char bytes[16], c;
	unsigned n = 0;

	ck_assert_int_eq(pipe(sent[0]), 0);
	ck_assert_int_eq(pipe(sent[1]), 0);
	ck_assert_int_eq(write(sent[0][1], "0", 1), 1);
	ck_assert_int_eq(write(sent[1][1], "1", 1), 1);
	int give[2] = { sent[0][0], sent[1][0] };
	ck_assert(fds_send(pair[0], 'H', give, 2));
	ck_assert_int_eq(send(pair[0], "TTP", 3, 0), 3);
	ck_assert_int_ge(fds_recv(pair[1], bytes, 16, got, &n), 1);
	ck_assert_int_eq(bytes[0], 'H');
	ck_assert_uint_eq(n, 2);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(read(got[i], &c, 1), 1);
		ck_assert_int_eq(c, '0' + i);
		ck_assert_int_ne(fcntl(got[i], F_GETFD) & FD_CLOEXEC, 0);
		close(got[i]);
		close(sent[i][0]);
		close(sent[i][1]);
	}
	close(pair[0]);
	ck_assert_int_ge(fds_recv(pair[1], bytes, 16, got, &n), 0);
	ck_assert_uint_eq(n, 2);
}
END_TEST

/* Whom nobody has room for is not kept open. */
START_TEST(too_many_are_closed)
{
	int got[FDS_PASSED_MAX], give[FDS_PASSED_MAX];
	unsigned n = FDS_PASSED_MAX - 1;
	char byte;

	for (int i = 0; i < FDS_PASSED_MAX; i++)
		give[i] = STDERR_FILENO;
	int before = dup(STDERR_FILENO);
	close(before);
	ck_assert(fds_send(pair[0], 'x', give, FDS_PASSED_MAX));
	ck_assert_int_eq(fds_recv(pair[1], &byte, 1, got, &n), 1);
	ck_assert_uint_eq(n, FDS_PASSED_MAX);
	ck_assert_int_eq(got[FDS_PASSED_MAX - 1], before);
	close(before);
	int after = dup(STDERR_FILENO);
	ck_assert_int_eq(after, before);
	close(after);
}
END_TEST

START_TEST(says_what_fails)
{
	int fd = STDERR_FILENO;
	unsigned n = 0;
	char byte;

	ck_assert_int_eq(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(fds_recv(pair[1], &byte, 1, &fd, &n), -1);
	ck_assert_int_eq(errno, EAGAIN);
	close(pair[1]);
	ck_assert(!fds_send(pair[0], 'x', &fd, 1));
	ck_assert_int_eq(errno, EPIPE);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("fds");
	Suite *suite = suite_create("fds");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, come_with_their_byte);
	tcase_add_test(tc, too_many_are_closed);
	tcase_add_test(tc, says_what_fails);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
