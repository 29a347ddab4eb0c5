/*
 * Tests of client_h2.c and client_stream.c: a connection over a pair of
 * sockets, whose other end is a codec of the client's role; requests end up
 * with the test itself, which answers them.
 */
#include <errno.h>
#include <sys/socket.h>

#include "tests/unit/worker/client_kit.h"
#include "worker/flow/reply.h"

#define MAX 64

/* The requests that have come, until they end. */
static struct req *asked[MAX];
static int asked_count, rooms, aborts, leaves;
static enum why ended_why;
static size_t got;

/* ---- in place of the endpoint ---- */

static void
handler_data(struct req *q, struct slice bytes)
{
	(void)q;
	got += bytes.n;
}

static void
handler_room(struct req *q)
{
	(void)q;
	rooms++;
}

static void
handler_abort(struct req *q)
{
	(void)q;
	aborts++;
}

/* Its last word is said at once. */
static bool
handler_leave(struct req *q, enum why why)
{
	leaves++;
	req_end(q, why, true);
	return true;
}

static const struct req_handler handler = { .data = handler_data,
	.room = handler_room,
	.abort = handler_abort,
	.leave = handler_leave };

static enum verdict
take(struct req *q)
{
	ck_assert_int_lt(asked_count, MAX);
	asked[asked_count++] = q;
	q->handler = &handler;
	req_set_state(q, REQ_HANDLED);
	return DONE;
}

static void
note_end(const struct req *q)
{
	ended_why = (enum why)q->why;
	for (int i = 0; i < asked_count; i++)
		if (asked[i] == q)
			asked[i] = NULL;
}

/* ---- the other end ---- */

static struct peer_end {
	int fd;
	struct h2 *codec;
	struct obuf out;
	struct stream *streams[MAX];
	int status[MAX];
	size_t body[MAX];
	bool ended[MAX], reset[MAX];
	bool closed;
} peer_end;

static int
number_of(const struct stream *s)
{
	return (int)(intptr_t)s->user;
}

static void
on_head(struct stream *s, const struct head *h)
{
	peer_end.status[number_of(s)] = h->status;
}

static void
on_data(struct stream *s, struct slice bytes)
{
	peer_end.body[number_of(s)] += bytes.n;
}

static void
on_end(struct stream *s, const struct head *trailers)
{
	(void)trailers;
	peer_end.ended[number_of(s)] = true;
}

static void
on_error(struct stream *s, enum codec_error e)
{
	ck_assert_int_eq(e, CODEC_RESET);
	peer_end.reset[number_of(s)] = true;
}

static void
on_room(struct stream *s)
{
	(void)s;
}

static const struct codec_events peer_events = { on_head, on_data, on_end,
	on_error, on_room };
static const struct codec_limits limits = { 16384, 8192, 100 };
static const struct h2_limits peer_limits = { 100, 65535, 1u << 20, 1000,
	1000 };

static void
peer_send(void)
{
	struct iovec iov;

	(void)h2_pull(peer_end.codec);
	while (obuf_iov(&peer_end.out, &iov, 1) == 1) {
		ssize_t n = write(peer_end.fd, iov.iov_base, iov.iov_len);

		if (n <= 0)
			break;
		obuf_consume(&peer_end.out, (size_t)n);
	}
}

static void
peer_receive(void)
{
	char bytes[65536];
	ssize_t n;

	while ((n = read(peer_end.fd, bytes, sizeof(bytes))) > 0)
		(void)codec_input(h2_codec(peer_end.codec), bytes, (size_t)n);
	peer_end.closed = n == 0 || errno != EAGAIN;
}

/* Until nothing moves any more. */
static void
settle(void)
{
	for (int i = 0; i < 20; i++) {
		peer_send();
		ck_assert(loop_turn(&loop, 0));
		peer_receive();
	}
}

static void
jump(uint64_t us)
{
	own_us += us;
	(void)clock_update();
}

static void
pass(uint64_t us)
{
	jump(us);
	settle();
}

