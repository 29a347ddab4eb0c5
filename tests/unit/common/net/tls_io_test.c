/*
 * Tests of tls_io.c with io.c above it: an io is the same with TLS and without,
 * but for what TLS is there to tell. recv and send are counted on their way to
 * the kernel.
 */
#include "tests/unit/common/net/tls_site_kit.h"

#include <dlfcn.h>
#include <malloc.h>
#include <sys/syscall.h>

#include "common/net/io_tls.h"
#include "common/net/sock.h"
#include "common/net/tls_state.h"
#include "common/net/tls_wire.h"

#define BULK 3000000
#define BARREN 32 /* records without data, and data for one more */
#define BARREN_PRICE 16

static char *source;
static unsigned recvs, sends, empty_recvs;
static size_t recv_most; /* a socket that gives little; 0: no limit */
static bool no_send;     /* a socket that takes nothing */

ssize_t
recv(int fd, void *p, size_t n, int flags)
{
	ssize_t got;

	recvs++;
	if (recv_most != 0 && n > recv_most)
		n = recv_most;
	got = syscall(SYS_recvfrom, fd, p, n, flags, NULL, NULL);
	empty_recvs += got < 0;
	return got;
}

ssize_t
send(int fd, const void *p, size_t n, int flags)
{
	sends++;
	if (no_send) {
		errno = EAGAIN;
		return -1;
	}
	return syscall(SYS_sendto, fd, p, n, flags, NULL, 0);
}

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	sends++;
	return syscall(SYS_sendmsg, fd, msg, flags);
}

static void
setup(void)
{
	site_setup((struct tls_server_want){ .min_version = 0x0303 });
	source = malloc(BULK);
	for (size_t i = 0; i < BULK; i++)
		source[i] = (char)('a' + i * 7 % 26 + i / 4096 % 7);
}

static void
teardown(void)
{
	site_teardown();
	free(source);
}

static struct tls *
client_tls(void)
{
	return tls_connect(client, SLICE_LIT("a.test"), NULL);
}

/* Both ends, before the handshake. */
static void
open_early(void)
{
	pair_open(tls_accept(server, &host), client_tls());
}

/* The ticket leaves by itself when enough time has passed. */
static void
ticket_falls_due(void)
{
	ck_assert(server_end.io.tls->put_off);
	own_us += TLS_PUT_OFF_US - 1000;
	turns(2);
	ck_assert(server_end.io.tls->put_off);
	own_us += 2000;
	turns(1);
	ck_assert(!server_end.io.tls->put_off);
	turns(2);
}

static void
open_ready(void)
{
	open_early();
	turns(10);
	ticket_falls_due();
	ck_assert_str_eq(client_end.story, "c");
	ck_assert_str_eq(server_end.story, "s");
	memset(client_end.story, 0, STORY_BYTES);
	memset(server_end.story, 0, STORY_BYTES);
	recvs = sends = empty_recvs = 0;
}

static void
say(struct end *e, const char *text)
{
	obuf_append(&e->io.out, text, strlen(text));
	io_flush(&e->io);
}

static void
assert_heard(const struct end *e, const char *text)
{
	ck_assert_uint_eq(e->n, strlen(text));
	ck_assert(memcmp(e->got, text, e->n) == 0);
}

static void
assert_source(const struct end *e, size_t n)
{
	ck_assert_uint_eq(e->n, n);
	ck_assert(memcmp(e->got, source, n) == 0);
}

/* ---- system calls ---- */

START_TEST(calls_of_a_handshake)
{
	client_end.greeting = "request";
	open_early();
	recvs = sends = empty_recvs = 0;
	turns(10);
	assert_heard(&server_end, "request");
	/* Hello; flight; Finished with the request. */
	ck_assert_uint_eq(sends, 3);
	ck_assert_uint_eq(recvs, 3);
	ck_assert_uint_eq(io_queued(&server_end.io), 0);
	ticket_falls_due();
	ck_assert_uint_eq(sends, 4);
	ck_assert_uint_eq(recvs, 4);
	ck_assert_uint_eq(empty_recvs, 0);
	ck_assert_str_eq(server_end.story, "si");
}
END_TEST

START_TEST(ticket_leaves_with_the_answer)
{
	client_end.greeting = "request";
	server_end.greeting = "answer";
	open_early();
	sends = 0;
	turns(10);
	assert_heard(&client_end, "answer");
	ck_assert_uint_eq(sends, 4);
	ck_assert_ptr_null(server_end.io.out.head);
	ck_assert_uint_eq(buf_pool_state()->used, 0);
}
END_TEST

