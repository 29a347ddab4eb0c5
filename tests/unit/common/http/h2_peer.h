/*
 * h2_peer.h - a peer of one HTTP/2 codec that is made of frames: each test
 * sends those that it wants, right or wrong, and sees which ones come back.
 */
#ifndef TESTS_UNIT_COMMON_HTTP_H2_PEER_H
#define TESTS_UNIT_COMMON_HTTP_H2_PEER_H

#include <check.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/pool.h"
#include "common/http/h2.h"
#include "tests/unit/common/http/h2_frames.h"

struct raw;

/* What the owner of the codec does, and has seen. */
struct raw_owner {
	void (*on_head)(struct raw *r, struct stream *s, const struct head *h);
	void (*on_data)(struct raw *r, struct stream *s);
	void (*on_end)(struct raw *r, struct stream *s);
	void (*on_error)(struct raw *r, struct stream *s, enum codec_error e);
	void (*on_room)(struct raw *r, struct stream *s);
	struct stream *last;
	unsigned heads, ends, errors, rooms;
	uint64_t bytes;
	enum codec_error error; /* the last */
	unsigned status;        /* likewise */
	uint32_t trailers;      /* likewise: how many */
};

/* What came out of it. */
struct raw_seen {
	unsigned frames[RAW_TYPES], others;
	uint64_t data, data_ended;
	uint64_t connection_window, stream_window; /* given to us */
	unsigned headers_ended;
	uint32_t reset_id;
	enum raw_code reset, goaway;
	uint32_t goaway_last;
};

struct raw {
	struct h2 *h2;
	struct obuf out;
	struct raw_owner owner;
	struct raw_seen seen;
	/* Told of each DATA frame of the codec's. */
	void (*on_frame)(struct raw *r, unsigned type, uint32_t id, size_t n);
	void *user;
};

static const struct codec_limits raw_limits = { 16384, 8192, 100 };
static const struct h2_limits raw_h2_limits = { 100, 65535, 1 << 20, 50, 1000 };

/* ---- the owner ---- */

static inline struct raw *
raw_of(struct stream *s)
{
	return h2_user(h2_of(s));
}

static inline void
raw_on_head(struct stream *s, const struct head *h)
{
	struct raw *r = raw_of(s);

	r->owner.heads++;
	r->owner.last = s;
	r->owner.status = h->status;
	if (r->owner.on_head != NULL)
		r->owner.on_head(r, s, h);
}

static inline void
raw_on_data(struct stream *s, struct slice bytes)
{
	struct raw *r = raw_of(s);

	r->owner.bytes += bytes.n;
	if (r->owner.on_data != NULL)
		r->owner.on_data(r, s);
}

static inline void
raw_on_end(struct stream *s, const struct head *trailers)
{
	struct raw *r = raw_of(s);

	r->owner.ends++;
	r->owner.trailers = trailers->count;
	if (r->owner.on_end != NULL)
		r->owner.on_end(r, s);
}

static inline void
raw_on_error(struct stream *s, enum codec_error e)
{
	struct raw *r = raw_of(s);

	r->owner.errors++;
	r->owner.error = e;
	r->owner.last = s;
	if (r->owner.on_error != NULL)
		r->owner.on_error(r, s, e);
}

static inline void
raw_on_room(struct stream *s)
{
	struct raw *r = raw_of(s);

	r->owner.rooms++;
	if (r->owner.on_room != NULL)
		r->owner.on_room(r, s);
}

/* ---- frames to the codec ---- */

static inline void
raw_bytes(struct raw *r, const void *p, size_t n)
{
	ck_assert_uint_eq(codec_input(h2_codec(r->h2), p, n), n);
}

static inline void
raw_frame(struct raw *r, unsigned type, unsigned flags, uint32_t id,
    const void *p, size_t n)
{
	uint8_t *frame = malloc(RAW_HEAD_BYTES + n);

	raw_put_head(frame, type, flags, id, n);
	if (n != 0)
		memcpy(frame + RAW_HEAD_BYTES, p, n);
	raw_bytes(r, frame, RAW_HEAD_BYTES + n);
	free(frame);
}

static inline void
raw_number(struct raw *r, unsigned type, uint32_t id, uint32_t value)
{
	uint8_t p[4];

	raw_put_u32(p, value);
	raw_frame(r, type, 0, id, p, 4);
}

/* Lines of name, space, value, none kept in a table; returns the bytes. */
static inline size_t
raw_block(uint8_t *to, const char *lines)
{
	uint8_t *at = to;

	while (*lines != '\0') {
		const char *end = strchr(lines, '\n');
		const char *space = memchr(lines, ' ', (size_t)(end - lines));

		at +=
		    raw_literal(at, slice_make(lines, (size_t)(space - lines)),
			slice_make(space + 1, (size_t)(end - space - 1)));
		lines = end + 1;
	}
	return (size_t)(at - to);
}

static inline void
raw_headers(struct raw *r, uint32_t id, unsigned flags, const char *lines)
{
	uint8_t block[4096];
	size_t n = raw_block(block, lines);

	raw_frame(r, RAW_HEADERS, flags, id, block, n);
}

#define RAW_GET ":method GET\n:scheme http\n:authority a.test\n:path /\n"
#define RAW_POST ":method POST\n:scheme http\n:authority a.test\n:path /\n"
#define RAW_WEBSOCKET                                          \
	":method CONNECT\n:protocol websocket\n:scheme http\n" \
	":authority a.test\n:path /\n"

static inline void
raw_get(struct raw *r, uint32_t id)
{
	raw_headers(r, id, END_HEADERS | END_STREAM, RAW_GET);
}

