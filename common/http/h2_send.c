/*
 * h2_send.c - what a stream is given to send: heads at once, into libnghttp2's
 * queue; bodies into the stream's own, from where frames are taken when the
 * connection has room; trailers behind them.
 */
#include "common/http/h2_state.h"

#include "common/base/must.h"
#include "common/http/h1_rules.h"
#include "common/http/h2_write.h"

#define FRAME_HEAD 9
/* Frames of the peer that one of ours explains: see h2_flood.c. */
#define CREDIT_PER_HEADERS 2
#define CREDIT_PER_RESET 16 /* may be under way to it */

/* ---- DATA ---- */

static void
stream_resume(struct h2_stream *s)
{
	if (!s->deferred)
		return;
	s->deferred = false;
	(void)nghttp2_session_resume_data(s->h->session, s->id);
}

/* The body is out; its trailers, or END_STREAM, come with its last frame. */
static uint32_t
data_end(struct h2_stream *s)
{
	struct h2_list l;

	if (s->last == NULL)
		return NGHTTP2_DATA_FLAG_EOF;
	l = h2_write_trailers(&s->last->head);
	if (l.n == 0)
		return NGHTTP2_DATA_FLAG_EOF;
	if (nghttp2_submit_trailer(s->h->session, s->id, l.nv, l.n) != 0)
		return 0;
	return NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
}

/* Its peer has to see that it is not what it was said to be. */
static bool
data_is_cut(const struct h2_stream *s)
{
	return s->out.failed ||
	    (s->finished &&
		(s->excess ||
		    (s->write_left != 0 && s->write_left != UINT64_MAX)));
}