/* The request comes after the Finished, in a turn of its own. */
START_TEST(ticket_waits_for_the_answer)
{
	open_early();
	turns(10);
	ck_assert(server_end.io.tls->put_off);
	say(&client_end, "request");
	turns(2);
	sends = recvs = 0;
	say(&server_end, "answer");
	turns(2);
	assert_heard(&client_end, "answer");
	ck_assert_uint_eq(sends, 1);
	ck_assert_uint_eq(recvs, 1);
	ck_assert(!server_end.io.tls->put_off);
	ck_assert_uint_eq(buf_pool_state()->used, 0);
	ck_assert_int_eq(
	    SSL_SESSION_is_resumable(SSL_get0_session(client_end.io.tls->ssl)),
	    1);
}
END_TEST

/* Or nothing does: then it is in front of what the end says. */
START_TEST(ticket_waits_for_the_end)
{
	open_early();
	turns(10);
	sends = 0;
	io_close(&server_end.io, false);
	turns(2);
	ck_assert_uint_eq(sends, 1);
	ck_assert_str_eq(client_end.story, "ce");
	ck_assert(!client_end.cut);
	ck_assert_int_eq(
	    SSL_SESSION_is_resumable(SSL_get0_session(client_end.io.tls->ssl)),
	    1);
}
END_TEST

/* In front of an alert, too, or nobody could read it. */
START_TEST(ticket_keeps_its_place)
{
	open_early();
	turns(10);
	ck_assert_int_eq(
	    (int)write(client_end.io.watch.fd, "\x17\3\3\0\1\1", 6), 6);
	turns(3);
	ck_assert_int_eq(server_end.error, EPROTO);
	ck_assert_str_eq(client_end.story, "cf");
	ck_assert_str_eq(
	    client_end.fault, "the peer sent the alert \"bad record mac\"");
}
END_TEST

/* The Finished of TLS 1.2 is waited for, with its ticket in front of it. */
START_TEST(finished_is_not_late)
{
	struct tls *t = client_tls();

	SSL_set_max_proto_version(t->ssl, TLS1_2_VERSION);
	pair_open(tls_accept(server, &host), t);
	turns(10);
	ck_assert(!server_end.io.tls->put_off);
	ck_assert_str_eq(client_end.story, "c");
}
END_TEST

START_TEST(one_recv_one_send)
{
	open_ready();
	for (unsigned i = 1; i <= 10; i++) {
		say(&client_end, "request");
		turns(1);
		obuf_append(&server_end.io.out, "head", 4);
		obuf_append(&server_end.io.out, "body", 4);
		ck_assert(io_flush(&server_end.io));
		turns(1);
		ck_assert_uint_eq(server_end.n, 7 * i);
		ck_assert_uint_eq(client_end.n, 8 * i);
		ck_assert_uint_eq(recvs, 2 * i);
		ck_assert_uint_eq(sends, 2 * i);
	}
	ck_assert_uint_eq(empty_recvs, 0);
	ck_assert_ptr_null(server_end.io.tls->in);
	ck_assert_uint_eq(buf_pool_state()->used, 0);
}
END_TEST

/* Calls of SSL_read_ex, and how large blocks of the library are held. */
static unsigned reads;
static int large_blocks;

int
SSL_read_ex(SSL *ssl, void *p, size_t n, size_t *got)
{
	static int (*real)(SSL *, void *, size_t, size_t *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "SSL_read_ex");
	reads++;
	return real(ssl, p, n, got);
}

static void
count_block(void *p, int by)
{
	if (p != NULL && malloc_usable_size(p) > 16384)
		large_blocks += by;
}

static void *
counted_malloc(size_t n, const char *file, int line)
{
	void *p = malloc(n);

	(void)file;
	(void)line;
	count_block(p, 1);
	return p;
}

static void *
counted_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	count_block(p, -1);
	p = realloc(p, n);
	count_block(p, 1);
	return p;
}

static void
counted_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	count_block(p, -1);
	free(p);
}

START_TEST(one_read_of_what_is_there)
{
	open_ready();
	say(&client_end, "request");
	reads = 0;
	turns(1);
	assert_heard(&server_end, "request");
	ck_assert_uint_eq(reads, 1);
	/* Two records in one recv. */
	obuf_append(&client_end.io.out, source, 5000);
	io_flush(&client_end.io);
	reads = 0;
	turns(1);
	ck_assert_uint_eq(server_end.n, 5007);
	ck_assert_uint_eq(reads, 2);
}
END_TEST

START_TEST(no_buffer_of_a_record_stays)
{
	int before;

	open_ready();
	before = large_blocks;
	for (int i = 0; i < 3; i++) {
		say(&client_end, "request");
		turns(1);
		ck_assert_int_eq(large_blocks, before);
		say(&server_end, "answer");
		turns(1);
		ck_assert_int_eq(large_blocks, before);
	}
	ck_assert_int_eq(before, 0);
}
END_TEST

START_TEST(head_and_body_in_one_send)
{
	open_ready();
	obuf_append(&server_end.io.out, source, 200);
	obuf_write(&server_end.io.out, source + 200, 50000);
	ck_assert(io_flush(&server_end.io));
	ck_assert_uint_eq(sends, 1);
	turns(5);
	assert_source(&client_end, 50200);
}
END_TEST

