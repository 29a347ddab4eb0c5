/*
 * Tests of io.c: an owner with many moods at one end of a socket, the bare
 * descriptor at the other. recv and send are counted on their way to the
 * kernel.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/pool.h"
#include "common/net/io.h"
#include "common/net/sock.h"

#define STREAM_BYTES 2000000
#define MESSAGE_END '\n'

struct owner {
	struct io io;
	struct loop_task free_task;
	char got[STREAM_BYTES];
	size_t n;
	char story[32]; /* a letter per event, repeated ones once */
	size_t hold;    /* consume nothing before so many bytes are there */
	size_t most;    /* consume at most so many at once; 0: all */
	size_t pause_after;
	size_t refill; /* the peer writes so much at each input */
	bool lines;    /* consume whole lines only */
	char close_on; /* the event in which to close */
	char resume_on;
	int error;
	bool freed;
};

static struct loop loop;
static struct owner *owner;
static int peer;
static char source[STREAM_BYTES];
static char reader[STREAM_BYTES];
static unsigned recvs, sends;

ssize_t
recv(int fd, void *p, size_t n, int flags)
{
	recvs++;
	return syscall(SYS_recvfrom, fd, p, n, flags, NULL, NULL);
}

ssize_t
send(int fd, const void *p, size_t n, int flags)
{
	sends++;
	return syscall(SYS_sendto, fd, p, n, flags, NULL, 0);
}

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	sends++;
	return syscall(SYS_sendmsg, fd, msg, flags);
}

static void
owner_free(struct loop_task *t)
{
	struct owner *o = CONTAINER_OF(t, struct owner, free_task);

	o->freed = true;
	/* Whoever touches io after this is seen by the address sanitizer. */
	memset(&o->io, 0xa5, sizeof(o->io));
	o->io.watch.fd = -1;
}

static struct owner *
story_add(struct io *io, char c)
{
	struct owner *o = CONTAINER_OF(io, struct owner, io);
	size_t n = strlen(o->story);

	ck_assert(!o->freed);
	ck_assert(io_is_open(io));
	if (n == 0 || o->story[n - 1] != c) {
		ck_assert_uint_lt(n, sizeof(o->story) - 1);
		o->story[n] = c;
	}
	if (o->resume_on == c)
		io_resume(io);
	if (o->close_on == c) {
		io_close(io, false);
		loop_defer_free(&loop, &o->free_task);
	}
	return o;
}

static size_t
wanted(const struct owner *o, const char *p, size_t n)
{
	const char *end = o->lines ? memrchr(p, MESSAGE_END, n) : p + n;

	if (n < o->hold || end == NULL)
		return 0;
	n = (size_t)(end - p) + o->lines;
	return o->most != 0 && n > o->most ? o->most : n;
}

static size_t
on_input(struct io *io, const char *p, size_t n)
{
	struct owner *o = story_add(io, 'i');
	size_t take;

	ck_assert_uint_ne(n, 0);
	if (o->refill != 0 && o->n + 4 * o->refill < STREAM_BYTES)
		ck_assert_int_eq((int)write(peer, source + o->n + n, o->refill),
		    (int)o->refill);
	take = wanted(o, p, n);
	/* After a close, too: the bytes must still be there. */
	memcpy(o->got + o->n, p, take);
	o->n += take;
	if (o->pause_after != 0 && o->n >= o->pause_after) {
		o->pause_after = 0;
		io_pause(io, true);
	}
	return take;
}

static void
on_eof(struct io *io)
{
	story_add(io, 'e');
}

static void
on_drained(struct io *io)
{
	story_add(io, 'd');
}

static void
on_connected(struct io *io)
{
	story_add(io, 'c');
}

static void
on_failed(struct io *io, int error)
{
	struct owner *o = story_add(io, 'f');

	ck_assert_int_eq(o->error, 0);
	o->error = error;
}

static const struct io_events events = {
	.input = on_input,
	.eof = on_eof,
	.drained = on_drained,
	.connected = on_connected,
	.failed = on_failed,
};

static void
turns(unsigned count)
{
	while (count-- != 0)
		ck_assert(loop_turn(&loop, 0));
}

