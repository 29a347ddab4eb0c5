/*
 * relay_fuzz.c - any bytes through a reader of requests, the writer, and a
 * second reader: what was understood once is what the next server understands,
 * and of a request that was refused it never has the whole.
 *
 *	bytes -> h1 (server) -> said -> h1 (client) -> h1 (server) -> heard
 */
#include <stdlib.h>

#include "common/base/list.h"
#include "common/base/must.h"
#include "common/http/h1.h"

#define FIELDS 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A request, as one of the two readers has it. */
struct message {
	char text[8192]; /* method, target, host, body, trailers */
	size_t n;
	bool whole;
};

struct relay {
	struct h1 in, up, next;
	struct obuf in_out, up_out, next_out;
	struct message said, heard;
	bool sending;
};

/* What is rewritten may be longer by its framing. */
static const struct codec_limits limits = { 512, 64, FIELDS };
static const struct codec_limits next_limits = { 2048, 128, FIELDS + 4 };

static void
note(struct message *m, struct slice s)
{
	MUST(s.n < sizeof(m->text) - m->n);
	if (s.n != 0)
		memcpy(m->text + m->n, s.p, s.n);
	m->n += s.n;
}

static void
note_head(struct message *m, const struct head *h)
{
	*m = (struct message){ .n = 0 };
	note(m, h->method_text);
	note(m, SLICE_LIT(" "));
	if (h->target.p[0] == '?')
		note(m, SLICE_LIT("/"));
	note(m, h->target);
	note(m, SLICE_LIT(" "));
	note(m, h->host);
	note(m, SLICE_LIT("\n"));
}

static void
answer(struct h1 *h, struct obuf *out)
{
	struct head ok = { .status = 200, .body = BODY_LENGTH };

	if (h->writing == H1_WRITE_NONE)
		stream_head(&h->stream, &ok, true);
	obuf_fini(out);
}

/* ---- the second reader ---- */

static struct relay *
of_next(struct stream *s)
{
	return CONTAINER_OF(s, struct relay, next.stream);
}

static void
heard_head(struct stream *s, const struct head *h)
{
	struct relay *r = of_next(s);

	MUST(!r->heard.whole);
	note_head(&r->heard, h);
}

static void
heard_data(struct stream *s, struct slice bytes)
{
	note(&of_next(s)->heard, bytes);
}

static void
heard_end(struct stream *s, const struct head *trailers)
{
	(void)trailers;
	of_next(s)->heard.whole = true;
}

static void
heard_error(struct stream *s, enum codec_error e)
{
	(void)s;
	/* A request that was given up ends within itself. */
	MUST(e == CODEC_TRUNCATED && !of_next(s)->said.whole);
}

static const struct codec_events heard_events = { .head = heard_head,
	.data = heard_data,
	.end = heard_end,
	.error = heard_error };

/* All that was written goes to the second reader, as one connection. */
static void
carry(struct relay *r)
{
	size_t n = r->up_out.bytes, at = 0;
	char *bytes = malloc(n + 1);
	struct iovec iov[16];

	MUST(bytes != NULL);
	while (at != n) {
		int count = obuf_iov(&r->up_out, iov, 16);
		size_t before = at;

		for (int i = 0; i < count; i++) {
			memcpy(bytes + at, iov[i].iov_base, iov[i].iov_len);
			at += iov[i].iov_len;
		}
		obuf_consume(&r->up_out, at - before);
	}
	h1_init(
	    &r->next, CODEC_SERVER, &heard_events, &next_limits, &r->next_out);
	r->heard = (struct message){ .n = 0 };
	MUST(codec_input(&r->next.base, bytes, n) == n || !r->said.whole);
	codec_eof(&r->next.base);
	free(bytes);
	MUST(r->heard.whole == r->said.whole);
	if (r->said.whole)
		MUST(slice_eq(slice_make(r->said.text, r->said.n),
		    slice_make(r->heard.text, r->heard.n)));
	r->sending = false;
	obuf_fini(&r->up_out);
	obuf_fini(&r->next_out);
}

/* ---- the first reader, whose requests are sent on ---- */

static struct relay *
of_in(struct stream *s)
{
	return CONTAINER_OF(s, struct relay, in.stream);
}

static void
up_event(struct stream *s, const struct head *h)
{
	(void)s;
	(void)h;
	MUST(false); /* nobody answers */
}

static const struct codec_events up_events = { .head = up_event };

static void
said_head(struct stream *s, const struct head *h)
{
	struct relay *r = of_in(s);
	struct field fields[FIELDS + 1];
	struct head up = *h;

	/* Neither goes on like this: a tunnel, and HTTP/1.0 without a host. */
	if (h->method == METHOD_CONNECT || h->host.n == 0)
		return;
	note_head(&r->said, h);
	up.fields = fields;
	up.count = 0;
	up.close = false;
	head_add(&up, FIELD_HOST, h->host);
	for (uint32_t i = 0; i < h->count; i++)
		if (h->fields[i].id != FIELD_HOST)
			fields[up.count++] = h->fields[i];
	h1_init(&r->up, CODEC_CLIENT, &up_events, &limits, &r->up_out);
	r->sending = true;
	MUST(stream_head(&r->up.stream, &up, h->body == BODY_NONE));
}

static void
said_data(struct stream *s, struct slice bytes)
{
	struct relay *r = of_in(s);

	if (!r->sending)
		return;
	note(&r->said, bytes);
	stream_data(&r->up.stream, bytes);
}

static void
said_end(struct stream *s, const struct head *trailers)
{
	struct relay *r = of_in(s);

	if (r->sending) {
		r->said.whole = true;
		stream_end(&r->up.stream, trailers);
		carry(r);
	}
	answer(&r->in, &r->in_out);
}

static void
said_error(struct stream *s, enum codec_error e)
{
	struct relay *r = of_in(s);

	(void)e;
	if (r->sending)
		carry(r);
	answer(&r->in, &r->in_out);
}

static const struct codec_events said_events = { .head = said_head,
	.data = said_data,
	.end = said_end,
	.error = said_error };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct relay r;
	static bool ready;
	const char *p = (const char *)data;
	size_t at = 0, used;

	if (!ready)
		buf_pool_init(0);
	ready = true;
	if (size > sizeof(r.said.text) / 2)
		return 0;
	obuf_init(&r.in_out, NULL);
	obuf_init(&r.up_out, NULL);
	obuf_init(&r.next_out, NULL);
	r.sending = false;
	h1_init(&r.in, CODEC_SERVER, &said_events, &limits, &r.in_out);
	do {
		used = codec_input(&r.in.base, p + at, size - at);
		at += used;
	} while (used != 0 && at != size);
	codec_eof(&r.in.base);
	if (r.sending)
		carry(&r);
	obuf_fini(&r.in_out);
	return 0;
}
