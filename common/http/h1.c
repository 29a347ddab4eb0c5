/*
 * h1.c - the reading half of the HTTP/1 codec: where messages begin and end.
 *
 * Any event may call back into the codec, so each is the last thing done
 * before the state is looked at again.
 */
#include "common/http/h1.h"
#include "common/base/must.h"
#include "common/http/h1_parse.h"
#include "common/http/h1_rules.h"
#include "common/http/h1_state.h"

_Static_assert(sizeof(struct h1) < 160, "an idle connection carries one");

#define FIELDS_FEW 64 /* that most heads do with */

static const struct head no_trailers;

void
h1_stop(struct h1 *h)
{
	h->reading = H1_READ_STOPPED;
	h->close = true;
}

void
h1_switch(struct h1 *h)
{
	h->switched = h->close = true;
	h->reading = H1_READ_EOF;
	h->writing = H1_WRITE_EOF;
}

void
h1_end_exchange(struct h1 *h)
{
	if (h->reading != H1_READ_DONE || h->writing != H1_WRITE_DONE)
		h->close = true;
	h->serial++;
	h->paused = false;
	if (!h->close) {
		h->reading = H1_READ_START;
		h->writing = H1_WRITE_NONE;
	} else if (h->role == CODEC_SERVER) {
		h->reading = H1_READ_STOPPED;
	}
}

static void
h1_fail(struct h1 *h, enum codec_error error)
{
	h1_stop(h);
	h->base.events->error(&h->stream, error);
}

/* The message is whole; `behind` bytes were offered beyond it. */
static void
h1_complete(struct h1 *h, const struct head *trailers, size_t behind)
{
	h->reading = H1_READ_DONE;
	if (h->role == CODEC_CLIENT) {
		/* Nothing was asked yet that they could answer. */
		if (behind != 0)
			h->close = true;
		h1_settle(h);
	}
	h->base.events->end(&h->stream, trailers);
}

uint64_t
h1_passes_in(const struct h1 *h)
{
	if (h->paused || h->switched)
		return 0;
	if (h->reading == H1_READ_LENGTH)
		return h->read_left;
	return h->reading == H1_READ_EOF ? UINT64_MAX : 0;
}

void
h1_passed_in(struct h1 *h, size_t n)
{
	if (h->reading != H1_READ_LENGTH)
		return;
	MUST(n <= h->read_left);
	h->read_left -= n;
	if (h->read_left == 0)
		h1_complete(h, &no_trailers, 0);
}

/* Chooses how the body is read; false when there is none to read. */
static bool
h1_begin_body(struct h1 *h, const struct head *head)
{
	h->read_left = head->body == BODY_LENGTH ? head->length : 0;
	h->reading = H1_READ_LENGTH;
	if (head->body == BODY_STREAM) {
		h->reading = head_has(head, FIELD_TRANSFER_ENCODING)
		    ? H1_READ_CHUNKED
		    : H1_READ_EOF;
		chunk_init(&h->chunk);
	}
	return h->read_left != 0 || h->reading != H1_READ_LENGTH;
}

static void
h1_begin_request(struct h1 *h, const struct head *head)
{
	h->close = head->close;
	/* Whole before the event, so that it may be answered from within. */
	if (!h1_begin_body(h, head))
		h->reading = H1_READ_DONE;
	h->base.events->head(&h->stream, head);
	if (h->reading == H1_READ_DONE)
		h->base.events->end(&h->stream, &no_trailers);
}

/* Nobody switches alone, nor before the request is whole (RFC 9110 7.8). */
static void
h1_begin_switched(struct h1 *h, const struct head *head)
{
	if (!h->asked || h->writing != H1_WRITE_DONE) {
		h1_fail(h, CODEC_BAD_STATUS);
		return;
	}
	h1_switch(h);
	h->base.events->head(&h->stream, head);
}

