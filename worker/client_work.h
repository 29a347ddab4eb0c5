/*
 * client_work.h - what a client connection needs while something is under way
 * on it. It is taken when the first bytes come, and given back at the end of a
 * turn in which HTTP/1 has become idle; with HTTP/2, and when the connection is
 * closing, it stays.
 */
#ifndef WORKER_CLIENT_WORK_H
#define WORKER_CLIENT_WORK_H

#include "common/http/h1.h"
#include "worker/client.h"
#include "worker/client_rate.h"

struct client_work {
	struct h1 codec;
	struct client *client;
	struct mono until; /* what the state is about ends then */
	struct list rest;  /* in clients.resting, aside, or spare */
	struct client_rate rate;
	uint64_t sent_mark; /* io.bytes_out when the send deadline was set */
	struct addr local;  /* of its listener; until TLS has begun */
	struct mono aside;  /* since when */
	struct mono linger_until;
	uint32_t linger_left; /* bytes */
};

/* Takes it, where c has none. False without memory. */
bool client_work_take(struct client *c, const struct codec_events *events);

/* c is idle: gives it back when the turn ends, if it still is so then. */
void client_work_rest(struct client *c);

/* Gives it back now, if there is one; nothing of it may be under way. */
void client_work_give(struct client *c);

/* The loop is told of c after a while, unless it has ended before. */
void client_work_aside(struct client *c);

/*
 * At the end of a turn: those that rest are given back, a few of them kept as
 * they are, for who needs one next; those that stood aside for long enough are
 * watched. So long may pass until the next call.
 */
uint64_t client_works_turn(struct clients *cs);

/* The few as well. */
void client_works_fini(struct clients *cs);

#endif
