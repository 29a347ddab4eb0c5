/*
 * handover.h - few long connections are spread evenly: a worker that has more
 * than its share hands one that it has just accepted to the one with fewest.
 *
 * SO_REUSEPORT spreads by hash, and 40 connections over 4 workers come out as
 * 6, 14, 9, 11. The descriptor travels through the target's queue, a pair of
 * sockets that is the keeper's as the listening sockets are: what is in it when
 * a worker dies is served by its successor, or by its adopter meanwhile.
 *
 * Short connections stay where they are: they even out by themselves, and
 * would pay two system calls for nothing.
 */
#ifndef WORKER_HANDOVER_H
#define WORKER_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/inherit.h"
#include "worker/clients.h"

struct handover {
	struct clients *clients;
	const struct inherit *in;
	uint64_t
	    message_bytes;  /* kernel memory of one that waits; 0: unknown */
	uint64_t looked_us; /* at the others, for the last time; then */
	uint64_t share;     /* was what this worker might have */
	uint64_t window_us; /* connections are counted since then that */
	uint64_t closed;    /* have ended (here: before it began), and */
	uint64_t closed_before; /* that had in the window before */
};

/* Both are to outlive it. There is nothing to free. */
void
handover_init(struct handover *h, struct clients *cs, const struct inherit *in);

/*
 * Gives an accepted connection, of which nothing was read, to another worker if
 * this one has more than its share or no place for it. True: fd is closed, and
 * another one serves it.
 */
bool handover_give(struct handover *h, int fd, const struct arrival *a);

/* Another worker has a place for a connection that this one has none for. */
bool handover_has_room(const struct handover *h);

/*
 * Takes one from a queue, with what was known of it. -1 with errno, as accept:
 * EAGAIN when it is empty; EMFILE, and the connection stays in it.
 */
int handover_take(int queue, struct arrival *a);

/* When stopping: nobody gives any more, what is in the queue now is all. */
bool handover_is_over(const struct handover *h);

#endif
