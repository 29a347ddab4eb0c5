/*
 * h1.h - HTTP/1.0 and 1.1 (RFC 9112) behind the codec interface, both roles.
 *
 *   reading:  START -> LENGTH | CHUNKED -> TRAILERS | EOF -> DONE -> START
 *   writing:  NONE -> LENGTH | CHUNKED | EOF | NOTHING -> DONE -> NONE
 *
 * A server codec starts the next message when both sides are DONE and the
 * connection is kept; a client codec is then reusable. Once the answer is
 * complete no further event of its message comes, in the server role; what was
 * not read of the request then is not read at all.
 *
 * Trailers of a message whose Connection nominates fields are dropped: they
 * might be among them, and discarding is always allowed (RFC 9110 6.5.1).
 *
 * The client role delivers interim answers (1xx) as heads of their own. Bytes
 * behind a whole answer are CODEC_UNEXPECTED, and their connection must be
 * closed.
 *
 * A 101 turns reading and writing to EOF, for the bytes of another protocol;
 * where the request did not ask for one, it is an error.
 */
#ifndef COMMON_HTTP_H1_H
#define COMMON_HTTP_H1_H

#include "common/http/chunk.h"
#include "common/http/codec.h"

#define H1_FIELDS_MAX 1024 /* the most that codec_limits.fields may be */

enum h1_read {
	H1_READ_START,
	H1_READ_LENGTH,
	H1_READ_CHUNKED,
	H1_READ_TRAILERS,
	H1_READ_EOF,
	H1_READ_DONE,
	H1_READ_STOPPED
};
enum h1_write {
	H1_WRITE_NONE,
	H1_WRITE_LENGTH,
	H1_WRITE_CHUNKED,
	H1_WRITE_EOF,
	H1_WRITE_NOTHING,
	H1_WRITE_DONE
};

struct h1 {
	struct codec base;
	struct stream stream;
	uint64_t read_left, write_left; /* body bytes, with a length */
	struct chunk_reader chunk;
	uint32_t serial;      /* of the exchange */
	uint8_t role;         /* enum codec_role */
	uint8_t reading;      /* enum h1_read */
	uint8_t writing;      /* enum h1_write */
	uint8_t peer_version; /* enum http_version of the last head read */
	uint8_t method;       /* of the request in flight */
	bool close;           /* the connection ends after this exchange */
	bool paused;
	bool partial;       /* a part of the next head was offered */
	bool ended;         /* the peer ended its side */
	bool trailers_void; /* those of the message that is read */
	bool asked;         /* the request wants to switch protocols */
	bool switched;      /* and the answer did so */
};

/*
 * events, limits and out must outlive h. sizeof(struct h1) stays under 160
 * bytes: an idle connection carries one.
 */
void
h1_init(struct h1 *h, enum codec_role role, const struct codec_events *events,
    const struct codec_limits *limits, struct obuf *out);

/*
 * Reads nothing more: the owner has answered an error or is closing. Input is
 * left unconsumed, and an answer that begins afterwards says close.
 */
void h1_stop(struct h1 *h);

/* No exchange follows the one that has begun: its answer says close. */
static inline void
h1_end_with_this(struct h1 *h)
{
	h->close = true;
}

/* From a 101 on, in either role: no HTTP comes on this connection any more. */
static inline bool
h1_switched(const struct h1 *h)
{
	return h->switched;
}

/* Between messages: nothing read of the next, nothing left to write. */
static inline bool
h1_idle(const struct h1 *h)
{
	return h->reading == H1_READ_START && h->writing == H1_WRITE_NONE &&
	    !h->partial;
}

/* A body of which so much is to come may go past the codec. */
#define H1_PASS_BYTES 65536u

/*
 * So many bytes of the body may now come, or go, without the codec; 0: none. It
 * is told of each that did: the last that comes completes the message.
 */
uint64_t h1_passes_in(const struct h1 *h);
void h1_passed_in(struct h1 *h, size_t n);
uint64_t h1_passes_out(const struct h1 *h);
void h1_passed_out(struct h1 *h, size_t n);

/*
 * True when the answer is complete and the connection must be closed: asked
 * for by either side, or framed by its end, or the request was not read
 * (server) or sent (client) whole, or a body was shorter or longer than
 * announced. For the client role also after an error or h1_stop.
 *
 * A client that ended its side after a whole request still gets its answer:
 * the owner closes when the codec is idle and no offered bytes are left.
 */
static inline bool
h1_must_close(const struct h1 *h)
{
	if (!h->close)
		return false;
	if (h->role == CODEC_SERVER)
		return h->writing == H1_WRITE_DONE;
	return h->reading == H1_READ_DONE || h->reading == H1_READ_STOPPED;
}

#endif
