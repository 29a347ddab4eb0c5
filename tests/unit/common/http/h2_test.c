/*
 * h2_test.c - two codecs of HTTP/2 that talk to each other, over bytes that are
 * cut anywhere; what one side writes, the other one tells.
 */
#include <check.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/http/h2.h"

#define STREAMS 64

struct seen {
	struct stream *stream;
	char head[2048], body[200000], trailers[512];
	size_t body_bytes;
	unsigned status;
	struct slice upgrade;
	bool ended;
	enum codec_error error;
	int rooms;
	enum body_kind kind;
	uint64_t length;
};

struct end {
	struct h2 *h2;
	struct obuf out;
	struct seen seen[STREAMS];
	int count;
	bool pause_all;
	void (*on_head)(struct end *e, struct stream *s, const struct head *h);
};

static struct end server, client;

static const struct codec_limits limits = { 16384, 8192, 100 };
static const struct h2_limits own = { 10, 65535, 1 << 20, 50, 100 };

static struct seen *
seen_of(struct stream *s)
{
	struct end *e = h2_user(h2_of(s));

	if (s->user == NULL) {
		struct seen *new = &e->seen[e->count++];

		ck_assert_int_le(e->count, STREAMS);
		new->stream = s;
		s->user = new;
	}
	return s->user;
}

static void
fields_text(const struct head *h, char *to, size_t size)
{
	size_t n = strlen(to);

	for (uint32_t i = 0; i < h->count; i++)
		n += (size_t)snprintf(to + n, size - n, "%.*s=%.*s|",
		    SLICE_FMT(h->fields[i].name),
		    SLICE_FMT(h->fields[i].value));
}

static void
on_head(struct stream *s, const struct head *h)
{
	struct end *e = h2_user(h2_of(s));
	struct seen *seen = seen_of(s);

	if (h->status == 0)
		snprintf(seen->head, sizeof(seen->head), "%.*s %.*s %.*s%s|",
		    SLICE_FMT(h->method_text), SLICE_FMT(h->target),
		    SLICE_FMT(h->host), h->https ? " https" : "");
	seen->status = h->status;
	seen->kind = h->body;
	seen->length = h->length;
	if (h->upgrade.n != 0)
		seen->upgrade = SLICE_LIT("websocket");
	fields_text(h, seen->head, sizeof(seen->head));
	if (e->pause_all)
		stream_pause(s, true);
	if (e->on_head != NULL)
		e->on_head(e, s, h);
}

static void
on_data(struct stream *s, struct slice bytes)
{
	struct seen *seen = seen_of(s);

	ck_assert(!seen->ended && seen->error == CODEC_OK);
	ck_assert_uint_le(seen->body_bytes + bytes.n, sizeof(seen->body));
	memcpy(seen->body + seen->body_bytes, bytes.p, bytes.n);
	seen->body_bytes += bytes.n;
}

static void
on_end(struct stream *s, const struct head *trailers)
{
	struct seen *seen = seen_of(s);

	seen->ended = true;
	fields_text(trailers, seen->trailers, sizeof(seen->trailers));
}

static void
on_error(struct stream *s, enum codec_error e)
{
	struct seen *seen = seen_of(s);

	ck_assert_int_eq(seen->error, CODEC_OK);
	seen->error = e;
}

static void
on_room(struct stream *s)
{
	seen_of(s)->rooms++;
}

static const struct codec_events events = { on_head, on_data, on_end, on_error,
	on_room };

static void
end_init(struct end *e, enum codec_role role)
{
	memset(e, 0, sizeof(*e));
	obuf_init(&e->out, NULL);
	e->h2 = h2_new(role, &events, &limits, &own, &e->out, e);
	ck_assert_ptr_nonnull(e->h2);
}

static void
setup(void)
{
	buf_pool_init(0);
	(void)clock_update();
	end_init(&server, CODEC_SERVER);
	end_init(&client, CODEC_CLIENT);
	srand(7);
}