/* The bytes of TLS that are in the socket: types and lengths of its records. */
static size_t
records(size_t *sizes, size_t most)
{
	static unsigned char raw[200000];
	ssize_t n = syscall(SYS_recvfrom, client_end.io.watch.fd, raw,
	    sizeof(raw), MSG_PEEK, NULL, NULL);
	size_t count = 0;

	for (ssize_t at = 0; at + 5 <= n && count < most; count++) {
		sizes[count] = (size_t)raw[at + 3] * 256 + raw[at + 4];
		at += 5 + (ssize_t)sizes[count];
	}
	return count;
}

START_TEST(records_grow)
{
	size_t sizes[64], count;

	open_ready();
	obuf_write(&server_end.io.out, source, 100);
	obuf_write(&server_end.io.out, source + 100, 65000);
	io_flush(&server_end.io);
	count = records(sizes, 64);
	/* The head is not alone in its record. */
	ck_assert_uint_eq(count, 16);
	for (size_t i = 0; i < 15; i++)
		ck_assert_uint_eq(sizes[i], 4096 + 17);
	turns(3);
	obuf_write(&server_end.io.out, source + 65100, 40000);
	io_flush(&server_end.io);
	count = records(sizes, 64);
	ck_assert_uint_le(count, 4);
	ck_assert_uint_eq(sizes[1], 16384 + 17);
	turns(3);
	assert_source(&client_end, 105100);
	/* After a pause they are small again. */
	server_end.io.tls->sent_us -= 1000001;
	obuf_write(&server_end.io.out, source, 10000);
	io_flush(&server_end.io);
	ck_assert_uint_eq(records(sizes, 64), 3);
}
END_TEST

/* ---- much ---- */

/* Both ends write BULK while they read, one of them slowly. */
static void
exchange(void)
{
	size_t in = 0, out = 0, most = 0;

	for (unsigned i = 0; i < 200000; i++) {
		struct end *ends[] = { &server_end, &client_end };
		size_t *done[] = { &in, &out };

		for (int k = 0; k < 2; k++) {
			struct io *io = &ends[k]->io;
			size_t n = 1 + (size_t)rand() % 60000;

			if (*done[k] + n > BULK)
				n = BULK - *done[k];
			if (io_queued(io) == 0 && n != 0) {
				obuf_write(&io->out, source + *done[k], n);
				*done[k] += n;
				io_flush(io);
			}
			if (io_queued(io) > most)
				most = io_queued(io);
			if (rand() % 4 == 0)
				io_pause(&ends[!k]->io,
				    rand() % 2 && ends[!k]->n < BULK);
		}
		turns(1);
		if (server_end.n == BULK && client_end.n == BULK)
			break;
	}
	assert_source(&server_end, BULK);
	assert_source(&client_end, BULK);
	ck_assert_uint_le(most, 90000);
}

START_TEST(much_both_ways)
{
	srand((unsigned)_i);
	open_ready();
	server_end.resume = true;
	client_end.resume = true;
	client_end.io.read_max = 3000;
	server_end.most = _i % 2 ? 1000 : 0;
	exchange();
	ck_assert_uint_eq(server_end.io.wire_bytes, 0);
	ck_assert_ptr_null(server_end.io.stash);
	ck_assert_str_eq(client_end.fault, "");
}
END_TEST

START_TEST(one_byte_at_a_time)
{
	recv_most = 1;
	client_end.greeting = "request";
	server_end.greeting = "answer";
	open_early();
	for (int i = 0; i < 20000 && client_end.n < 6; i++) {
		/* Each byte would need an edge of its own. */
		server_end.io.readable = true;
		client_end.io.readable = true;
		loop_defer(&loop, &server_end.io.task);
		loop_defer(&loop, &client_end.io.task);
		turns(1);
	}
	assert_heard(&server_end, "request");
	assert_heard(&client_end, "answer");
}
END_TEST

START_TEST(pause_holds_everything)
{
	size_t n = 0;

	open_ready();
	server_end.pause_after = 10;
	server_end.most = 10;
	obuf_write(&client_end.io.out, source, 60000);
	io_flush(&client_end.io);
	turns(5);
	ck_assert_uint_eq(server_end.n, 10);
	/* Other connections use the areas meanwhile. */
	say(&server_end, "x");
	turns(3);
	assert_heard(&client_end, "x");
	/* Now the kernel holds it. */
	for (n = 60000; n < BULK; n += 40000) {
		obuf_write(&client_end.io.out, source + n, 40000);
		if (!io_flush(&client_end.io))
			break;
		turns(1);
	}
	ck_assert_uint_lt(n, BULK);
	ck_assert_uint_gt(io_queued(&client_end.io), 0);
	ck_assert_uint_eq(server_end.n, 10);
	server_end.most = 0;
	io_pause(&server_end.io, false);
	turns(30);
	assert_source(&server_end, n + 40000);
	ck_assert_uint_eq(io_queued(&client_end.io), 0);
	ck_assert_str_eq(client_end.story, "id");
}
END_TEST