/* Turns until the owner's story is `want`; fails after many turns. */
static void
until(const char *want)
{
	for (int i = 0; i < 500 && strcmp(owner->story, want) != 0; i++)
		ck_assert(loop_turn(&loop, 10000));
	ck_assert_str_eq(owner->story, want);
}

static void
open_pair(void)
{
	int fds[2];

	ck_assert_int_eq(
	    socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
	    0);
	peer = fds[1];
	ck_assert(io_open(&owner->io, &loop, fds[0], false, &events));
	turns(1);
	recvs = 0;
	sends = 0;
}

static int
tcp_listen(struct addr *a)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	int fd;

	ck_assert(addr_parse_ip(SLICE_LIT("127.0.0.1"), a));
	fd = sock_listen(a, false, 4);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&ss, &n), 0);
	addr_from_sockaddr(&ss, a);
	return fd;
}

/* Connects the owner to `peer` over TCP; something may be queued before. */
static void
open_tcp(const char *early)
{
	struct addr a;
	bool done;
	int lfd = tcp_listen(&a);
	int fd = sock_connect(&a, &done);

	ck_assert_int_ge(fd, 0);
	ck_assert(io_open(&owner->io, &loop, fd, true, &events));
	if (early != NULL) {
		obuf_append(&owner->io.out, early, strlen(early));
		ck_assert(!io_flush(&owner->io));
	}
	until(early != NULL ? "cd" : "c");
	while ((peer = sock_accept(lfd, NULL)) < 0 && errno == EAGAIN)
		continue;
	ck_assert_int_ge(peer, 0);
	close(lfd);
	memset(owner->story, 0, sizeof(owner->story));
}

static void
setup(void)
{
	ck_assert(loop_init(&loop));
	ck_assert(io_scratch_init());
	buf_pool_init(0);
	owner = calloc(1, sizeof(*owner));
	owner->io.watch.fd = -1;
	loop_task_init(&owner->free_task, owner_free);
	peer = -1;
	for (size_t i = 0; i < STREAM_BYTES; i++)
		source[i] = (char)('a' + i * 7 % 26);
}

static void
teardown(void)
{
	if (!owner->freed)
		io_close(&owner->io, false);
	free(owner);
	if (peer >= 0)
		close(peer);
	/* Every block is back. */
	ck_assert_uint_eq(buf_pool_state()->used, 0);
	buf_pool_fini();
	io_scratch_fini();
	loop_fini(&loop);
}

/* Writes all of it from the peer, turning the loop when it is full. */
static void
peer_writes(const char *p, size_t n)
{
	while (n != 0) {
		ssize_t done = write(peer, p, n);

		if (done < 0) {
			ck_assert_int_eq(errno, EAGAIN);
			turns(1);
			continue;
		}
		p += done;
		n -= (size_t)done;
	}
}

static size_t
peer_reads(size_t at, size_t most)
{
	ssize_t n;

	if (most > STREAM_BYTES - at)
		most = STREAM_BYTES - at;
	n = read(peer, reader + at, most);
	return n > 0 ? (size_t)n : 0;
}

static void
assert_got(size_t n)
{
	ck_assert_uint_eq(owner->n, n);
	ck_assert(memcmp(owner->got, source, n) == 0);
}

START_TEST(one_recv_one_send)
{
	open_pair();
	for (unsigned i = 1; i <= 10; i++) {
		peer_writes("request", 7);
		turns(1);
		obuf_append(&owner->io.out, "re", 2);
		obuf_append(&owner->io.out, "ply", 3);
		ck_assert(io_flush(&owner->io));
		ck_assert_uint_eq(peer_reads(0, 100), 5);
		ck_assert_uint_eq(recvs, i);
		ck_assert_uint_eq(sends, i);
	}
	turns(2);
	ck_assert_uint_eq(recvs, 10);
	ck_assert_str_eq(owner->story, "i");
	ck_assert_uint_eq(owner->io.bytes_in, 70);
	ck_assert_uint_eq(owner->io.bytes_out, 50);
	ck_assert_ptr_null(owner->io.stash);
	ck_assert_ptr_null(owner->io.out.head);
	ck_assert_uint_le(sizeof(struct io), 160);
}
END_TEST

