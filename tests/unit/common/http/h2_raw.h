/*
 * h2_raw.h - frames of HTTP/2 written by hand (RFC 9113 6, RFC 7541): what no
 * library would send; and an owner that counts what it is told.
 */
#ifndef TESTS_UNIT_COMMON_HTTP_H2_RAW_H
#define TESTS_UNIT_COMMON_HTTP_H2_RAW_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/pool.h"
#include "common/http/h2.h"
#include "tests/unit/common/http/h2_frames.h"

/* What the codec under test is told, and what it has said. */
struct raw {
	struct h2 *h2;
	struct obuf out;
	char in[1u << 20]; /* frames that are to be fed */
	size_t n;
	struct stream *streams[256];
	int count; /* of streams told */
	int heads, ends, errors, rooms;
	size_t bytes;
	enum codec_error error; /* the last */
	struct stream *at;      /* of the last event */
	unsigned status;
	struct slice upgrade;
	char protocol[32];
	bool pause;  /* each stream, at its head */
	long goaway; /* the code that raw_pull has seen, or -1 */
};

static struct raw raw;

/* ---- events ---- */

static inline void
raw_note(struct stream *s)
{
	raw.at = s;
	if (s->user != NULL)
		return;
	s->user = &raw;
	ck_assert_int_lt(raw.count, 256);
	raw.streams[raw.count++] = s;
}

static inline void
raw_on_head(struct stream *s, const struct head *h)
{
	raw_note(s);
	raw.heads++;
	raw.status = h->status;
	snprintf(
	    raw.protocol, sizeof(raw.protocol), "%.*s", SLICE_FMT(h->upgrade));
	if (raw.pause)
		stream_pause(s, true);
}

static inline void
raw_on_data(struct stream *s, struct slice bytes)
{
	raw_note(s);
	raw.bytes += bytes.n;
}

static inline void
raw_on_end(struct stream *s, const struct head *trailers)
{
	(void)trailers;
	raw_note(s);
	raw.ends++;
}

static inline void
raw_on_error(struct stream *s, enum codec_error e)
{
	raw_note(s);
	raw.errors++;
	raw.error = e;
}

static inline void
raw_on_room(struct stream *s)
{
	raw_note(s);
	raw.rooms++;
}

/* ---- bytes ---- */

static inline void
raw_put(const void *p, size_t n)
{
	ck_assert_uint_le(raw.n + n, sizeof(raw.in));
	if (n != 0)
		memcpy(raw.in + raw.n, p, n);
	raw.n += n;
}

static inline void
raw_number(uint32_t value, int bytes)
{
	while (bytes-- != 0) {
		char c = (char)(value >> 8 * bytes);

		raw_put(&c, 1);
	}
}

static inline void
raw_frame(
    enum raw_type type, unsigned flags, uint32_t id, const void *p, size_t n)
{
	uint8_t head[RAW_HEAD_BYTES];

	raw_put_head(head, type, flags, id, n);
	raw_put(head, sizeof(head));
	raw_put(p, n);
}

/* A frame of one number of four bytes. */
static inline void
raw_word(enum raw_type type, uint32_t id, uint32_t value)
{
	raw_frame(type, 0, id, NULL, 0);
	raw.in[raw.n - 7] = 4;
	raw_number(value, 4);
}

/* Pairs of name and value up to NULL. */
static inline void
raw_headers(uint32_t id, unsigned flags, const char *const *pairs)
{
	static uint8_t block[1u << 18];
	size_t n = 0;

	for (; *pairs != NULL; pairs += 2)
		n += raw_literal(
		    block + n, slice_str(pairs[0]), slice_str(pairs[1]));
	raw_frame(RAW_HEADERS, flags | END_HEADERS, id, block, n);
}

#define RAW_PAIRS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define RAW_GET                                                      \
	RAW_PAIRS(":method", "GET", ":path", "/", ":scheme", "http", \
	    ":authority", "a")
