/*
 * h2_letter.h - the proof that a message of HTTP/2 stays one message: what the
 * codec told is written by the HTTP/1 codec, and read by another one, which
 * must find exactly that, and of a message that broke off never the whole.
 *
 *	h2 events -> letter -> h1 writes -> bytes -> h1 reads -> the same
 */
#ifndef TESTS_FUZZ_H2_LETTER_H
#define TESTS_FUZZ_H2_LETTER_H

#include <stdio.h>
#include <stdlib.h>

#include "common/base/list.h"
#include "common/base/must.h"
#include "common/http/h1.h"

#define LETTER_BYTES 32768
#define LETTER_FIELDS 64

struct letter {
	struct h1 writer, reader;
	struct obuf out, reader_out;
	struct slice text; /* of the start line: what was asked */
	uint8_t method;
	bool request;
	bool begun, whole;
	bool heard_whole;
	uint64_t
	    left;     /* of an announced length; 0: it may be taken for whole */
	bool dropped; /* not followed: too long, or a tunnel */
	size_t said_n, heard_n;
	char said[LETTER_BYTES], heard[LETTER_BYTES];
};

static const struct codec_limits letter_limits = { 65536, 16384,
	LETTER_FIELDS + 8 };

/* ---- what is compared ---- */

static inline void
letter_note(char *to, size_t *n, struct slice s)
{
	MUST(s.n <= LETTER_BYTES - *n);
	if (s.n != 0)
		memcpy(to + *n, s.p, s.n);
	*n += s.n;
}

/* Written by the codec itself, or the host, which has a place of its own. */
static inline bool
letter_skips(const struct field *f)
{
	return f->id == FIELD_HOST || f->id == FIELD_CONNECTION ||
	    f->id == FIELD_CONTENT_LENGTH || f->id == FIELD_UPGRADE ||
	    f->id == FIELD_TRANSFER_ENCODING;
}

static inline void
letter_note_head(char *to, size_t *n, const struct head *h)
{
	char status[8];

	if (h->status == 0) {
		letter_note(to, n, h->method_text);
		letter_note(to, n, SLICE_LIT(" "));
		letter_note(to, n, h->target);
		letter_note(to, n, SLICE_LIT(" "));
		letter_note(to, n, h->host);
	} else {
		snprintf(status, sizeof(status), "%u", h->status);
		letter_note(to, n, slice_str(status));
	}
	letter_note(to, n, SLICE_LIT("\n"));
	for (uint32_t i = 0; i < h->count; i++) {
		const struct field *f = &h->fields[i];

		if (letter_skips(f))
			continue;
		for (size_t k = 0; k < f->name.n; k++) {
			char c = ascii_lower(f->name.p[k]);

			letter_note(to, n, slice_make(&c, 1));
		}
		letter_note(to, n, SLICE_LIT(": "));
		letter_note(to, n, f->value);
		letter_note(to, n, SLICE_LIT("\n"));
	}
}

/* ---- the second reader ---- */

static inline struct letter *
letter_of_reader(struct stream *s)
{
	return CONTAINER_OF(s, struct letter, reader.stream);
}

static inline void
letter_heard_head(struct stream *s, const struct head *h)
{
	struct letter *l = letter_of_reader(s);

	MUST(!l->heard_whole);
	letter_note_head(l->heard, &l->heard_n, h);
}

static inline void
letter_heard_data(struct stream *s, struct slice bytes)
{
	struct letter *l = letter_of_reader(s);

	letter_note(l->heard, &l->heard_n, bytes);
}

static inline void
letter_heard_end(struct stream *s, const struct head *trailers)
{
	struct letter *l = letter_of_reader(s);

	(void)trailers;
	MUST(!l->heard_whole);
	l->heard_whole = true;
}

static inline void
letter_heard_error(struct stream *s, enum codec_error e)
{
	struct letter *l = letter_of_reader(s);

	MUST(e == CODEC_TRUNCATED && !l->whole);
	MUST(l->left != 0);
}

/* ---- the writer ---- */

static inline void
letter_nothing_head(struct stream *s, const struct head *h)
{
	(void)s;
	(void)h;
}

static inline void
letter_nothing_end(struct stream *s, const struct head *trailers)
{
	(void)s;
	(void)trailers;
}

static inline void
letter_nothing_error(struct stream *s, enum codec_error e)
{
	(void)s;
	(void)e;
	MUST(false);
}