static int
ask(const char *method, enum body_kind body)
{
	static int next;
	int number = next++ % MAX;
	struct stream *s = h2_open(peer_end.codec);
	struct field fields[1] = { { SLICE_LIT("Host"), SLICE_LIT("a"),
	    FIELD_HOST } };
	struct head h = { .method_text = slice_str(method),
		.method = (uint8_t)http_method_find(slice_str(method)),
		.target = SLICE_LIT("/"),
		.host = SLICE_LIT("a"),
		.version = HTTP_2,
		.body = (uint8_t)body,
		.fields = fields,
		.count = 1,
		.present = UINT64_C(1) << FIELD_HOST };

	ck_assert_ptr_nonnull(s);
	s->user = (void *)(intptr_t)number;
	peer_end.streams[number] = s;
	ck_assert(stream_head(s, &h, body == BODY_NONE));
	return number;
}

static void
connect_peer(const struct h2_limits *own)
{
	const struct arrival a = { .protocols = IMG_PROTOCOL_H2 };
	int pair[2];

	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	peer_end = (struct peer_end){ .fd = pair[1] };
	obuf_init(&peer_end.out, NULL);
	peer_end.codec = h2_new(
	    CODEC_CLIENT, &peer_events, &limits, own, &peer_end.out, NULL);
	clients_accept(&clients, pair[0], &a);
	settle();
}

static struct client_h2 *
connection(void)
{
	ck_assert(!list_empty(&clients.all));
	return CONTAINER_OF(clients.all.next, struct client, link)->h2;
}

static int
streams(void)
{
	struct client_h2 *on = connection();
	int n = 0;

	for (struct list *at = on->streams.next; at != &on->streams;
	     at = at->next)
		n++;
	return n;
}

/* ---- */

static void
set_up(void)
{
	kit_begin(take, note_end, limits);
	clients.h2_limits =
	    (struct h2_limits){ 50, 65536, 1u << 20, 100, 1000 };
	asked_count = rooms = aborts = leaves = 0;
	got = 0;
}

static void
tear_down(void)
{
	clients_stop(&clients);
	settle();
	ck_assert_uint_eq(clients.h2s.used, 0);
	ck_assert_uint_eq(clients.streams.used, 0);
	h2_free(peer_end.codec);
	obuf_fini(&peer_end.out);
	kit_end(peer_end.fd);
}

static uint64_t
count(enum counter c)
{
	return counters_sum(&region, c);
}

/* The head of an answer of unknown length. */
static void
begin_answer(struct req *q)
{
	struct field fields[4];
	struct head h = { .status = 200,
		.version = HTTP_1_1,
		.body = BODY_STREAM,
		.fields = fields };

	req_answer_head(q, &h, 4, false);
}

static size_t
say(struct req *q, size_t n)
{
	static const char bytes[20000];

	req_answer_data(q, slice_make(bytes, n));
	q->owner->flush(q);
	return q->owner->queued(q);
}

START_TEST(asked_and_answered)
{
	int a, b;

	connect_peer(&peer_limits);
	a = ask("GET", BODY_NONE);
	b = ask("POST", BODY_STREAM);
	stream_data(peer_end.streams[b], SLICE_LIT("abc"));
	stream_end(peer_end.streams[b], NULL);
	settle();
	ck_assert_int_eq(asked_count, 2);
	ck_assert_uint_eq(got, 3);
	ck_assert_int_eq(streams(), 2);
	reply_body(
	    asked[1], 200, SLICE_LIT("text/plain"), SLICE_LIT("ok"), NULL);
	/* Nothing of it is let go within the call. */
	ck_assert_int_eq(streams(), 2);
	settle();
	ck_assert_int_eq(streams(), 1);
	ck_assert(peer_end.ended[b] && !peer_end.ended[a]);
	reply_body(asked[0], 204, SLICE_NONE, SLICE_NONE, NULL);
	settle();
	ck_assert_int_eq(peer_end.status[a], 204);
	ck_assert_int_eq(streams(), 0);
	ck_assert_uint_eq(count(COUNTER_H2_STREAMS), 2);
	ck_assert_uint_eq(count(COUNTER_H2_CONNECTIONS), 1);
}
END_TEST

