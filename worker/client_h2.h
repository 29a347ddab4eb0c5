/*
 * client_h2.h - a client connection that speaks HTTP/2: many requests at once,
 * each on a stream of its own.
 *
 *	socket -> client_h2_input -> codec -> events -> struct req
 *	req -> codec's queues -> (once per turn) h2_pull -> socket
 *
 * Whatever happens in a turn only stirs the connection: when the turn ends, its
 * task lets the streams share what goes out, lets go those that are done, and
 * sets the deadlines. So nothing is freed below somebody's feet, and the
 * answers of a turn leave in one write.
 *
 * A stream outlives its request while the answer is still being taken.
 */
#ifndef WORKER_CLIENT_H2_H
#define WORKER_CLIENT_H2_H

#include <stdbool.h>
#include <stdint.h>

#include "common/http/h2.h"
#include "worker/client.h"
#include "worker/client_rate.h"

/* What the connection as a whole waits for. */
enum client_h2_wait {
	CLIENT_H2_FIRST,   /* the first request, since it was accepted */
	CLIENT_H2_HEAD,    /* the end of a head that has begun */
	CLIENT_H2_STREAMS, /* each for itself */
	CLIENT_H2_SEND,    /* what was said last is to be taken */
	CLIENT_H2_IDLE,    /* a request */
	CLIENT_H2_LEAVING, /* the end, after GOAWAY */
};

struct client_h2 {
	struct client *client;
	struct h2 *codec;
	struct h2_limits limits; /* as they were when it began */
	struct loop_task task;
	struct list streams; /* struct client_stream */
	struct list fed;     /* those that something came for, in this burst */
	struct list stirred; /* those to be looked at when the turn ends */
	size_t queued;       /* bytes in their queues */
	uint64_t counted_in, counted_out; /* of client->io, in the counters */
	uint8_t wait;                     /* enum client_h2_wait */
};

struct client_stream {
	struct client_h2 *on;
	struct stream *stream;
	struct req *req; /* NULL: it has ended */
	struct list link, fed_link, stirred_link;
	struct timer timer;
	struct mono until;
	uint64_t mark;      /* bytes moved when `until` was set, and */
	uint64_t sent_mark; /* what the socket had sent */
	struct client_rate rate;
	size_t queued;      /* as it counts in on->queued */
	uint64_t bytes_out; /* of the request that has ended */
	uint64_t send_us;   /* and its time for sending */
	uint8_t way;        /* enum client_way: what it waits for */
	uint8_t how;        /* enum h2_release, of the end */
	bool paused;        /* asked for by the request */
	bool tunnel;        /* it has switched to another protocol */
	bool lost;          /* nobody takes what is queued */
};

/* ---- client_h2.c ---- */

/* From the first byte on. False without memory. */
bool client_h2_begin(struct client *c);

/* What io says. May close the connection. */
size_t client_h2_input(struct client *c, const char *p, size_t n);
void client_h2_eof(struct client *c);

/* Something is to be sent, or looked at, when the turn ends. */
void client_h2_stir(struct client_h2 *on);

/* The connection's deadline is over. */
void client_h2_expired(struct client *c);

/* Nothing is on it, or under way to the client. */
bool client_h2_quiet(const struct client_h2 *on);

/* Ends all requests, which are cut; the connection is closed next. */
void client_h2_abort(struct client *c, enum why why);

/* Graceful stop: new streams are not served any more. */
void client_h2_leave(struct client *c);
/* Its time is over: true while some have a last word to say first. */
bool client_h2_last_words(struct client *c);
/* Ends the others; what can be said is said. */
void client_h2_stop(struct client *c);

/* Queues the last GOAWAY, and frees it; without a request on it. */
void client_h2_end(struct client *c);
void client_h2_free(struct client *c);

/* ---- client_stream.c ---- */

extern const struct codec_events client_stream_events;

/* A burst of input is over: sends on what it brought. */
void client_streams_fed(struct client_h2 *on);

/*
 * Looks at those that were stirred: lets go what is done, and sets deadlines.
 * True when some were let go.
 */
bool client_streams_look(struct client_h2 *on);

/* Forgets them; their requests have ended. */
void client_streams_drop(struct client_h2 *on);

/* Something of it is to be looked at when the turn ends. */
void client_stream_stir(struct client_stream *cs);

/* What waits in its queue, noted for the whole of them. */
size_t client_stream_count(struct client_stream *cs);

/* ---- client_stream_wait.c ---- */

/* Sets its deadline, if there is something new to wait for. */
void client_stream_arm(struct client_stream *cs);

/* The function of its timer. */
void client_stream_expired(struct timer *t);

#endif
