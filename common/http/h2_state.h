/*
 * h2_state.h - what the rooms of the HTTP/2 codec share, and nobody else needs:
 *
 *	h2.c        a connection: begun, fed, pulled from, ended
 *	h2_stream.c a stream: made, told its events, let go
 *	h2_read.c   what libnghttp2 reads
 *	h2_send.c   what it is given to send
 *	h2_flood.c  how much a peer may do in vain
 *	h2_memory.c what libnghttp2 allocates
 */
#ifndef COMMON_HTTP_H2_STATE_H
#define COMMON_HTTP_H2_STATE_H

#include <nghttp2/nghttp2.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/list.h"
#include "common/http/h2.h"
#include "common/http/h2_head.h"

/* A budget that grows again with time. */
struct h2_budget {
	uint64_t left, most; /* thousandths */
	struct mono at;
};

/* Trailers that wait for the data before them. */
struct h2_kept {
	struct arena arena;
	struct head head;
};

struct h2_stream {
	struct stream base;
	struct h2 *h;
	struct list link;      /* in h->streams */
	struct list room_link; /* in h->rooms: the queue has become empty */
	struct list held_link; /* in h->holds: something may be told */
	struct obuf out;       /* not sent yet */
	struct obuf held;      /* received, not told yet */
	struct h2_kept *last;  /* trailers to be sent, or NULL */
	struct h2_kept *kept;  /* trailers to be told, or NULL */
	struct h2_kept *ask;   /* its target: the protocol asked for */
	uint64_t read_left;    /* of a body with a length; else UINT64_MAX */
	uint64_t write_left;
	int32_t id;
	uint8_t method; /* enum http_method, of the request */
	uint8_t reset;  /* released: the code behind its answer */
	/* reading */
	bool begun;   /* its final head was told */
	bool ended;   /* the peer has sent all */
	bool told;    /* and the owner knows: `end` or `error` came */
	bool failed;  /* it was `error` */
	bool charged; /* for its end, to the budget of resets */
	bool paused;
	bool gated; /* an extended CONNECT that was not answered yet */
	/* writing */
	bool sent;     /* the final head */
	bool finished; /* the owner has written all */
	bool excess;   /* and more than it had announced */
	bool gone;     /* and it went out */
	bool seen;     /* client role: the peer may have seen the request */
	bool deferred; /* libnghttp2 waits for more data */
	/* life */
	bool closed;   /* libnghttp2 does not know it any more */
	bool released; /* by the owner */
};

struct h2 {
	struct codec base;
	nghttp2_session *session;
	const struct h2_limits *limits;
	void *user;
	struct list streams, rooms, holds, dead;
	struct h2_stream *found; /* see h2_stream_find; NULL: nobody's */
	int32_t found_id;
	struct h2_block *block; /* of the header block that is being read */
	int32_t block_id;       /* its stream */
	uint32_t block_frames;  /* CONTINUATIONs of it, or of an ignored one */
	size_t block_wire;      /* bytes of it */
	struct h2_budget resets, control;
	uint32_t credit;  /* frames of the peer that have a reason */
	size_t to_return; /* bytes that it may still give back piecemeal */
	int32_t last_id;  /* the newest that a client has opened */
	uint32_t count;   /* streams */
	uint32_t pongs;
	enum h2_fault fault;
	char fault_text[64];
	uint8_t role;
	uint8_t leaving; /* 1: notice given, 2: GOAWAY for good */
	bool in_head;    /* a header block goes on in the next frame */
	bool goaway_came;
	bool settled;
	bool ended; /* the peer's side */
	bool lost;  /* all streams were told */
};

static inline struct h2_stream *
h2_stream_of(const struct stream *s)
{
	return (struct h2_stream *)(uintptr_t)s;
}

static inline void
h2_stream_found(struct h2 *h, int32_t id, struct h2_stream *s)
{
	h->found = s;
	h->found_id = id;
}

/* NULL: of what we gave up, or never had. Each frame asks several times for its
 * own. */
static inline struct h2_stream *
h2_stream_find(struct h2 *h, int32_t id)
{
	if (h->found_id != id)
		h2_stream_found(h, id,
		    nghttp2_session_get_stream_user_data(h->session, id));
	return h->found;
}

/* ---- h2.c ---- */

/* The connection is over; the first reason stays. GOAWAY is queued. Callbacks
 * of libnghttp2 return NGHTTP2_ERR_CALLBACK_FAILURE then: it reads no more. */
void h2_fail(struct h2 *h, enum h2_fault fault, const char *text);

/* ---- h2_stream.c ---- */

/* NULL without memory. */
struct h2_stream *h2_stream_new(struct h2 *h, int32_t id);
/* When both sides have done with it. */
void h2_stream_settle(struct h2_stream *s);
void h2_stream_free(struct h2_stream *s);
/* Frees those that are over; not from within an event. */
void h2_reap(struct h2 *h);

/* A copy of trailers; NULL without memory. */
struct h2_kept *h2_keep(const struct head *trailers);
void h2_kept_free(struct h2_kept *k);

/* What the peer has sent: told at once, or held. */
void h2_stream_head(struct h2_stream *s, const struct head *head);
void h2_stream_data(struct h2_stream *s, struct slice bytes);
void h2_stream_end(struct h2_stream *s, const struct head *trailers);
void h2_stream_error(struct h2_stream *s, enum codec_error e);
/* The same when the peer broke a rule: it costs it one of its resets. */
void h2_stream_broken(struct h2_stream *s, enum codec_error e);
/* The connection is over: libnghttp2 and s part. */
void h2_stream_lose(struct h2_stream *s);

/* Something is held, and may be told. */
void h2_stream_wake(struct h2_stream *s);

/* Ends it with RST_STREAM. */
void h2_stream_reset(struct h2_stream *s, uint32_t code);

/* ---- h2_memory.c ---- */

/* For sessions. */
nghttp2_mem h2_memory(void);
/* As pool_trim. */
void h2_memory_trim(void);

/* ---- h2_read.c, h2_send.c ---- */

void h2_read_callbacks(nghttp2_session_callbacks *cbs);
void h2_send_callbacks(nghttp2_session_callbacks *cbs);

bool h2_send_head(struct stream *s, const struct head *head, bool end);
void h2_send_data(struct stream *s, struct slice bytes);
void h2_send_end(struct stream *s, const struct head *trailers);

/* ---- h2_flood.c ---- */

void h2_budget_init(struct h2_budget *b, uint32_t most);
/* Takes one; false: there is none, which is a flood. */
bool h2_budget_take(struct h2_budget *b);
/* Charges a frame that has begun; s is its stream, or NULL. */
void h2_flood_frame(
    struct h2 *h, const struct h2_stream *s, const nghttp2_frame_hd *hd);
/* DATA that was read, with so much content. */
void h2_flood_data(struct h2 *h, size_t content, bool end);
/* Charges a stream's end that its peer caused, once; NULL: never told. */
void h2_flood_reset(struct h2 *h, struct h2_stream *s);
/* Charges a frame without effect. */
void h2_flood_control(struct h2 *h);
/* n bytes of DATA went out, and `more` waits for room. */
void h2_flood_sent(struct h2 *h, size_t n, bool more);
/* So many frames of the peer have a reason. */
void h2_flood_credit(struct h2 *h, uint32_t frames);

#endif
