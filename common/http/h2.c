/*
 * h2.c - see h2.h: a connection as a whole.
 */
#include "common/http/h2_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/must.h"

#define ACKS_MAX 256           /* of ours that may wait to be sent */
#define CONTINUATIONS_MAX 4096 /* h2_flood.c knows better */
#define ID_MAX 0x7fffffffu
#define FIELD_OVERHEAD 32      /* RFC 9113 6.5.2: a field counts so much more */
#define FRAME_TYPES_KNOWN 10   /* 0 to 9 (RFC 9113 6) */
#define PEER_STREAMS_FIRST 100 /* before its SETTINGS came (6.5.2) */

static nghttp2_session_callbacks *callbacks;
static nghttp2_option *options;

/* Once per process; false without memory. */
static bool
h2_prepare(void)
{
	if (options != NULL)
		return true;
	if (callbacks == NULL && nghttp2_session_callbacks_new(&callbacks) != 0)
		return false;
	if (nghttp2_option_new(&options) != 0)
		return false;
	h2_read_callbacks(callbacks);
	h2_send_callbacks(callbacks);
	nghttp2_option_set_no_auto_window_update(options, 1);
	nghttp2_option_set_no_http_messaging(options, 1);
	nghttp2_option_set_no_closed_streams(options, 1);
	nghttp2_option_set_max_outbound_ack(options, ACKS_MAX);
	nghttp2_option_set_max_continuations(options, CONTINUATIONS_MAX);
	nghttp2_option_set_peer_max_concurrent_streams(
	    options, PEER_STREAMS_FIRST);
	/* Else frames of unknown types would be skipped without being counted.
	 */
	for (unsigned type = FRAME_TYPES_KNOWN; type <= UINT8_MAX; type++)
		nghttp2_option_set_user_recv_extension_type(
		    options, (uint8_t)type);
	/* Ours is stricter, and tells more. */
	nghttp2_option_set_stream_reset_rate_limit(
	    options, UINT64_C(1) << 40, UINT64_C(1) << 40);
	return true;
}

static int
h2_submit_settings(struct h2 *h)
{
	const struct codec_limits *l = h->base.limits;
	uint32_t list = l->head_bytes + l->fields * FIELD_OVERHEAD;
	nghttp2_settings_entry server[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, h->limits->streams },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, h->limits->window },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, list },
		{ NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1 },
		{ NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
	};
	nghttp2_settings_entry client[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, h->limits->window },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, list },
	};

	if (h->role == CODEC_SERVER)
		return nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE,
		    server, sizeof(server) / sizeof(server[0]));
	return nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, client,
	    sizeof(client) / sizeof(client[0]));
}

static bool
h2_begin(struct h2 *h)
{
	nghttp2_mem mem = h2_memory();
	int rc = h->role == CODEC_SERVER
	    ? nghttp2_session_server_new3(
		  &h->session, callbacks, h, options, &mem)
	    : nghttp2_session_client_new3(
		  &h->session, callbacks, h, options, &mem);

	return rc == 0 && h2_submit_settings(h) == 0 &&
	    nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE,
		0, (int32_t)h->limits->connection_window) == 0;
}

static size_t h2_input(struct codec *c, const char *p, size_t n);
static void h2_eof(struct codec *c);
static void h2_pause(struct stream *s, bool paused);
static size_t h2_queued(const struct stream *s);

static const struct codec_ops h2_ops = {
	.name = "h2",
	.input = h2_input,
	.eof = h2_eof,
	.send_head = h2_send_head,
	.send_data = h2_send_data,
	.send_end = h2_send_end,
	.pause = h2_pause,
	.queued = h2_queued,
};

struct h2 *
h2_new(enum codec_role role, const struct codec_events *events,
    const struct codec_limits *limits, const struct h2_limits *own,
    struct obuf *out, void *user)
{
	struct h2 *h = h2_prepare() ? calloc(1, sizeof(*h)) : NULL;

	if (h == NULL)
		return NULL;
	h->base = (struct codec){ &h2_ops, events, limits, out, NULL };
	h->limits = own;
	h->user = user;
	h->role = (uint8_t)role;
	list_init(&h->streams);
	list_init(&h->rooms);
	list_init(&h->holds);
	list_init(&h->dead);
	h2_budget_init(&h->resets, own->resets);
	h2_budget_init(&h->control, own->control);
	if (h2_begin(h))
		return h;
	h2_free(h);
	return NULL;
}

