/*
 * trace.h - an owner of one HTTP/1 codec that writes down every event, for the
 * tests and fuzz targets: however the same bytes are cut, the trace must be
 * the same. Events out of their order end the program.
 */
#ifndef TESTS_UNIT_COMMON_HTTP_TRACE_H
#define TESTS_UNIT_COMMON_HTTP_TRACE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/list.h"
#include "common/base/must.h"
#include "common/http/h1.h"

/* When a server's owner answers. */
enum trace_answer { TRACE_AT_HEAD, TRACE_AT_END, TRACE_LATER };

struct trace {
	struct h1 h;
	struct obuf out;
	enum trace_answer answer;
	bool answer_due;
	bool in_data; /* pieces of a body are not told apart */
	bool open;    /* a head came, and its end or error did not */
	bool failed;  /* an error came: nothing may follow */
	bool pausing; /* at every piece of a body */
	char *text;
	size_t n, room;
};

static inline struct trace *
trace_of(struct stream *s)
{
	return CONTAINER_OF(s, struct trace, h.stream);
}

static inline void
trace_bytes(struct trace *t, struct slice s)
{
	if (t->n + s.n >= t->room) {
		t->room = 2 * (t->n + s.n) + 256;
		t->text = realloc(t->text, t->room);
		MUST(t->text != NULL);
	}
	if (s.n != 0)
		memcpy(t->text + t->n, s.p, s.n);
	t->n += s.n;
	t->text[t->n] = '\0';
}

static inline void __attribute__((format(printf, 2, 3)))
trace_printf(struct trace *t, const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	trace_bytes(t, slice_make(line, (size_t)n));
}

static inline void
trace_fields(struct trace *t, const struct head *h)
{
	for (uint32_t i = 0; i < h->count; i++) {
		trace_bytes(t, SLICE_LIT("|"));
		trace_bytes(t, h->fields[i].name);
		trace_bytes(t, SLICE_LIT("="));
		trace_bytes(t, h->fields[i].value);
	}
	trace_bytes(t, SLICE_LIT("\n"));
	t->in_data = false;
}

/* Answers 200 with a short body, or 400 after an error. */
static inline void
trace_reply(struct trace *t, unsigned status)
{
	struct head h = {
		.status = (uint16_t)status, .body = BODY_LENGTH, .length = 2
	};

	t->answer_due = t->open = false;
	stream_head(&t->h.stream, &h, false);
	stream_data(&t->h.stream, SLICE_LIT("ok"));
	stream_end(&t->h.stream, NULL);
}

static inline void
trace_on_head(struct stream *s, const struct head *h)
{
	struct trace *t = trace_of(s);

	MUST(!t->open && !t->failed);
	t->open = h->status == 0 || h->status == 101 || h->status >= 200;
	if (t->in_data)
		trace_bytes(t, SLICE_LIT("\n"));
	if (t->h.role == CODEC_SERVER) {
		MUST(s->user == NULL);
		s->user = t;
		trace_printf(t, "request ");
		trace_bytes(t, h->method_text);
		trace_bytes(t, SLICE_LIT(" "));
		trace_bytes(t, h->target);
		trace_bytes(t, SLICE_LIT(" @"));
		trace_bytes(t, h->host);
	} else {
		trace_printf(t, "response %u ", h->status);
		trace_bytes(t, h->reason);
	}
	trace_printf(t, " v%u b%u n%llu%s%s", h->version, h->body,
	    (unsigned long long)h->length, h->close ? " close" : "",
	    h->expect_continue ? " expect" : "");
	trace_fields(t, h);
	MUST(h->room >= h->count); /* and all of them may be changed */
	memset(h->fields, 0, h->room * sizeof(*h->fields));
	if (t->h.role == CODEC_SERVER && t->answer == TRACE_AT_HEAD)
		trace_reply(t, 200);
}