static void
end_fini(struct end *e)
{
	h2_free(e->h2);
	obuf_fini(&e->out);
}

static void
teardown(void)
{
	end_fini(&server);
	end_fini(&client);
	buf_pool_fini();
}

/* Bytes of one to the other, in pieces; true when there were some. */
static bool
carry(struct end *from, struct end *to, size_t most)
{
	struct buf *b;

	(void)h2_pull(from->h2);
	b = from->out.head;
	if (from->out.bytes == 0)
		return false;
	size_t n = b->end - b->start;

	if (most != 0 && n > most)
		n = 1 + (size_t)rand() % most;
	char *copy = malloc(n);

	memcpy(copy, b->data + b->start, n);
	obuf_consume(&from->out, n);
	ck_assert_uint_eq(codec_input(h2_codec(to->h2), copy, n), n);
	free(copy);
	return true;
}

static void
run(size_t most)
{
	bool more = true;

	while (more) {
		more = carry(&client, &server, most);
		more = carry(&server, &client, most) || more;
		if (h2_wants_deliver(server.h2))
			h2_deliver(server.h2), more = true;
		if (h2_wants_deliver(client.h2))
			h2_deliver(client.h2), more = true;
	}
}

static struct stream *
ask(const char *method, const char *path, enum body_kind body, uint64_t length)
{
	struct field fields[8];
	struct head h = { .method_text = slice_str(method),
		.method = (uint8_t)http_method_find(slice_str(method)),
		.target = slice_str(path),
		.body = (uint8_t)body,
		.length = length,
		.fields = fields };
	struct stream *s = h2_open(client.h2);

	ck_assert_ptr_nonnull(s);
	head_add(&h, FIELD_HOST, SLICE_LIT("a.example"));
	head_add(&h, FIELD_COOKIE, SLICE_LIT("a=1"));
	head_add(&h, FIELD_TE, SLICE_LIT("trailers"));
	fields[h.count++] = (struct field){ SLICE_LIT("X-Own"),
		SLICE_LIT("Value"), FIELD_OTHER };
	ck_assert(stream_head(s, &h, body == BODY_NONE));
	return s;
}

static void
answer(struct stream *s, unsigned status, enum body_kind body, uint64_t length,
    bool end)
{
	struct field fields[4];
	struct head h = { .status = (uint16_t)status,
		.body = (uint8_t)body,
		.length = length,
		.fields = fields };

	head_add(&h, FIELD_CONTENT_TYPE, SLICE_LIT("text/plain"));
	ck_assert(stream_head(s, &h, end));
}

static void
release_all(void)
{
	for (int i = 0; i < server.count; i++)
		h2_release(server.seen[i].stream, H2_DONE);
	for (int i = 0; i < client.count; i++)
		h2_release(client.seen[i].stream, H2_DONE);
	run(0);
	ck_assert_uint_eq(h2_streams(server.h2), 0);
	ck_assert_uint_eq(h2_streams(client.h2), 0);
}

START_TEST(get)
{
	(void)ask("GET", "/x?y", BODY_NONE, 0);
	run((size_t)_i);
	ck_assert_int_eq(server.count, 1);
	ck_assert_str_eq(server.seen[0].head,
	    "GET /x?y a.example|Cookie=a=1|TE=trailers|x-own=Value|"
	    "Host=a.example|");
	ck_assert(server.seen[0].ended);
	ck_assert_int_eq(server.seen[0].kind, BODY_NONE);
	answer(server.seen[0].stream, 200, BODY_LENGTH, 5, false);
	stream_data(server.seen[0].stream, SLICE_LIT("hello"));
	stream_end(server.seen[0].stream, NULL);
	run((size_t)_i);
	ck_assert_int_eq(client.count, 1);
	ck_assert_uint_eq(client.seen[0].status, 200);
	ck_assert_uint_eq(client.seen[0].length, 5);
	ck_assert_uint_eq(client.seen[0].body_bytes, 5);
	ck_assert(client.seen[0].ended);
	release_all();
}
END_TEST

