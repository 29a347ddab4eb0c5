/*
 * h1_send.c - the writing half of the HTTP/1 codec: framing is chosen here and
 * nowhere else, and held to.
 */
#include "common/base/must.h"
#include "common/http/h1_rules.h"
#include "common/http/h1_state.h"
#include "common/http/h1_write.h"

#define CHUNK_HEAD_BYTES 20

static inline bool
write_head(struct h1 *h, const struct head *head, enum h1_framing framing)
{
	if (h->role == CODEC_CLIENT)
		return h1_write_request(h->base.out, head, framing);
	return h1_write_response(
	    h->base.out, head, framing, h->peer_version == HTTP_1_0);
}

/* The same of a copy that says this of its body and of the end. */
static __attribute__((noinline)) bool
write_saying(struct h1 *h, const struct head *head, uint64_t length, bool close,
    enum h1_framing framing)
{
	struct head own = *head;

	own.length = length;
	own.close = close;
	return write_head(h, &own, framing);
}

/* The owner's head goes as it is where it says just that. */
static inline bool
write_as(struct h1 *h, const struct head *head, uint64_t length, bool close,
    enum h1_framing framing)
{
	return head->length == length && head->close == close
	    ? write_head(h, head, framing)
	    : write_saying(h, head, length, close, framing);
}

/* A body of so many bytes. */
static enum h1_framing
frame_length(struct h1 *h, uint64_t length)
{
	h->writing = H1_WRITE_LENGTH;
	h->write_left = length;
	return H1_FRAME_LENGTH;
}

/* RFC 9110 8.6: the length that a GET would have had, if it is known. */
static enum h1_framing
frame_bodiless(struct h1 *h, const struct head *out)
{
	bool known = out->body == BODY_LENGTH ||
	    (out->body == BODY_NONE && head_has(out, FIELD_CONTENT_LENGTH));

	h->writing = H1_WRITE_NOTHING;
	if (known && (h->method == METHOD_HEAD || out->status == 304) &&
	    out->status != 204)
		return H1_FRAME_LENGTH;
	return H1_FRAME_NONE;
}

/* *length is what is said of it, where something is. */
static enum h1_framing
frame_answer(struct h1 *h, const struct head *out, bool end, uint64_t *length)
{
	if (h1_bodiless(h->method, out->status))
		return frame_bodiless(h, out);
	if (out->status == 205) {
		/* RFC 9110 15.3.6: it has no content; what came is dropped. */
		h->writing = H1_WRITE_NOTHING;
		*length = 0;
		return H1_FRAME_LENGTH;
	}
	if (end || out->body == BODY_NONE) {
		*length = 0;
		return frame_length(h, 0);
	}
	if (out->body == BODY_LENGTH)
		return frame_length(h, out->length);
	if (h->peer_version == HTTP_1_0) {
		h->writing = H1_WRITE_EOF;
		h->close = true;
		return H1_FRAME_NONE;
	}
	h->writing = H1_WRITE_CHUNKED;
	return H1_FRAME_CHUNKED;
}

/* Nothing of what follows is framed, nor is the connection to end. */
static __attribute__((noinline)) bool
send_bare(struct h1 *h, const struct head *head)
{
	struct head own = *head;

	own.close = false;
	return h1_write_response(h->base.out, &own, H1_FRAME_NONE, false);
}

/* RFC 9110 15.2: HTTP/1.0 knows no interim answers. */
static bool
send_interim(struct h1 *h, const struct head *head)
{
	if (h->peer_version == HTTP_1_0 || h->writing != H1_WRITE_NONE)
		return true;
	return send_bare(h, head);
}

/* What the client has sent behind its request is of the new protocol, too. */
static bool
send_switch(struct h1 *h, const struct head *head)
{
	MUST(h->reading == H1_READ_DONE && h->writing == H1_WRITE_NONE &&
	    head->upgrade.n != 0);
	h1_switch(h);
	return send_bare(h, head);
}

static bool
send_answer(struct h1 *h, const struct head *head, bool end)
{
	uint64_t length = head->length;
	enum h1_framing framing;

	MUST(h->writing == H1_WRITE_NONE);
	/* Nothing was asked yet: a timeout, or no room. */
	if (h->reading == H1_READ_START)
		h1_stop(h);
	framing = frame_answer(h, head, end, &length);
	h->close =
	    h->close || head->close || (end && h->reading != H1_READ_DONE);
	return write_as(h, head, length, h->close, framing);
}

