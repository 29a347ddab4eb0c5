/*
 * client_state.h - what the rooms of a client connection share:
 *
 *	client.c       what its socket, codec and request say
 *	client_wait.c  for whom it waits, and for how long
 *	client_end.c   how it ends: finished, refused
 */
#ifndef WORKER_CLIENT_STATE_H
#define WORKER_CLIENT_STATE_H

#include "worker/clients.h"

/* ---- client.c ---- */

/* The one place where the state changes. */
void client_set_state(struct client *c, enum client_state to);

/* ---- client_wait.c, which has client_deadline, too ---- */

/* The timeouts for what no route decides. */
const struct img_timeouts *client_timeouts(const struct client *c);

/* For the client to take what is queued; only progress renews it. */
void client_deadline_send(struct client *c, uint64_t us);

/* While a request is on the connection: who is being waited for? */
void client_arm_busy(struct client *c);

/* The function of its timer. */
void client_expired(struct timer *t);

/* ---- client_end.c ---- */

/* What the socket moved since the last time goes into the counters. */
void client_count_bytes(struct client *c);

/* The last answer was written; `unread`: the client may still be sending. */
void client_finish(struct client *c, bool unread);

/* CLOSING, and all was taken: waits for the client's end, or closes. */
void client_linger(struct client *c);

/* CLOSING: n bytes came that nobody wants. May close. */
void client_discard(struct client *c, size_t n);

/* An answer without a request: its head could not be read. */
void client_refuse(struct client *c, enum why why);

/*
 * No PROXY header, or a bad one: closed without an answer, since whoever is
 * there may speak anything. `fault`: half a sentence for the log.
 */
void client_refuse_header(struct client *c, const char *fault);

/* The function of its last task. */
void client_free(struct loop_task *t);

#endif
