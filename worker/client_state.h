/*
 * client_state.h - what the rooms of a client connection share:
 *
 *	client.c         what its socket, codec and request say
 *	client_begin.c   PROXY header, TLS, and which HTTP it speaks
 *	client_work.c    what it needs only while something is under way
 *	client_pass.c    long bodies that go past its codec
 *	client_wait.c    for whom it waits, and for how long
 *	client_end.c     how it ends: finished, refused
 *	client_h2.c      HTTP/2: the connection
 *	client_stream.c  and the requests on it; their deadlines are in
 *	                 client_stream_wait.c
 */
#ifndef WORKER_CLIENT_STATE_H
#define WORKER_CLIENT_STATE_H

#include "worker/client_h2.h"
#include "worker/client_work.h"
#include "worker/clients.h"

/* Bytes of one recv: what lies behind a head may have to be kept. */
#define CLIENT_READ_HEAD 16384u

/* After a long body, another one is likely; of it, only so much is copied. */
#define CLIENT_READ_NEXT 2048u

/* For a first request, or for the last ones, when stopping. */
#define CLIENT_FRESH_US 1000000u

/* ---- client.c ---- */

/* The one place where the state changes. */
void client_set_state(struct client *c, enum client_state to);

/* Input was consumed; `partial`: not all of it. */
void client_after_input(struct client *c, bool partial);

/* ---- client_pass.c ---- */

/* `passes` and `passed` of its socket, and of the owner of its request. */
struct io_pass client_passes(struct io *io);
void client_passed(struct io *io, size_t n);
struct io_pass client_req_passes(struct req *q);
void client_req_passed(struct req *q, size_t n);

/* ---- client_begin.c, which has client_begin, too ---- */

/*
 * PROXIED: the header begins at p[0..*n); true when it is complete, and *n
 * bytes long. May close.
 */
bool client_read_header(struct client *c, const char *p, size_t *n);

/* The handshake is over, or was in vain: `fault` is half a sentence. */
void client_secured(struct client *c);
void client_insecure(struct client *c, const char *fault);

/*
 * The first bytes of a connection that may speak HTTP/2: decides. False: it
 * needs more of them, or it is closed.
 */
bool client_choose(struct client *c, const char *p, size_t n);

/* ---- client_wait.c, which has client_deadline, too ---- */

/* The timeouts for what no route decides. */
const struct img_timeouts *client_timeouts(const struct client *c);

/* For the client to take what is queued; only progress renews it. */
void client_deadline_send(struct client *c, uint64_t us);

/* Who asked for a 100 may wait for it: the upstream has to say something. */
bool client_may_wait(const struct req *q);

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

/* The gateway stops: ends a request with that answer, if it can. */
void client_stop_req(struct req *q);

/*
 * An answer without a request: its head could not be read, but for this much
 * of it (NULL: nothing). The other streams go on.
 */
void client_refuse_stream(
    struct client *c, struct stream *s, enum why why, const struct head *h);

/* The same of HTTP/1, where the connection ends with it. */
void client_refuse(struct client *c, enum why why, const struct head *h);

/* It ends for this reason, of which no request tells. */
void client_record(const struct client *c, enum why why);

/* What has arrived of a head says at least what it was to be. */
void client_glimpse(const struct client *c, struct head *h);

/* There is no memory to read what it sends: closed without an answer. */
void client_refuse_early(struct client *c);

/* It closed within a head. */
void client_cut_off(struct client *c);

/*
 * No PROXY header, or a bad one: closed without an answer, since whoever is
 * there may speak anything. `fault`: half a sentence for the log.
 */
void client_refuse_header(struct client *c, const char *fault);

/* The function of its last task. */
void client_free(struct loop_task *t);

#endif