/* The end comes in the same bytes as what made the owner pause. */
START_TEST(pause_holds_the_end)
{
	open_ready();
	server_end.pause_after = 1;
	say(&client_end, "last");
	io_shutdown(&client_end.io);
	turns(5);
	assert_heard(&server_end, "last");
	ck_assert_str_eq(server_end.story, "i");
	io_pause(&server_end.io, false);
	turns(2);
	ck_assert_str_eq(server_end.story, "ie");
}
END_TEST

/* A rest that libssl has not seen stays good while others use the area. */
START_TEST(rests_are_kept)
{
	open_ready();
	obuf_write(&client_end.io.out, source, 50000);
	io_flush(&client_end.io);
	server_end.pause_after = 1;
	server_end.io.read_max = 20000;
	turns(2);
	ck_assert_uint_gt(server_end.n, 0);
	say(&server_end, "x");
	turns(2);
	assert_heard(&client_end, "x");
	io_pause(&server_end.io, false);
	turns(5);
	assert_source(&server_end, 50000);
	ck_assert_uint_eq(buf_pool_state()->used, 0);
}
END_TEST

START_TEST(more_than_was_read)
{
	open_ready();
	server_end.io.read_max = 4;
	say(&client_end, "abcd");
	turns(3);
	assert_heard(&server_end, "abcd");
	ck_assert(!io_has_more(&server_end.io));
	/* The rest of a record, which libssl has. */
	server_end.pause_after = 8;
	say(&client_end, "efghij");
	turns(3);
	assert_heard(&server_end, "abcdefgh");
	ck_assert(io_has_more(&server_end.io));
	io_pause(&server_end.io, false);
	turns(3);
	ck_assert(!io_has_more(&server_end.io));
	/* The end. */
	server_end.pause_after = 11;
	say(&client_end, "k");
	io_close(&client_end.io, false);
	turns(3);
	assert_heard(&server_end, "abcdefghijk");
	ck_assert(io_has_more(&server_end.io));
}
END_TEST

START_TEST(stash_with_tls)
{
	open_ready();
	server_end.most = 1;
	say(&client_end, "abcdef");
	turns(3);
	ck_assert_uint_eq(server_end.n, 1);
	ck_assert_uint_eq(io_stashed(&server_end.io), 5);
	server_end.most = 0;
	say(&client_end, "ghi");
	turns(3);
	assert_heard(&server_end, "abcdefghi");
	ck_assert_ptr_null(server_end.io.stash);
}
END_TEST

/* ---- ends ---- */

START_TEST(shutdown_says_so)
{
	open_ready();
	say(&client_end, "last");
	io_shutdown(&client_end.io);
	turns(3);
	assert_heard(&server_end, "last");
	ck_assert_str_eq(server_end.story, "ie");
	ck_assert(!server_end.cut);
	/* The other direction still works. */
	say(&server_end, "answer");
	turns(3);
	assert_heard(&client_end, "answer");
	io_close(&server_end.io, false);
	turns(3);
	ck_assert_str_eq(client_end.story, "ie");
	ck_assert(!client_end.cut);
	ck_assert_str_eq(client_end.fault, "");
}
END_TEST

START_TEST(shutdown_waits_for_the_queue)
{
	open_ready();
	io_pause(&server_end.io, true);
	obuf_append(&client_end.io.out, source, BULK);
	ck_assert(!io_flush(&client_end.io));
	io_shutdown(&client_end.io);
	turns(3);
	ck_assert(!client_end.io.shut);
	io_pause(&server_end.io, false);
	turns(300);
	ck_assert(client_end.io.shut);
	assert_source(&server_end, BULK);
	ck_assert_str_eq(server_end.story, "ie");
	ck_assert(!server_end.cut);
	ck_assert_str_eq(client_end.story, "d");
}
END_TEST

START_TEST(shutdown_in_the_handshake)
{
	open_early();
	if (_i == 1)
		obuf_append(&client_end.io.out, "all", 3);
	io_shutdown(&client_end.io);
	turns(10);
	ck_assert_str_eq(client_end.story, _i == 1 ? "cd" : "c");
	assert_heard(&server_end, _i == 1 ? "all" : "");
	ck_assert_str_eq(server_end.story, _i == 1 ? "sie" : "se");
	ck_assert(!server_end.cut);
}
END_TEST

