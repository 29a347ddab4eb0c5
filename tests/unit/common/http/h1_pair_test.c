/*
 * A client codec and a server codec back to back: random messages go over one
 * connection in random pieces, are echoed, and must come back as they went.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/list.h"
#include "common/base/must.h"
#include "common/http/h1.h"

#define BODY_MAX 20000
#define PENDING_MAX 65536
#define EXCHANGES 400

/* One message, as sent or as received. */
struct message {
	uint8_t method, body;
	char bytes[BODY_MAX];
	size_t n;
	char mark[16]; /* the value of X-Mark */
	char trailer[16];
	unsigned ends, interims;
};

struct side {
	struct h1 h;
	struct obuf out;
	struct message got;
	char pending[PENDING_MAX]; /* on the wire towards this side */
	size_t pending_n;
};

static struct side client, server;
static struct message sent;

static const struct codec_limits limits = { 4096, 1024, 16 };

static void
keep(char *to, const struct head *h, const char *name)
{
	const struct field *f = head_find_name(h, slice_str(name));

	if (f != NULL)
		snprintf(to, 16, "%.*s", SLICE_FMT(f->value));
}

static struct side *
side_of(struct stream *s)
{
	return CONTAINER_OF(s, struct side, h.stream);
}

static void
send_message(struct stream *s, const struct message *m, unsigned status)
{
	struct field mark = { SLICE_LIT("X-Mark"), slice_str(m->mark), 0 };
	struct field sum = { SLICE_LIT("X-Sum"), slice_str(m->trailer), 0 };
	struct head trailers = { .count = 1, .fields = &sum };
	struct head h = { .method = m->method,
		.target = SLICE_LIT("/"),
		.status = (uint16_t)status,
		.body = m->body,
		.length = m->n,
		.count = 1,
		.fields = &mark };
	struct field fields[2] = {
		{ SLICE_LIT("Host"), SLICE_LIT("a"), FIELD_HOST }, mark
	};
	size_t at = 0;

	if (status == 0) {
		h.fields = fields;
		h.count = 2;
	}
	if (m->body == BODY_NONE && rand() % 2 == 0) {
		ck_assert(stream_head(s, &h, true));
		return;
	}
	ck_assert(stream_head(s, &h, false));
	while (at != m->n) {
		size_t n = (size_t)rand() % (m->n - at) + 1;

		stream_data(s, slice_make(m->bytes + at, n));
		at += n;
	}
	stream_end(s, m->trailer[0] != '\0' ? &trailers : NULL);
}

static void
on_head(struct stream *s, const struct head *h)
{
	struct side *side = side_of(s);
	struct head interim = { .status = 103 };

	if (h->status != 0 && h->status < 200) {
		side->got.interims++;
		return;
	}
	side->got = (struct message){ .method = h->method,
		.body = h->body,
		.interims = side->got.interims };
	keep(side->got.mark, h, "x-mark");
	if (side == &server && rand() % 4 == 0)
		ck_assert(stream_head(s, &interim, false));
}

static void
on_data(struct stream *s, struct slice bytes)
{
	struct message *m = &side_of(s)->got;

	ck_assert_uint_le(m->n + bytes.n, BODY_MAX);
	memcpy(m->bytes + m->n, bytes.p, bytes.n);
	m->n += bytes.n;
}

static void
on_end(struct stream *s, const struct head *trailers)
{
	struct side *side = side_of(s);

	side->got.ends++;
	keep(side->got.trailer, trailers, "x-sum");
	if (side == &server)
		send_message(s, &server.got, 200);
}

static void
on_error(struct stream *s, enum codec_error e)
{
	(void)s;
	ck_abort_msg("%s", codec_error_name(e));
}

/* Moves some of what `from` has written to `to`; false when there is none. */
static bool
carry(struct side *from, struct side *to)
{
	struct iovec iov;
	size_t n, used;

	if (obuf_iov(&from->out, &iov, 1) == 0 && to->pending_n == 0)
		return false;
	if (from->out.bytes != 0 && to->pending_n < PENDING_MAX) {
		n = (size_t)rand() % iov.iov_len + 1;
		if (n > PENDING_MAX - to->pending_n)
			n = PENDING_MAX - to->pending_n;
		memcpy(to->pending + to->pending_n, iov.iov_base, n);
		to->pending_n += n;
		obuf_consume(&from->out, n);
	}
	used = codec_input(&to->h.base, to->pending, to->pending_n);
	to->pending_n -= used;
	memmove(to->pending, to->pending + used, to->pending_n);
	return from->out.bytes != 0 || used != 0;
}

static void
message_random(struct message *m)
{
	static const uint8_t methods[] = { METHOD_GET, METHOD_POST, METHOD_PUT,
		METHOD_HEAD, METHOD_DELETE };
	static const size_t sizes[] = { 1, 16, 300, BODY_MAX };

	*m = (struct message){ .method = methods[rand() % 5],
		.body = (uint8_t)(rand() % 3) };
	if (m->body != BODY_NONE)
		m->n = (size_t)rand() % sizes[rand() % 4];
	for (size_t i = 0; i < m->n; i++)
		m->bytes[i] = (char)rand();
	snprintf(m->mark, sizeof(m->mark), "%d", rand());
	if (m->body == BODY_STREAM && rand() % 2 == 0)
		snprintf(m->trailer, sizeof(m->trailer), "%d", rand());
}

static void
check_same(const struct message *got, const struct message *want, bool bodiless)
{
	ck_assert_uint_eq(got->ends, 1);
	ck_assert_uint_eq(got->method, want->method);
	ck_assert_str_eq(got->mark, want->mark);
	if (bodiless) {
		ck_assert_uint_eq(got->n, 0);
		return;
	}
	ck_assert_uint_eq(got->n, want->n);
	ck_assert_mem_eq(got->bytes, want->bytes, want->n);
	ck_assert_str_eq(got->trailer, want->trailer);
}

START_TEST(echo)
{
	static const struct codec_events events = { .head = on_head,
		.data = on_data,
		.end = on_end,
		.error = on_error };

	srand((unsigned)_i + 1);
	obuf_init(&client.out, NULL);
	obuf_init(&server.out, NULL);
	h1_init(&client.h, CODEC_CLIENT, &events, &limits, &client.out);
	h1_init(&server.h, CODEC_SERVER, &events, &limits, &server.out);
	for (unsigned i = 0; i < EXCHANGES; i++) {
		bool moved;

		message_random(&sent);
		send_message(&client.h.stream, &sent, 0);
		do {
			moved = carry(&client, &server);
			moved = carry(&server, &client) || moved;
		} while (moved);
		check_same(&server.got, &sent, false);
		check_same(&client.got, &sent, sent.method == METHOD_HEAD);
		ck_assert_uint_eq(server.got.body, sent.body);
		ck_assert(h1_idle(&client.h) && h1_idle(&server.h));
		ck_assert(!h1_must_close(&client.h));
	}
	ck_assert_uint_ne(client.got.interims, 0);
	obuf_fini(&client.out);
	obuf_fini(&server.out);
}
END_TEST

static void
setup(void)
{
	buf_pool_init(0);
}

int
main(void)
{
	Suite *suite = suite_create("h1_pair");
	TCase *tc = tcase_create("h1_pair");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, buf_pool_fini);
	tcase_add_loop_test(tc, echo, 0, 4);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