static inline void
trace_on_data(struct stream *s, struct slice bytes)
{
	struct trace *t = trace_of(s);

	MUST(bytes.n != 0 && t->open);
	if (!t->in_data)
		trace_bytes(t, SLICE_LIT("data "));
	t->in_data = true;
	trace_bytes(t, bytes);
	if (t->pausing)
		stream_pause(s, true);
}

static inline void
trace_on_end(struct stream *s, const struct head *trailers)
{
	struct trace *t = trace_of(s);

	MUST(t->open);
	t->open = false;
	trace_bytes(t, t->in_data ? SLICE_LIT("\nend") : SLICE_LIT("end"));
	trace_fields(t, trailers);
	if (t->h.role == CODEC_CLIENT)
		return;
	if (t->answer == TRACE_AT_END)
		trace_reply(t, 200);
	else
		t->answer_due = true;
}

static inline void
trace_on_error(struct stream *s, enum codec_error e)
{
	struct trace *t = trace_of(s);

	trace_printf(
	    t, "%serror %s\n", t->in_data ? "\n" : "", codec_error_name(e));
	MUST(!t->failed);
	t->failed = true;
	t->in_data = t->open = false;
	if (t->h.role == CODEC_SERVER && t->h.writing == H1_WRITE_NONE)
		trace_reply(t, 400);
}

static inline void
trace_init(struct trace *t, enum codec_role role, enum trace_answer answer,
    const struct codec_limits *limits)
{
	static const struct codec_events events = { .head = trace_on_head,
		.data = trace_on_data,
		.end = trace_on_end,
		.error = trace_on_error };

	*t = (struct trace){ .answer = answer };
	obuf_init(&t->out, NULL);
	h1_init(&t->h, role, &events, limits, &t->out);
	trace_bytes(t, SLICE_NONE);
}

static inline void
trace_fini(struct trace *t)
{
	obuf_fini(&t->out);
	free(t->text);
}

/* A client has sent a request without a body. */
static inline void
trace_ask(struct trace *t, enum http_method method)
{
	struct head h = { .method = (uint8_t)method, .target = SLICE_LIT("/") };

	stream_head(&t->h.stream, &h, true);
}

/*
 * Offers p[at..n) in a copy of its own size, so that the sanitizers see every
 * byte too many, until nothing more is taken. Returns the new `at`.
 */
static inline size_t
trace_offer(struct trace *t, const char *p, size_t at, size_t n)
{
	char *room = malloc(n - at + 1);
	char *copy = room + 1;
	size_t done = 0;
	size_t used;

	MUST(room != NULL);
	if (n != at)
		memcpy(copy, p + at, n - at);
	while (done != n - at) {
		if (t->pausing && t->h.paused) {
			MUST(codec_input(&t->h.base, copy + done, 1) == 0);
			stream_pause(&t->h.stream, false);
		}
		used = codec_input(&t->h.base, copy + done, n - at - done);
		done += used;
		/* A message that ends takes its pause with it. */
		MUST(!t->h.paused || !h1_idle(&t->h));
		if (t->answer_due)
			trace_reply(t, 200);
		else if (used == 0)
			break;
	}
	free(room);
	return at + done;
}

/* Reads p[0..n), cut where `cuts` says: the sizes of the pieces, in turn. */
static inline void
trace_feed(struct trace *t, const char *p, size_t n, const uint8_t *cuts,
    size_t cut_count)
{
	size_t at = 0;
	size_t end = 0;

	for (size_t i = 0; end != n; i++) {
		size_t piece = cut_count != 0 ? cuts[i % cut_count] + 1u : n;

		end = piece < n - end ? end + piece : n;
		at = trace_offer(t, p, at, end);
	}
	codec_eof(&t->h.base);
	trace_printf(t, "%sleft %zu%s\n", t->in_data ? "\n" : "", n - at,
	    h1_must_close(&t->h) ? " must close" : "");
}

#endif
