/*
 * Tests of io_pass.c: two ios whose owner lets a part of what comes on one go
 * out on the other, and bare sockets at their far ends.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/pool.h"
#include "common/net/io.h"
#include "common/net/sock.h"

#define BULK 6000000
#define TURNS 100000 /* then it hangs */
#define STORY_BYTES 32

struct side {
	struct io io;
	int peer;
	char *got; /* what its owner read */
	size_t n;
	char story[STORY_BYTES]; /* a letter per event, repeated ones once */
	int error;
};

static struct loop loop;
static struct side from, to;
static size_t left; /* that may pass */
static size_t passed;
static bool close_at_end;  /* `to`, when nothing is left */
static bool close_in_pass; /* `from`, in `passed` */
static char *source, *reader;
static size_t written, reads; /* by the peers, of the two */
static size_t received;       /* by recv, not from a peer */
static int no_pipe, no_splice;

ssize_t
recv(int fd, void *p, size_t n, int flags)
{
	ssize_t got = syscall(SYS_recvfrom, fd, p, n, flags, NULL, NULL);

	if (got > 0)
		received += (size_t)got;
	return got;
}

int
pipe2(int ends[2], int flags)
{
	if (no_pipe == 0)
		return (int)syscall(SYS_pipe2, ends, flags);
	errno = no_pipe;
	return -1;
}

ssize_t
splice(
    int in, off64_t *in_at, int out, off64_t *out_at, size_t n, unsigned flags)
{
	if (no_splice == 0)
		return syscall(SYS_splice, in, in_at, out, out_at, n, flags);
	errno = no_splice;
	return -1;
}

static struct side *
tell(struct io *io, char c)
{
	struct side *s = CONTAINER_OF(io, struct side, io);
	size_t n = strlen(s->story);

	ck_assert_uint_lt(n, STORY_BYTES - 1);
	if (n == 0 || s->story[n - 1] != c)
		s->story[n] = c;
	return s;
}

/* What is offered goes on, copied, and then: does the rest pass? */
static size_t
on_input(struct io *io, const char *p, size_t n)
{
	struct side *s = tell(io, 'i');
	size_t on = n < left ? n : left;

	left -= on;
	obuf_write(&to.io.out, p, on);
	memcpy(s->got + s->n, p + on, n - on);
	s->n += n - on;
	io_pause(io, !io_flush(&to.io));
	io->passes = left != 0;
	return n;
}

static void
on_eof(struct io *io)
{
	tell(io, 'e');
}

static void
on_drained(struct io *io)
{
	tell(io, 'd');
	io_pause(&from.io, false);
}

static void
on_failed(struct io *io, int error)
{
	tell(io, 'f')->error = error;
}

static struct io_pass
on_passes(struct io *io)
{
	ck_assert_ptr_eq(io, &from.io);
	return (struct io_pass){ &to.io, left };
}

static void
on_passed(struct io *io, size_t n)
{
	tell(io, 'p');
	ck_assert_uint_ge(left, n);
	ck_assert_uint_ge(io_queued(&to.io), n);
	left -= n;
	passed += n;
	if (close_in_pass)
		io_close(io, false);
	else
		io_pause(io, !io_flush(&to.io));
	if (left == 0 && close_at_end)
		io_close(&to.io, false);
}

static const struct io_events events = {
	.input = on_input,
	.eof = on_eof,
	.drained = on_drained,
	.failed = on_failed,
	.passes = on_passes,
	.passed = on_passed,
};

static void
side_open(struct side *s)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	struct addr a;
	bool done;
	int lfd, fd;

	ck_assert(addr_parse_ip(SLICE_LIT("127.0.0.1"), &a));
	lfd = sock_listen(&a, false, 4);
	ck_assert_int_ge(lfd, 0);
	ck_assert_int_eq(getsockname(lfd, (struct sockaddr *)&ss, &n), 0);
	addr_from_sockaddr(&ss, &a);
	s->peer = sock_connect(&a, &done);
	ck_assert_int_ge(s->peer, 0);
	while ((fd = sock_accept(lfd, NULL)) < 0 && errno == EAGAIN)
		continue;
	ck_assert_int_ge(fd, 0);
	close(lfd);
	s->got = malloc(BULK);
	ck_assert(io_open(&s->io, &loop, fd, false, &events));
}

static void
setup(void)
{
	ck_assert(loop_init(&loop));
	ck_assert(io_scratch_init());
	buf_pool_init(0);
	memset(&from, 0, sizeof(from));
	memset(&to, 0, sizeof(to));
	side_open(&from);
	side_open(&to);
	left = passed = written = reads = received = 0;
	close_at_end = close_in_pass = false;
	no_pipe = no_splice = 0;
	source = malloc(BULK);
	reader = malloc(BULK);
	for (size_t i = 0; i < BULK; i++)
		source[i] = (char)('a' + i * 7 % 26 + i / 4096 % 7);
}

