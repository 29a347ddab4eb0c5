/*
 * Tests of io.c: accepted sockets, which are read before they are registered.
 * Calls that matter are told on their way to the kernel.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/net/io.h"

static struct loop loop;
static struct io io;
static int peer, register_error;
static char story[64];
static char bytes[100000];
static size_t answer; /* bytes of it */
static bool closes;

static void
tell(char c)
{
	size_t n = strlen(story);

	ck_assert_uint_lt(n, sizeof(story) - 1);
	story[n] = c;
}

int
epoll_ctl(int epfd, int op, int fd, struct epoll_event *e)
{
	bool both = e != NULL && (e->events & EPOLLOUT) != 0;

	if (op == EPOLL_CTL_ADD)
		tell(both ? 'A' : 'a');
	else if (op == EPOLL_CTL_MOD)
		tell(both ? 'M' : 'm');
	else
		tell('x');
	if (register_error != 0) {
		errno = register_error;
		return -1;
	}
	return (int)syscall(SYS_epoll_ctl, epfd, op, fd, e);
}

ssize_t
recv(int fd, void *p, size_t n, int flags)
{
	tell('r');
	return syscall(SYS_recvfrom, fd, p, n, flags, NULL, NULL);
}

static size_t
on_input(struct io *i, const char *p, size_t n)
{
	(void)p;
	tell('i');
	obuf_append(&i->out, bytes, answer);
	io_flush_soon(i, false);
	if (closes)
		io_close(i, false);
	return n;
}

static void
on_eof(struct io *i)
{
	(void)i;
	tell('e');
}

static void
on_drained(struct io *i)
{
	(void)i;
	tell('d');
}

static void
on_failed(struct io *i, int error)
{
	ck_assert_int_eq(error, register_error);
	tell('f');
	io_close(i, false);
}

static const struct io_events events = {
	.input = on_input,
	.eof = on_eof,
	.drained = on_drained,
	.stalled = on_drained,
	.failed = on_failed,
};

static void
expect(const char *want)
{
	ck_assert_str_eq(story, want);
	memset(story, 0, sizeof(story));
}

static void
turn(const char *want)
{
	ck_assert(loop_turn(&loop, 0));
	expect(want);
}

static void
setup(void)
{
	int fds[2];

	ck_assert(loop_init(&loop));
	ck_assert(io_scratch_init());
	buf_pool_init(0);
	ck_assert_int_eq(
	    socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
	    0);
	peer = fds[1];
	answer = 5;
	closes = false;
	register_error = 0;
	memset(story, 0, sizeof(story));
	io_take(&io, &loop, fds[0], &events);
}

static void
teardown(void)
{
	io_close(&io, false);
	close(peer);
	buf_pool_fini();
	io_scratch_fini();
	loop_fini(&loop);
}

static void
ask(void)
{
	ck_assert_int_eq((int)write(peer, "?", 1), 1);
}

static size_t
answered(void)
{
	static char to[sizeof(bytes)];
	ssize_t n = read(peer, to, sizeof(to));

	return n > 0 ? (size_t)n : 0;
}

static void
begin(void)
{
	io_begin(&io);
	io_watch(&io);
}

START_TEST(answered_before_it_is_known)
{
	closes = true;
	ask();
	begin();
	expect("ri");
	ck_assert_uint_eq(answered(), 5);
	ck_assert_uint_eq(answered(), 0);
	turn("");
}
END_TEST

/* What comes between the read and the registration is not missed. */
START_TEST(what_comes_later_is_an_event)
{
	begin();
	expect("ra");
	turn("");
	ask();
	turn("ri");
	ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
	turn("re");
}
END_TEST

/* What comes meanwhile is not heard, but seen by who asks. */
START_TEST(what_comes_before_it_is_watched)
{
	ask();
	io_begin(&io);
	expect("ri");
	ck_assert(io_is_aside(&io));
	ck_assert(!io_has_unread(&io));
	expect("r");
	ask();
	turn("");
	ck_assert(io_has_unread(&io));
	expect("r");
	io_watch(&io);
	ck_assert(!io_is_aside(&io));
	expect("a");
	turn("ri");
	io_watch(&io);
	turn("");
}
END_TEST

/* It is registered by itself, and then no more. */
START_TEST(room_lacks_before_it_is_watched)
{
	io_begin(&io);
	expect("r");
	for (int i = 0; i < 20; i++)
		(void)!syscall(
		    SYS_sendto, io.watch.fd, bytes, sizeof(bytes), 0, NULL, 0);
	obuf_append(&io.out, bytes, 5);
	ck_assert(!io_flush(&io));
	expect("A");
	io_watch(&io);
	expect("");
	while (answered() != 0)
		continue;
	turn("d");
}
END_TEST

START_TEST(its_end_came_with_it)
{
	ask();
	ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
	begin();
	expect("ria");
	turn("re");
}
END_TEST

START_TEST(room_is_asked_for_when_it_lacks)
{
	size_t got = 0, n;

	begin();
	expect("ra");
	while (!io.blocked) {
		ask();
		answer = sizeof(bytes);
		ck_assert(loop_turn(&loop, 0));
	}
	ck_assert_ptr_nonnull(strchr(story, 'M'));
	ck_assert_ptr_eq(strchr(story, 'M'), strrchr(story, 'M'));
	memset(story, 0, sizeof(story));
	for (int i = 0; i < 100 && io.blocked; i++) {
		while ((n = answered()) != 0)
			got += n;
		ck_assert(loop_turn(&loop, 0));
	}
	while ((n = answered()) != 0)
		got += n;
	expect("d");
	ck_assert_uint_eq(got % sizeof(bytes), 0);
}
END_TEST

/* It is registered for both at once. */
START_TEST(room_lacks_before_it_is_known)
{
	answer = sizeof(bytes);
	for (int i = 0; i < 20; i++)
		(void)!syscall(
		    SYS_sendto, io.watch.fd, bytes, sizeof(bytes), 0, NULL, 0);
	ask();
	begin();
	expect("riA");
	while (answered() != 0)
		continue;
	turn("d");
}
END_TEST

START_TEST(nobody_else_has_it)
{
	io.sole = true;
	begin();
	expect("ra");
	io_close(&io, false);
	expect("");
	ck_assert_ptr_null(io.watch.fn);
}
END_TEST

START_TEST(somebody_else_may_have_it)
{
	begin();
	expect("ra");
	io_close(&io, false);
	expect("x");
}
END_TEST

START_TEST(it_cannot_be_registered)
{
	register_error = ENOSPC;
	begin();
	expect("ra");
	turn("f");
	register_error = 0;
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("io_begin");
	TCase *tc = tcase_create("io_begin");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, answered_before_it_is_known);
	tcase_add_test(tc, what_comes_later_is_an_event);
	tcase_add_test(tc, what_comes_before_it_is_watched);
	tcase_add_test(tc, room_lacks_before_it_is_watched);
	tcase_add_test(tc, its_end_came_with_it);
	tcase_add_test(tc, room_is_asked_for_when_it_lacks);
	tcase_add_test(tc, room_lacks_before_it_is_known);
	tcase_add_test(tc, nobody_else_has_it);
	tcase_add_test(tc, somebody_else_may_have_it);
	tcase_add_test(tc, it_cannot_be_registered);
	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