/* With the bytes before it, when those are known to be the last. */
START_TEST(last_bytes_say_so)
{
	open_ready();
	obuf_append(&server_end.io.out, source, 200);
	obuf_write(&server_end.io.out, source + 200, _i == 0 ? 300 : 40000);
	ck_assert(io_flush_last(&server_end.io));
	io_close(&server_end.io, false);
	ck_assert_uint_eq(sends, _i == 0 ? 1 : 2);
	turns(3);
	assert_source(&client_end, _i == 0 ? 500 : 40200);
	ck_assert_str_eq(client_end.story, "ie");
	ck_assert(!client_end.cut);
}
END_TEST

START_TEST(last_bytes_that_wait)
{
	open_ready();
	io_pause(&client_end.io, true);
	obuf_append(&server_end.io.out, source, BULK);
	ck_assert(!io_flush_last(&server_end.io));
	ck_assert(!server_end.io.tls->bye);
	io_pause(&client_end.io, false);
	turns(300);
	ck_assert(server_end.io.tls->bye);
	assert_source(&client_end, BULK);
	ck_assert_str_eq(client_end.story, "ie");
	ck_assert(!client_end.cut);
	ck_assert_str_eq(server_end.story, "d");
}
END_TEST

START_TEST(close_says_so)
{
	open_ready();
	say(&client_end, "last");
	io_close(&client_end.io, false);
	turns(3);
	assert_heard(&server_end, "last");
	ck_assert_str_eq(server_end.story, "ie");
	ck_assert(!server_end.cut);
}
END_TEST

/* {close with a reset, with something queued} */
static const bool cuts[][2] = { { true, false }, { false, true } };

START_TEST(cut)
{
	open_ready();
	say(&client_end, "part");
	turns(3);
	if (cuts[_i][1])
		obuf_append(&client_end.io.out, "rest", 4);
	io_close(&client_end.io, cuts[_i][0]);
	turns(3);
	assert_heard(&server_end, "part");
	ck_assert_str_eq(server_end.story, "ie");
	ck_assert(server_end.cut);
	ck_assert_str_eq(server_end.fault, "");
}
END_TEST

/* A record that is not whole at the end, too. */
START_TEST(cut_in_a_record)
{
	open_ready();
	ck_assert_int_eq(
	    (int)write(client_end.io.watch.fd, "\x17\3\3\0\x20part", 9), 9);
	io_close(&client_end.io, true);
	turns(3);
	ck_assert_str_eq(server_end.story, "e");
	ck_assert(server_end.cut);
}
END_TEST

START_TEST(eof_in_the_handshake)
{
	int fds[2];

	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds);
	end_open(&server_end, fds[0]);
	io_secure(&server_end.io, tls_accept(server, &host));
	turns(2);
	if (_i == 1)
		ck_assert_int_eq((int)write(fds[1], "\x16\3\1", 3), 3);
	close(fds[1]);
	turns(3);
	ck_assert_str_eq(server_end.story, "f");
	ck_assert_int_eq(server_end.error, EPROTO);
	ck_assert_str_eq(server_end.fault,
	    "the peer closed the connection in the handshake");
	turns(3);
	ck_assert_str_eq(server_end.story, "f");
}
END_TEST

/* {what comes instead of a hello, the fault} */
static const struct {
	struct slice bytes;
	const char *fault;
} garbage[] = {
	{ SLICE_LIT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "http request" },
	{ SLICE_LIT("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	    "wrong version number" },
	{ SLICE_LIT("\x16\3\1\xff\xff\1\1\1\1\1\1\1\1\1\1\1"),
	    "packet length too long" },
	{ SLICE_LIT("\x17\3\3\0\1\1"), "unexpected message" },
	{ SLICE_LIT("\x15\3\1\0\2\2\x28"), "unexpected message" },
};

START_TEST(garbage_for_a_hello)
{
	char answer[64];
	ssize_t n;
	int fds[2];

	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds);
	end_open(&server_end, fds[0]);
	io_secure(&server_end.io, tls_accept(server, &host));
	n = write(fds[1], garbage[_i].bytes.p, garbage[_i].bytes.n);
	ck_assert_int_eq((int)n, (int)garbage[_i].bytes.n);
	turns(3);
	ck_assert_str_eq(server_end.story, "f");
	ck_assert_int_eq(server_end.error, EPROTO);
	ck_assert_str_eq(server_end.fault, garbage[_i].fault);
	/* An alert, if anything. */
	n = read(fds[1], answer, sizeof(answer));
	ck_assert(n <= 0 || answer[0] == 0x15);
	close(fds[1]);
}
END_TEST

/* Whoever spoke it is gone: what was wrong is still what it said. */
START_TEST(alert_that_cannot_leave)
{
	int fds[2];

	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds);
	end_open(&server_end, fds[0]);
	io_secure(&server_end.io, tls_accept(server, &host));
	ck_assert_int_eq((int)write(fds[1], "\x17\3\3\0\1\1", 6), 6);
	close(fds[1]);
	turns(3);
	ck_assert_int_eq(server_end.error, EPROTO);
	ck_assert_str_eq(server_end.fault, "unexpected message");
}
END_TEST

