/* Tests of client_rate.c: what is waited for, and when that is judged. */
#include "worker/client_rate.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/own_clock.h"

#define S 1000000u
#define RATE 100u /* bytes per second: 1,000 in a window */

static struct io io;
static struct client_rate rate;

static void
pass(uint64_t us)
{
	own_us += us;
	(void)clock_update();
}

static void
setup(void)
{
	pass(100 * S);
	io = (struct io){ .watch.fd = -1, .bytes_in = 5000, .bytes_out = 7000 };
	rate = (struct client_rate){ 0 };
}

static void
wait_for(enum client_way way)
{
	client_rate_wait(&rate, way, client_moved_by_io, &io);
}

static void
expect_due(uint64_t us)
{
	ck_assert_uint_eq(
	    mono_diff_us(client_rate_due(&rate), clock_now()), us);
}

static bool
slow(void)
{
	return client_rate_is_slow(&rate, RATE, client_moved_by_io, &io);
}

START_TEST(nothing_is_due_without_waiting)
{
	ck_assert_uint_eq(client_rate_due(&rate).us, MONO_NEVER.us);
	wait_for(CLIENT_WAY_IN);
	expect_due(10 * S);
	wait_for(CLIENT_WAY_NONE);
	ck_assert_uint_eq(client_rate_due(&rate).us, MONO_NEVER.us);
}
END_TEST

START_TEST(bytes_of_the_window_count)
{
	wait_for(CLIENT_WAY_IN);
	pass(10 * S);
	io.bytes_in += 1000;
	ck_assert(!slow());
	expect_due(10 * S);
	pass(10 * S);
	io.bytes_in += 999;
	ck_assert(slow());
}
END_TEST

START_TEST(other_bytes_do_not_count)
{
	wait_for(CLIENT_WAY_OUT);
	pass(10 * S);
	io.bytes_in += 100000;
	io.bytes_out += 999;
	ck_assert(slow());
	io.bytes_out += 1;
	ck_assert(!slow());
}
END_TEST

START_TEST(time_of_others_does_not_count)
{
	wait_for(CLIENT_WAY_IN);
	pass(4 * S);
	wait_for(CLIENT_WAY_IN);
	pass(3 * S);
	wait_for(CLIENT_WAY_NONE);
	pass(1000 * S);
	wait_for(CLIENT_WAY_NONE);
	wait_for(CLIENT_WAY_IN);
	expect_due(3 * S);
	io.bytes_in += 1000;
	pass(3 * S);
	ck_assert(!slow());
	expect_due(10 * S);
}
END_TEST

START_TEST(another_way_is_another_window)
{
	wait_for(CLIENT_WAY_IN);
	pass(9 * S);
	wait_for(CLIENT_WAY_OUT);
	expect_due(10 * S);
	pass(9 * S);
	wait_for(CLIENT_WAY_NONE);
	wait_for(CLIENT_WAY_IN);
	expect_due(10 * S);
}
END_TEST

START_TEST(forgotten)
{
	wait_for(CLIENT_WAY_OUT);
	pass(9 * S);
	io.bytes_out = 0;
	client_rate_forget(&rate);
	ck_assert_uint_eq(client_rate_due(&rate).us, MONO_NEVER.us);
	wait_for(CLIENT_WAY_OUT);
	io.bytes_out = 1000;
	pass(10 * S);
	ck_assert(!slow());
}
END_TEST

START_TEST(overdue)
{
	wait_for(CLIENT_WAY_IN);
	pass(25 * S);
	wait_for(CLIENT_WAY_NONE);
	wait_for(CLIENT_WAY_IN);
	expect_due(0);
	ck_assert(slow());
}
END_TEST

/* Two ends of a connection of this process. */
static void
pair_make(int pair[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int listening = socket(AF_INET, SOCK_STREAM, 0), few = 4096;

	ck_assert_int_eq(bind(listening, (void *)&a, n), 0);
	ck_assert_int_eq(listen(listening, 1), 0);
	ck_assert_int_eq(getsockname(listening, (void *)&a, &n), 0);
	pair[1] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(
	    setsockopt(pair[1], SOL_SOCKET, SO_RCVBUF, &few, sizeof(few)), 0);
	ck_assert_int_eq(connect(pair[1], (void *)&a, n), 0);
	pair[0] = accept(listening, NULL, NULL);
	ck_assert_int_ge(pair[0], 0);
	close(listening);
}

START_TEST(what_the_kernel_keeps_was_not_taken)
{
	static char block[1 << 20];
	int pair[2];
	ssize_t n;

	pair_make(pair);
	io.watch.fd = pair[0];
	wait_for(CLIENT_WAY_OUT);
	while ((n = send(pair[0], block, sizeof(block), MSG_DONTWAIT)) > 0)
		io.bytes_out += (uint64_t)n;
	ck_assert_uint_gt(io.bytes_out, 200000);
	pass(10 * S);
	/* A few thousand bytes are in the other's buffer. */
	ck_assert(client_rate_is_slow(&rate, 10000, client_moved_by_io, &io));
	ck_assert(!client_rate_is_slow(&rate, 10, client_moved_by_io, &io));
	/* What was in the kernel when the window began counts when taken. */
	while (recv(pair[1], block, sizeof(block), MSG_DONTWAIT) > 0)
		usleep(1000);
	pass(10 * S);
	ck_assert(!client_rate_is_slow(&rate, 1000, client_moved_by_io, &io));
	close(pair[0]);
	close(pair[1]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("client_rate");
	TCase *tc = tcase_create("client_rate");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, nothing_is_due_without_waiting);
	tcase_add_test(tc, bytes_of_the_window_count);
	tcase_add_test(tc, other_bytes_do_not_count);
	tcase_add_test(tc, time_of_others_does_not_count);
	tcase_add_test(tc, another_way_is_another_window);
	tcase_add_test(tc, forgotten);
	tcase_add_test(tc, overdue);
	tcase_add_test(tc, what_the_kernel_keeps_was_not_taken);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