START_TEST(post_with_trailers)
{
	struct field fields[2];
	struct head trailers = { .fields = fields };
	struct stream *s = ask("POST", "/", BODY_STREAM, 0);

	fields[trailers.count++] =
	    (struct field){ SLICE_LIT("grpc-status"), SLICE_LIT("0"), 0 };
	stream_data(s, SLICE_LIT("abc"));
	stream_end(s, &trailers);
	run((size_t)_i);
	ck_assert_str_eq(server.seen[0].trailers, "grpc-status=0|");
	ck_assert_uint_eq(server.seen[0].body_bytes, 3);
	answer(server.seen[0].stream, 103, BODY_NONE, 0, false);
	answer(server.seen[0].stream, 200, BODY_STREAM, 0, false);
	stream_data(server.seen[0].stream, SLICE_LIT("xyz"));
	stream_end(server.seen[0].stream, &trailers);
	run((size_t)_i);
	ck_assert_uint_eq(client.seen[0].status, 200);
	ck_assert_str_eq(client.seen[0].trailers, "grpc-status=0|");
	release_all();
}
END_TEST

/* More than any window, through a reader that stops now and then. */
START_TEST(large_and_paused)
{
	static char block[9000];
	struct stream *s;
	size_t left = 180000;

	memset(block, 'b', sizeof(block));
	server.pause_all = true;
	s = ask("POST", "/", BODY_LENGTH, left);
	while (left != 0) {
		size_t n = left < sizeof(block) ? left : sizeof(block);

		stream_data(s, slice_make(block, n));
		left -= n;
	}
	stream_end(s, NULL);
	run((size_t)_i);
	ck_assert_uint_eq(server.seen[0].body_bytes, 0);
	ck_assert_uint_ne(stream_queued(s), 0);
	while (!server.seen[0].ended) {
		stream_pause(server.seen[0].stream, false);
		run((size_t)_i);
		stream_pause(server.seen[0].stream, true);
		run((size_t)_i);
	}
	ck_assert_uint_eq(server.seen[0].body_bytes, 180000);
	/* It hears once that all has gone, which is when it begins to wait. */
	ck_assert_int_eq(client.seen[0].rooms, 1);
	ck_assert_uint_eq(client.seen[0].status, 0);
	answer(server.seen[0].stream, 204, BODY_NONE, 0, true);
	run((size_t)_i);
	ck_assert(client.seen[0].ended);
	release_all();
}
END_TEST

START_TEST(head_and_not_modified)
{
	(void)ask("HEAD", "/", BODY_NONE, 0);
	run(0);
	answer(server.seen[0].stream, 200, BODY_LENGTH, 77, false);
	stream_end(server.seen[0].stream, NULL);
	run(0);
	ck_assert_uint_eq(client.seen[0].length, 77);
	ck_assert_int_eq(client.seen[0].kind, BODY_NONE);
	ck_assert(client.seen[0].ended);
	release_all();
}
END_TEST

START_TEST(short_answer_is_cut)
{
	(void)ask("GET", "/", BODY_NONE, 0);
	run(0);
	answer(server.seen[0].stream, 200, BODY_LENGTH, 10, false);
	stream_data(server.seen[0].stream, SLICE_LIT("1234"));
	stream_end(server.seen[0].stream, NULL);
	run(0);
	ck_assert(!client.seen[0].ended);
	ck_assert_int_eq(client.seen[0].error, CODEC_RESET);
	release_all();
}
END_TEST

START_TEST(reset_by_client)
{
	struct stream *s = ask("POST", "/", BODY_STREAM, 0);

	run(0);
	h2_release(s, H2_CANCEL);
	run(0);
	ck_assert_int_eq(server.seen[0].error, CODEC_RESET);
	h2_release(server.seen[0].stream, H2_CANCEL);
	run(0);
	ck_assert_uint_eq(h2_streams(server.h2), 0);
	ck_assert_uint_eq(h2_streams(client.h2), 0);
}
END_TEST