START_TEST(broken_record)
{
	open_ready();
	say(&client_end, "good");
	/* Behind it, one that nobody has sealed. */
	ck_assert_int_eq((int)write(client_end.io.watch.fd,
			     "\x17\3\3\0\x20"
			     "01234567890123456789012345678901",
			     37),
	    37);
	turns(3);
	assert_heard(&server_end, "good");
	ck_assert_str_eq(server_end.story, "if");
	ck_assert_int_eq(server_end.error, EPROTO);
	ck_assert_str_eq(
	    server_end.fault, "decryption failed or bad record mac");
	ck_assert_str_eq(client_end.story, "f");
	ck_assert_str_eq(
	    client_end.fault, "the peer sent the alert \"bad record mac\"");
	ck_assert(!io_flush(&server_end.io));
	io_shutdown(&server_end.io);
	io_close(&server_end.io, false);
}
END_TEST

START_TEST(send_fails)
{
	open_ready();
	say(&client_end, "before");
	io_close(&client_end.io, true);
	say(&server_end, "x");
	turns(3);
	assert_heard(&server_end, "before");
	ck_assert_int_eq(server_end.error, EPIPE);
	ck_assert_ptr_nonnull(strchr(server_end.story, 'f'));
}
END_TEST

/* ---- the handshake and its owner ---- */

START_TEST(queued_before_the_handshake)
{
	open_early();
	obuf_append(&client_end.io.out, "early", 5);
	ck_assert(!io_flush(&client_end.io));
	obuf_write(&server_end.io.out, source, 20000);
	ck_assert(!io_flush(&server_end.io));
	turns(10);
	ck_assert_str_eq(client_end.story, "cdi");
	ck_assert_str_eq(server_end.story, "sdi");
	assert_heard(&server_end, "early");
	assert_source(&client_end, 20000);
}
END_TEST

START_TEST(paused_in_the_handshake)
{
	client_end.greeting = "request";
	open_early();
	io_pause(&server_end.io, true);
	turns(10);
	ck_assert_str_eq(server_end.story, "s");
	ck_assert_str_eq(client_end.story, "c");
	io_pause(&server_end.io, false);
	turns(3);
	assert_heard(&server_end, "request");
}
END_TEST

START_TEST(socket_full_in_the_handshake)
{
	open_early();
	no_send = true;
	client_end.io.writable = true;
	turns(3);
	ck_assert_str_eq(client_end.story, "");
	ck_assert_uint_gt(client_end.io.wire_bytes, 0);
	ck_assert(!client_end.io.writable);
	no_send = false;
	client_end.io.writable = true;
	loop_defer(&loop, &client_end.io.task);
	turns(10);
	ck_assert_str_eq(client_end.story, "c");
	ck_assert_str_eq(server_end.story, "s");
}
END_TEST

static char close_events[] = "csiedf";

/* Each side closes in each of its events. */
START_TEST(closed_in_each_event)
{
	char event = close_events[_i / 2];
	struct end *closing = _i % 2 ? &server_end : &client_end;

	closing->close_on = event;
	client_end.greeting = "request";
	server_end.greeting = "answer";
	open_early();
	obuf_append(&closing->io.out, "early", 5);
	turns(10);
	if (event == 'e')
		io_close(_i % 2 ? &client_end.io : &server_end.io, false);
	if (event == 'f')
		ck_assert_int_eq((int)write(_i % 2 ? client_end.io.watch.fd
						   : server_end.io.watch.fd,
				     "\x17\3\3\0\1\1", 6),
		    6);
	turns(10);
	if (event != (_i % 2 ? 'c' : 's') && event != 'd')
		ck_assert(closing->freed);
	ck_assert(!closing->freed ||
	    closing->story[strlen(closing->story) - 1] == event);
}
END_TEST

START_TEST(closed_in_the_middle)
{
	open_early();
	turns((unsigned)_i);
	io_close(&client_end.io, false);
	turns(5);
	ck_assert(server_end.story[0] == 'f' || server_end.story[0] == 's');
}
END_TEST

