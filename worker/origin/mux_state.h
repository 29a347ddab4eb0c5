/*
 * mux_state.h - what the rooms of a mux share: mux.c and mux_io.c.
 */
#ifndef WORKER_ORIGIN_MUX_STATE_H
#define WORKER_ORIGIN_MUX_STATE_H

#include "worker/origin/mux.h"

/* The one place where the state changes. */
void mux_set_state(struct mux *m, enum mux_state to);

/* Those with room stand in front: to be called where that may have changed. */
void mux_replace(struct mux *m);

/* It has yielded for long enough. */
void mux_go_on(struct mux *m);

/* Calls that wait: to a stream, elsewhere, or on waiting. It may be closed
 * afterwards. */
void mux_serve_waiting(struct mux *m);

/* Frees its memory (a task). */
void mux_free(struct loop_task *t);

/* Closes one on which no call is left, or whose calls are told next. */
void mux_close(struct mux *m);

static inline struct opool *
mux_pool(const struct mux *m)
{
	return m->wire.env->opool;
}

/* What the peer allows is known. */
static inline bool
mux_settled(const struct mux *m)
{
	return m->h2 != NULL && h2_settled(m->h2);
}

#endif
