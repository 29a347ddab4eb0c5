/*
 * solo.h - a connection of HTTP/1 to an endpoint: it carries one call at a
 * time, and waits in the pool between calls.
 */
#ifndef WORKER_ORIGIN_SOLO_H
#define WORKER_ORIGIN_SOLO_H

#include "common/base/list.h"
#include "common/http/h1.h"
#include "worker/origin/wire.h"

/* What a call does not touch is at both ends. */
struct solo {
	struct origin origin;
	struct list link;  /* in its endpoint's idle list */
	uint32_t max_idle; /* of its service, as its last call says */
	uint32_t reads;    /* of the answer, as far as they are small */
	uint64_t idle_us;
	struct codec_limits limits;
	struct h1 codec;
	struct wire wire;
	struct loop_task free_task;
};

static inline struct solo *
solo_of(struct origin *o)
{
	return CONTAINER_OF(o, struct solo, origin);
}

/* As origin_take. */
struct origin *solo_take(struct env *e, struct call *c,
    const struct origin_events *events, const struct origin_want *want);

/* Back to the pool when the exchange left it clean, else closed. */
void solo_release(struct origin *o);

/* Closes and frees it (at the end of the turn); its call is not told. */
void solo_close(struct origin *o);

#endif