/* A new one; `asked`: for an answer, the method of its request. */
static inline void
letter_begin(struct letter *l, bool request, uint8_t asked)
{
	static const struct codec_events events = { .head = letter_nothing_head,
		.end = letter_nothing_end,
		.error = letter_nothing_error };
	static const struct slice texts[] = {
		SLICE_LIT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
		SLICE_LIT("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
	};
	struct slice text = texts[asked == METHOD_HEAD];

	l->request = request;
	l->method = asked == METHOD_HEAD ? METHOD_HEAD : METHOD_GET;
	l->begun = l->whole = l->heard_whole = l->dropped = false;
	l->left = UINT64_MAX;
	l->said_n = l->heard_n = 0;
	obuf_init(&l->out, NULL);
	obuf_init(&l->reader_out, NULL);
	h1_init(&l->writer, request ? CODEC_CLIENT : CODEC_SERVER, &events,
	    &letter_limits, &l->out);
	if (!request)
		MUST(codec_input(&l->writer.base, text.p, text.n) == text.n);
}

static inline void
letter_head(struct letter *l, const struct head *h)
{
	struct field fields[LETTER_FIELDS + 1];
	struct head copy = *h;

	MUST(!l->begun && h->count <= LETTER_FIELDS);
	l->dropped =
	    l->dropped || h->method == METHOD_CONNECT || h->status == 101;
	if (l->dropped)
		return;
	l->begun = h->status == 0 || h->status >= 200;
	letter_note_head(l->said, &l->said_n, h);
	copy.fields = fields;
	copy.count = 0;
	copy.close = false;
	l->left = h->body == BODY_STREAM ? UINT64_MAX
	    : h->body == BODY_LENGTH     ? h->length
					 : 0;
	if (l->request)
		head_add(&copy, FIELD_HOST, h->host);
	for (uint32_t i = 0; i < h->count; i++)
		if (h->fields[i].id != FIELD_HOST)
			fields[copy.count++] = h->fields[i];
	MUST(stream_head(
	    &l->writer.stream, &copy, l->request && h->body == BODY_NONE));
}

static inline void
letter_data(struct letter *l, struct slice bytes)
{
	l->dropped = l->dropped || bytes.n > LETTER_BYTES / 2 - l->said_n;
	if (l->dropped)
		return;
	MUST(l->begun);
	l->left -= l->left != UINT64_MAX ? bytes.n : 0;
	letter_note(l->said, &l->said_n, bytes);
	stream_data(&l->writer.stream, bytes);
}

/* All that was written, as one connection. */
static inline void
letter_carry(struct letter *l)
{
	static const struct codec_events events = { .head = letter_heard_head,
		.data = letter_heard_data,
		.end = letter_heard_end,
		.error = letter_heard_error };
	size_t n = l->out.bytes, at = 0;
	char *bytes = malloc(n + 1);
	struct head ask = { .method = l->method, .target = SLICE_LIT("/") };

	MUST(bytes != NULL);
	while (at != n) {
		struct buf *b = l->out.head;
		size_t some = b->end - b->start;

		memcpy(bytes + at, b->data + b->start, some);
		obuf_consume(&l->out, some);
		at += some;
	}
	h1_init(&l->reader, l->request ? CODEC_SERVER : CODEC_CLIENT, &events,
	    &letter_limits, &l->reader_out);
	if (!l->request)
		MUST(stream_head(&l->reader.stream, &ask, true));
	for (at = 0; at != n;) {
		size_t used = codec_input(&l->reader.base, bytes + at, n - at);

		if (used == 0)
			break;
		at += used;
	}
	MUST(at == n || !l->whole);
	codec_eof(&l->reader.base);
	free(bytes);
	/* All bytes of an announced length are the whole for HTTP/1.1. */
	MUST(l->heard_whole == (l->whole || l->left == 0));
	if (l->whole &&
	    !slice_eq(slice_make(l->said, l->said_n),
		slice_make(l->heard, l->heard_n))) {
		fprintf(stderr, "---- said %.*s\n---- heard %.*s\n",
		    (int)l->said_n, l->said, (int)l->heard_n, l->heard);
		MUST(false);
	}
}

/* It came whole, or broke off. Harmless where nothing has begun. */
static inline void
letter_end(struct letter *l, bool whole, const struct head *trailers)
{
	if (l->begun && !l->dropped) {
		l->whole = whole;
		if (whole)
			stream_end(&l->writer.stream, trailers);
		letter_carry(l);
	}
	l->begun = false;
	l->dropped = true;
	obuf_fini(&l->out);
	obuf_fini(&l->reader_out);
}

#endif