static void
side_close(struct side *s)
{
	io_close(&s->io, false);
	if (s->peer >= 0)
		close(s->peer);
	free(s->got);
}

static void
teardown(void)
{
	side_close(&from);
	side_close(&to);
	free(source);
	free(reader);
	/* Every block is back. */
	ck_assert_uint_eq(buf_pool_state()->used, 0);
	buf_pool_fini();
	io_scratch_fini();
	loop_fini(&loop);
}

static void
turn(void)
{
	ck_assert(loop_turn(&loop, 1000));
}

static void
peer_writes(size_t end)
{
	ssize_t n;

	if (written == end)
		return;
	n = send(from.peer, source + written, end - written, MSG_DONTWAIT);
	if (n > 0)
		written += (size_t)n;
}

static void
peer_reads(size_t most)
{
	ssize_t n = syscall(SYS_recvfrom, to.peer, reader + reads, most,
	    MSG_DONTWAIT, NULL, NULL);

	if (n > 0)
		reads += (size_t)n;
}

/* The peers write so much in all, and read so much of it. */
static void
bulk(size_t end, size_t most, size_t of)
{
	for (int i = 0; i < TURNS && reads < of; i++) {
		peer_writes(end);
		turn();
		peer_reads(most < of - reads ? most : of - reads);
	}
	ck_assert_uint_eq(reads, of);
	ck_assert(memcmp(reader, source, of) == 0);
}

START_TEST(all_and_nothing_behind)
{
	left = 5000000;
	from.io.passes = true;
	bulk(5000100, BULK, 5000000);
	for (int i = 0; i < TURNS && from.n < 100; i++) {
		peer_writes(5000100);
		turn();
	}
	ck_assert_uint_eq(from.n, 100);
	ck_assert(memcmp(from.got, source + 5000000, 100) == 0);
	ck_assert_uint_eq(from.io.bytes_in, 5000100);
	ck_assert_uint_eq(to.io.bytes_out, 5000000);
	/* Much passed; the rest came in small pieces. */
	ck_assert_uint_ge(passed, 4000000);
	ck_assert_uint_eq(received + passed, 5000100);
	ck_assert_uint_eq(to.io.duct, 0);
}
END_TEST

START_TEST(behind_what_was_queued)
{
	left = 1000000;
	bulk(1000000, BULK, 1000000);
	ck_assert_uint_gt(passed, 0);
	ck_assert_uint_gt(received, 0);
}
END_TEST

/* Also of that which waits for the end of the batch. */
START_TEST(behind_what_is_late)
{
	obuf_append(&to.io.out, source, 1000);
	to.io.late = true;
	ck_assert_uint_eq(io_queued(&to.io), 0);
	written = 1000;
	left = 100000;
	from.io.passes = true;
	bulk(101000, BULK, 101000);
	ck_assert_uint_gt(passed, 0);
}
END_TEST

/* The shorter of what one side has and the other takes. */
START_TEST(at_most)
{
	struct io_pass pass = { &to.io, 100 };

	ck_assert_uint_eq(io_pass_at_most(pass, 99).most, 99);
	ck_assert_uint_eq(io_pass_at_most(pass, UINT64_MAX).most, 100);
	ck_assert_uint_eq(io_pass_at_most(pass, 0).most, 0);
	ck_assert_ptr_eq(io_pass_at_most(pass, 99).to, &to.io);
	ck_assert_uint_eq(io_pass_at_most(IO_PASS_NONE, 9).most, 0);
}
END_TEST

/* Of a long body, until some of it waits for the reader. */
static void
stuff_duct(void)
{
	int small = 4096;

	ck_assert_int_eq(
	    setsockopt(to.io.watch.fd, SOL_SOCKET, SO_SNDBUF, &small, 4), 0);
	left = 3000000;
	from.io.passes = true;
	for (int i = 0; i < TURNS && to.io.duct == 0; i++) {
		peer_writes(4000000);
		turn();
	}
	ck_assert_uint_ne(to.io.duct, 0);
}

/* What is written meanwhile leaves behind it. */
START_TEST(slow_reader)
{
	stuff_duct();
	ck_assert(from.io.paused);
	ck_assert_uint_eq(to.io.wire_bytes, io_queued(&to.io));
	bulk(4000000, 30000, 3000000);
	ck_assert_ptr_nonnull(strchr(to.story, 'd'));
	obuf_append(&to.io.out, source + 3000000, 1000);
	io_flush(&to.io);
	bulk(4000000, 30000, 3001000);
}
END_TEST

