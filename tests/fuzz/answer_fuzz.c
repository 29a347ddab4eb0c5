/*
 * answer_fuzz.c - any bytes through a reader of answers, the writer, and a
 * second reader: what was understood once is what the client understands, a
 * connection that is kept is in step, and of an answer that broke off the
 * client never has the whole. The first byte says what was asked.
 *
 *	bytes -> h1 (client) -> said -> h1 (server) -> h1 (client) -> heard
 */
#include <stdlib.h>

#include "common/base/list.h"
#include "common/base/must.h"
#include "common/http/h1.h"

#define FIELDS 16
#define INPUT_MAX 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An answer with its interim ones, as one of the two readers has it. */
struct message {
	char text[8 * INPUT_MAX]; /* statuses, fields, body, trailers */
	size_t n;
	bool begun, whole;
	bool reset; /* 205: its content is dropped */
};

struct relay {
	struct h1 up, down, next;
	struct obuf up_out, down_out, next_out;
	struct message said, heard;
	struct slice asked; /* the request, as the client sent it */
	enum http_method method;
	bool upgrade, to_the_end; /* the end of the connection is the body's */
};

/* What is rewritten may be longer by its framing. */
static const struct codec_limits limits = { 2048, 64, FIELDS };
static const struct codec_limits next_limits = { 4096, 128, FIELDS + 4 };

static const struct {
	enum http_method method;
	struct slice text;
} requests[] = {
	{ METHOD_GET, SLICE_LIT("GET / HTTP/1.1\r\nHost: a\r\n\r\n") },
	{ METHOD_HEAD, SLICE_LIT("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n") },
	{ METHOD_GET,
	    SLICE_LIT("GET / HTTP/1.1\r\nHost: a\r\nConnection: "
		      "close\r\n\r\n") },
	{ METHOD_GET, SLICE_LIT("GET / HTTP/1.0\r\n\r\n") },
	{ METHOD_POST,
	    SLICE_LIT("POST / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") },
	{ METHOD_GET,
	    SLICE_LIT("GET / HTTP/1.1\r\nHost: a\r\nConnection: "
		      "upgrade\r\nUpgrade: x\r\n\r\n") },
	{ METHOD_POST,
	    SLICE_LIT("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "
		      "5\r\n\r\nab") },
};

#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

static void
note(struct message *m, struct slice s)
{
	MUST(s.n < sizeof(m->text) - m->n);
	if (s.n != 0)
		memcpy(m->text + m->n, s.p, s.n);
	m->n += s.n;
}

/* Those fields that are not of one connection only. */
static void
note_fields(struct message *m, const struct head *h)
{
	for (uint32_t i = 0; i < h->count; i++) {
		unsigned flags = http_field_flags(h->fields[i].id);

		if ((flags & (FIELD_HOP | FIELD_FRAMING)) != 0)
			continue;
		note(m, h->fields[i].name);
		note(m, SLICE_LIT("="));
		note(m, h->fields[i].value);
		note(m, SLICE_LIT("|"));
	}
}

static void
note_head(struct message *m, const struct head *h)
{
	char status[2] = { (char)(h->status >> 8), (char)h->status };

	MUST(!m->begun && !m->whole);
	m->begun = h->status == 101 || h->status >= 200;
	m->reset = h->status == 205;
	note(m, slice_make(status, sizeof(status)));
	note_fields(m, h);
	note(m, SLICE_LIT("\n"));
}

static void
note_end(struct message *m, const struct head *trailers)
{
	MUST(m->begun && !m->whole);
	m->whole = true;
	for (uint32_t i = 0; i < trailers->count; i++)
		if (trailers->fields[i].id == FIELD_ETAG)
			note(m, trailers->fields[i].value);
}

/* ---- the client ---- */

static struct relay *
of_next(struct stream *s)
{
	return CONTAINER_OF(s, struct relay, next.stream);
}

static void
heard_head(struct stream *s, const struct head *h)
{
	/* RFC 9110 8.6, RFC 9112 6.1. */
	if (h->status < 200 || h->status == 204)
		MUST(!head_has(h, FIELD_CONTENT_LENGTH) &&
		    !head_has(h, FIELD_TRANSFER_ENCODING));
	note_head(&of_next(s)->heard, h);
}

static void
heard_data(struct stream *s, struct slice bytes)
{
	MUST(of_next(s)->heard.begun);
	note(&of_next(s)->heard, bytes);
}

static void
heard_end(struct stream *s, const struct head *trailers)
{
	note_end(&of_next(s)->heard, trailers);
}

static void
heard_error(struct stream *s, enum codec_error e)
{
	/* All that it may find wrong is that the rest is missing. */
	MUST(e == CODEC_TRUNCATED && !of_next(s)->said.whole);
}

static const struct codec_events heard_events = { .head = heard_head,
	.data = heard_data,
	.end = heard_end,
	.error = heard_error };

static void
ask(struct h1 *h, const struct relay *r)
{
	struct head head = { .method = (uint8_t)r->method,
		.target = SLICE_LIT("/"),
		.upgrade = r->upgrade ? SLICE_LIT("x") : SLICE_NONE };

	MUST(stream_head(&h->stream, &head, true));
}