START_TEST(lines_in_random_parts)
{
	size_t at = 0;

	srand(5);
	for (size_t i = 0; i < STREAM_BYTES; i += 1 + (size_t)rand() % 3000)
		source[i] = MESSAGE_END;
	owner->lines = true;
	open_pair();
	while (at < 200000) {
		size_t n = 1 + (size_t)rand() % (rand() % 2 ? 10 : 4000);

		peer_writes(source + at, n);
		at += n;
		turns((unsigned)rand() % 2);
	}
	turns(2);
	ck_assert_uint_eq(owner->n + io_stashed(&owner->io), at);
	peer_writes("\n", 1);
	source[at] = MESSAGE_END;
	turns(2);
	assert_got(at + 1);
	ck_assert_ptr_null(owner->io.stash);
}
END_TEST

START_TEST(stash_grows_and_goes)
{
	owner->hold = IO_STASH_BYTES;
	open_pair();
	peer_writes(source, IO_STASH_BYTES - 1);
	turns(20);
	ck_assert_uint_eq(owner->n, 0);
	ck_assert_uint_eq(io_stashed(&owner->io), IO_STASH_BYTES - 1);
	peer_writes(source + IO_STASH_BYTES - 1, 1);
	turns(2);
	assert_got(IO_STASH_BYTES);
	ck_assert_ptr_null(owner->io.stash);
}
END_TEST

START_TEST(stash_is_bounded)
{
	size_t n = 0;
	ssize_t done;

	owner->hold = SIZE_MAX;
	open_pair();
	for (unsigned i = 0; i < 200; i++) {
		done = write(peer, source + n, 100000);
		n += done > 0 ? (size_t)done : 0;
		turns(1);
	}
	ck_assert_uint_eq(owner->n, 0);
	ck_assert_uint_gt(io_stashed(&owner->io), IO_STASH_BYTES / 2);
	ck_assert_uint_le(io_stashed(&owner->io), IO_STASH_BYTES);
	ck_assert_uint_gt(n, IO_STASH_BYTES);
	/* Once the owner takes it, the rest comes. */
	owner->hold = 0;
	io_resume(&owner->io);
	turns(10);
	assert_got(n);
}
END_TEST

START_TEST(consumes_in_pieces)
{
	owner->most = 1000;
	owner->resume_on = 'i';
	open_pair();
	peer_writes(source, 100000);
	turns(200);
	assert_got(100000);
	ck_assert_ptr_null(owner->io.stash);
}
END_TEST

START_TEST(pause_holds_everything)
{
	size_t n = 0;
	ssize_t done;

	owner->pause_after = 1;
	owner->most = 10;
	open_pair();
	peer_writes(source, 5000);
	turns(3);
	assert_got(10);
	ck_assert_uint_eq(io_stashed(&owner->io), 4990);
	/* Now the kernel holds it, and the peer meets a full socket. */
	owner->most = 0;
	for (n = 5000; n < STREAM_BYTES; n += (size_t)done) {
		done = write(peer, source + n, STREAM_BYTES - n);
		if (done < 0)
			break;
		turns(1);
	}
	ck_assert_uint_lt(n, STREAM_BYTES);
	close(peer);
	peer = -1;
	turns(3);
	assert_got(10);
	ck_assert_str_eq(owner->story, "i");
	io_pause(&owner->io, false);
	assert_got(10);
	until("ie");
	assert_got(n);
}
END_TEST

START_TEST(pause_taken_back)
{
	owner->hold = 10;
	open_pair();
	peer_writes(source, 5);
	turns(1);
	io_pause(&owner->io, true);
	owner->hold = 0;
	peer_writes(source + 5, 5);
	turns(2);
	ck_assert_uint_eq(io_stashed(&owner->io), 5);
	/* Paused again before the task runs: as if nothing had been. */
	io_pause(&owner->io, false);
	io_pause(&owner->io, true);
	turns(2);
	ck_assert_uint_eq(owner->n, 0);
	io_pause(&owner->io, false);
	turns(1);
	assert_got(10);
}
END_TEST