static bool
send_request(struct h1 *h, const struct head *head, bool end)
{
	uint64_t length = head->length;
	enum h1_framing framing = H1_FRAME_NONE;

	MUST(h->reading == H1_READ_START && h->writing == H1_WRITE_NONE);
	h->method = head->method;
	h->asked = head->upgrade.n != 0;
	h->close = head->close;
	h->writing = H1_WRITE_NOTHING;
	if (head->body == BODY_LENGTH) {
		if (end)
			length = 0;
		framing = frame_length(h, length);
	} else if (head->body == BODY_STREAM && !end) {
		h->writing = H1_WRITE_CHUNKED;
		framing = H1_FRAME_CHUNKED;
	}
	return write_as(h, head, length, head->close, framing);
}

bool
h1_send_head(struct stream *s, const struct head *head, bool end)
{
	struct h1 *h = h1_of(s);
	bool sent;

	if (h->role == CODEC_SERVER && head->status == 101)
		return send_switch(h, head);
	if (h->role == CODEC_SERVER && head->status < 200)
		return send_interim(h, head);
	sent = h->role == CODEC_SERVER ? send_answer(h, head, end)
				       : send_request(h, head, end);
	if (end) {
		h->writing = H1_WRITE_DONE;
		h1_settle(h);
	}
	return sent;
}

static __attribute__((noinline)) void
send_chunk(struct obuf *o, struct slice bytes)
{
	char size[CHUNK_HEAD_BYTES];
	size_t n = chunk_head(bytes.n, size);
	char *at;

	if (bytes.n >= BUF_BULK_BYTES) {
		obuf_append(o, size, n);
		obuf_write(o, bytes.p, bytes.n);
		obuf_append(o, "\r\n", 2);
		return;
	}
	at = obuf_reserve(o, n + bytes.n + 2);
	if (at != NULL) {
		memcpy(at, size, n);
		memcpy(at + n, bytes.p, bytes.n);
		memcpy(at + n + bytes.n, "\r\n", 2);
		obuf_commit(o, n + bytes.n + 2);
	}
}

void
h1_send_data(struct stream *s, struct slice bytes)
{
	struct h1 *h = h1_of(s);

	if (bytes.n == 0)
		return;
	switch ((enum h1_write)h->writing) {
	case H1_WRITE_LENGTH:
		if (bytes.n > h->write_left) {
			bytes.n = (size_t)h->write_left;
			h->close = true;
		}
		h->write_left -= bytes.n;
		obuf_write(h->base.out, bytes.p, bytes.n);
		break;
	case H1_WRITE_CHUNKED:
		send_chunk(h->base.out, bytes);
		break;
	case H1_WRITE_EOF:
		obuf_write(h->base.out, bytes.p, bytes.n);
		break;
	case H1_WRITE_NONE:
	case H1_WRITE_NOTHING:
	case H1_WRITE_DONE:
		break;
	}
}

uint64_t
h1_passes_out(const struct h1 *h)
{
	if (h->switched)
		return 0;
	if (h->writing == H1_WRITE_LENGTH)
		return h->write_left;
	return h->writing == H1_WRITE_EOF ? UINT64_MAX : 0;
}

void
h1_passed_out(struct h1 *h, size_t n)
{
	if (h->writing != H1_WRITE_LENGTH)
		return;
	MUST(n <= h->write_left);
	h->write_left -= n;
}

void
h1_send_end(struct stream *s, const struct head *trailers)
{
	struct h1 *h = h1_of(s);

	switch ((enum h1_write)h->writing) {
	case H1_WRITE_NONE:
	case H1_WRITE_DONE:
		return;
	case H1_WRITE_CHUNKED:
		/* Without memory `out` has failed, and its owner closes. */
		(void)h1_write_last_chunk(h->base.out, trailers);
		break;
	case H1_WRITE_LENGTH:
		/* The peer must see the cut; a client's waits for the rest. */
		if (h->write_left != 0) {
			h->close = true;
			if (h->role == CODEC_CLIENT)
				h1_stop(h);
		}
		break;
	case H1_WRITE_EOF:
	case H1_WRITE_NOTHING:
		break;
	}
	h->writing = H1_WRITE_DONE;
	if (!h->switched) /* else each way has its own end */
		h1_settle(h);
}