START_TEST(written_while_it_waits)
{
	size_t end;

	stuff_duct();
	/* No more of it comes; but something else. */
	end = passed;
	left = 0;
	obuf_write(&to.io.out, source + end, 50000);
	obuf_append(&to.io.out, source + end + 50000, 100);
	io_flush(&to.io);
	bulk(4000000, 30000, end + 50100);
}
END_TEST

START_TEST(closed_with_some_of_it)
{
	stuff_duct();
	io_close(&to.io, false);
	ck_assert_uint_eq(to.io.duct, 0);
	ck_assert_uint_eq(io_queued(&to.io), 0);
	left = 0;
	io_pause(&from.io, false);
	turn();
}
END_TEST

START_TEST(closed_in_passed)
{
	left = 100000;
	from.io.passes = true;
	close_in_pass = true;
	for (int i = 0; i < TURNS && passed == 0; i++) {
		peer_writes(100000);
		turn();
	}
	ck_assert_str_eq(from.story, "p");
	ck_assert(!io_is_open(&from.io));
	ck_assert_uint_eq(io_queued(&to.io), passed);
	ck_assert(io_flush(&to.io));
}
END_TEST

START_TEST(the_other_closed_in_passed)
{
	left = 100000;
	from.io.passes = true;
	close_at_end = true;
	for (int i = 0; i < TURNS && left != 0; i++) {
		peer_writes(100000);
		turn();
	}
	ck_assert(!io_is_open(&to.io));
	ck_assert_uint_eq(to.io.duct, 0);
}
END_TEST

START_TEST(ended_within)
{
	left = 1000000;
	from.io.passes = true;
	bulk(300000, BULK, 300000);
	close(from.peer);
	from.peer = -1;
	for (int i = 0; i < TURNS && strchr(from.story, 'e') == NULL; i++)
		turn();
	ck_assert(from.io.saw_eof);
	ck_assert_uint_eq(left, 700000);
	ck_assert_uint_eq(passed + received, 300000);
}
END_TEST

START_TEST(reset_within)
{
	struct linger now = { 1, 0 };

	left = 1000000;
	from.io.passes = true;
	bulk(300000, BULK, 300000);
	setsockopt(from.peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(from.peer);
	from.peer = -1;
	for (int i = 0; i < TURNS && strchr(from.story, 'f') == NULL; i++)
		turn();
	ck_assert_int_eq(from.error, ECONNRESET);
}
END_TEST

START_TEST(nobody_takes_it)
{
	struct linger now = { 1, 0 };

	left = 1000000;
	from.io.passes = true;
	setsockopt(to.peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(to.peer);
	to.peer = -1;
	for (int i = 0; i < TURNS && strchr(to.story, 'f') == NULL; i++) {
		peer_writes(1000000);
		turn();
	}
	ck_assert_int_ne(to.error, 0);
	ck_assert(!io_flush(&to.io));
}
END_TEST

START_TEST(copied_when_there_is_no_pipe)
{
	left = 1000000;
	from.io.passes = true;
	no_pipe = EMFILE;
	bulk(1000000, BULK, 1000000);
	ck_assert_uint_eq(passed, 0);
	ck_assert_uint_eq(received, 1000000);
}
END_TEST

START_TEST(copied_when_it_cannot_be_spliced)
{
	left = 1000000;
	from.io.passes = true;
	no_splice = EINVAL;
	bulk(1000000, BULK, 1000000);
	ck_assert_uint_eq(passed, 0);
	ck_assert_uint_eq(received, 1000000);
	ck_assert_uint_eq(to.io.duct, 0);
}
END_TEST

/* A pause that was asked for holds, and what was left is not passed over. */
START_TEST(paused)
{
	left = 1000000;
	from.io.passes = true;
	io_pause(&from.io, true);
	peer_writes(1000000);
	for (int i = 0; i < 3; i++)
		turn();
	ck_assert_uint_eq(passed + received, 0);
	io_pause(&from.io, false);
	bulk(1000000, BULK, 1000000);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("io_pass");
	Suite *s = suite_create("io_pass");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_and_nothing_behind);
	tcase_add_test(tc, behind_what_was_queued);
	tcase_add_test(tc, behind_what_is_late);
	tcase_add_test(tc, at_most);
	tcase_add_test(tc, slow_reader);
	tcase_add_test(tc, written_while_it_waits);
	tcase_add_test(tc, closed_with_some_of_it);
	tcase_add_test(tc, closed_in_passed);
	tcase_add_test(tc, the_other_closed_in_passed);
	tcase_add_test(tc, ended_within);
	tcase_add_test(tc, reset_within);
	tcase_add_test(tc, nobody_takes_it);
	tcase_add_test(tc, copied_when_there_is_no_pipe);
	tcase_add_test(tc, copied_when_it_cannot_be_spliced);
	tcase_add_test(tc, paused);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