/* Without a window, a little waits in each stream, and not much in all. */
START_TEST(queues_are_bounded)
{
	struct h2_limits shut = peer_limits;

	shut.window = 0;
	connect_peer(&shut);
	for (int i = 0; i < 20; i++)
		(void)ask("GET", BODY_NONE);
	settle();
	ck_assert_int_eq(asked_count, 20);
	begin_answer(asked[0]);
	ck_assert_uint_eq(say(asked[0], 10000), 0);
	ck_assert_uint_eq(say(asked[0], 10000), 20000);
	for (int i = 1; i < 17; i++) {
		begin_answer(asked[i]);
		(void)say(asked[i], 15000);
	}
	settle();
	ck_assert_uint_eq(connection()->queued, 20000 + 16 * 15000);
	/* Now it is enough for all; but who waits for room must have some. */
	begin_answer(asked[17]);
	ck_assert_uint_eq(say(asked[17], 5000), 5000);
	begin_answer(asked[18]);
	ck_assert_uint_eq(say(asked[18], 0), 0);
	ck_assert_int_eq(rooms, 0);
	req_end(asked[0], WHY_UPSTREAM_CLOSED, true);
	req_end(asked[1], WHY_CLIENT_CLOSED, true);
	settle();
	/* What was cut behind its back may still be taken. */
	ck_assert_uint_eq(connection()->queued, 20000 + 15 * 15000 + 5000);
}
END_TEST

START_TEST(room_is_told)
{
	int a;

	connect_peer(&peer_limits);
	a = ask("GET", BODY_NONE);
	settle();
	begin_answer(asked[0]);
	ck_assert_uint_ne(say(asked[0], 20000), 0);
	settle();
	ck_assert_int_eq(rooms, 1);
	ck_assert_uint_eq(peer_end.body[a], 20000);
	ck_assert_uint_eq(connection()->queued, 0);
	req_answer_end(asked[0], NULL);
	settle();
	ck_assert(peer_end.ended[a]);
}
END_TEST

/* A whole answer that nobody takes holds its stream for a while. */
START_TEST(untaken_answer)
{
	struct h2_limits shut = peer_limits;
	int a;

	shut.window = 0;
	connect_peer(&shut);
	a = ask("GET", BODY_NONE);
	settle();
	begin_answer(asked[0]);
	(void)say(asked[0], 100);
	req_answer_end(asked[0], NULL);
	settle();
	ck_assert_uint_eq(env.reqs.used, 0);
	ck_assert_int_eq(streams(), 1);
	pass(29 * S);
	ck_assert_int_eq(streams(), 1);
	pass(2 * S);
	ck_assert(peer_end.reset[a]);
	/* And its client is asked to leave. */
	pass(2 * S);
	ck_assert(peer_end.closed);
	ck_assert_uint_eq(clients.count, 0);
}
END_TEST

START_TEST(slow_upload)
{
	int a, b;

	connect_peer(&peer_limits);
	a = ask("POST", BODY_STREAM);
	b = ask("POST", BODY_STREAM);
	settle();
	pass(15 * S);
	stream_data(peer_end.streams[b], SLICE_LIT("x"));
	pass(6 * S);
	ck_assert_int_eq(peer_end.status[a], 408);
	ck_assert_int_eq(peer_end.status[b], 0);
	ck_assert_int_eq(ended_why, WHY_BODY_TIMEOUT);
	/* One that its reader holds back has time. */
	asked[1]->owner->pause(asked[1], true);
	settle();
	pass(60 * S);
	ck_assert_int_eq(peer_end.status[b], 0);
	asked[1]->owner->pause(asked[1], false);
	settle();
	pass(21 * S);
	ck_assert_int_eq(peer_end.status[b], 408);
}
END_TEST

START_TEST(too_slow)
{
	int a;

	clients.min_rate = 100;
	connect_peer(&peer_limits);
	a = ask("POST", BODY_STREAM);
	settle();
	for (int i = 0; i < 9; i++) {
		stream_data(peer_end.streams[a], SLICE_LIT("x"));
		pass(1 * S);
	}
	ck_assert_ptr_nonnull(asked[0]);
	pass(2 * S);
	ck_assert_int_eq(ended_why, WHY_TOO_SLOW);
}
END_TEST