START_TEST(long_reads_are_shared)
{
	open_pair();
	/* The peer is so fast that the socket is never empty. */
	owner->refill = 20000;
	owner->io.read_max = 20000;
	peer_writes(source, 20000);
	turns(1);
	/* One helping for the event, one for the task. */
	ck_assert_uint_ge(owner->n, 262144);
	ck_assert_uint_le(owner->n, 2 * (262144 + IO_SCRATCH_BYTES));
	owner->refill = 0;
	turns(3);
	assert_got(owner->n);
}
END_TEST

/* The socket is asked only when the last read was filled. */
START_TEST(more_than_was_read)
{
	open_pair();
	owner->io.read_max = 4;
	peer_writes("abc", 3);
	until("i");
	recvs = 0;
	ck_assert(!io_has_more(&owner->io));
	ck_assert_uint_eq(recvs, 0);
	owner->pause_after = 7;
	peer_writes("defg", 4);
	turns(2);
	ck_assert_uint_eq(owner->n, 7);
	recvs = 0;
	ck_assert(!io_has_more(&owner->io));
	ck_assert(!io_has_more(&owner->io));
	ck_assert_uint_eq(recvs, 1);
	peer_writes("h", 1);
	turns(2);
	ck_assert(io_has_more(&owner->io));
	io_pause(&owner->io, false);
	turns(2);
	ck_assert(!io_has_more(&owner->io));
	close(peer);
	peer = -1;
	turns(2);
	ck_assert(io_has_more(&owner->io));
}
END_TEST

START_TEST(slow_reader)
{
	size_t in = 0, out = 0, most = 0;

	open_pair();
	while (out < STREAM_BYTES) {
		/* The owner stops writing while it is blocked. */
		while (in < STREAM_BYTES) {
			size_t n = 50000;

			obuf_write(&owner->io.out, source + in, n);
			in += n;
			if (owner->io.out.bytes > most)
				most = owner->io.out.bytes;
			if (!io_flush(&owner->io))
				break;
		}
		memset(owner->story, 0, sizeof(owner->story));
		while (owner->io.out.bytes != 0 || in == STREAM_BYTES) {
			size_t n = peer_reads(out, 7000);

			out += n;
			turns(1);
			if (out == STREAM_BYTES)
				break;
		}
		if (out < STREAM_BYTES)
			ck_assert_str_eq(owner->story, "d");
	}
	ck_assert_uint_le(most, 50000);
	ck_assert(memcmp(reader, source, STREAM_BYTES) == 0);
	ck_assert_uint_eq(owner->io.bytes_out, STREAM_BYTES);
}
END_TEST

START_TEST(data_then_eof)
{
	open_pair();
	peer_writes(source, 150000);
	shutdown(peer, SHUT_WR);
	until("ie");
	assert_got(150000);
	/* The other direction still works. */
	obuf_append(&owner->io.out, "x", 1);
	ck_assert(io_flush(&owner->io));
	ck_assert_uint_eq(peer_reads(0, 10), 1);
	turns(3);
	ck_assert_str_eq(owner->story, "ie");
}
END_TEST

START_TEST(eof_with_a_rest)
{
	owner->hold = 100;
	open_pair();
	peer_writes(source, 60);
	close(peer);
	peer = -1;
	until("ie");
	ck_assert_uint_eq(io_stashed(&owner->io), 60);
	owner->hold = 0;
	io_resume(&owner->io);
	until("iei");
	assert_got(60);
}
END_TEST

/* The event of the end comes before the task that offers the rest. */
START_TEST(rest_before_eof)
{
	owner->pause_after = 10;
	owner->most = 10;
	open_pair();
	peer_writes(source, 60);
	until("i");
	shutdown(peer, SHUT_WR);
	owner->most = 0;
	io_pause(&owner->io, false);
	until("ie");
	assert_got(60);
	ck_assert_uint_eq(io_stashed(&owner->io), 0);
}
END_TEST