#define RAW_POST                                                      \
	RAW_PAIRS(":method", "POST", ":path", "/", ":scheme", "http", \
	    ":authority", "a")
#define RAW_CONNECT                                                        \
	RAW_PAIRS(":method", "CONNECT", ":protocol", "websocket", ":path", \
	    "/", ":scheme", "http", ":authority", "a")

/* ---- the connection ---- */

/* All that was put, in a copy of its own size. */
static inline void
raw_feed(void)
{
	size_t n = raw.n;
	char *copy = malloc(n + 1);

	memcpy(copy, raw.in, n);
	raw.n = 0;
	ck_assert_uint_eq(codec_input(h2_codec(raw.h2), copy, n), n);
	free(copy);
}

static inline void
raw_drop(void)
{
	while (raw.out.bytes != 0)
		obuf_consume(&raw.out, raw.out.bytes);
}

/*
 * The first frame of this type in what is said now, from its head on; NULL:
 * none. All that was said is forgotten; the bytes last until the next call.
 */
static inline const unsigned char *
raw_said(enum raw_type type, uint32_t id)
{
	static unsigned char text[1u << 21];
	const unsigned char *found = NULL;
	size_t n = 0;
	bool more;

	do {
		more = !h2_pull(raw.h2);
		for (struct buf *b = raw.out.head; b != NULL; b = b->next) {
			memcpy(text + n, b->data + b->start, b->end - b->start);
			n += b->end - b->start;
			ck_assert_uint_lt(n, sizeof(text) - (1u << 17));
		}
		raw_drop();
	} while (more);
	for (size_t at = 0; at + RAW_HEAD_BYTES <= n && found == NULL;) {
		const unsigned char *p = text + at;

		if (memcmp(p, H2_PREFACE, 9) == 0) {
			at += H2_PREFACE_BYTES;
			continue;
		}
		if (p[3] == type && raw_id(p) == id)
			found = p;
		at += RAW_HEAD_BYTES + raw_length(p);
	}
	return found;
}

/* The code of a RST_STREAM or a GOAWAY that is said now; -1: none. */
static inline long
raw_code(enum raw_type type, uint32_t id)
{
	const unsigned char *p = raw_said(type, id);

	if (p == NULL)
		return -1;
	return raw_u32(p + (type == RAW_GOAWAY ? 13 : 9));
}

/* All that the codec says; of that only a GOAWAY is remembered. */
static inline void
raw_pull(void)
{
	long code = raw_code(RAW_GOAWAY, 0);

	if (code != -1)
		raw.goaway = code;
}

static inline void
raw_init(enum codec_role role, const struct codec_limits *limits,
    const struct h2_limits *own)
{
	static const struct codec_events events = { raw_on_head, raw_on_data,
		raw_on_end, raw_on_error, raw_on_room };

	memset(&raw, 0, sizeof(raw));
	raw.goaway = -1;
	obuf_init(&raw.out, NULL);
	raw.h2 = h2_new(role, &events, limits, own, &raw.out, NULL);
	ck_assert_ptr_nonnull(raw.h2);
	if (role == CODEC_SERVER)
		raw_put(H2_PREFACE, H2_PREFACE_BYTES);
	raw_frame(RAW_SETTINGS, 0, 0, NULL, 0);
}

static inline void
raw_fini(void)
{
	h2_free(raw.h2);
	obuf_fini(&raw.out);
	ck_assert_uint_eq(buf_pool_state()->used, 0);
}

/* An answer with a body of n bytes, whole. */
static inline void
raw_answer(struct stream *s, unsigned status, size_t n)
{
	struct head h = {
		.status = (uint16_t)status, .body = BODY_LENGTH, .length = n
	};
	static const char text[4096];

	ck_assert(stream_head(s, &h, false));
	for (size_t some; n != 0; n -= some) {
		some = n < sizeof(text) ? n : sizeof(text);
		stream_data(s, slice_make(text, some));
	}
	stream_end(s, NULL);
}

#endif
