/*
 * h2.h - HTTP/2 (RFC 9113) behind the codec interface, both roles; framing,
 * HPACK and flow control are libnghttp2's, the rules of messages are ours.
 *
 *	codec_input -> frames -> head, data*, end | error   per stream
 *	stream_head, stream_data*, stream_end -> a queue per stream
 *	h2_pull     -> takes frames from the queues, fairly, into the obuf
 *
 * Nothing is written to the obuf by the stream_* calls: the owner calls h2_pull
 * once per burst, as long as the obuf is short, so that streams share the
 * connection and memory is bounded. Then it flushes the obuf.
 *
 * A stream that is paused keeps what its peer may still send (one window) and
 * asks for no more; what was kept is told by h2_deliver, never from within
 * stream_pause.
 *
 * Room: a stream's window is given back as its bytes are told. In the server
 * role so is the connection's, so that all that a client can make us keep is
 * connection_window; one paused stream leaves room for others while window is
 * smaller. In the client role the connection's is given back as bytes come: one
 * slow reader never stops the answers of others, and what is kept is bounded by
 * the streams that we open, times window.
 *
 * Memory for what waits to be sent is bounded, too, whether the peer reads or
 * not: heads and resets by the streams that it may have open and by
 * h2_limits.resets, acknowledgements by a number, bodies by what the owner
 * queues. So input is always read to its end.
 *
 * A stream is the owner's from its `head` (or, server role, `error` without a
 * head) or h2_open on, and until h2_release. The owner releases each one.
 */
#ifndef COMMON_HTTP_H2_H
#define COMMON_HTTP_H2_H

#include "common/http/codec.h"

#define H2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define H2_PREFACE_BYTES 24
/* h2_pull stops when so much waits in the obuf. */
#define H2_OUT_BYTES 65536u

struct h2;

/* What one connection may cost. Outlives the codec. */
struct h2_limits {
	uint32_t streams; /* open at once, opened by the peer; server role */
	uint32_t window;  /* bytes in flight towards us, of a stream */
	uint32_t connection_window; /* and of all of them */
	/*
	 * What a peer may do in vain: so often at once, and a hundredth of that
	 * per second more (never less than one).
	 */
	uint32_t resets;  /* streams that it ends before their answer, or makes
			     us end by breaking a rule */
	uint32_t control; /* PING, SETTINGS, PRIORITY, GOAWAY, empty DATA,
			     unknown frames; more than a few window updates
			     for each DATA that it got */
};

/* Why a connection is over; H2_FINE: it is not. */
enum h2_fault {
	H2_FINE,
	H2_PROTOCOL, /* the peer broke the protocol; GOAWAY says how */
	H2_FLOOD,    /* it went beyond h2_limits; ENHANCE_YOUR_CALM */
	H2_MEMORY,
};

/* How the owner lets a stream go. */
enum h2_release {
	H2_DONE,   /* the answer is written; what is unread is not wanted */
	H2_CANCEL, /* the message that we write is cut: RST_STREAM CANCEL */
	H2_BROKEN, /* the peer's message was wrong: PROTOCOL_ERROR, behind an
		      answer that is written whole */
	H2_FAILED, /* INTERNAL_ERROR */
};

/*
 * A new codec, its SETTINGS (client role: preface) queued. `limits`, `h2`,
 * `events` and `out` outlive it; `user` is h2_user()'s. NULL without memory.
 */
struct h2 *h2_new(enum codec_role role, const struct codec_events *events,
    const struct codec_limits *limits, const struct h2_limits *h2,
    struct obuf *out, void *user);

/* Ends it; streams that were not released are gone without an event. */
void h2_free(struct h2 *h);

struct codec *h2_codec(struct h2 *h);
/* Of a stream's codec, and of the owner. */
struct h2 *h2_of(const struct stream *s);
void *h2_user(const struct h2 *h);

/*
 * Moves frames into the obuf until it has H2_OUT_BYTES. False: there is more,
 * to be pulled when the obuf was sent. Tells `room` of streams, and `error` of
 * those whose body is not as long as it was said to be: such are cut, with
 * INTERNAL_ERROR. Not from within an event.
 */
bool h2_pull(struct h2 *h);
/* Something waits to be pulled. */
bool h2_wants_pull(const struct h2 *h);

/* Tells what streams that are no longer paused had kept. Not from an event. */
void h2_deliver(struct h2 *h);
bool h2_wants_deliver(const struct h2 *h);

/*
 * Client role. A stream for one more request; NULL where h2_may_open is false.
 * stream_head is next.
 */
struct stream *h2_open(struct h2 *h);
/* The peer allows one more stream, and has not said GOAWAY. */
bool h2_may_open(const struct h2 *h);
/* How many streams the peer allows at once; 0 before its SETTINGS came. */
uint32_t h2_peer_streams(const struct h2 *h);
/* The peer's SETTINGS are here. */
bool h2_settled(const struct h2 *h);
/* They allow an extended CONNECT (RFC 8441). */
bool h2_takes_connect(const struct h2 *h);

/* The owner is done with s and touches it no more: no event comes. */
void h2_release(struct stream *s, enum h2_release how);

/* Streams that are open, released ones included while they still send. */
uint32_t h2_streams(const struct h2 *h);

/*
 * No new stream is served: says GOAWAY NO_ERROR, in two steps so that what is
 * under way is still taken (RFC 9113 6.8); at_once: in one. Repeating is
 * harmless.
 */
void h2_goaway(struct h2 *h, bool at_once);
/* GOAWAY came or went, or the connection can have no more streams. */
bool h2_leaving(const struct h2 *h);
/* And no stream is left, nor will be one: the connection is to be closed. */
bool h2_over(const struct h2 *h);

/*
 * Not fine: no event comes any more (those of open streams came as `error`,
 * CODEC_RESET), except by h2_deliver of answers that are here as a whole. What
 * the obuf has is to be sent, then the connection closed. A peer that just ends
 * its connection is no fault: after codec_eof it is the same for the streams,
 * and nothing can be opened.
 */
enum h2_fault h2_fault(const struct h2 *h);
/* Half a sentence on it for the log. */
const char *h2_fault_text(const struct h2 *h);

/* A header block has begun and has not ended: timeouts.head applies. */
bool h2_in_head(const struct h2 *h);

/* A PING of our own goes out; h2_pings_answered counts those that came back. */
void h2_ping(struct h2 *h);
uint32_t h2_pings_answered(const struct h2 *h);

/* Memory of streams that are long gone goes back: about once a second. */
void h2_trim(void);

#endif