static void
h1_begin_response(struct h1 *h, const struct head *head, size_t behind)
{
	if (head->status == 101) {
		h1_begin_switched(h, head);
		return;
	}
	h->close = h->close || head->close;
	if (head->status < 200) {
		h->base.events->head(&h->stream, head);
		return;
	}
	if (h1_begin_body(h, head)) {
		h->base.events->head(&h->stream, head);
		return;
	}
	h->base.events->head(&h->stream, head);
	if (h->reading == H1_READ_LENGTH)
		h1_complete(h, &no_trailers, behind);
}

/* An incomplete head or trailer section was offered. */
static void
h1_wait(struct h1 *h)
{
	h->partial = true;
	if (h->ended)
		h1_fail(h, CODEC_TRUNCATED);
}

/* A head or a trailer section, if it is one. */
struct h1_parsed {
	struct codec_limits limits; /* that held for it */
	struct head head;
	enum codec_error error;
	int used; /* as h1_parse_request says */
};

static inline __attribute__((always_inline)) void
h1_parse(struct h1 *h, struct slice in, struct field *fields, uint32_t room,
    struct h1_parsed *it)
{
	it->limits = *h->base.limits;
	if (it->limits.fields > room)
		it->limits.fields = room;
	if (h->reading == H1_READ_TRAILERS) {
		it->used = h1_parse_trailers(
		    in.p, in.n, &it->limits, &it->head, fields, &it->error);
	} else if (h->role == CODEC_SERVER) {
		it->used = h1_parse_request(
		    in.p, in.n, &it->limits, &it->head, fields, &it->error);
		h->stream.user = NULL;
		h->method = it->head.method;
	} else {
		it->used = h1_parse_response(in.p, in.n, &it->limits, h->method,
		    &it->head, fields, &it->error);
	}
	it->head.room = room;
}

static void
h1_begin(struct h1 *h, const struct head *head, size_t behind)
{
	h->peer_version = head->version;
	h->trailers_void =
	    head_has(head, FIELD_CONNECTION) && h1_nominates(head);
	if (h->role == CODEC_SERVER)
		h1_begin_request(h, head);
	else
		h1_begin_response(h, head, behind);
}

/* Acts on what was found at the start of n bytes; returns how many it was. */
static size_t
h1_act(struct h1 *h, const struct h1_parsed *it, size_t n)
{
	size_t used = (size_t)it->used;

	if (it->used == 0) {
		h1_wait(h);
		return 0;
	}
	h->partial = false;
	if (it->used < 0) {
		if (h->reading == H1_READ_START) {
			h->peer_version = it->head.version;
			h->base.broken =
			    h->role == CODEC_SERVER ? &it->head : NULL;
		}
		h1_fail(h, it->error);
		h->base.broken = NULL;
		return 0;
	}
	if (h->reading == H1_READ_START)
		h1_begin(h, &it->head, n - used);
	else
		h1_complete(
		    h, h->trailers_void ? &no_trailers : &it->head, n - used);
	return used;
}

static __attribute__((noinline)) size_t
h1_read_many_fields(struct h1 *h, const char *p, size_t n)
{
	struct field fields[H1_FIELDS_MAX];
	struct h1_parsed it;

	MUST(h->base.limits->fields <= H1_FIELDS_MAX);
	h1_parse(h, slice_make(p, n), fields, H1_FIELDS_MAX, &it);
	return h1_act(h, &it, n);
}

/*
 * The field table is on the stack: an event may lead to another codec's. One
 * that is seldom too small keeps what runs below it near what runs above.
 */
static __attribute__((noinline)) size_t
h1_read_fields(struct h1 *h, const char *p, size_t n)
{
	struct field fields[FIELDS_FEW];
	struct h1_parsed it;

	h1_parse(h, slice_make(p, n), fields, FIELDS_FEW, &it);
	if (it.used < 0 && it.error == CODEC_TOO_MANY_FIELDS)
		return h1_read_many_fields(h, p, n);
	return h1_act(h, &it, n);
}