/* What comes before TLS on the same connection, cut anywhere. */
START_TEST(a_line_first)
{
	static const char line[] = "PROXY TCP4\r\n";
	int fds[2], relay[2];
	char bytes[4096];
	size_t n = sizeof(line) - 1;
	ssize_t more;

	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds);
	socketpair(
	    AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, relay);
	client_end.greeting = "request";
	end_open(&client_end, relay[0]);
	io_secure(&client_end.io, client_tls());
	turns(1);
	memcpy(bytes, line, n);
	more = read(relay[1], bytes + n, sizeof(bytes) - n);
	ck_assert_int_gt((int)more, 100);
	n += (size_t)more;

	end_open(&server_end, fds[0]);
	server_end.secure_at = tls_accept(server, &host);
	ck_assert_int_eq((int)write(fds[1], bytes, (size_t)_i), _i);
	turns(2);
	ck_assert_int_eq(
	    (int)write(fds[1], bytes + _i, n - (size_t)_i), (int)n - _i);
	/* From here on, the bytes are carried to and fro. */
	for (int i = 0; i < 20; i++) {
		turns(1);
		more = read(fds[1], bytes, sizeof(bytes));
		if (more > 0)
			ck_assert_int_eq(
			    (int)write(relay[1], bytes, (size_t)more),
			    (int)more);
		turns(1);
		more = read(relay[1], bytes, sizeof(bytes));
		if (more > 0)
			ck_assert_int_eq(
			    (int)write(fds[1], bytes, (size_t)more), (int)more);
	}
	ck_assert_str_eq(server_end.fault, "");
	ck_assert_str_eq(server_end.story, "isi");
	assert_heard(&server_end, "request");
	close(fds[1]);
	close(relay[1]);
}
END_TEST

START_TEST(over_tcp)
{
	struct addr a;
	bool done;
	int lfd, fd;

	ck_assert(addr_parse_ip(SLICE_LIT("127.0.0.1"), &a));
	lfd = sock_listen(&a, false, 4);
	ck_assert(sock_local(lfd, &a));
	fd = sock_connect(&a, &done);
	ck_assert(io_open(&client_end.io, &loop, fd, !done, &end_events));
	client_end.opened = true;
	loop_task_init(&client_end.free_task, end_free);
	io_secure(&client_end.io, client_tls());
	obuf_append(&client_end.io.out, "early", 5);
	io_flush(&client_end.io);
	turns(2);
	ck_assert_str_eq(client_end.story, "");
	while ((fd = sock_accept(lfd, NULL)) < 0 && errno == EAGAIN)
		continue;
	end_open(&server_end, fd);
	io_secure(&server_end.io, tls_accept(server, &host));
	for (int i = 0; i < 100 && server_end.n < 5; i++)
		ck_assert(loop_turn(&loop, 10000));
	ck_assert_str_eq(client_end.story, "cd");
	assert_heard(&server_end, "early");
	close(lfd);
}
END_TEST

START_TEST(connect_fails)
{
	struct addr a;
	bool done;
	int lfd, fd;

	ck_assert(addr_parse_ip(SLICE_LIT("127.0.0.1"), &a));
	lfd = sock_listen(&a, false, 4);
	ck_assert(sock_local(lfd, &a));
	close(lfd);
	fd = sock_connect(&a, &done);
	if (fd < 0)
		return;
	ck_assert(io_open(&client_end.io, &loop, fd, !done, &end_events));
	client_end.opened = true;
	loop_task_init(&client_end.free_task, end_free);
	io_secure(&client_end.io, client_tls());
	for (int i = 0; i < 100 && client_end.error == 0; i++)
		ck_assert(loop_turn(&loop, 10000));
	ck_assert_int_eq(client_end.error, ECONNREFUSED);
	ck_assert_str_eq(client_end.fault, "");
}
END_TEST

/* ---- peers that mean harm ---- */

/* More answers than would go unseen, and fewer than end it. */
#define UPDATES 12

/* Each asks for an answer, and the peer never reads. */
START_TEST(key_updates_do_not_pile_up)
{
	open_ready();
	for (int i = 0; i < UPDATES; i++) {
		server_end.io.writable = false;
		SSL_key_update(
		    client_end.io.tls->ssl, SSL_KEY_UPDATE_REQUESTED);
		say(&client_end, "x");
		turns(1);
		ck_assert_uint_le(server_end.io.wire_bytes, 100);
	}
	ck_assert_uint_eq(server_end.n, UPDATES);
	server_end.io.writable = true;
	say(&server_end, "answer");
	turns(2);
	assert_heard(&client_end, "answer");
}
END_TEST

