/*
 * codec.h - the narrow waist: bytes in, head / data / end out, and the reverse.
 *
 * A codec has no socket. Its connection reads from slices that it is given and
 * writes to an obuf; its streams carry one message each way. HTTP/1 has one
 * stream at a time, HTTP/2 many; nothing above knows which it is.
 *
 *        socket -> io -> codec_input ->  events: head, data*, end | error
 *        socket <- io <- obuf        <-  stream_head, stream_data*, stream_end
 */
#ifndef COMMON_HTTP_CODEC_H
#define COMMON_HTTP_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/slice.h"
#include "common/http/head.h"

enum codec_role { CODEC_SERVER, CODEC_CLIENT };

/* What was wrong with a peer's bytes. Names in codec_error_name(). */
enum codec_error {
	CODEC_OK,
	CODEC_BAD_START_LINE,
	CODEC_BAD_METHOD,
	CODEC_METHOD_TOO_LONG, /* 501 */
	CODEC_BAD_TARGET,
	CODEC_BAD_VERSION,  /* 505 */
	CODEC_BAD_FIELD,    /* name or value outside the grammar */
	CODEC_BAD_LINE_END, /* bare CR, bare LF */
	CODEC_OBS_FOLD,
	CODEC_BAD_HOST,   /* none, several, invalid, or not the target's */
	CODEC_BAD_LENGTH, /* Content-Length */
	CODEC_BAD_CODING, /* Transfer-Encoding other than one "chunked" */
	CODEC_LENGTH_AND_CODING,
	CODEC_BAD_CHUNK,
	CODEC_BAD_STATUS,
	CODEC_BAD_EXPECT,      /* 417 */
	CODEC_HEAD_TOO_LARGE,  /* 431 */
	CODEC_TOO_MANY_FIELDS, /* 431 */
	CODEC_URI_TOO_LONG,    /* 414 */
	CODEC_TRAILERS_TOO_LARGE,
	CODEC_H2_PREFACE, /* HTTP/2 on an HTTP/1 port */
	CODEC_TRUNCATED,  /* the peer ended within a message */
	CODEC_UNEXPECTED, /* bytes where no message may be */
	/* HTTP/2 */
	CODEC_BAD_PSEUDO, /* pseudo-header: missing, twice, unknown, late */
	CODEC_RESET,      /* the peer gave the stream, or all of them, up */
	CODEC_REFUSED,    /* and has not looked at the request, or not got it */
};

const char *codec_error_name(enum codec_error e);

struct codec_limits {
	uint32_t head_bytes; /* start line and fields, with the final CRLF */
	uint32_t uri_bytes;
	uint32_t fields;
};

struct codec;

/*
 * One message each way. Embedded in the codec (h1) or allocated by it (h2.h,
 * which says when it ends).
 */
struct stream {
	struct codec *codec;
	void *user; /* the owner's; NULL at the start of each message */
	void
	    *held; /* likewise, where the connection wants a place of its own */
};

/*
 * Told to the owner from within codec_input or codec_eof. Slices are valid
 * during the call only. The owner must not free the codec from within; it may
 * call any stream_* and codec_stop.
 */
struct codec_events {
	/*
	 * A whole head; for the client role also interim (1xx) ones. A 101
	 * comes only where it was asked for, and switches: `data` then has the
	 * bytes of the other protocol until the peer's end, and stream_data
	 * sends such. The first h->room fields are the owner's to change.
	 */
	void (*head)(struct stream *s, const struct head *h);
	/* Body bytes, decoded. Never empty. */
	void (*data)(struct stream *s, struct slice bytes);
	/* The message is complete. Trailers with count 0 when there are none.
	 */
	void (*end)(struct stream *s, const struct head *trailers);
	/*
	 * The peer's message cannot be read on; no further event comes. For
	 * the server role before any head, s->user is NULL, and an answer may
	 * still be sent (with HTTP/1 its connection is then closed).
	 */
	void (*error)(struct stream *s, enum codec_error e);
	/*
	 * HTTP/2: what the owner has sent on this stream has left its queue
	 * (only after stream_queued was not 0). With HTTP/1 the socket says so.
	 */
	void (*room)(struct stream *s);
};

struct codec_ops {
	const char *name; /* "http/1.1" */
	size_t (*input)(struct codec *c, const char *p, size_t n);
	void (*eof)(struct codec *c);
	bool (*send_head)(struct stream *s, const struct head *h, bool end);
	void (*send_data)(struct stream *s, struct slice bytes);
	void (*send_end)(struct stream *s, const struct head *trailers);
	void (*pause)(struct stream *s, bool paused);
	/* NULL where a stream has no queue of its own. */
	size_t (*queued)(const struct stream *s);
};

struct codec {
	const struct codec_ops *ops;
	const struct codec_events *events;
	const struct codec_limits *limits; /* outlives the codec */
	struct obuf *out;                  /* the owner's */
	/* Server role, from within `error` that comes in place of a head: as
	 * much of that as was read: method_text, target, host. Else NULL. */
	const struct head *broken;
};

/*
 * Reads p[0..n) as far as possible; returns the bytes consumed. Fewer than n:
 * a head is incomplete (offer the same bytes again, with more behind them),
 * the stream is paused, or the next message must wait for this one's answer
 * (offer again after stream_end).
 */
static inline size_t
codec_input(struct codec *c, const char *p, size_t n)
{
	return c->ops->input(c, p, n);
}

/* The peer ended its side; `end` or `error` (CODEC_TRUNCATED) may follow. */
static inline void
codec_eof(struct codec *c)
{
	c->ops->eof(c);
}

/*
 * Writes a head into the obuf. Server role: h->status, and h->body says how the
 * message is framed (BODY_NONE, BODY_LENGTH with h->length, BODY_STREAM: of
 * unknown length); the codec alone writes Content-Length, Transfer-Encoding
 * and Connection: such fields in h are skipped. h->close asks that the
 * connection ends after this message. `end`: no body bytes and no
 * stream_end follow. To a HEAD request, and with 304, the length of BODY_LENGTH
 * is announced and no body written; so is the length of a Content-Length field
 * with BODY_NONE: such an answer may be passed on as it came. A 1xx head is
 * interim: the final one follows. But a 101 switches, which needs a whole
 * request and h->upgrade: bytes then pass as they are, both ways, each until
 * its own end.
 * False: no memory (obuf failed) - the owner closes.
 */
static inline bool
stream_head(struct stream *s, const struct head *h, bool end)
{
	return s->codec->ops->send_head(s, h, end);
}

/* Body bytes; copied or sent before the call returns. */
static inline void
stream_data(struct stream *s, struct slice bytes)
{
	s->codec->ops->send_data(s, bytes);
}

/* Ends the outgoing message; trailers may be NULL. */
static inline void
stream_end(struct stream *s, const struct head *trailers)
{
	s->codec->ops->send_end(s, trailers);
}

/*
 * Paused: codec_input consumes no more bytes of this stream, nor, with only
 * one, of the next message. A message that ends takes its pause with it. The
 * owner also pauses the io where a codec has only one stream.
 */
static inline void
stream_pause(struct stream *s, bool paused)
{
	s->codec->ops->pause(s, paused);
}

/* Bytes that wait in the stream's own queue; in the obuf there may be more. */
static inline size_t
stream_queued(const struct stream *s)
{
	return s->codec->ops->queued != NULL ? s->codec->ops->queued(s) : 0;
}

#endif
