/*
 * h2_stream.c - the life of a stream, and the order in which its events are
 * told: what is held goes before what comes.
 */
#include "common/http/h2_state.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "common/base/pool.h"

static struct pool h2_streams_pool;

static const struct head no_trailers;

struct h2_stream *
h2_stream_new(struct h2 *h, int32_t id)
{
	struct h2_stream *s;

	if (h2_streams_pool.object_bytes == 0)
		pool_init(&h2_streams_pool, "http2 streams",
		    sizeof(struct h2_stream), 0);
	s = pool_take(&h2_streams_pool);
	if (s == NULL)
		return NULL;
	*s = (struct h2_stream){ .base.codec = &h->base,
		.h = h,
		.id = id,
		.read_left = UINT64_MAX,
		.write_left = UINT64_MAX };
	list_init(&s->room_link);
	list_init(&s->held_link);
	list_push_back(&h->streams, &s->link);
	obuf_init(&s->out, NULL);
	obuf_init(&s->held, NULL);
	h->count++;
	return s;
}

void
h2_stream_free(struct h2_stream *s)
{
	s->h->count--;
	list_remove(&s->link);
	list_remove(&s->room_link);
	list_remove(&s->held_link);
	obuf_fini(&s->out);
	obuf_fini(&s->held);
	h2_kept_free(s->last);
	h2_kept_free(s->kept);
	h2_kept_free(s->ask);
	pool_give(&h2_streams_pool, s);
}

void
h2_trim(void)
{
	if (h2_streams_pool.object_bytes != 0)
		pool_trim(&h2_streams_pool);
	h2_memory_trim();
}

/* Freed by h2_reap: an event of its may be going on. */
void
h2_stream_settle(struct h2_stream *s)
{
	if (!s->closed || !s->released)
		return;
	list_remove(&s->link);
	list_push_back(&s->h->dead, &s->link);
}

void
h2_reap(struct h2 *h)
{
	while (!list_empty(&h->dead))
		h2_stream_free(
		    CONTAINER_OF(h->dead.next, struct h2_stream, link));
}

/* ---- trailers that wait ---- */

struct h2_kept *
h2_keep(const struct head *trailers)
{
	struct h2_kept *k = malloc(sizeof(*k));

	if (k == NULL)
		return NULL;
	arena_init(&k->arena, NULL, 0, 1u << 20);
	if (head_copy(&k->head, trailers, &k->arena, 0))
		return k;
	h2_kept_free(k);
	return NULL;
}

void
h2_kept_free(struct h2_kept *k)
{
	if (k == NULL)
		return;
	arena_fini(&k->arena);
	free(k);
}

/* ---- events ---- */

void
h2_stream_reset(struct h2_stream *s, uint32_t code)
{
	if (!s->closed)
		(void)nghttp2_submit_rst_stream(
		    s->h->session, NGHTTP2_FLAG_NONE, s->id, code);
}

/* What is not told any more is room again for the connection's others. */
static void
stream_drop_held(struct h2_stream *s)
{
	if (s->held.bytes != 0 && s->h->role == CODEC_SERVER)
		(void)nghttp2_session_consume_connection(
		    s->h->session, s->held.bytes);
	obuf_fini(&s->held);
	list_remove(&s->held_link);
}

void
h2_stream_error(struct h2_stream *s, enum codec_error e)
{
	if (s->failed || s->released)
		return;
	s->told = s->failed = true;
	stream_drop_held(s);
	s->h->base.events->error(&s->base, e);
}

void
h2_stream_broken(struct h2_stream *s, enum codec_error e)
{
	h2_flood_reset(s->h, s);
	if (s->h->role == CODEC_CLIENT)
		h2_stream_reset(s, NGHTTP2_PROTOCOL_ERROR);
	h2_stream_error(s, e);
}

void
h2_stream_lose(struct h2_stream *s)
{
	if (!s->closed && s->id != 0)
		(void)nghttp2_session_set_stream_user_data(
		    s->h->session, s->id, NULL);
	h2_stream_found(s->h, s->id, NULL);
	s->closed = true;
	obuf_fini(&s->out);
	list_remove(&s->room_link);
	/* A server's answer will not arrive, however much was told; one that
	 * is here as a whole is still told to its client. */
	if (s->h->role == CODEC_CLIENT && !s->seen)
		h2_stream_error(s, CODEC_REFUSED);
	else if (s->h->role == CODEC_SERVER ? !s->gone : !s->ended)
		h2_stream_error(s, CODEC_RESET);
	h2_stream_settle(s);
}

void
h2_stream_head(struct h2_stream *s, const struct head *head)
{
	if (s->told || s->released)
		return;
	if (s->h->role == CODEC_SERVER || head->status >= 200 ||
	    head->status == 101) {
		s->begun = true;
		s->read_left =
		    head->body == BODY_LENGTH ? head->length : UINT64_MAX;
		/* Behind a 101 come the bytes of another protocol. */
		if (head->body == BODY_NONE && head->status != 101 && !s->gated)
			s->read_left = 0;
	}
	s->h->base.events->head(&s->base, head);
}

/* The owner takes nothing now. */
static bool
stream_waits(const struct h2_stream *s)
{
	return s->paused || s->gated;
}

/* Dealt with: the peer may send as much again. */
static void
stream_consume(struct h2_stream *s, size_t n)
{
	(void)nghttp2_session_consume_stream(s->h->session, s->id, n);
	if (s->h->role == CODEC_SERVER)
		(void)nghttp2_session_consume_connection(s->h->session, n);
}

static void
stream_give(struct h2_stream *s, struct slice bytes)
{
	stream_consume(s, bytes.n);
	s->h->base.events->data(&s->base, bytes);
}