START_TEST(reset_by_peer)
{
	open_tcp(NULL);
	peer_writes(source, 1000);
	sock_reset(peer);
	peer = -1;
	until("if");
	assert_got(1000);
	ck_assert_int_eq(owner->error, ECONNRESET);
	turns(3);
	ck_assert(!io_flush(&owner->io));
}
END_TEST

START_TEST(send_error_comes_later_and_last)
{
	open_pair();
	peer_writes(source, 1000);
	close(peer);
	peer = -1;
	obuf_append(&owner->io.out, "x", 1);
	ck_assert(!io_flush(&owner->io));
	ck_assert_str_eq(owner->story, "");
	/* What the peer said before it went away is heard first. */
	until("ief");
	assert_got(1000);
	ck_assert_int_eq(owner->error, EPIPE);
	ck_assert(!io_flush(&owner->io));
	turns(3);
	ck_assert_str_eq(owner->story, "ief");
}
END_TEST

/* The peer speaks, leaves, and is written to: all since the last wait. */
static void
peer_leaves(struct loop_watch *w, unsigned bits)
{
	uint64_t n;

	(void)bits;
	ck_assert_int_eq(read(w->fd, &n, sizeof(n)), sizeof(n));
	peer_writes(source, 1000);
	close(peer);
	peer = -1;
	obuf_append(&owner->io.out, "x", 1);
	ck_assert(!io_flush(&owner->io));
}

START_TEST(last_words_before_a_send_error)
{
	struct loop_watch w = { .fn = peer_leaves, .fd = eventfd(1, 0) };

	open_pair();
	ck_assert(loop_add(&loop, &w, true));
	until("if");
	assert_got(1000);
	loop_remove(&loop, &w);
	close(w.fd);
}
END_TEST

START_TEST(no_memory_is_a_failure)
{
	open_pair();
	buf_pool_fini();
	buf_pool_init(1);
	obuf_append(&owner->io.out, source, 40000);
	ck_assert(!io_flush(&owner->io));
	until("f");
	ck_assert_int_eq(owner->error, ENOMEM);
}
END_TEST

START_TEST(closed_in_input)
{
	owner->hold = 100;
	open_pair();
	peer_writes(source, 99);
	turns(1);
	ck_assert_uint_eq(io_stashed(&owner->io), 99);
	/* The stash is being read while its owner closes. */
	owner->close_on = 'i';
	peer_writes(source + 99, 1);
	close(peer);
	peer = -1;
	turns(3);
	assert_got(100);
	ck_assert(owner->freed);
	ck_assert_str_eq(owner->story, "i");
}
END_TEST

START_TEST(closed_in_input_from_a_task)
{
	owner->hold = 100;
	open_pair();
	peer_writes(source, 50);
	turns(1);
	/* A task that is queued in the task phase must not outlive io. */
	owner->hold = 0;
	owner->resume_on = 'i';
	owner->close_on = 'i';
	io_resume(&owner->io);
	turns(3);
	assert_got(50);
	ck_assert(owner->freed);
}
END_TEST

START_TEST(closed_in_first_input)
{
	owner->close_on = 'i';
	owner->most = 1;
	open_pair();
	obuf_append(&owner->io.out, "unsent", 6);
	peer_writes(source, 100);
	turns(2);
	ck_assert(owner->freed);
	ck_assert_uint_eq(peer_reads(0, 100), 0);
}
END_TEST

START_TEST(closed_in_eof)
{
	owner->close_on = 'e';
	open_pair();
	peer_writes(source, 10);
	close(peer);
	peer = -1;
	turns(3);
	ck_assert(owner->freed);
	ck_assert_str_eq(owner->story, "ie");
}
END_TEST

START_TEST(closed_in_drained)
{
	size_t n = 0;

	owner->close_on = 'd';
	open_pair();
	obuf_append(&owner->io.out, source, STREAM_BYTES);
	ck_assert(!io_flush(&owner->io));
	peer_writes("x", 1);
	while (!owner->freed) {
		n += peer_reads(n, 100000);
		turns(1);
	}
	while (n < STREAM_BYTES) {
		size_t more = peer_reads(n, STREAM_BYTES - n);

		ck_assert_uint_ne(more, 0);
		n += more;
	}
	ck_assert(memcmp(reader, source, STREAM_BYTES) == 0);
}
END_TEST