/* Updates of the client's key, all in one send, with nothing behind them. */
static void
update_keys(unsigned count)
{
	struct tls *t = client_end.io.tls;

	while (count-- != 0) {
		ck_assert_int_eq(
		    SSL_key_update(t->ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		ck_assert_int_eq(SSL_do_handshake(t->ssl), 1);
	}
	tls_wire_push(t);
	turns(2);
}

START_TEST(key_updates_alone)
{
	open_ready();
	update_keys(BARREN);
	ck_assert_int_eq(server_end.error, 0);
	say(&client_end, "request");
	turns(1);
	assert_heard(&server_end, "request");
	update_keys(1);
	ck_assert_int_eq(server_end.error, EPROTO);
	ck_assert_str_eq(
	    server_end.fault, "the peer sends too many records without data");
}
END_TEST

START_TEST(key_updates_between_data)
{
	open_ready();
	update_keys(BARREN);
	for (int i = 0; i < 10; i++) {
		for (int k = 0; k < 2 * BARREN_PRICE; k++) {
			say(&client_end, "x");
			turns(1);
		}
		update_keys(2);
	}
	ck_assert_int_eq(server_end.error, 0);
	ck_assert_uint_eq(server_end.n, 20 * BARREN_PRICE);
}
END_TEST

static void
renegotiate(bool many)
{
	struct tls *t = client_tls();

	SSL_set_max_proto_version(t->ssl, TLS1_2_VERSION);
	SSL_clear_options(t->ssl, SSL_OP_NO_RENEGOTIATION);
	pair_open(tls_accept(server, &host), t);
	turns(10);
	if (many) {
		/* As after many answers that were not read. */
		server_end.io.writable = false;
		obuf_append(&server_end.io.tls->out, source, 270000);
		server_end.io.wire_bytes = 270000;
	}
	ck_assert_int_eq(SSL_renegotiate(t->ssl), 1);
	client_end.io.readable = true;
	ck_assert_int_eq(tls_handshake(&client_end.io), TLS_WAITS);
	turns(10);
}

START_TEST(no_renegotiation)
{
	renegotiate(_i);
	ck_assert_str_eq(host.asked, "[a.test]");
	if (_i == 0) {
		ck_assert_str_eq(client_end.fault, "no renegotiation");
		return;
	}
	ck_assert_str_eq(server_end.fault, "the peer does not read");
	ck_assert_uint_le(server_end.io.wire_bytes, 270000);
}
END_TEST

START_TEST(no_memory)
{
	open_ready();
	io_pause(&server_end.io, true);
	buf_pool_fini();
	buf_pool_init(1);
	obuf_append(&client_end.io.out, source, 16000);
	for (int i = 0; i < 100 && client_end.error == 0; i++) {
		obuf_write(&client_end.io.out, source, 16000);
		io_flush(&client_end.io);
		turns(1);
	}
	ck_assert_int_eq(client_end.error, ENOMEM);
	pair_close();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls_io");
	TCase *tc = tcase_create("tls_io");
	SRunner *runner;
	int failed;

	CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, calls_of_a_handshake);
	tcase_add_test(tc, ticket_leaves_with_the_answer);
	tcase_add_test(tc, ticket_waits_for_the_answer);
	tcase_add_test(tc, ticket_waits_for_the_end);
	tcase_add_test(tc, ticket_keeps_its_place);
	tcase_add_test(tc, finished_is_not_late);
	tcase_add_test(tc, one_recv_one_send);
	tcase_add_test(tc, one_read_of_what_is_there);
	tcase_add_test(tc, no_buffer_of_a_record_stays);
	tcase_add_test(tc, head_and_body_in_one_send);
	tcase_add_test(tc, records_grow);
	tcase_add_loop_test(tc, much_both_ways, 0, 4);
	tcase_add_test(tc, one_byte_at_a_time);
	tcase_add_test(tc, pause_holds_everything);
	tcase_add_test(tc, pause_holds_the_end);
	tcase_add_test(tc, rests_are_kept);
	tcase_add_test(tc, more_than_was_read);
	tcase_add_test(tc, stash_with_tls);
	tcase_add_test(tc, shutdown_says_so);
	tcase_add_test(tc, shutdown_waits_for_the_queue);
	tcase_add_loop_test(tc, shutdown_in_the_handshake, 0, 2);
	tcase_add_loop_test(tc, last_bytes_say_so, 0, 2);
	tcase_add_test(tc, last_bytes_that_wait);
	tcase_add_test(tc, close_says_so);
	tcase_add_loop_test(tc, cut, 0, 2);
	tcase_add_test(tc, cut_in_a_record);
	tcase_add_loop_test(tc, eof_in_the_handshake, 0, 2);
	tcase_add_loop_test(
	    tc, garbage_for_a_hello, 0, sizeof(garbage) / sizeof(garbage[0]));
	tcase_add_test(tc, alert_that_cannot_leave);
	tcase_add_test(tc, broken_record);
	tcase_add_test(tc, send_fails);
	tcase_add_test(tc, queued_before_the_handshake);
	tcase_add_test(tc, paused_in_the_handshake);
	tcase_add_test(tc, socket_full_in_the_handshake);
	tcase_add_loop_test(
	    tc, closed_in_each_event, 0, 2 * (sizeof(close_events) - 1));
	tcase_add_loop_test(tc, closed_in_the_middle, 0, 6);
	tcase_add_loop_test(tc, a_line_first, 1, 20);
	tcase_add_test(tc, over_tcp);
	tcase_add_test(tc, connect_fails);
	tcase_add_test(tc, key_updates_do_not_pile_up);
	tcase_add_test(tc, key_updates_alone);
	tcase_add_test(tc, key_updates_between_data);
	tcase_add_loop_test(tc, no_renegotiation, 0, 2);
	tcase_add_test(tc, no_memory);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
