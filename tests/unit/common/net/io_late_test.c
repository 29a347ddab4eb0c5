/*
 * Tests of io.c: what is put off to the end of a batch of events. Two owners
 * answer what they read; the bare descriptors are at the other ends. Sends are
 * noted on their way to the kernel.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/net/io.h"

#define OWNERS 2

struct owner {
	struct io io;
	int peer;
	size_t answer; /* bytes of it */
	bool twice;    /* it comes in two */
	bool closes;   /* right after it was put off */
	bool resets;
	bool queued; /* as io_queued said then */
};

static struct loop loop;
static struct owner owners[OWNERS];
static char story[64];
static char bytes[BUF_BLOCK_BYTES * 64];
static int send_error;

static void
tell(char c)
{
	size_t n = strlen(story);

	ck_assert_uint_lt(n, sizeof(story) - 1);
	story[n] = c;
}

static char
name_of(const struct io *io)
{
	return io == &owners[0].io ? 'a' : 'b';
}

ssize_t
send(int fd, const void *p, size_t n, int flags)
{
	tell(fd == owners[0].io.watch.fd ? 'A' : 'B');
	if (send_error != 0) {
		errno = send_error;
		return -1;
	}
	return syscall(SYS_sendto, fd, p, n, flags, NULL, 0);
}

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	tell(fd == owners[0].io.watch.fd ? 'A' : 'B');
	return syscall(SYS_sendmsg, fd, msg, flags);
}

static size_t
on_input(struct io *io, const char *p, size_t n)
{
	struct owner *o = CONTAINER_OF(io, struct owner, io);

	(void)p;
	tell(name_of(io));
	obuf_append(&io->out, bytes, o->answer);
	ck_assert_uint_eq(io_unsent(io), o->answer);
	io_flush_soon(io, o->twice);
	if (o->twice) {
		obuf_append(&io->out, bytes, o->answer);
		io_flush_soon(io, false);
	}
	o->queued = io_queued(io) != 0;
	if (o->closes)
		io_close(io, o->resets);
	return n;
}

static void
on_eof(struct io *io)
{
	(void)io;
	tell('e');
}

static void
on_drained(struct io *io)
{
	(void)io;
	tell('d');
}

static void
on_stalled(struct io *io)
{
	ck_assert_uint_ne(io_queued(io), 0);
	tell('s');
}

static void
on_failed(struct io *io, int error)
{
	(void)io;
	ck_assert_int_eq(error, send_error);
	tell('f');
}

static const struct io_events events = {
	.input = on_input,
	.eof = on_eof,
	.drained = on_drained,
	.stalled = on_stalled,
	.failed = on_failed,
};

static void
turn(const char *want)
{
	memset(story, 0, sizeof(story));
	ck_assert(loop_turn(&loop, 0));
	ck_assert_str_eq(story, want);
}