START_TEST(closed_in_failed)
{
	owner->close_on = 'f';
	open_tcp(NULL);
	sock_reset(peer);
	peer = -1;
	until("f");
	turns(3);
	ck_assert(owner->freed);
}
END_TEST

START_TEST(writing_after_close_is_nothing)
{
	open_pair();
	io_close(&owner->io, true);
	obuf_append(&owner->io.out, source, 100);
	obuf_write(&owner->io.out, source, 100000);
	ck_assert_ptr_null(obuf_reserve(&owner->io.out, 10));
	ck_assert(!io_flush(&owner->io));
	io_resume(&owner->io);
	io_pause(&owner->io, true);
	io_pause(&owner->io, false);
	io_shutdown(&owner->io);
	io_close(&owner->io, false);
	turns(2);
	ck_assert_str_eq(owner->story, "");
}
END_TEST

START_TEST(connects)
{
	size_t n;

	open_tcp("early");
	while ((n = peer_reads(0, 100)) == 0)
		turns(1);
	ck_assert_uint_eq(n, 5);
	peer_writes(source, 10);
	until("i");
	assert_got(10);
}
END_TEST

START_TEST(connect_refused)
{
	struct addr a;
	bool done;
	int fd;

	close(tcp_listen(&a));
	fd = sock_connect(&a, &done);
	if (fd < 0) {
		ck_assert_int_eq(errno, ECONNREFUSED);
		return;
	}
	ck_assert(io_open(&owner->io, &loop, fd, true, &events));
	obuf_append(&owner->io.out, "x", 1);
	ck_assert(!io_flush(&owner->io));
	until("f");
	ck_assert_int_eq(owner->error, ECONNREFUSED);
}
END_TEST

START_TEST(half_close_follows_the_queue)
{
	size_t n = 0, more;

	open_pair();
	obuf_append(&owner->io.out, source, 500000);
	ck_assert(!io_flush(&owner->io));
	io_shutdown(&owner->io);
	for (int i = 0; i < 1000; i++) {
		more = peer_reads(n, 100000);
		n += more;
		turns(1);
		if (more == 0 && n == 500000)
			break;
	}
	ck_assert_uint_eq(n, 500000);
	ck_assert_int_eq((int)read(peer, reader, 1), 0);
	/* Input still comes. */
	peer_writes(source, 10);
	turns(2);
	assert_got(10);
	ck_assert_str_eq(owner->story, "di");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("io");
	TCase *tc = tcase_create("io");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, one_recv_one_send);
	tcase_add_test(tc, lines_in_random_parts);
	tcase_add_test(tc, stash_grows_and_goes);
	tcase_add_test(tc, stash_is_bounded);
	tcase_add_test(tc, consumes_in_pieces);
	tcase_add_test(tc, pause_holds_everything);
	tcase_add_test(tc, pause_taken_back);
	tcase_add_test(tc, long_reads_are_shared);
	tcase_add_test(tc, more_than_was_read);
	tcase_add_test(tc, slow_reader);
	tcase_add_test(tc, data_then_eof);
	tcase_add_test(tc, eof_with_a_rest);
	tcase_add_test(tc, rest_before_eof);
	tcase_add_test(tc, reset_by_peer);
	tcase_add_test(tc, send_error_comes_later_and_last);
	tcase_add_test(tc, last_words_before_a_send_error);
	tcase_add_test(tc, no_memory_is_a_failure);
	tcase_add_test(tc, closed_in_input);
	tcase_add_test(tc, closed_in_input_from_a_task);
	tcase_add_test(tc, closed_in_first_input);
	tcase_add_test(tc, closed_in_eof);
	tcase_add_test(tc, closed_in_drained);
	tcase_add_test(tc, closed_in_failed);
	tcase_add_test(tc, writing_after_close_is_nothing);
	tcase_add_test(tc, connects);
	tcase_add_test(tc, connect_refused);
	tcase_add_test(tc, half_close_follows_the_queue);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