START_TEST(idle)
{
	connect_peer(&peer_limits);
	(void)ask("GET", BODY_NONE);
	settle();
	reply_body(asked[0], 204, SLICE_NONE, SLICE_NONE, NULL);
	settle();
	for (int i = 0; i < 7; i++) {
		h2_ping(peer_end.codec);
		pass(10 * S);
	}
	ck_assert(!peer_end.closed);
	pass(6 * S);
	ck_assert(peer_end.closed);
	ck_assert(h2_leaving(peer_end.codec));
}
END_TEST

START_TEST(reset_by_peer)
{
	int a;

	connect_peer(&peer_limits);
	a = ask("GET", BODY_NONE);
	(void)ask("GET", BODY_NONE);
	settle();
	h2_release(peer_end.streams[a], H2_CANCEL);
	settle();
	ck_assert_int_eq(aborts, 1);
	ck_assert_int_eq(ended_why, WHY_CLIENT_CLOSED);
	ck_assert_int_eq(streams(), 1);
	ck_assert_uint_eq(count(COUNTER_H2_RESETS), 1);
}
END_TEST

/* All of them end with their connection. */
START_TEST(peer_closes)
{
	connect_peer(&peer_limits);
	for (int i = 0; i < 5; i++)
		(void)ask("GET", BODY_NONE);
	settle();
	shutdown(peer_end.fd, SHUT_WR);
	settle();
	ck_assert_int_eq(aborts, 5);
	ck_assert_uint_eq(clients.count, 0);
	ck_assert_uint_eq(count(COUNTER_H2_CONNECTIONS), 0);
	ck_assert_uint_eq(count(COUNTER_H2_FAULTS), 0);
}
END_TEST

START_TEST(broken)
{
	connect_peer(&peer_limits);
	(void)ask("GET", BODY_NONE);
	settle();
	ck_assert_int_eq(write(peer_end.fd, "\0\0\1\6\0\0\0\0\0x", 10), 10);
	settle();
	ck_assert_int_eq(aborts, 1);
	ck_assert_uint_eq(count(COUNTER_H2_FAULTS), 1);
	ck_assert(h2_leaving(peer_end.codec));
	(void)shutdown(peer_end.fd, SHUT_WR);
	settle();
	ck_assert_uint_eq(clients.count, 0);
}
END_TEST

START_TEST(graceful_stop)
{
	int a;

	connect_peer(&peer_limits);
	a = ask("GET", BODY_NONE);
	settle();
	env.draining = true;
	clients_drain(&clients);
	settle();
	ck_assert(h2_leaving(peer_end.codec));
	ck_assert(!peer_end.closed);
	reply_body(
	    asked[0], 200, SLICE_LIT("text/plain"), SLICE_LIT("ok"), NULL);
	settle();
	ck_assert(peer_end.ended[a]);
	ck_assert(peer_end.closed);
	ck_assert_uint_eq(clients.count, 0);
}
END_TEST

START_TEST(requests_of_a_connection)
{
	clients.requests_max = 2;
	connect_peer(&peer_limits);
	(void)ask("GET", BODY_NONE);
	settle();
	ck_assert(h2_may_open(peer_end.codec));
	(void)ask("GET", BODY_NONE);
	settle();
	ck_assert(!h2_may_open(peer_end.codec));
	ck_assert_int_eq(asked_count, 2);
}
END_TEST

/* What is idle makes room; what is not does not. */
START_TEST(room_for_others)
{
	connect_peer(&peer_limits);
	(void)ask("GET", BODY_NONE);
	settle();
	clients_make_room(&clients);
	settle();
	ck_assert_uint_eq(clients.count, 1);
	reply_body(asked[0], 204, SLICE_NONE, SLICE_NONE, NULL);
	settle();
	clients_make_room(&clients);
	settle();
	ck_assert_uint_eq(clients.count, 0);
	ck_assert(h2_leaving(peer_end.codec));
}
END_TEST