/* All that was written goes to the client, and the end if it is due. */
static void
carry(struct relay *r)
{
	size_t n = r->down_out.bytes, at = 0;
	char *bytes = malloc(n + 1);
	struct iovec iov[16];

	MUST(bytes != NULL);
	while (at != n) {
		int count = obuf_iov(&r->down_out, iov, 16);
		size_t before = at;

		for (int i = 0; i < count; i++) {
			memcpy(bytes + at, iov[i].iov_base, iov[i].iov_len);
			at += iov[i].iov_len;
		}
		obuf_consume(&r->down_out, at - before);
	}
	h1_init(
	    &r->next, CODEC_CLIENT, &heard_events, &next_limits, &r->next_out);
	ask(&r->next, r);
	for (at = 0; at != n;) {
		size_t used = codec_input(&r->next.base, bytes + at, n - at);

		MUST(used != 0 || !r->said.whole);
		if (used == 0)
			break;
		at += used;
	}
	free(bytes);
}

static void
compare(struct relay *r)
{
	if (r->said.whole && !h1_must_close(&r->down) && !r->to_the_end)
		MUST(r->heard.whole && !h1_must_close(&r->next));
	if (r->said.whole && r->to_the_end)
		MUST(h1_must_close(&r->down));
	codec_eof(&r->next.base);
	/* Of a 205 the client has all there is with its head. */
	if (!r->to_the_end && !r->said.reset)
		MUST(r->heard.whole == r->said.whole);
	if (!r->said.whole)
		return;
	MUST(slice_eq(slice_make(r->said.text, r->said.n),
	    slice_make(r->heard.text, r->heard.n)));
}

/* ---- the upstream, whose answers are sent on ---- */

static struct relay *
of_up(struct stream *s)
{
	return CONTAINER_OF(s, struct relay, up.stream);
}

static void
said_head(struct stream *s, const struct head *h)
{
	struct relay *r = of_up(s);
	struct head down = *h;
	bool interim = h->status < 200 && h->status != 101;

	if (!interim || r->down.peer_version == HTTP_1_1)
		note_head(&r->said, h);
	down.close = false;
	if (h->status == 101)
		down.upgrade = SLICE_LIT("x");
	if (h->status == 101 ||
	    (h->body == BODY_STREAM && !r->said.reset &&
		r->down.peer_version == HTTP_1_0))
		r->to_the_end = true;
	MUST(stream_head(&r->down.stream, &down, false));
}

static void
said_data(struct stream *s, struct slice bytes)
{
	struct relay *r = of_up(s);

	MUST(r->said.begun);
	if (!r->said.reset)
		note(&r->said, bytes);
	stream_data(&r->down.stream, bytes);
}

static void
said_end(struct stream *s, const struct head *trailers)
{
	struct relay *r = of_up(s);
	static const struct head none;

	/* Only chunks have room for trailers. */
	note_end(
	    &r->said, r->down.writing == H1_WRITE_CHUNKED ? trailers : &none);
	stream_end(&r->down.stream, trailers);
}

static void
said_error(struct stream *s, enum codec_error e)
{
	(void)s;
	MUST(e != CODEC_OK);
}

static const struct codec_events said_events = { .head = said_head,
	.data = said_data,
	.end = said_end,
	.error = said_error };

/* ---- the request, which is the same for both ---- */

static void
asked_head(struct stream *s, const struct head *h)
{
	(void)s;
	(void)h;
}

static void
asked_data(struct stream *s, struct slice bytes)
{
	(void)s;
	(void)bytes;
}

static const struct codec_events asked_events = {
	.head = asked_head, .data = asked_data, .end = asked_head, .error = NULL
};

static void
start(struct relay *r, uint8_t choice)
{
	r->said.n = r->heard.n = 0;
	r->said.begun = r->heard.begun = false;
	r->said.whole = r->heard.whole = r->to_the_end = false;
	r->method = requests[choice % REQUESTS].method;
	r->asked = requests[choice % REQUESTS].text;
	r->upgrade = choice % REQUESTS == 5;
	obuf_init(&r->up_out, NULL);
	obuf_init(&r->down_out, NULL);
	obuf_init(&r->next_out, NULL);
	h1_init(&r->down, CODEC_SERVER, &asked_events, &limits, &r->down_out);
	MUST(codec_input(&r->down.base, r->asked.p, r->asked.n) == r->asked.n);
	h1_init(&r->up, CODEC_CLIENT, &said_events, &limits, &r->up_out);
	ask(&r->up, r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct relay r;
	static bool ready;
	const char *p = (const char *)data + 1;
	size_t at = 0, used;

	if (!ready)
		buf_pool_init(0);
	ready = true;
	if (size == 0 || size > INPUT_MAX)
		return 0;
	size--;
	start(&r, data[0]);
	while (at != size) {
		used = codec_input(&r.up.base, p + at, size - at);
		at += used;
		if (used == 0 || r.said.whole)
			break;
	}
	if (!r.said.whole)
		codec_eof(&r.up.base);
	carry(&r);
	compare(&r);
	obuf_fini(&r.up_out);
	obuf_fini(&r.down_out);
	obuf_fini(&r.next_out);
	return 0;
}
