/*
 * Tests of mux.c, lane.c and opool.c together: calls that share connections of
 * HTTP/2 to an endpoint that is the same codec in the role of a server, or raw
 * frames where that would not do it.
 */
#include "common/http/h2.h"
#include "tests/unit/worker/origin/call_kit.h"

#define PEERS 8
#define STREAMS 16

/* A connection, as the endpoint sees it. */
struct peer {
	int fd;
	struct h2 *h2;
	struct obuf out;
	struct stream *streams[STREAMS]; /* NULL: gone */
	unsigned count;                  /* begun so far */
	unsigned resets;
	bool ended; /* the gateway has closed */
	bool mute;  /* nothing is read or said */
};

static struct peer h2_peers[PEERS];
static unsigned peer_count;
static bool deaf; /* connections wait to be accepted */
static struct h2_limits peer_limits;
static const struct codec_limits peer_heads = { 8192, 4096, 64 };

static struct peer *
peer_of(struct stream *s)
{
	return h2_user(h2_of(s));
}

static unsigned
peer_index(const struct peer *p, const struct stream *s)
{
	for (unsigned i = 0; i < STREAMS; i++)
		if (p->streams[i] == s)
			return i;
	ck_abort_msg("a stream that is not known");
	return 0;
}

static void
peer_head(struct stream *s, const struct head *h)
{
	struct peer *p = peer_of(s);

	(void)h;
	ck_assert_uint_lt(p->count, STREAMS);
	p->streams[p->count++] = s;
}

static void
peer_data(struct stream *s, struct slice bytes)
{
	(void)s;
	(void)bytes;
}

static void
peer_end(struct stream *s, const struct head *trailers)
{
	(void)s;
	(void)trailers;
}

static void
peer_error(struct stream *s, enum codec_error e)
{
	struct peer *p = peer_of(s);

	(void)e;
	p->resets++;
	p->streams[peer_index(p, s)] = NULL;
	h2_release(s, H2_CANCEL);
}

static void
peer_room(struct stream *s)
{
	(void)s;
}

static const struct codec_events peer_events = {
	.head = peer_head,
	.data = peer_data,
	.end = peer_end,
	.error = peer_error,
	.room = peer_room,
};