/* ---- what falls into one turn ---- */

static void
end_first(struct timer *t)
{
	(void)t;
	req_end(asked[0], WHY_RESPONSE_TIMEOUT, true);
}

/* It is found to be too slow just after its request has ended. */
START_TEST(expired_without_a_request)
{
	struct timer before;
	int a;

	clients.min_rate = 100;
	connect_peer(&peer_limits);
	a = ask("POST", BODY_STREAM);
	settle();
	timer_init(&before, end_first);
	timer_set(&loop.timers, &before, mono_add_us(clock_now(), 5000));
	jump(11 * S);
	ck_assert(loop_turn(&loop, 0));
	ck_assert_ptr_null(asked[0]);
	ck_assert_int_eq(ended_why, WHY_RESPONSE_TIMEOUT);
	ck_assert_int_eq(streams(), 1);
	settle();
	ck_assert(peer_end.reset[a]);
	ck_assert_int_eq(streams(), 0);
	/* The others go on. */
	ck_assert(h2_may_open(peer_end.codec));
}
END_TEST

/* The idle time passes just after a stream has begun. */
START_TEST(expired_with_a_new_stream)
{
	struct io *io;
	int a;

	connect_peer(&peer_limits);
	(void)ask("GET", BODY_NONE);
	settle();
	reply_body(asked[0], 204, SLICE_NONE, SLICE_NONE, NULL);
	settle();
	io = &connection()->client->io;
	io_pause(io, true);
	a = ask("GET", BODY_NONE);
	settle();
	ck_assert_int_eq(asked_count, 1);
	io_pause(io, false); /* it is read by a task of the turn */
	jump(76 * S);
	ck_assert(loop_turn(&loop, 0));
	ck_assert_int_eq(asked_count, 2);
	settle();
	ck_assert(h2_may_open(peer_end.codec));
	reply_body(asked[1], 204, SLICE_NONE, SLICE_NONE, NULL);
	settle();
	ck_assert_int_eq(peer_end.status[a], 204);
	/* And again it has its time. */
	pass(74 * S);
	ck_assert(!peer_end.closed);
	pass(2 * S);
	ck_assert(peer_end.closed);
}
END_TEST

/* One of HTTP/1, with a request. */
static int
connect_plain(void)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	const struct arrival a = { .protocols = IMG_PROTOCOL_H1 };
	int pair[2];

	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	clients_accept(&clients, pair[0], &a);
	ck_assert_int_eq(
	    write(pair[1], text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
	settle();
	return pair[1];
}

/* Some close themselves while all are told to leave. */
START_TEST(last_words_of_all)
{
	int plain[2];

	connect_peer(&peer_limits);
	(void)ask("GET", BODY_NONE);
	plain[0] = connect_plain();
	plain[1] = connect_plain();
	ck_assert_int_eq(asked_count, 3);
	ck_assert_uint_eq(clients.count, 3);
	ck_assert(clients_leave(&clients));
	ck_assert_int_eq(leaves, 3);
	settle();
	ck_assert_uint_eq(clients.count, 1);
	ck_assert_int_eq(streams(), 0);
	close(plain[0]);
	close(plain[1]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("client_h2");
	TCase *tc = tcase_create("client_h2");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, asked_and_answered);
	tcase_add_test(tc, queues_are_bounded);
	tcase_add_test(tc, room_is_told);
	tcase_add_test(tc, untaken_answer);
	tcase_add_test(tc, slow_upload);
	tcase_add_test(tc, too_slow);
	tcase_add_test(tc, idle);
	tcase_add_test(tc, reset_by_peer);
	tcase_add_test(tc, peer_closes);
	tcase_add_test(tc, broken);
	tcase_add_test(tc, graceful_stop);
	tcase_add_test(tc, requests_of_a_connection);
	tcase_add_test(tc, room_for_others);
	tcase_add_test(tc, expired_without_a_request);
	tcase_add_test(tc, expired_with_a_new_stream);
	tcase_add_test(tc, last_words_of_all);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
