/*
 * opool.h - the connections of this worker to each endpoint: idle ones of
 * HTTP/1, newest first, and all of HTTP/2.
 */
#ifndef WORKER_ORIGIN_OPOOL_H
#define WORKER_ORIGIN_OPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/pool.h"
#include "worker/origin/mux.h"
#include "worker/origin/solo.h"

struct opool_place;

struct opool {
	struct env *env;
	struct pool solos, muxes, lanes; /* memory of all of them */
	struct opool_place *places; /* per endpoint index; lazily touched */
	uint32_t *counts;           /* idle solos and muxes there */
	uint32_t total;
	struct mono logged; /* the last line on what failed */
};

bool opool_init(struct opool *p, struct env *e);
void opool_fini(struct opool *p);
/* As pool_trim. */
void opool_trim(struct opool *p);

/*
 * An idle connection of HTTP/1, out of the pool; NULL: none. What can no longer
 * be used is closed: of another endpoint that had the slot, of another policy
 * of TLS, of the other protocol.
 */
struct solo *opool_take(struct opool *p, const struct origin_want *want);

/*
 * Puts an idle one in; false when max_idle are there, or when another worker
 * wants a permit of its endpoint.
 */
bool opool_put(struct opool *p, struct solo *s);

/* Takes one out that is being closed. */
void opool_remove(struct opool *p, struct solo *s);

/*
 * A connection of HTTP/2 that has room, else a new one. NULL with errno, as
 * origin_take.
 */
struct mux *opool_mux(struct opool *p, const struct origin_want *want);
/* The same for a call that has been at one before. */
struct mux *opool_mux_like(struct opool *p, const struct origin_want *want);

/* ---- for mux.c ---- */

void opool_mux_add(struct opool *p, struct mux *m);
void opool_mux_remove(struct opool *p, struct mux *m);
/* In front of the others of its endpoint, or behind. */
void opool_mux_move(struct opool *p, struct mux *m, bool front);
/* It has no calls (by: +1) or has some again (-1). */
void opool_mux_rests(struct opool *p, struct mux *m, int by);
/* One without calls, which is counted, may stay: as opool_put, and it is what
 * the last call wanted. */
bool opool_keeps_mux(struct opool *p, const struct mux *m);

/* How many streams an endpoint allows, as far as is known. */
uint32_t opool_streams(struct opool *p, struct endpoint_handle h);
void
opool_set_streams(struct opool *p, struct endpoint_handle h, uint32_t streams);

/* The TLS session to resume with an endpoint; stays the pool's. */
struct tls_resume *opool_resume(struct opool *p, struct endpoint_handle h);

/* False: something was logged just now, by whoever asked. */
bool opool_may_log(struct opool *p);

/*
 * Closes idle connections to endpoints that were retired, and one to each whose
 * permits were wanted just now. Not from within events of connections here and
 * below.
 */
void opool_sweep(struct opool *p);
/* Closes all that are idle, and the others when their calls have ended (the
 * worker stops). */
void opool_close_all(struct opool *p);

#endif