void
h2_free(struct h2 *h)
{
	if (h == NULL)
		return;
	if (h->session != NULL)
		nghttp2_session_del(h->session);
	if (h->block != NULL)
		h2_block_give(h->block);
	h2_reap(h);
	while (!list_empty(&h->streams))
		h2_stream_free(
		    CONTAINER_OF(h->streams.next, struct h2_stream, link));
	free(h);
}

/* ---- the end of a connection ---- */

static uint32_t
fault_code(enum h2_fault fault)
{
	switch (fault) {
	case H2_FLOOD:
		return NGHTTP2_ENHANCE_YOUR_CALM;
	case H2_MEMORY:
		return NGHTTP2_INTERNAL_ERROR;
	case H2_FINE:
	case H2_PROTOCOL:
		break;
	}
	return NGHTTP2_PROTOCOL_ERROR;
}

void
h2_fail(struct h2 *h, enum h2_fault fault, const char *text)
{
	if (h->fault != H2_FINE)
		return;
	h->fault = fault;
	snprintf(h->fault_text, sizeof(h->fault_text), "%s", text);
	(void)nghttp2_session_terminate_session(h->session, fault_code(fault));
}

/* Whoever still waits for something is told that it will not come. */
static void
h2_tell_lost(struct h2 *h)
{
	struct list now;

	if ((h->fault == H2_FINE && !h->ended) || h->lost)
		return;
	h->lost = true;
	list_init(&now);
	while (!list_empty(&h->streams)) {
		struct list *at = h->streams.next;

		list_remove(at);
		list_push_back(&now, at);
	}
	while (!list_empty(&now)) {
		struct h2_stream *s =
		    CONTAINER_OF(now.next, struct h2_stream, link);

		list_remove(&s->link);
		list_push_back(&h->streams, &s->link);
		h2_stream_lose(s);
	}
}

static void
h2_failed_read(struct h2 *h, ssize_t rc)
{
	switch (rc) {
	case NGHTTP2_ERR_FLOODED:
		h2_fail(h, H2_FLOOD, "too many frames ask for an answer");
		break;
	case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
		h2_fail(h, H2_FLOOD, "a header block goes on and on");
		break;
	case NGHTTP2_ERR_NOMEM:
	case NGHTTP2_ERR_CALLBACK_FAILURE:
		h2_fail(h, H2_MEMORY, "memory lacks");
		break;
	case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
		h2_fail(h, H2_PROTOCOL, "it does not begin with HTTP/2");
		break;
	default:
		h2_fail(h, H2_PROTOCOL, nghttp2_strerror((int)rc));
	}
}

static size_t
h2_input(struct codec *c, const char *p, size_t n)
{
	struct h2 *h = CONTAINER_OF(c, struct h2, base);
	ssize_t rc;

	if (h->fault != H2_FINE || h->ended)
		return n;
	rc = nghttp2_session_mem_recv(h->session, (const uint8_t *)p, n);
	if (rc < 0)
		h2_failed_read(h, rc);
	h2_tell_lost(h);
	h2_reap(h);
	return n;
}

static void
h2_eof(struct codec *c)
{
	struct h2 *h = CONTAINER_OF(c, struct h2, base);

	h->ended = true;
	h2_tell_lost(h);
	h2_reap(h);
}

/* ---- output ---- */

/* True when something went out. */
static bool
h2_pull_some(struct h2 *h)
{
	struct obuf *out = h->base.out;
	size_t before = out->bytes;

	while (out->bytes < H2_OUT_BYTES && h->fault != H2_MEMORY) {
		const uint8_t *p;
		ssize_t n = nghttp2_session_mem_send(h->session, &p);

		if (n > 0)
			obuf_append(out, p, (size_t)n);
		if (n < 0 || out->failed)
			h2_fail(h, H2_MEMORY, "memory lacks");
		if (n <= 0)
			break;
	}
	return out->bytes != before;
}

