/*
 * h2_read.c - what libnghttp2 reads of the peer: header blocks become heads,
 * DATA becomes bodies. It checks frames and their order, and keeps windows and
 * HPACK; what a message may say is checked here and in h2_head.c, so that a
 * request that is wrong gets an answer, and its connection lives on.
 */
#include "common/http/h2_state.h"

/* A browser opens the window of each stream, or says how urgent it is. */
#define CREDIT_PER_REQUEST 2

/* Of a callback: nothing more is read behind a fault. */
static int
go_on(const struct h2 *h)
{
	return h->fault == H2_FINE ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* ---- header blocks ---- */

/* That of a stream that was closed within it is never ended. */
static void
block_drop(struct h2 *h)
{
	if (h->block != NULL)
		h2_block_give(h->block);
	h->block = NULL;
}

static enum h2_block_kind
block_kind(const struct h2 *h, const struct h2_stream *s)
{
	if (h->role == CODEC_SERVER)
		return s == NULL ? H2_REQUEST : H2_TRAILERS;
	return s == NULL || s->begun ? H2_TRAILERS : H2_RESPONSE;
}

static int
on_begin_headers(
    nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2 *h = user;
	struct h2_stream *s = h2_stream_find(h, frame->hd.stream_id);

	(void)session;
	block_drop(h);
	/* Of what we gave up, or never asked for, only HPACK must know. */
	if (frame->hd.type != NGHTTP2_HEADERS ||
	    (s == NULL && frame->headers.cat != NGHTTP2_HCAT_REQUEST))
		return 0;
	h->block_id = frame->hd.stream_id;
	h->block = h2_block_take(block_kind(h, s), h->base.limits);
	if (h->block == NULL)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	return 0;
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame,
    nghttp2_rcbuf *name, nghttp2_rcbuf *value, uint8_t flags, void *user)
{
	struct h2 *h = user;
	nghttp2_vec n = nghttp2_rcbuf_get_buf(name);
	nghttp2_vec v = nghttp2_rcbuf_get_buf(value);

	(void)session;
	(void)frame;
	(void)flags;
	if (h->block == NULL)
		return 0;
	h2_block_add(h->block, slice_make((const char *)n.base, n.len),
	    slice_make((const char *)v.base, v.len));
	if (h2_block_is_bomb(h->block))
		h2_fail(h, H2_FLOOD, "a header block is far too large");
	return go_on(h);
}

/* A request that cannot be taken: after the last GOAWAY, or without memory. */
static void
request_lost(struct h2 *h, int32_t id)
{
	(void)nghttp2_submit_rst_stream(
	    h->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
}

/* Priorities are not minded: every stream gets its turn. */
static void
stream_share(struct h2 *h, int32_t id)
{
	const nghttp2_extpri even = { .urgency = 3, .inc = 1 };

	(void)nghttp2_session_change_extpri_stream_priority(
	    h->session, id, &even, 1);
}

static void
request_broken(
    struct h2_stream *s, const struct h2_block *b, enum codec_error error)
{
	struct head head = { .method_text = b->method,
		.method = b->head.method,
		.version = HTTP_2,
		.target = b->path,
		.host = b->authority };

	s->h->base.broken = &head;
	h2_stream_broken(s, error);
	s->h->base.broken = NULL;
}

static void
on_request(struct h2 *h, struct h2_block *b, const nghttp2_frame *frame)
{
	bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
	struct h2_stream *s =
	    h->leaving != 2 ? h2_stream_new(h, frame->hd.stream_id) : NULL;
	enum codec_error error;

	if (s == NULL) {
		request_lost(h, frame->hd.stream_id);
		return;
	}
	(void)nghttp2_session_set_stream_user_data(h->session, s->id, s);
	h2_stream_found(h, s->id, s);
	stream_share(h, s->id);
	s->ended = end;
	error = h2_block_end(b, end, METHOD_OTHER);
	s->method = b->head.method;
	if (error != CODEC_OK) {
		request_broken(s, b, error);
		return;
	}
	h2_flood_credit(h, CREDIT_PER_REQUEST);
	s->gated = b->head.upgrade.n != 0;
	h2_stream_head(s, &b->head);
	if (end)
		h2_stream_end(s, NULL);
	else if (s->gated && !s->told && !s->released)
		/* As HTTP/1.1 has it: a request without content. */
		h->base.events->end(&s->base, &(struct head){ 0 });
}

/* RFC 8441 5: a 2xx to an extended CONNECT is what 101 is to an Upgrade. */
static void
answer_switch(struct h2_stream *s, struct head *head)
{
	if (s->ask == NULL || head->status < 200 || head->status > 299)
		return;
	head->status = 101;
	head->reason = http_reason(101);
	head->body = BODY_NONE;
	head->upgrade = s->ask->head.target;
}

static void
on_response(struct h2_stream *s, struct h2_block *b, bool end)
{
	enum codec_error error = h2_block_end(b, end, s->method);

	s->ended = s->ended || end;
	if (error != CODEC_OK) {
		h2_stream_broken(s, error);
		return;
	}
	answer_switch(s, &b->head);
	h2_stream_head(s, &b->head);
	if (end)
		h2_stream_end(s, NULL);
}

static void
on_trailers(struct h2_stream *s, struct h2_block *b, bool end)
{
	enum codec_error error = h2_block_end(b, end, s->method);

	/* Only the last block may come behind the head (RFC 9113 8.1). */
	if (!end && error == CODEC_OK)
		error = CODEC_BAD_PSEUDO;
	if (error == CODEC_OK) {
		h2_stream_end(s, &b->head);
		return;
	}
	s->ended = s->ended || end;
	h2_stream_broken(s, error);
}

static void
on_block(struct h2 *h, const nghttp2_frame *frame)
{
	struct h2_stream *s = h2_stream_find(h, frame->hd.stream_id);
	bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
	struct h2_block *b = h->block;

	h->block = NULL;
	if (b == NULL)
		return;
	switch (b->kind) {
	case H2_REQUEST:
		on_request(h, b, frame);
		break;
	case H2_RESPONSE:
		on_response(s, b, end);
		break;
	case H2_TRAILERS:
		if (s != NULL)
			on_trailers(s, b, end);
		break;
	}
	h2_block_give(b);
}

/* ---- frames ---- */

static int
on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *user)
{
	struct h2 *h = user;

	(void)session;
	if (hd->type == NGHTTP2_HEADERS || hd->type == NGHTTP2_CONTINUATION)
		h->in_head = (hd->flags & NGHTTP2_FLAG_END_HEADERS) == 0;
	else
		h->in_head = false;
	h2_flood_frame(h, h2_stream_find(h, hd->stream_id), hd);
	return go_on(h);
}

static void
on_ping(struct h2 *h, const nghttp2_frame *frame)
{
	if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0)
		return;
	h->pongs++;
	/* What was under way when notice was given has come by now. */
	if (h->leaving == 1)
		h2_goaway(h, true);
}