static void
setup(void)
{
	ck_assert(loop_init(&loop));
	ck_assert(io_scratch_init());
	buf_pool_init(0);
	for (unsigned i = 0; i < OWNERS; i++) {
		int fds[2];

		ck_assert_int_eq(
		    socketpair(AF_UNIX,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
		    0);
		owners[i] = (struct owner){ .peer = fds[1], .answer = 5 };
		ck_assert(
		    io_open(&owners[i].io, &loop, fds[0], false, &events));
	}
	turn("");
}

static void
teardown(void)
{
	for (unsigned i = 0; i < OWNERS; i++) {
		io_close(&owners[i].io, false);
		close(owners[i].peer);
	}
	buf_pool_fini();
	io_scratch_fini();
	loop_fini(&loop);
	send_error = 0;
}

static void
ask(unsigned which)
{
	ck_assert_int_eq((int)write(owners[which].peer, "?", 1), 1);
}

static size_t
answered(unsigned which)
{
	static char to[sizeof(bytes)];
	ssize_t n = read(owners[which].peer, to, sizeof(to));

	return n > 0 ? (size_t)n : 0;
}

/* Leaves no room in the socket. */
static size_t
fill(unsigned which)
{
	size_t sum = 0;
	ssize_t n;

	while ((n = syscall(SYS_sendto, owners[which].io.watch.fd, bytes, 1000,
		    0, NULL, 0)) > 0)
		sum += (size_t)n;
	return sum;
}

START_TEST(alone_it_is_sent_at_once)
{
	ask(0);
	turn("aA");
	ck_assert_uint_eq(answered(0), 5);
}
END_TEST

START_TEST(alone_it_waits_for_more)
{
	owners[0].twice = true;
	ask(0);
	turn("aA");
	ck_assert(!owners[0].queued);
	ck_assert_uint_eq(answered(0), 10);
}
END_TEST

/* The last of the batch has nothing to wait for. */
START_TEST(sent_behind_the_batch)
{
	ask(0);
	ask(1);
	turn("abBA");
	ck_assert(!owners[0].queued);
	ck_assert_uint_eq(answered(0), 5);
	ck_assert_uint_eq(answered(1), 5);
	turn("");
}
END_TEST

START_TEST(long_ones_do_not_wait)
{
	owners[0].answer = BUF_BLOCK_BYTES + 1;
	ask(0);
	ask(1);
	turn("aAbB");
}
END_TEST

START_TEST(sent_before_the_close)
{
	owners[0].closes = true;
	ask(0);
	ask(1);
	turn("aAbB");
	ck_assert_uint_eq(answered(0), 5);
	ck_assert_uint_eq(answered(0), 0);
}
END_TEST

START_TEST(a_full_socket_stalls)
{
	size_t before = fill(0);

	ask(0);
	ask(1);
	turn("abBAs");
	ck_assert_uint_eq(owners[0].io.out.bytes, 5);
	turn("");
	ck_assert_uint_eq(answered(0), before);
	turn("Ad");
	ck_assert_uint_eq(answered(0), 5);
	ck_assert(!owners[0].io.blocked);
}
END_TEST

/* Known to be full, it is not put off. */
START_TEST(a_full_socket_is_not_asked_again)
{
	(void)fill(0);
	ask(0);
	ask(1);
	turn("abBAs");
	owners[0].answer = 0;
	ask(0);
	ask(1);
	memset(story, 0, sizeof(story));
	ck_assert(!io_flush_soon(&owners[0].io, false));
	ck_assert_str_eq(story, "");
	io_close(&owners[0].io, false);
	ck_assert_str_eq(story, "");
}
END_TEST

START_TEST(late_errors_are_told_by_the_task)
{
	send_error = EPIPE;
	owners[1].answer = 0;
	ask(0);
	ask(1);
	turn("abAf");
	ck_assert_int_eq(owners[0].io.error, EPIPE);
}
END_TEST

START_TEST(flushed_meanwhile)
{
	ask(0);
	ask(1);
	owners[1].answer = 0;
	turn("abA");
	ck_assert(!owners[0].io.late);
	/* Half-closing goes behind it. */
	obuf_append(&owners[0].io.out, bytes, 7);
	io_shutdown(&owners[0].io);
	ck_assert_uint_eq(answered(0), 12);
	ck_assert_uint_eq(answered(0), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("io_late");
	TCase *tc = tcase_create("io_late");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, alone_it_is_sent_at_once);
	tcase_add_test(tc, alone_it_waits_for_more);
	tcase_add_test(tc, sent_behind_the_batch);
	tcase_add_test(tc, long_ones_do_not_wait);
	tcase_add_test(tc, sent_before_the_close);
	tcase_add_test(tc, a_full_socket_stalls);
	tcase_add_test(tc, a_full_socket_is_not_asked_again);
	tcase_add_test(tc, late_errors_are_told_by_the_task);
	tcase_add_test(tc, flushed_meanwhile);
	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