static void
stream_hold(struct h2_stream *s, struct slice bytes)
{
	size_t before = s->held.bytes;

	obuf_append(&s->held, bytes.p, bytes.n);
	if (!s->held.failed)
		return;
	stream_consume(s, before + bytes.n - s->held.bytes);
	h2_stream_error(s, CODEC_RESET);
}

void
h2_stream_data(struct h2_stream *s, struct slice bytes)
{
	size_t surplus =
	    bytes.n > s->read_left ? bytes.n - (size_t)s->read_left : 0;

	if (s->told || s->released) {
		stream_consume(s, bytes.n);
		return;
	}
	if (!s->begun) {
		stream_consume(s, bytes.n);
		h2_stream_broken(s, CODEC_UNEXPECTED);
		return;
	}
	/* However it is cut: first what was announced. */
	bytes.n -= surplus;
	if (s->read_left != UINT64_MAX)
		s->read_left -= bytes.n;
	if (bytes.n != 0 && !stream_waits(s) && s->held.bytes == 0)
		stream_give(s, bytes);
	else if (bytes.n != 0)
		stream_hold(s, bytes);
	if (surplus == 0)
		return;
	stream_consume(s, surplus);
	if (!s->told && !s->released)
		h2_stream_broken(s, CODEC_BAD_LENGTH);
}

static void
stream_tell_end(struct h2_stream *s)
{
	struct h2_kept *kept = s->kept;

	s->kept = NULL;
	s->told = true;
	s->h->base.events->end(
	    &s->base, kept != NULL ? &kept->head : &no_trailers);
	h2_kept_free(kept);
}

void
h2_stream_end(struct h2_stream *s, const struct head *trailers)
{
	s->ended = true;
	if (s->told || s->released)
		return;
	if (!s->begun || (s->read_left != UINT64_MAX && s->read_left != 0)) {
		h2_stream_broken(
		    s, s->begun ? CODEC_BAD_LENGTH : CODEC_UNEXPECTED);
		return;
	}
	if (!stream_waits(s) && s->held.bytes == 0) {
		s->told = true;
		s->h->base.events->end(
		    &s->base, trailers != NULL ? trailers : &no_trailers);
		return;
	}
	if (trailers != NULL && trailers->count != 0) {
		s->kept = h2_keep(trailers);
		if (s->kept == NULL)
			h2_stream_error(s, CODEC_RESET);
	}
}

void
h2_stream_wake(struct h2_stream *s)
{
	if (!stream_waits(s) && !s->told && !s->released &&
	    (s->held.bytes != 0 || s->ended) && list_empty(&s->held_link))
		list_push_back(&s->h->holds, &s->held_link);
}

/* Until the owner pauses it again. */
static void
stream_deliver(struct h2_stream *s)
{
	while (s->held.bytes != 0 && !stream_waits(s)) {
		struct buf *b = s->held.head;
		struct slice bytes =
		    slice_make(b->data + b->start, b->end - b->start);

		/* Out of the queue first: the owner may release s. */
		s->held.head = b->next;
		if (s->held.head == NULL)
			s->held.tail = NULL;
		s->held.bytes -= (uint32_t)bytes.n;
		stream_give(s, bytes);
		buf_give(b);
		if (s->told || s->released)
			return;
	}
	if (s->held.bytes == 0 && s->ended && !stream_waits(s))
		stream_tell_end(s);
}

void
h2_deliver(struct h2 *h)
{
	/* Each once: one that is unpaused from within waits for the next. */
	struct list now;

	list_init(&now);
	while (!list_empty(&h->holds)) {
		struct list *at = h->holds.next;

		list_remove(at);
		list_push_back(&now, at);
	}
	while (!list_empty(&now)) {
		struct h2_stream *s =
		    CONTAINER_OF(now.next, struct h2_stream, held_link);

		list_remove(&s->held_link);
		if (!s->told && !s->released)
			stream_deliver(s);
	}
}

/* ---- the owner lets go ---- */

static uint32_t
release_code(enum h2_release how)
{
	switch (how) {
	case H2_DONE:
		return NGHTTP2_NO_ERROR;
	case H2_CANCEL:
		return NGHTTP2_CANCEL;
	case H2_BROKEN:
		return NGHTTP2_PROTOCOL_ERROR;
	case H2_FAILED:
		return NGHTTP2_INTERNAL_ERROR;
	}
	return NGHTTP2_INTERNAL_ERROR;
}

/* What the peer may not send any more is not waited for. */
static void
stream_abandon(struct h2_stream *s, enum h2_release how)
{
	bool server = s->h->role == CODEC_SERVER;
	bool whole = s->finished && (how == H2_DONE || how == H2_BROKEN);

	if (s->closed || (s->ended && s->gone))
		return;
	/* RFC 9113 8.1: an answer that is whole is so without the rest. While
	 * it goes out, h2_send.c waits for its end. */
	if (server && whole && !s->gone) {
		s->reset = (uint8_t)release_code(how);
		return;
	}
	if (how == H2_DONE && s->finished && s->ended)
		return;
	if (how == H2_DONE && !(server && whole))
		how = H2_CANCEL;
	h2_stream_reset(s, release_code(how));
}

void
h2_release(struct stream *stream, enum h2_release how)
{
	struct h2_stream *s = h2_stream_of(stream);

	MUST(!s->released);
	s->released = true;
	if (s->id == 0)
		s->closed = true; /* nobody knows of it */
	stream_drop_held(s);
	/* What is queued goes with the stream: some of it may be under way. */
	stream_abandon(s, how);
	h2_stream_settle(s);
}