static inline void
raw_post(struct raw *r, uint32_t id)
{
	raw_headers(r, id, END_HEADERS, RAW_POST);
}

/* n bytes in one frame. */
static inline void
raw_data(struct raw *r, uint32_t id, size_t n, bool end)
{
	static const char zeros[16384];

	raw_frame(r, RAW_DATA, end ? END_STREAM : 0, id, zeros, n);
}

static inline void
raw_setting(struct raw *r, uint16_t id, uint32_t value)
{
	uint8_t p[6] = { (uint8_t)(id >> 8), (uint8_t)id };

	raw_put_u32(p + 2, value);
	raw_frame(r, RAW_SETTINGS, 0, 0, p, 6);
}

/* ---- frames of the codec ---- */

static inline void
raw_see(struct raw *r, const uint8_t *p)
{
	struct raw_seen *seen = &r->seen;
	size_t n = raw_length(p);
	unsigned type = p[3], flags = p[4];
	uint32_t id = raw_id(p);

	if (type < RAW_TYPES)
		seen->frames[type]++;
	else
		seen->others++;
	if (type == RAW_DATA) {
		seen->data += n;
		seen->data_ended += (flags & END_STREAM) != 0;
	} else if (type == RAW_HEADERS) {
		seen->headers_ended += (flags & END_STREAM) != 0;
	} else if (type == RAW_RST_STREAM) {
		seen->reset_id = id;
		seen->reset = (enum raw_code)raw_u32(p + 9);
	} else if (type == RAW_GOAWAY) {
		seen->goaway_last = raw_u32(p + 9) & 0x7fffffff;
		seen->goaway = (enum raw_code)raw_u32(p + 13);
	} else if (type == RAW_WINDOW_UPDATE && id == 0) {
		seen->connection_window += raw_u32(p + 9);
	} else if (type == RAW_WINDOW_UPDATE) {
		seen->stream_window += raw_u32(p + 9);
	}
	if (r->on_frame != NULL)
		r->on_frame(r, type, id, n);
}

/* All that is in the obuf; frames are whole there. */
static inline void
raw_see_all(struct raw *r)
{
	size_t n = r->out.bytes, at = 0;
	uint8_t *bytes = malloc(n + 1);

	while (at != n) {
		struct buf *b = r->out.head;
		size_t some = b->end - b->start;

		memcpy(bytes + at, b->data + b->start, some);
		obuf_consume(&r->out, some);
		at += some;
	}
	at = n >= H2_PREFACE_BYTES && memcmp(bytes, "PRI * ", 6) == 0
	    ? H2_PREFACE_BYTES
	    : 0;
	while (at != n) {
		ck_assert_uint_le(at + RAW_HEAD_BYTES, n);
		raw_see(r, bytes + at);
		at += RAW_HEAD_BYTES + raw_length(bytes + at);
		ck_assert_uint_le(at, n);
	}
	free(bytes);
}

/* A turn of the loop. */
static inline void
raw_turn(struct raw *r)
{
	do {
		if (h2_wants_deliver(r->h2))
			h2_deliver(r->h2);
		(void)h2_pull(r->h2);
		ck_assert_uint_le(r->out.bytes, 2 * H2_OUT_BYTES);
		raw_see_all(r);
	} while (h2_wants_pull(r->h2) || h2_wants_deliver(r->h2));
}

/* ---- beginning and end ---- */

static const struct codec_events raw_events = { .head = raw_on_head,
	.data = raw_on_data,
	.end = raw_on_end,
	.error = raw_on_error,
	.room = raw_on_room };

/* A codec, and the beginning of its peer: preface and SETTINGS. */
static inline void
raw_begin(struct raw *r, enum codec_role role, const struct h2_limits *own)
{
	memset(r, 0, sizeof(*r));
	r->seen.reset = r->seen.goaway = CODE_NONE;
	obuf_init(&r->out, NULL);
	r->h2 = h2_new(role, &raw_events, &raw_limits, own, &r->out, r);
	ck_assert_ptr_nonnull(r->h2);
	if (role == CODEC_SERVER)
		raw_bytes(r, H2_PREFACE, H2_PREFACE_BYTES);
	raw_frame(r, RAW_SETTINGS, 0, 0, NULL, 0);
	raw_frame(r, RAW_SETTINGS, ACK, 0, NULL, 0);
	raw_turn(r);
	memset(r->seen.frames, 0, sizeof(r->seen.frames));
	r->seen.connection_window = 0;
}

/* Nothing of it is left. */
static inline void
raw_end(struct raw *r)
{
	h2_free(r->h2);
	obuf_fini(&r->out);
	ck_assert_uint_eq(buf_pool_state()->used, 0);
}

static inline void
raw_answer(struct stream *s, unsigned status, enum body_kind body,
    uint64_t length, bool end)
{
	struct head h = { .status = (uint16_t)status,
		.body = (uint8_t)body,
		.length = length };

	ck_assert(stream_head(s, &h, end));
}

static inline struct stream *
raw_ask(struct raw *r, const char *method, enum body_kind body, uint64_t length)
{
	struct field fields[2];
	struct head h = { .method_text = slice_str(method),
		.method = (uint8_t)http_method_find(slice_str(method)),
		.target = SLICE_LIT("/"),
		.body = (uint8_t)body,
		.length = length,
		.fields = fields };
	struct stream *s = h2_open(r->h2);

	ck_assert_ptr_nonnull(s);
	head_add(&h, FIELD_HOST, SLICE_LIT("a.test"));
	ck_assert(stream_head(s, &h, body == BODY_NONE));
	return s;
}

#endif
