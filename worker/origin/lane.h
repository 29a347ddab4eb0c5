/*
 * lane.h - a call's place on a shared connection (mux.h): it waits for a
 * stream, then it is one.
 */
#ifndef WORKER_ORIGIN_LANE_H
#define WORKER_ORIGIN_LANE_H

#include "common/base/list.h"
#include "common/http/h2.h"
#include "worker/origin/origin.h"

struct mux;

struct lane {
	struct origin origin;
	struct mux *mux;
	struct list link;  /* in mux.lanes or mux.waiting */
	struct list burst; /* in mux.burst */
	struct loop_task free_task;
	bool tunnel, fresh, peek; /* as it wanted (origin_want) */
};

static inline struct lane *
lane_of(struct origin *o)
{
	return CONTAINER_OF(o, struct lane, origin);
}

/* As origin_take. */
struct origin *lane_take(struct env *e, struct call *c,
    const struct origin_events *events, const struct origin_want *want);

/* The exchange is over, or given up; the connection lives on. */
void lane_close(struct origin *o);
/* The same, and tells the call. */
void lane_fail(struct lane *l, enum why why, int error);

/* Its mux has something to do at the end of the turn. */
void lane_stir(struct origin *o);
/* As origin_suspect. */
void lane_suspect(struct origin *o, struct mono began);

/* Begins its stream; false without memory. */
bool lane_open(struct lane *l, struct h2 *h);

/* Of its mux's codec. */
extern const struct codec_events lane_codec_events;

#endif