static void
h2_tell_rooms(struct h2 *h)
{
	while (!list_empty(&h->rooms)) {
		struct h2_stream *s =
		    CONTAINER_OF(h->rooms.next, struct h2_stream, room_link);

		list_remove(&s->room_link);
		if (!s->released && s->out.bytes == 0 &&
		    h->base.events->room != NULL)
			h->base.events->room(&s->base);
	}
}

bool
h2_pull(struct h2 *h)
{
	while (h->base.out->bytes < H2_OUT_BYTES && h2_pull_some(h))
		h2_tell_rooms(h);
	h2_tell_lost(h);
	h2_reap(h);
	return !h2_wants_pull(h);
}

bool
h2_wants_pull(const struct h2 *h)
{
	return h->fault != H2_MEMORY &&
	    nghttp2_session_want_write(h->session) != 0;
}

bool
h2_wants_deliver(const struct h2 *h)
{
	return !list_empty(&h->holds);
}

static void
h2_pause(struct stream *stream, bool paused)
{
	struct h2_stream *s = h2_stream_of(stream);

	if (s->paused == paused)
		return;
	s->paused = paused;
	h2_stream_wake(s);
}

static size_t
h2_queued(const struct stream *s)
{
	return h2_stream_of(s)->out.bytes;
}

/* ---- what owners ask ---- */

struct codec *
h2_codec(struct h2 *h)
{
	return &h->base;
}

struct h2 *
h2_of(const struct stream *s)
{
	return h2_stream_of(s)->h;
}

void *
h2_user(const struct h2 *h)
{
	return h->user;
}

static uint32_t
peer_streams(const struct h2 *h)
{
	return nghttp2_session_get_remote_settings(
	    h->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

bool
h2_may_open(const struct h2 *h)
{
	return h->fault == H2_FINE && !h2_leaving(h) &&
	    h->count < peer_streams(h) &&
	    nghttp2_session_check_request_allowed(h->session) != 0;
}

struct stream *
h2_open(struct h2 *h)
{
	struct h2_stream *s = h2_may_open(h) ? h2_stream_new(h, 0) : NULL;

	return s != NULL ? &s->base : NULL;
}

uint32_t
h2_peer_streams(const struct h2 *h)
{
	return h->settled ? peer_streams(h) : 0;
}

bool
h2_settled(const struct h2 *h)
{
	return h->settled;
}

bool
h2_takes_connect(const struct h2 *h)
{
	return nghttp2_session_get_remote_settings(
		   h->session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

uint32_t
h2_streams(const struct h2 *h)
{
	return h->count;
}

/*
 * A client may have sent a request before it hears of the end: first it is told
 * that there will be one, and when it has heard that, which is the last stream.
 */
void
h2_goaway(struct h2 *h, bool at_once)
{
	if (h->leaving == 2 || h->fault != H2_FINE)
		return;
	if (!at_once && h->role == CODEC_SERVER) {
		if (h->leaving == 0) {
			(void)nghttp2_submit_shutdown_notice(h->session);
			h2_ping(h);
		}
		h->leaving = 1;
		return;
	}
	h->leaving = 2;
	(void)nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
	    nghttp2_session_get_last_proc_stream_id(h->session),
	    NGHTTP2_NO_ERROR, NULL, 0);
}

/* A client that goes on for long enough has had every stream there can be. */
static bool
h2_has_no_ids(const struct h2 *h)
{
	return h->role == CODEC_CLIENT &&
	    nghttp2_session_get_next_stream_id(h->session) > ID_MAX;
}

bool
h2_leaving(const struct h2 *h)
{
	return h->leaving != 0 || h->goaway_came || h->ended ||
	    h2_has_no_ids(h);
}

bool
h2_over(const struct h2 *h)
{
	return (h->leaving == 2 || h->goaway_came) && h->count == 0 &&
	    !h2_wants_pull(h);
}

enum h2_fault
h2_fault(const struct h2 *h)
{
	return h->fault;
}

const char *
h2_fault_text(const struct h2 *h)
{
	return h->fault_text;
}

bool
h2_in_head(const struct h2 *h)
{
	return h->block != NULL || h->in_head;
}

void
h2_ping(struct h2 *h)
{
	h2_flood_credit(h, 1); /* its answer */
	(void)nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, NULL);
}

uint32_t
h2_pings_answered(const struct h2 *h)
{
	return h->pongs;
}