static void
on_data_end(struct h2 *h, struct h2_stream *s, const nghttp2_frame *frame)
{
	bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

	h2_flood_data(h, frame->hd.length - frame->data.padlen, end);
	if (s != NULL && end && h->fault == H2_FINE)
		h2_stream_end(s, NULL);
}

/* An answer that is given up costs; one that is through, no more than a PING.
 */
static void
on_reset(struct h2 *h, struct h2_stream *s)
{
	if (s != NULL && !s->gone)
		h2_flood_reset(h, s);
	else
		h2_flood_control(h);
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2 *h = user;
	struct h2_stream *s = h2_stream_find(h, frame->hd.stream_id);

	(void)session;
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		on_block(h, frame);
		break;
	case NGHTTP2_DATA:
		on_data_end(h, s, frame);
		break;
	case NGHTTP2_RST_STREAM:
		on_reset(h, s);
		break;
	case NGHTTP2_SETTINGS:
		if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0)
			h->settled = true;
		break;
	case NGHTTP2_PING:
		on_ping(h, frame);
		break;
	case NGHTTP2_GOAWAY:
		h->goaway_came = true;
		break;
	default:
		break;
	}
	return go_on(h);
}

/* Told when the library ends a stream for what its peer has sent. */
static int
on_invalid(
    nghttp2_session *session, const nghttp2_frame *frame, int error, void *user)
{
	struct h2 *h = user;

	(void)session;
	(void)error;
	h2_flood_reset(h, h2_stream_find(h, frame->hd.stream_id));
	return go_on(h);
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *p,
    size_t n, void *user)
{
	struct h2 *h = user;
	struct h2_stream *s = h2_stream_find(h, id);

	(void)flags;
	/* One slow reader must not stop the others' answers; towards a client,
	 * the window of the connection bounds what is held for it. */
	if (h->role == CODEC_CLIENT)
		(void)nghttp2_session_consume_connection(session, n);
	if (s != NULL)
		h2_stream_data(s, slice_make((const char *)p, n));
	else if (h->role == CODEC_SERVER)
		(void)nghttp2_session_consume_connection(session, n);
	return go_on(h);
}

static enum codec_error
close_error(uint32_t code)
{
	return code == NGHTTP2_REFUSED_STREAM ? CODEC_REFUSED : CODEC_RESET;
}

static int
on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
	struct h2 *h = user;
	struct h2_stream *s = h2_stream_find(h, id);

	(void)session;
	if (h->block != NULL && h->block_id == id)
		block_drop(h);
	if (s == NULL)
		return 0;
	h2_stream_found(h, id, NULL);
	s->closed = true;
	obuf_fini(&s->out);
	/* What came whole is still told, even if the peer then lost interest
	 * in ours; a server's answer that did not go out is lost. */
	if (!s->ended || (h->role == CODEC_SERVER && !s->gone))
		h2_stream_error(s, close_error(code));
	h2_stream_settle(s);
	return 0;
}

/* A frame of an unknown type means nothing (RFC 9113 4.1). */
static int
on_unknown_chunk(nghttp2_session *session, const nghttp2_frame_hd *hd,
    const uint8_t *p, size_t n, void *user)
{
	(void)session;
	(void)hd;
	(void)p;
	(void)n;
	(void)user;
	return 0;
}

static int
on_unknown(nghttp2_session *session, void **payload, const nghttp2_frame_hd *hd,
    void *user)
{
	(void)session;
	(void)hd;
	(void)user;
	*payload = NULL;
	return 0;
}

void
h2_read_callbacks(nghttp2_session_callbacks *cbs)
{
	nghttp2_session_callbacks_set_on_begin_headers_callback(
	    cbs, on_begin_headers);
	nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(
	    cbs, on_unknown_chunk);
	nghttp2_session_callbacks_set_unpack_extension_callback(
	    cbs, on_unknown);
	nghttp2_session_callbacks_set_on_header_callback2(cbs, on_header);
	nghttp2_session_callbacks_set_on_begin_frame_callback(
	    cbs, on_begin_frame);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cbs, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cbs, on_data);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
	    cbs, on_invalid);
	nghttp2_session_callbacks_set_on_stream_close_callback(cbs, on_close);
}