/* The whole answer, before the whole request. */
START_TEST(early_answer)
{
	(void)ask("POST", "/", BODY_STREAM, 0);
	run(0);
	answer(server.seen[0].stream, 413, BODY_LENGTH, 2, false);
	stream_data(server.seen[0].stream, SLICE_LIT("no"));
	stream_end(server.seen[0].stream, NULL);
	h2_release(server.seen[0].stream, H2_DONE);
	run(0);
	ck_assert_uint_eq(client.seen[0].status, 413);
	ck_assert(client.seen[0].ended);
	ck_assert_uint_eq(h2_streams(server.h2), 0);
	h2_release(client.seen[0].stream, H2_DONE);
	run(0);
	ck_assert_uint_eq(h2_streams(client.h2), 0);
}
END_TEST

START_TEST(websocket)
{
	struct field fields[4];
	struct head h = { .method_text = SLICE_LIT("GET"),
		.method = METHOD_GET,
		.target = SLICE_LIT("/chat"),
		.upgrade = SLICE_LIT("websocket"),
		.fields = fields };
	struct stream *s;

	run(0);
	ck_assert(h2_settled(client.h2) && h2_takes_connect(client.h2));
	s = h2_open(client.h2);
	head_add(&h, FIELD_HOST, SLICE_LIT("a.example"));
	head_add(&h, FIELD_SEC_WEBSOCKET_KEY, SLICE_LIT("key"));
	ck_assert(stream_head(s, &h, true));
	stream_data(s, SLICE_LIT("early"));
	run((size_t)_i);
	ck_assert_str_eq(
	    server.seen[0].head, "GET /chat a.example|Host=a.example|");
	ck_assert_uint_ne(server.seen[0].upgrade.n, 0);
	ck_assert(server.seen[0].ended);
	ck_assert_uint_eq(server.seen[0].body_bytes, 0);
	server.seen[0].ended = false;
	h = (struct head){ .status = 101,
		.upgrade = SLICE_LIT("websocket"),
		.fields = fields };
	ck_assert(stream_head(server.seen[0].stream, &h, false));
	stream_data(server.seen[0].stream, SLICE_LIT("down"));
	run((size_t)_i);
	ck_assert_uint_eq(client.seen[0].status, 101);
	ck_assert_uint_eq(client.seen[0].body_bytes, 4);
	ck_assert_uint_eq(server.seen[0].body_bytes, 5);
	stream_end(s, NULL);
	run((size_t)_i);
	ck_assert(server.seen[0].ended && !client.seen[0].ended);
	stream_end(server.seen[0].stream, NULL);
	run((size_t)_i);
	ck_assert(client.seen[0].ended);
	release_all();
}
END_TEST

START_TEST(goaway)
{
	struct stream *s = ask("GET", "/", BODY_NONE, 0);

	run(0);
	h2_goaway(server.h2, false);
	run(0);
	ck_assert(h2_leaving(client.h2) && !h2_may_open(client.h2));
	answer(server.seen[0].stream, 200, BODY_NONE, 0, true);
	run(0);
	ck_assert(client.seen[0].ended);
	ck_assert_ptr_eq(s, client.seen[0].stream);
	release_all();
}
END_TEST

START_TEST(many_streams_share)
{
	static char block[4000];

	run(0);
	for (int i = 0; i < 10; i++)
		(void)ask("GET", "/", BODY_NONE, 0);
	ck_assert(!h2_may_open(client.h2));
	run(0);
	ck_assert_int_eq(server.count, 10);
	for (int i = 0; i < 10; i++) {
		answer(server.seen[i].stream, 200, BODY_STREAM, 0, false);
		for (int k = 0; k < 5; k++)
			stream_data(server.seen[i].stream,
			    slice_make(block, sizeof(block)));
		stream_end(server.seen[i].stream, NULL);
	}
	run(0);
	for (int i = 0; i < 10; i++) {
		ck_assert_uint_eq(client.seen[i].body_bytes, 20000);
		ck_assert(client.seen[i].ended);
	}
	release_all();
	ck_assert(h2_may_open(client.h2));
}
END_TEST

