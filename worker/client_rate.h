/*
 * client_rate.h - whether a client moves as many bytes as limits.min_rate says,
 * while it is the one that is waited for: for more of its request, or to take
 * what is queued for it. Time in which others are waited for does not count.
 *
 * Judged once per CLIENT_RATE_WINDOW_US of such waiting; in between, nothing is
 * looked at but who is waited for.
 */
#ifndef WORKER_CLIENT_RATE_H
#define WORKER_CLIENT_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/net/io.h"

#define CLIENT_RATE_WINDOW_US 10000000u

enum client_way {
	CLIENT_WAY_NONE, /* somebody else is waited for */
	CLIENT_WAY_IN,   /* the client sends */
	CLIENT_WAY_OUT,  /* the client takes */
};

/* All zero: nobody was waited for yet. */
struct client_rate {
	struct mono since;  /* waited for since; with CLIENT_WAY_NONE, unused */
	uint64_t mark;      /* bytes moved when the window began */
	uint32_t waited_us; /* in this window, before `since` */
	uint8_t now;        /* enum client_way, of now */
	uint8_t way;        /* and of the window; NONE: a new one begins */
};

/* How many bytes `of` has moved that way, ever; it may wrap. */
typedef uint64_t client_moved_fn(const void *of, enum client_way way);

/*
 * Of a struct io. Of what was sent, only what the client's side has
 * acknowledged: the kernel takes a lot at once, and then nothing for a long
 * time.
 */
client_moved_fn client_moved_by_io;

/* From now on this is waited for. Another way than before: a new window. */
void client_rate_wait(struct client_rate *r, enum client_way way,
    client_moved_fn *moved, const void *of);

/* Nobody is waited for, so that there is nothing to judge. */
static inline bool
client_rate_rests(const struct client_rate *r)
{
	return r->now == CLIENT_WAY_NONE;
}

/* When there will be something to judge; MONO_NEVER: not as things are. */
struct mono client_rate_due(const struct client_rate *r);

/* When it is due: too slow? Else a new window begins. */
bool client_rate_is_slow(struct client_rate *r, uint64_t bytes_per_s,
    client_moved_fn *moved, const void *of);

/* The counts begin with 0 again. */
void client_rate_forget(struct client_rate *r);

#endif