static ssize_t
data_take(nghttp2_session *session, int32_t id, uint8_t *buf, size_t most,
    uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct h2 *h = user;
	struct h2_stream *s = h2_stream_find(h, id);
	size_t n;

	(void)session;
	(void)buf;
	(void)source;
	if (s == NULL || h->fault != H2_FINE)
		return NGHTTP2_ERR_DEFERRED;
	n = s->out.bytes < most ? s->out.bytes : most;
	if (n == s->out.bytes && data_is_cut(s))
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (n == 0 && !s->finished) {
		s->deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (s->finished && n == s->out.bytes) {
		uint32_t end = data_end(s);

		if (end == 0)
			return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
		*flags |= end;
	}
	return (ssize_t)n;
}

/* From the stream's queue into the connection's. */
static void
data_move(struct h2_stream *s, struct obuf *out, size_t n)
{
	while (n != 0) {
		struct buf *b = s->out.head;
		size_t have = b->end - b->start;
		size_t some = have < n ? have : n;

		obuf_append(out, b->data + b->start, some);
		obuf_consume(&s->out, some);
		n -= some;
	}
}

static int
data_send(nghttp2_session *session, nghttp2_frame *frame,
    const uint8_t *frame_head, size_t n, nghttp2_data_source *source,
    void *user)
{
	struct h2 *h = user;
	struct h2_stream *s = h2_stream_find(h, frame->hd.stream_id);

	(void)session;
	(void)source;
	if (h->base.out->bytes >= H2_OUT_BYTES)
		return NGHTTP2_ERR_WOULDBLOCK;
	/* What was taken while there was no room may have been let go since. */
	if (s == NULL || s->out.bytes < n)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	obuf_append(h->base.out, frame_head, FRAME_HEAD);
	data_move(s, h->base.out, n);
	h2_flood_sent(h, n, s->out.bytes != 0);
	/*
	 * The whole message, too: a server lets go of the stream then, and for
	 * a client the time for the answer begins.
	 */
	if (s->out.bytes == 0 && list_empty(&s->room_link))
		list_push_back(&h->rooms, &s->room_link);
	return h->base.out->failed ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static const nghttp2_data_provider data_provider = { .read_callback =
							 data_take };

/* ---- what went out ---- */

static void
sent_end(struct h2 *h, int32_t id)
{
	struct h2_stream *s = h2_stream_find(h, id);

	if (s == NULL)
		return;
	s->gone = true;
	/* RFC 9113 8.1: the answer is whole, and the rest is not wanted. */
	if (s->released && !s->ended && h->role == CODEC_SERVER)
		h2_stream_reset(s, s->reset);
}

static void
sent_head(struct h2 *h, int32_t id)
{
	struct h2_stream *s = h2_stream_find(h, id);

	if (s != NULL)
		s->seen = true;
	h2_flood_credit(h, CREDIT_PER_HEADERS);
}

static void
sent_goaway(struct h2 *h, const nghttp2_goaway *g)
{
	uint32_t code = g->error_code;

	if (code == NGHTTP2_NO_ERROR)
		return;
	h2_fail(h, code == NGHTTP2_ENHANCE_YOUR_CALM ? H2_FLOOD : H2_PROTOCOL,
	    nghttp2_http2_strerror(code));
}

/* Of those that libnghttp2 sends, on_invalid was not told of this one. */
static void
sent_reset(struct h2 *h, int32_t id, uint32_t code)
{
	struct h2_stream *s = h2_stream_find(h, id);

	if (code == NGHTTP2_FLOW_CONTROL_ERROR)
		h2_flood_reset(h, s);
	else if (s != NULL)
		h2_flood_credit(h, CREDIT_PER_RESET);
	else /* more than may be open, mostly */
		h2_flood_control(h);
}

static int
on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2 *h = user;

	(void)session;
	if (frame->hd.type == NGHTTP2_HEADERS)
		sent_head(h, frame->hd.stream_id);
	switch (frame->hd.type) {
	case NGHTTP2_DATA:
	case NGHTTP2_HEADERS:
		if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
			sent_end(h, frame->hd.stream_id);
		break;
	case NGHTTP2_GOAWAY:
		sent_goaway(h, &frame->goaway);
		break;
	case NGHTTP2_RST_STREAM:
		sent_reset(
		    h, frame->hd.stream_id, frame->rst_stream.error_code);
		break;
	default:
		break;
	}
	return 0;
}

void
h2_send_callbacks(nghttp2_session_callbacks *cbs)
{
	nghttp2_session_callbacks_set_send_data_callback(cbs, data_send);
	nghttp2_session_callbacks_set_on_frame_send_callback(cbs, on_sent);
}

/* ---- heads ---- */

static bool
send_interim(struct h2_stream *s, const struct head *h)
{
	struct h2_list l;

	if (s->sent)
		return true;
	l = h2_write_answer(h, h->status, NULL, false);
	return nghttp2_submit_headers(s->h->session, NGHTTP2_FLAG_NONE, s->id,
		   NULL, l.nv, l.n, NULL) == 0;
}

static bool
send_response(struct h2_stream *s, struct h2_list l)
{
	s->sent = true;
	return nghttp2_submit_response(s->h->session, s->id, l.nv, l.n,
		   s->finished ? NULL : &data_provider) == 0;
}

/* RFC 8441 5: a 2xx is what 101 is to HTTP/1.1. */
static bool
send_switch(struct h2_stream *s, const struct head *h)
{
	MUST(s->gated && !s->sent && h->upgrade.n != 0);
	s->gated = false;
	h2_stream_wake(s);
	return send_response(s, h2_write_answer(h, 200, NULL, true));
}

/* As frame_answer of h1_send.c: which length is announced, if any. */
static const uint64_t *
answer_length(const struct h2_stream *s, const struct head *h, bool none)
{
	static const uint64_t zero = 0;
	bool known = h->body == BODY_LENGTH ||
	    (h->body == BODY_NONE && head_has(h, FIELD_CONTENT_LENGTH));

	if (!h1_bodiless(s->method, h->status))
		return !known || h->body == BODY_NONE ? NULL
		    : none                            ? &zero
						      : &h->length;
	if (known && (s->method == METHOD_HEAD || h->status == 304) &&
	    h->status != 204)
		return &h->length;
	return NULL;
}

static bool
send_answer(struct h2_stream *s, const struct head *h, bool end)
{
	bool none = end || h1_bodiless(s->method, h->status) ||
	    h->status == 205 || h->body == BODY_NONE ||
	    (h->body == BODY_LENGTH && h->length == 0);

	MUST(!s->sent);
	if (h->body == BODY_LENGTH && !none)
		s->write_left = h->length;
	s->finished = none;
	return send_response(
	    s, h2_write_answer(h, h->status, answer_length(s, h, none), false));
}

static bool
send_request(struct h2_stream *s, const struct head *h, bool end)
{
	uint64_t length = end ? 0 : h->length;
	bool connect = h->upgrade.n != 0;
	bool sized = h->body == BODY_LENGTH && !connect;
	struct h2_list l = h2_write_request(h, sized ? &length : NULL, connect);

	MUST(!s->sent);
	s->method = h->method;
	s->sent = true;
	s->finished =
	    !connect && (end || h->body == BODY_NONE || (sized && length == 0));
	if (sized && !s->finished)
		s->write_left = length;
	if (connect)
		s->ask = h2_keep(&(struct head){ .target = h->upgrade });
	if (l.n == 0 || (connect && s->ask == NULL))
		return false;
	s->id = nghttp2_submit_request(s->h->session, NULL, l.nv, l.n,
	    s->finished ? NULL : &data_provider, s);
	if (s->id <= 0) {
		s->id = 0;
		return false;
	}
	h2_stream_found(s->h, s->id, s);
	return true;
}

/* ---- the codec's functions ---- */

bool
h2_send_head(struct stream *stream, const struct head *h, bool end)
{
	struct h2_stream *s = h2_stream_of(stream);

	/* The peer has given it up; the owner hears of it, or has. */
	if (s->closed || s->h->fault != H2_FINE)
		return true;
	if (s->h->role == CODEC_CLIENT)
		return send_request(s, h, end);
	if (h->status == 101)
		return send_switch(s, h);
	return h->status < 200 ? send_interim(s, h) : send_answer(s, h, end);
}

void
h2_send_data(struct stream *stream, struct slice bytes)
{
	struct h2_stream *s = h2_stream_of(stream);

	if (s->closed || !s->sent || s->finished || bytes.n == 0)
		return;
	if (bytes.n > s->write_left) {
		s->excess = true;
		bytes.n = (size_t)s->write_left;
	}
	if (s->write_left != UINT64_MAX)
		s->write_left -= bytes.n;
	obuf_append(&s->out, bytes.p, bytes.n);
	stream_resume(s);
}

void
h2_send_end(struct stream *stream, const struct head *trailers)
{
	struct h2_stream *s = h2_stream_of(stream);

	if (s->closed || !s->sent || s->finished)
		return;
	s->finished = true;
	if (trailers != NULL && trailers->count != 0) {
		s->last = h2_keep(trailers);
		if (s->last == NULL)
			s->out.failed = true;
	}
	stream_resume(s);
}