START_TEST(rapid_reset)
{
	for (int i = 0; i < 60 && h2_fault(server.h2) == H2_FINE; i++) {
		struct stream *s = ask("GET", "/", BODY_NONE, 0);

		run(0);
		h2_release(s, H2_CANCEL);
		run(0);
		if (server.seen[i].error != CODEC_OK)
			h2_release(server.seen[i].stream, H2_CANCEL);
	}
	ck_assert_int_eq(h2_fault(server.h2), H2_FLOOD);
	ck_assert(h2_leaving(client.h2));
}
END_TEST

START_TEST(pings)
{
	for (int i = 0; i < 200 && h2_fault(server.h2) == H2_FINE; i++) {
		h2_ping(client.h2);
		run(0);
	}
	ck_assert_int_eq(h2_fault(server.h2), H2_FLOOD);
	ck_assert_uint_gt(h2_pings_answered(client.h2), 50);
}
END_TEST

START_TEST(garbage)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

	ck_assert_uint_eq(
	    codec_input(h2_codec(server.h2), text, sizeof(text) - 1),
	    sizeof(text) - 1);
	ck_assert_int_eq(h2_fault(server.h2), H2_PROTOCOL);
}
END_TEST

static size_t
heap_bytes(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* Each has sent its SETTINGS; its buffer for frames is none of the heap's. */
START_TEST(many_that_idle)
{
	enum { MANY = 100 };
	static struct h2 *all[MANY];
	struct obuf out;
	size_t before;

	(void)ask("GET", "/", BODY_NONE, 0);
	run(0);
	obuf_init(&out, NULL);
	before = heap_bytes();
	for (int i = 0; i < MANY; i++) {
		all[i] = h2_new(i % 2 == 0 ? CODEC_SERVER : CODEC_CLIENT,
		    &events, &limits, &own, &out, NULL);
		ck_assert_ptr_nonnull(all[i]);
		ck_assert(h2_pull(all[i]));
		obuf_consume(&out, out.bytes);
	}
	ck_assert_uint_le(heap_bytes() - before, MANY * 12000u);
	for (int i = 0; i < MANY; i++)
		h2_free(all[i]);
	h2_trim();
	/* Others have theirs still. */
	answer(server.seen[0].stream, 200, BODY_LENGTH, 5, false);
	stream_data(server.seen[0].stream, SLICE_LIT("hello"));
	stream_end(server.seen[0].stream, NULL);
	run(0);
	ck_assert_uint_eq(client.seen[0].body_bytes, 5);
	release_all();
}
END_TEST

START_TEST(end_of_connection)
{
	(void)ask("GET", "/", BODY_NONE, 0);
	run(0);
	codec_eof(h2_codec(client.h2));
	ck_assert_int_eq(client.seen[0].error, CODEC_RESET);
	codec_eof(h2_codec(server.h2));
	ck_assert_int_eq(server.seen[0].error, CODEC_RESET);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("h2");
	TCase *t = tcase_create("h2");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, get, 0, 40);
	tcase_add_loop_test(t, post_with_trailers, 0, 40);
	tcase_add_loop_test(t, large_and_paused, 0, 3);
	tcase_add_test(t, head_and_not_modified);
	tcase_add_test(t, short_answer_is_cut);
	tcase_add_test(t, reset_by_client);
	tcase_add_test(t, early_answer);
	tcase_add_loop_test(t, websocket, 0, 20);
	tcase_add_test(t, goaway);
	tcase_add_test(t, many_streams_share);
	tcase_add_test(t, rapid_reset);
	tcase_add_test(t, pings);
	tcase_add_test(t, garbage);
	tcase_add_test(t, many_that_idle);
	tcase_add_test(t, end_of_connection);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
