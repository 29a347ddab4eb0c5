/*
 * opool.h - idle connections, per endpoint, newest first.
 */
#ifndef WORKER_ORIGIN_OPOOL_H
#define WORKER_ORIGIN_OPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/pool.h"
#include "worker/origin/origin.h"

struct opool {
	struct env *env;
	struct pool origins; /* memory of all origins */
	struct list *idle;   /* per endpoint index; lazily touched */
	uint32_t *counts;
	uint32_t total;
};

bool opool_init(struct opool *p, struct env *e);
void opool_fini(struct opool *p);

/* An idle connection to the endpoint, out of the pool; NULL: none. */
struct origin *opool_take(struct opool *p, struct endpoint_handle h);

/*
 * Puts an idle one in; false when max_idle are there, or when another worker
 * wants a permit of its endpoint.
 */
bool opool_put(struct opool *p, struct origin *o, uint32_t max_idle);

/* Takes one out that is being closed. */
void opool_remove(struct opool *p, struct origin *o);

/*
 * Closes idle connections to endpoints that were retired, and one to each whose
 * permits were wanted just now.
 */
void opool_sweep(struct opool *p);
/* Closes all (the worker stops). */
void opool_close_all(struct opool *p);

#endif