static void
peers_accept(void)
{
	int fd;

	while (listening >= 0 && !deaf &&
	    (fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct peer *p = &h2_peers[peer_count++];

		ck_assert_uint_le(peer_count, PEERS);
		*p = (struct peer){ .fd = fd };
		obuf_init(&p->out, NULL);
		p->h2 = h2_new(CODEC_SERVER, &peer_events, &peer_heads,
		    &peer_limits, &p->out, p);
		ck_assert_ptr_nonnull(p->h2);
	}
}

static void
peer_send(struct peer *p)
{
	struct iovec iov[8];
	bool more;

	do {
		more = !h2_pull(p->h2);
		while (p->out.bytes != 0) {
			int n = obuf_iov(&p->out, iov, 8);
			ssize_t sent = writev(p->fd, iov, n);

			if (sent <= 0)
				return;
			obuf_consume(&p->out, (size_t)sent);
		}
	} while (more);
}

static void
peer_turn(struct peer *p)
{
	char bytes[65536];
	ssize_t n;

	if (p->fd < 0 || p->mute)
		return;
	while ((n = recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		(void)codec_input(h2_codec(p->h2), bytes, (size_t)n);
	if (n == 0)
		p->ended = true;
	h2_deliver(p->h2);
	peer_send(p);
}

static void
step(void)
{
	own_us += 1000;
	ck_assert(loop_turn(&loop, 2000));
	peers_accept();
	for (unsigned i = 0; i < peer_count; i++)
		peer_turn(&h2_peers[i]);
}

static void
steps(int n)
{
	while (n-- > 0)
		step();
}

static void
steps_until(uint32_t i, const char *want)
{
	for (int n = 0; n < 500 && strcmp(story[i], want) != 0; n++)
		step();
	ck_assert_str_eq(story[i], want);
}

/* Until a peer has begun so many streams. */
static void
steps_until_begun(unsigned i, unsigned streams)
{
	for (int n = 0;
	     n < 500 && (peer_count <= i || h2_peers[i].count < streams); n++)
		step();
	ck_assert_uint_gt(peer_count, i);
	ck_assert_uint_eq(h2_peers[i].count, streams);
}

static void
steps_until_ended(unsigned i)
{
	for (int n = 0; n < 500 && !h2_peers[i].ended; n++)
		step();
	ck_assert(h2_peers[i].ended);
}

static void
begin_h2(uint32_t max_connections, uint32_t streams)
{
	begin(max_connections);
	peer_count = 0;
	deaf = false;
	peer_limits = (struct h2_limits){ .streams = streams,
		.window = 65535,
		.connection_window = 65535,
		.resets = 1000,
		.control = 1000 };
	for (uint32_t i = 0; i < CALLS; i++)
		calls[i].params.protocol = IMG_PROTOCOL_H2;
}

static void
peer_close(struct peer *p)
{
	if (p->fd < 0)
		return;
	h2_free(p->h2);
	obuf_fini(&p->out);
	close(p->fd);
	p->fd = -1;
}

static void
end_h2(void)
{
	for (unsigned i = 0; i < peer_count; i++)
		peer_close(&h2_peers[i]);
	end();
}

/* Peer i answers its n-th stream with this body. */
static void
answer_head(unsigned i, unsigned n, bool last)
{
	struct head h = { .status = 200,
		.version = HTTP_2,
		.method = METHOD_GET,
		.body = BODY_STREAM };

	ck_assert_ptr_nonnull(h2_peers[i].streams[n]);
	ck_assert(stream_head(h2_peers[i].streams[n], &h, last));
}

static void
answer(unsigned i, unsigned n)
{
	struct peer *p = &h2_peers[i];

	answer_head(i, n, false);
	stream_data(p->streams[n], SLICE_LIT("ok"));
	stream_end(p->streams[n], NULL);
	h2_release(p->streams[n], H2_DONE);
	p->streams[n] = NULL;
}

static void
raw(unsigned i, const char *bytes, size_t n)
{
	ck_assert_int_eq(
	    send(h2_peers[i].fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

#define RAW(i, bytes) raw(i, bytes, sizeof(bytes) - 1)

static void
start_all(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		ck_assert_int_eq(start(i, 0, false), CALL_CONNECTED);
}

START_TEST(many_calls_share_a_connection)
{
	begin_h2(0, 100);
	start_all(CALLS);
	expect(CALLS, 0, 1);
	steps_until_begun(0, CALLS);
	ck_assert_uint_eq(peer_count, 1);
	for (unsigned i = 0; i < CALLS; i++) {
		ck_assert_str_eq(story[i], "r");
		answer(0, i);
	}
	for (uint32_t i = 0; i < CALLS; i++)
		steps_until(i, "rhde");
	expect(0, 1, 1);
	expect_tally(CALLS, 0, 0);
	ck_assert_uint_eq(ended, CALLS);
	/* And the next one, too. */
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	ck_assert(calls[0].reused);
	ck_assert_int_eq(start(1, 0, false), CALL_CONNECTED);
	ck_assert(calls[1].reused); /* nothing was heard since */
	expect(2, 0, 1);
	steps_until_begun(0, CALLS + 2);
	call_abort(&calls[1]);
	expect(1, 0, 1);
	answer(0, CALLS);
	steps_until(0, "rhde");
	expect(0, 1, 1);
	steps(5);
	ck_assert_uint_eq(h2_peers[0].resets, 1);
	end_h2();
}
END_TEST

START_TEST(one_stream_until_settings_came)
{
	begin_h2(0, 100);
	start_all(3);
	for (int n = 0; n < 5; n++)
		ck_assert(loop_turn(&loop, 2000));
	ck_assert_str_eq(story[0], "r");
	ck_assert_str_eq(story[1], "");
	steps_until(1, "r");
	steps_until(2, "r");
	ck_assert_uint_eq(peer_count, 1);
	end_h2();
}
END_TEST

static struct loop_task late_calls;
static uint32_t late_count;

static void
start_late(struct loop_task *t)
{
	(void)t;
	for (uint32_t i = 0; i < late_count; i++)
		ck_assert_int_eq(start(3 + i, 0, false), CALL_CONNECTED);
}

/*
 * Three calls on a connection whose SETTINGS have come but were not read, and
 * so many more that come in the turn that reads them.
 */
static void
begin_late(uint32_t streams, uint32_t count)
{
	begin_h2(0, streams);
	deaf = true;
	start_all(3);
	steps_until(0, "r");
	steps(2);
	deaf = false;
	peers_accept();
	peer_turn(&h2_peers[0]);
	ck_assert_uint_eq(h2_peers[0].count, 1);
	late_count = count;
	loop_task_init(&late_calls, start_late);
	/* Ahead of what the connection puts off when it has read them. */
	loop_defer(&loop, &late_calls);
	ck_assert(loop_turn(&loop, 2000));
	for (uint32_t i = 0; i < 3 + count; i++)
		steps_until(i, "r");
	steps(5);
}

START_TEST(one_who_comes_with_settings)
{
	begin_late(100, 4);
	steps_until_begun(0, 7);
	ck_assert_uint_eq(peer_count, 1);
	expect(7, 0, 1);
	end_h2();
}
END_TEST

START_TEST(one_who_comes_with_settings_and_finds_no_room)
{
	begin_late(4, 3);
	steps_until_begun(0, 4);
	ck_assert_uint_eq(peer_count, 2);
	ck_assert_uint_eq(h2_peers[1].count, 2);
	expect(6, 0, 2);
	end_h2();
}
END_TEST

START_TEST(as_many_streams_as_the_peer_allows)
{
	begin_h2(0, 2);
	start_all(5);
	steps_until_begun(0, 2);
	for (uint32_t i = 0; i < 5; i++)
		steps_until(i, "r");
	steps(5);
	ck_assert_uint_eq(peer_count, 3);
	expect(5, 0, 3);
	/* It is known now. */
	ck_assert_int_eq(start(5, 0, false), CALL_CONNECTED);
	ck_assert_int_eq(start(6, 0, false), CALL_CONNECTED);
	steps_until(6, "r");
	ck_assert_uint_eq(peer_count, 4);
	expect(7, 0, 4);
	end_h2();
}
END_TEST

START_TEST(no_room_and_no_permit)
{
	begin_h2(1, 1);
	start_all(2);
	steps_until(0, "r");
	steps_until(1, "f");
	ck_assert_int_eq(failure, WHY_ENDPOINTS_FULL);
	expect(1, 0, 1);
	ck_assert_int_eq(start(1, 0, false), CALL_FULL);
	ck_assert_int_eq(start(2, 1, false), CALL_FULL);
	expect(1, 0, 1);
	steps_until_begun(0, 1);
	answer(0, 0);
	steps_until(0, "rhde");
	expect_tally(1, 0, 0);
	ck_assert_int_eq(start(1, 0, false), CALL_CONNECTED);
	steps_until(1, "r");
	ck_assert_uint_eq(peer_count, 1);
	expect(1, 0, 1);
	end_h2();
}
END_TEST

START_TEST(idle_ones_are_given_up_when_wanted)
{
	begin_h2(2, 100);
	start_all(1);
	steps_until_begun(0, 1);
	/* Not while there is a call on it. */
	permit_want(&region, endpoint.index, clock_now().us);
	opool_sweep(&pools[0]);
	expect(1, 0, 1);
	own_us += 20000;
	step();
	answer(0, 0);
	steps_until(0, "rhde");
	expect(0, 1, 1);
	permit_want(&region, endpoint.index, clock_now().us);
	opool_sweep(&pools[0]);
	expect(0, 0, 0);
	steps_until_ended(0);
	end_h2();
}
END_TEST

START_TEST(none_is_kept_where_none_may)
{
	begin_h2(0, 100);
	calls[0].params.pool_max_idle = 0;
	start_all(1);
	steps_until_begun(0, 1);
	answer(0, 0);
	steps_until(0, "rhde");
	step();
	expect(0, 0, 0);
	steps_until_ended(0);
	ck_assert(h2_leaving(h2_peers[0].h2));
	end_h2();
}
END_TEST

START_TEST(closed_after_its_time)
{
	begin_h2(0, 100);
	calls[0].params.pool_idle_us = 20000;
	start_all(1);
	steps_until_begun(0, 1);
	answer(0, 0);
	steps_until(0, "rhde");
	expect(0, 1, 1);
	steps_until_ended(0);
	expect(0, 0, 0);
	end_h2();
}
END_TEST

START_TEST(refused)
{
	begin_h2(0, 100);
	start_all(2);
	steps_until_begun(0, 2);
	/* RST_STREAM REFUSED_STREAM */
	RAW(0, "\0\0\4\3\0\0\0\0\1\0\0\0\7");
	steps_until(0, "rf");
	ck_assert_int_eq(failure, WHY_UPSTREAM_REFUSED);
	expect_tally(0, 0, 0);
	expect(1, 0, 1);
	answer(0, 1);
	steps_until(1, "rhde");
	end_h2();
}
END_TEST

START_TEST(reset)
{
	begin_h2(0, 100);
	start_all(2);
	steps_until_begun(0, 2);
	answer_head(0, 0, false);
	steps_until(0, "rh");
	/* RST_STREAM INTERNAL_ERROR */
	RAW(0, "\0\0\4\3\0\0\0\0\1\0\0\0\2");
	steps_until(0, "rhf");
	ck_assert_int_eq(failure, WHY_UPSTREAM_CLOSED);
	expect_tally(0, 1, 1);
	answer(0, 1);
	steps_until(1, "rhde");
	expect(0, 1, 1);
	end_h2();
}
END_TEST

START_TEST(goaway)
{
	begin_h2(0, 100);
	start_all(2);
	steps_until_begun(0, 2);
	/* The second one was not looked at. */
	RAW(0, "\0\0\x8\7\0\0\0\0\0\0\0\0\1\0\0\0\0");
	steps_until(1, "rf");
	ck_assert_int_eq(failure, WHY_UPSTREAM_REFUSED);
	ck_assert(calls[1].leaving);
	ck_assert_int_eq(start(1, 0, false), CALL_CONNECTED);
	steps_until_begun(1, 1);
	expect(2, 0, 2);
	answer(0, 0);
	steps_until(0, "rhde");
	steps_until_ended(0);
	answer(1, 0);
	steps_until(1, "rhde");
	expect(0, 1, 1);
	expect_tally(2, 0, 0);
	end_h2();
}
END_TEST

START_TEST(closed_with_calls_on_it)
{
	begin_h2(0, 100);
	start_all(3);
	steps_until_begun(0, 3);
	peer_close(&h2_peers[0]);
	for (uint32_t i = 0; i < 3; i++) {
		steps_until(i, "rf");
		ck_assert_int_eq(failure, WHY_UPSTREAM_CLOSED);
	}
	expect(0, 0, 0);
	expect_tally(0, 3, 3);
	end_h2();
}
END_TEST

START_TEST(an_answer_that_came_before_the_end)
{
	begin_h2(0, 100);
	start_all(2);
	steps_until_begun(0, 2);
	answer_head(0, 0, false);
	steps_until(0, "rh");
	call_pause(&calls[0], true);
	stream_data(h2_peers[0].streams[0], SLICE_LIT("all of it"));
	stream_end(h2_peers[0].streams[0], NULL);
	steps(5);
	peer_close(&h2_peers[0]);
	steps_until(1, "rf");
	steps(5);
	ck_assert_str_eq(story[0], "rh");
	expect(1, 0, 1);
	call_pause(&calls[0], false);
	steps_until(0, "rhde");
	ck_assert_uint_eq(got[0], 9);
	step();
	expect(0, 0, 0);
	end_h2();
}
END_TEST

START_TEST(closed_while_it_idled)
{
	begin_h2(0, 100);
	start_all(1);
	steps_until_begun(0, 1);
	answer(0, 0);
	steps_until(0, "rhde");
	/* Noticed when the request was just sent: no fault of anybody. */
	ck_assert_int_eq(start(1, 0, false), CALL_CONNECTED);
	ck_assert(calls[1].reused);
	ck_assert(loop_turn(&loop, 2000));
	peer_close(&h2_peers[0]);
	steps_until(1, "rf");
	ck_assert_int_eq(failure, WHY_UPSTREAM_CLOSED);
	expect_tally(1, 0, 0);
	/* A fresh one is shared by those that want one. */
	ck_assert_int_eq(start(0, 0, true), CALL_CONNECTED);
	ck_assert_int_eq(start(2, 0, true), CALL_CONNECTED);
	steps_until_begun(1, 2);
	answer(1, 0);
	answer(1, 1);
	steps_until(2, "rhde");
	ck_assert_int_eq(start(2, 0, true), CALL_CONNECTED);
	steps_until_begun(2, 1);
	answer(2, 0);
	steps_until(2, "rhde");
	expect(0, 2, 2);
	peer_close(&h2_peers[1]);
	peer_close(&h2_peers[2]);
	/* Who looks sees it. */
	calls[3].env = &envs[0];
	ck_assert_int_eq(
	    call_connect(&calls[3], endpoint, &address, false, true),
	    CALL_CONNECTED);
	ck_assert(!calls[3].reused);
	call_begin(&calls[3]);
	expect(1, 0, 1);
	end_h2();
}
END_TEST

/* One connection that has been idle, open as far as is known. */
static void
leave_one_idle(void)
{
	start_all(1);
	steps_until_begun(0, 1);
	answer(0, 0);
	steps_until(0, "rhde");
	steps(3);
}

/* All of one round trip find it so, not only the first. */
START_TEST(closed_while_it_idled_for_many)
{
	begin_h2(0, 100);
	leave_one_idle();
	for (uint32_t i = 0; i < 3; i++) {
		ck_assert_int_eq(start(i, 0, false), CALL_CONNECTED);
		ck_assert(calls[i].reused);
		ck_assert(loop_turn(&loop, 2000));
	}
	peer_close(&h2_peers[0]);
	for (uint32_t i = 0; i < 3; i++) {
		steps_until(i, "rf");
		ck_assert_int_eq(failure, WHY_UPSTREAM_CLOSED);
		ck_assert(calls[i].reused && !calls[i].heard);
	}
	expect_tally(1, 0, 0);
	expect(0, 0, 0);
	end_h2();
}
END_TEST

/* What was heard before it rested, or as it did, is no sign of life. */
START_TEST(heard_while_it_idled)
{
	begin_h2(0, 100);
	leave_one_idle();
	RAW(0,
	    "\0\0\x8\6\0\0\0\0\0"
	    "12345678"); /* PING */
	steps(3);
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	ck_assert(calls[0].reused);
	steps_until_begun(0, 2);
	/* Now it is one. */
	RAW(0,
	    "\0\0\x8\6\0\0\0\0\0"
	    "12345678");
	steps(3);
	ck_assert_int_eq(start(1, 0, true), CALL_CONNECTED);
	ck_assert(!calls[1].reused);
	steps_until_begun(0, 3);
	expect(2, 0, 1);
	peer_close(&h2_peers[0]);
	steps_until(1, "rf");
	expect_tally(1, 1, 1);
	end_h2();
}
END_TEST

/* Who looks sees it, and those that are on it already are told later. */
START_TEST(closed_with_one_that_has_not_heard)
{
	begin_h2(0, 100);
	leave_one_idle();
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	ck_assert(loop_turn(&loop, 2000));
	peer_close(&h2_peers[0]);
	calls[1].env = &envs[0];
	ck_assert_int_eq(
	    call_connect(&calls[1], endpoint, &address, false, true),
	    CALL_CONNECTED);
	ck_assert(!calls[1].reused);
	call_begin(&calls[1]);
	ck_assert_str_eq(story[0], "r");
	expect(2, 0, 2);
	steps_until(0, "rf");
	expect_tally(1, 0, 0);
	steps_until_begun(1, 1);
	end_h2();
}
END_TEST

/* Between the wait of a turn and its events. */
static void
close_first_peer(void *ctx)
{
	(void)ctx;
	peer_close(&h2_peers[0]);
}

/*
 * Call 3 waits for room on a second connection. That there is none is about to
 * be heard; the first one idles by now.
 */
static void
send_third_away(bool fresh, bool peek)
{
	begin_h2(0, 2);
	start_all(2);
	steps_until_begun(0, 2);
	deaf = true;
	ck_assert_int_eq(start(2, 0, false), CALL_CONNECTED);
	calls[3].env = &envs[0];
	ck_assert_int_eq(
	    call_connect(&calls[3], endpoint, &address, fresh, peek),
	    CALL_CONNECTED);
	call_begin(&calls[3]);
	steps_until(2, "r");
	answer(0, 0);
	answer(0, 1);
	steps_until(0, "rhde");
	steps_until(1, "rhde");
	expect(2, 1, 2);
	deaf = false;
	peers_accept();
	h2_peers[1].mute = true;
	/* SETTINGS: a stream, and no more. */
	RAW(1,
	    "\0\0\6\4\0\0\0\0\0"
	    "\0\3\0\0\0\1");
}

START_TEST(sent_away_it_still_looks_first)
{
	send_third_away(false, true);
	loop.after_wait = close_first_peer;
	ck_assert(loop_turn(&loop, 2000));
	loop.after_wait = NULL;
	steps_until(3, "r");
	steps_until_begun(2, 1);
	answer(2, 0);
	steps_until(3, "rhde");
	end_h2();
}
END_TEST

START_TEST(sent_away_it_still_takes_none_that_idled)
{
	send_third_away(true, false);
	steps_until_begun(2, 1);
	ck_assert(!calls[3].reused);
	end_h2();
}
END_TEST

START_TEST(sent_away_to_one_that_has_been_idle)
{
	send_third_away(false, false);
	for (int n = 0; n < 2; n++) /* it goes there, and is sent */
		ck_assert(loop_turn(&loop, 2000));
	peer_close(&h2_peers[0]);
	steps_until(3, "rf");
	ck_assert_int_eq(failure, WHY_UPSTREAM_CLOSED);
	ck_assert(calls[3].reused && !calls[3].heard);
	expect_tally(2, 0, 0);
	end_h2();
}
END_TEST

START_TEST(closed_before_it_was_sent)
{
	begin_h2(0, 100);
	start_all(1);
	steps_until_begun(0, 1);
	answer(0, 0);
	steps_until(0, "rhde");
	peer_close(&h2_peers[0]);
	ck_assert_int_eq(start(1, 0, false), CALL_CONNECTED);
	ck_assert(calls[1].reused);
	steps_until(1, "rf");
	ck_assert_int_eq(failure, WHY_UPSTREAM_REFUSED);
	ck_assert(calls[1].leaving);
	expect_tally(1, 0, 0);
	end_h2();
}
END_TEST

START_TEST(nobody_listens)
{
	begin_h2(0, 100);
	close(listening);
	listening = -1;
	start_all(3);
	for (uint32_t i = 0; i < 3; i++)
		steps_until(i, "f");
	ck_assert_int_eq(failure, WHY_CONNECT_FAILED);
	expect(0, 0, 0);
	expect_tally(0, 3, 3);
	end_h2();
}
END_TEST

/* Who waits for too long is not followed by others. */
START_TEST(one_that_says_nothing)
{
	begin_h2(0, 100);
	for (uint32_t i = 0; i < CALLS; i++)
		calls[i].params.connect_us = 30000;
	deaf = true;
	start_all(2);
	steps_until(1, "f");
	ck_assert_int_eq(failure, WHY_CONNECT_TIMEOUT);
	deaf = false;
	ck_assert_int_eq(start(1, 0, false), CALL_CONNECTED);
	steps_until(1, "r");
	ck_assert_uint_eq(peer_count, 2);
	end_h2();
}
END_TEST

START_TEST(one_that_is_dead_is_left)
{
	begin_h2(0, 100);
	for (uint32_t i = 0; i < CALLS; i++)
		calls[i].params.response_us = 30000;
	start_all(1);
	steps_until_begun(0, 1);
	steps(3);
	/* It answers to PING. */
	steps_until(0, "rf");
	ck_assert_int_eq(failure, WHY_RESPONSE_TIMEOUT);
	steps(3);
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	steps_until(0, "rf");
	steps(3);
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	ck_assert_uint_eq(peer_count, 1);
	steps(3);
	/* It does not. */
	h2_peers[0].mute = true;
	steps_until(0, "rf");
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	steps_until(0, "rf");
	step();
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	steps(3);
	ck_assert_uint_eq(peer_count, 2);
	end_h2();
}
END_TEST

START_TEST(what_is_no_http2)
{
	begin_h2(0, 100);
	start_all(2);
	for (int n = 0; n < 5; n++)
		ck_assert(loop_turn(&loop, 2000));
	peers_accept();
	RAW(0, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
	h2_peers[0].mute = true;
	steps_until(0, "rf");
	ck_assert_int_eq(failure, WHY_UPSTREAM_PROTOCOL);
	steps_until(1, "f");
	ck_assert_int_eq(failure, WHY_UPSTREAM_PROTOCOL);
	expect(0, 0, 0);
	end_h2();
}
END_TEST

START_TEST(another_protocol)
{
	begin_h2(0, 100);
	calls[0].tunnel = true;
	start_all(1);
	steps_until_begun(0, 1);
	ck_assert_str_eq(story[0], "r");
	ck_assert(stream_head(h2_peers[0].streams[0],
	    &(struct head){ .status = 101,
		.version = HTTP_2,
		.upgrade = SLICE_LIT("websocket") },
	    false));
	stream_data(h2_peers[0].streams[0], SLICE_LIT("hello"));
	steps_until(0, "rsd");
	/* An end of one way is passed on, the other way goes on. */
	call_send_data(&calls[0], SLICE_LIT("bye"));
	call_send_end(&calls[0], NULL);
	call_flush(&calls[0]);
	ck_assert_uint_eq(call_queued(&calls[0]), 3);
	steps(3);
	ck_assert_uint_eq(call_queued(&calls[0]), 0);
	ck_assert_uint_eq(drained, 1);
	stream_data(h2_peers[0].streams[0], SLICE_LIT("more"));
	stream_end(h2_peers[0].streams[0], NULL);
	steps_until(0, "rsde");
	ck_assert_uint_eq(got[0], 9);
	call_abort(&calls[0]);
	steps(3);
	expect(0, 1, 1);
	ck_assert_uint_eq(h2_peers[0].resets, 0);
	end_h2();
}
END_TEST

/* Raw SETTINGS that do not allow an extended CONNECT. */
START_TEST(another_protocol_is_not_taken)
{
	begin_h2(0, 100);
	calls[0].tunnel = true;
	start_all(2);
	for (int n = 0; n < 5; n++)
		ck_assert(loop_turn(&loop, 2000));
	peers_accept();
	h2_peers[0].mute = true;
	RAW(0, "\0\0\0\4\0\0\0\0\0");
	steps_until(0, "f");
	ck_assert_int_eq(failure, WHY_UPSTREAM_PROTOCOL);
	steps_until(1, "r");
	expect_tally(0, 0, 0);
	expect(1, 0, 1);
	end_h2();
}
END_TEST

START_TEST(one_that_is_paused_holds_no_other_up)
{
	static char body[400000];
	bool paused = false;

	begin_h2(0, 100);
	start_all(2);
	steps_until_begun(0, 2);
	answer_head(0, 0, false);
	steps_until(0, "rh");
	call_pause(&calls[0], true);
	for (int i = 0; i < 100; i++) {
		struct stream *s = h2_peers[0].streams[0];

		if (stream_queued(s) < sizeof(body))
			stream_data(s, slice_make(body, sizeof(body)));
		step();
		paused = stream_queued(s) != 0;
	}
	ck_assert(paused);
	ck_assert_uint_eq(got[0], 0);
	answer(0, 1);
	steps_until(1, "rhde");
	call_pause(&calls[0], false);
	stream_end(h2_peers[0].streams[0], NULL);
	steps_until(0, "rhde");
	ck_assert_uint_ge(got[0], sizeof(body));
	expect(0, 1, 1);
	end_h2();
}
END_TEST

START_TEST(a_retired_endpoint)
{
	struct addr other = address;

	begin_h2(0, 100);
	start_all(1);
	steps_until_begun(0, 1);
	other = address;
	other.port++;
	{
		struct endpoint_handle old = endpoint;

		publish(&other);
		opool_sweep(&pools[0]);
		endpoint = old;
	}
	steps(3);
	ck_assert(!h2_peers[0].ended);
	answer(0, 0);
	steps_until(0, "rhde");
	steps_until_ended(0);
	expect(0, 0, 0);
	end_h2();
}
END_TEST

/* A reload has changed what the service speaks. */
START_TEST(one_of_the_other_protocol_is_not_kept)
{
	begin_h2(0, 100);
	start_all(2);
	steps_until_begun(0, 2);
	answer(0, 0);
	steps_until(0, "rhde");
	calls[0].params.protocol = IMG_PROTOCOL_H1;
	deaf = true;
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	expect(2, 0, 2);
	answer(0, 1);
	steps_until(1, "rhde");
	steps_until_ended(0);
	expect(1, 0, 1);
	end_h2();
}
END_TEST

/* Two images are in use, and each has calls that wait for a connection. */
START_TEST(two_policies)
{
	struct tls_client_want want = { .min_version = 0x0303 };
	struct tls_client *policies[2];

	tls_init();
	begin_h2(0, 100);
	deaf = true;
	for (int i = 0; i < 2; i++) {
		policies[i] = tls_client_new(&want);
		ck_assert_ptr_nonnull(policies[i]);
	}
	for (uint32_t i = 0; i < CALLS; i++)
		calls[i].params.tls = policies[i % 2];
	start_all(CALLS);
	steps(5);
	expect(CALLS, 0, 2);
	/* One is given up: the others stay. */
	call_abort(&calls[0]);
	steps(5);
	expect(CALLS - 1, 0, 2);
	end_h2();
	for (int i = 0; i < 2; i++)
		tls_client_free(policies[i]);
}
END_TEST

/* A reload has changed it since. */
START_TEST(what_the_last_call_wanted_is_kept)
{
	struct tls_client_want want = { .min_version = 0x0303 };
	struct tls_client *policy;

	tls_init();
	begin_h2(0, 100);
	policy = tls_client_new(&want);
	start_all(2);
	steps_until_begun(0, 2);
	answer(0, 0);
	steps_until(0, "rhde");
	calls[0].params.tls = policy;
	deaf = true;
	ck_assert_int_eq(start(0, 0, false), CALL_CONNECTED);
	steps(3);
	expect(2, 0, 2);
	answer(0, 1);
	steps_until(1, "rhde");
	steps_until_ended(0);
	expect(1, 0, 1);
	end_h2();
	tls_client_free(policy);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("mux");

	tcase_add_test(tc, many_calls_share_a_connection);
	tcase_add_test(tc, one_stream_until_settings_came);
	tcase_add_test(tc, one_who_comes_with_settings);
	tcase_add_test(tc, one_who_comes_with_settings_and_finds_no_room);
	tcase_add_test(tc, as_many_streams_as_the_peer_allows);
	tcase_add_test(tc, no_room_and_no_permit);
	tcase_add_test(tc, idle_ones_are_given_up_when_wanted);
	tcase_add_test(tc, none_is_kept_where_none_may);
	tcase_add_test(tc, closed_after_its_time);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, reset);
	tcase_add_test(tc, goaway);
	tcase_add_test(tc, closed_with_calls_on_it);
	tcase_add_test(tc, an_answer_that_came_before_the_end);
	tcase_add_test(tc, closed_while_it_idled);
	tcase_add_test(tc, closed_while_it_idled_for_many);
	tcase_add_test(tc, heard_while_it_idled);
	tcase_add_test(tc, closed_with_one_that_has_not_heard);
	tcase_add_test(tc, sent_away_it_still_looks_first);
	tcase_add_test(tc, sent_away_it_still_takes_none_that_idled);
	tcase_add_test(tc, sent_away_to_one_that_has_been_idle);
	tcase_add_test(tc, closed_before_it_was_sent);
	tcase_add_test(tc, nobody_listens);
	tcase_add_test(tc, one_that_says_nothing);
	tcase_add_test(tc, one_that_is_dead_is_left);
	tcase_add_test(tc, what_is_no_http2);
	tcase_add_test(tc, another_protocol);
	tcase_add_test(tc, another_protocol_is_not_taken);
	tcase_add_test(tc, one_that_is_paused_holds_no_other_up);
	tcase_add_test(tc, a_retired_endpoint);
	tcase_add_test(tc, one_of_the_other_protocol_is_not_kept);
	tcase_add_test(tc, two_policies);
	tcase_add_test(tc, what_the_last_call_wanted_is_kept);
	return fixture_run(tc, "mux");
}
