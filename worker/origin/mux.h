/*
 * mux.h - a connection of HTTP/2 to an endpoint, shared by many calls: each has
 * a lane, which waits for a stream or is on one.
 *
 *   CONNECTING -> READY -> LEAVING -> CLOSED
 *
 *   lane_take -> waiting -> lanes (on a stream) -> gone
 *
 * LEAVING: no call comes any more (the peer said GOAWAY, the endpoint was
 * retired, the peer seems dead, nobody wants to keep it); those that are there
 * go on, and with the last one the connection ends.
 *
 * Before the peer's SETTINGS came, one stream is opened and the other calls
 * wait: it may allow no more.
 *
 * What streams have to send is collected and goes out once, at the end of the
 * turn. A mux without calls is counted as pooled, whatever its state.
 */
#ifndef WORKER_ORIGIN_MUX_H
#define WORKER_ORIGIN_MUX_H

#include "common/base/list.h"
#include "common/http/h2.h"
#include "shm/layout.h"
#include "worker/origin/lane.h"
#include "worker/origin/wire.h"

#define MUX_STREAMS_MAX 100u /* calls on one at once */

enum mux_state { MUX_CONNECTING, MUX_READY, MUX_LEAVING, MUX_CLOSED };

struct mux {
	struct wire wire;
	struct h2 *h2;         /* NULL while connecting */
	struct timer timer;    /* idle for too long */
	struct loop_task task; /* at the end of the turn */
	struct loop_task free_task;
	struct list link; /* in its endpoint's place */
	struct list lanes, waiting;
	struct list burst; /* lanes that were told of input */
	struct codec_limits limits;
	struct origin_want want; /* of its first call: for one more like it */
	struct mono heard;       /* the last byte */
	struct mono pinged;      /* .us 0: not */
	uint32_t count;          /* lanes, waiting ones included */
	uint8_t state;           /* enum mux_state */
	bool resting;            /* without calls, and counted as such */
	bool quiet;              /* nothing was heard since: it may be dead */
	bool roomy;              /* it stands where those with room do */
	bool yields; /* takes no calls for now: others need its permit */
	char name[ENDPOINT_LABEL_MAX]; /* what want.name points to */
};

/* A new one that connects. NULL with errno. */
struct mux *mux_open(struct env *e, const struct origin_want *want);

/* One more call may come: to a stream, or to wait where that is sane. */
bool mux_has_room(const struct mux *m);

/* What another call says of its service holds from now on. */
void mux_follow(struct mux *m, const struct origin_want *want);

/* The lane is on it from now on, perhaps already on a stream. */
void mux_enter(struct mux *m, struct lane *l);
/* And no longer. */
void mux_exit(struct lane *l, enum h2_release how);

/* There is something to send, to tell, or to decide at the end of the turn. */
void mux_stir(struct mux *m);

/* Takes no more calls. It is closed at the end of a turn without any. */
void mux_leave(struct mux *m);

/* One without calls: says GOAWAY and closes. Not from within its events. */
void mux_end(struct mux *m);

/* Closes; calls that are on it are told `failed`. */
void mux_fail(struct mux *m, enum why why, int error);

/*
 * A call that began then was not answered in time. Where nothing at all was
 * heard since, the peer is asked (PING); the next time it is left.
 */
void mux_suspect(struct mux *m, struct mono began);

#endif