static size_t
h1_read_length(struct h1 *h, const char *p, size_t n)
{
	size_t used = n < h->read_left ? n : (size_t)h->read_left;

	h->read_left -= used;
	h->base.events->data(&h->stream, slice_make(p, used));
	if (h->reading == H1_READ_LENGTH && h->read_left == 0)
		h1_complete(h, &no_trailers, n - used);
	return used;
}

static __attribute__((noinline)) size_t
h1_read_chunked(struct h1 *h, const char *p, size_t n)
{
	struct slice data;
	size_t at = 0;

	switch (chunk_read(&h->chunk, p, n, &at, &data)) {
	case CHUNK_MORE:
		break;
	case CHUNK_DATA:
		h->base.events->data(&h->stream, data);
		break;
	case CHUNK_LAST:
		h->reading = H1_READ_TRAILERS;
		break;
	case CHUNK_BAD:
		h1_fail(h, CODEC_BAD_CHUNK);
		break;
	}
	return at;
}

/* One step: a head, a piece of body, a trailer section. 0: no more for now. */
static size_t
h1_read(struct h1 *h, const char *p, size_t n)
{
	switch ((enum h1_read)h->reading) {
	case H1_READ_START:
		if (h->paused)
			return 0;
		if (h->role == CODEC_SERVER || h->writing != H1_WRITE_NONE)
			return h1_read_fields(h, p, n);
		h1_fail(h, CODEC_UNEXPECTED);
		return 0;
	case H1_READ_LENGTH:
		return h->paused ? 0 : h1_read_length(h, p, n);
	case H1_READ_CHUNKED:
		return h->paused ? 0 : h1_read_chunked(h, p, n);
	case H1_READ_TRAILERS:
		return h->paused ? 0 : h1_read_fields(h, p, n);
	case H1_READ_EOF:
		if (h->paused)
			return 0;
		h->base.events->data(&h->stream, slice_make(p, n));
		return n;
	case H1_READ_DONE:
		if (h->role == CODEC_CLIENT)
			h1_fail(h, CODEC_UNEXPECTED);
		return 0;
	case H1_READ_STOPPED:
		return 0;
	}
	return 0;
}

static size_t
h1_input(struct codec *c, const char *p, size_t n)
{
	struct h1 *h = CONTAINER_OF(c, struct h1, base);
	uint32_t serial = h->serial;
	size_t at = 0;
	size_t used;

	while (at < n) {
		used = h1_read(h, p + at, n - at);
		at += used;
		/* A client codec may serve another owner now. */
		if (used == 0 ||
		    (h->role == CODEC_CLIENT && h->serial != serial))
			break;
	}
	return at;
}

static void
h1_eof(struct codec *c)
{
	struct h1 *h = CONTAINER_OF(c, struct h1, base);

	h->ended = true;
	switch ((enum h1_read)h->reading) {
	case H1_READ_START:
		if (h->role == CODEC_SERVER ? h->partial
					    : h->writing != H1_WRITE_NONE)
			h1_fail(h, CODEC_TRUNCATED);
		break;
	case H1_READ_LENGTH:
	case H1_READ_CHUNKED:
	case H1_READ_TRAILERS:
		h1_fail(h, CODEC_TRUNCATED);
		break;
	case H1_READ_EOF:
		h1_complete(h, &no_trailers, 0);
		break;
	case H1_READ_DONE:
	case H1_READ_STOPPED:
		break;
	}
}

static void
h1_pause(struct stream *s, bool paused)
{
	h1_of(s)->paused = paused;
}

void
h1_init(struct h1 *h, enum codec_role role, const struct codec_events *events,
    const struct codec_limits *limits, struct obuf *out)
{
	static const struct codec_ops ops = {
		.name = "http/1.1",
		.input = h1_input,
		.eof = h1_eof,
		.send_head = h1_send_head,
		.send_data = h1_send_data,
		.send_end = h1_send_end,
		.pause = h1_pause,
	};

	*h = (struct h1){
		.base = { &ops, events, limits, out, NULL },
		.stream.codec = &h->base,
		.role = (uint8_t)role,
	};
}
