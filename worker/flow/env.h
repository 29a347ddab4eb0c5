/*
 * env.h - what every part of a worker needs to know: the shared region, this
 * worker's slot in it, the loop, and what is published in this turn.
 *
 * One per process, made by worker.c, reached through the objects that live in
 * the process. The hooks keep flow/ free of what lies to its right.
 */
#ifndef WORKER_FLOW_ENV_H
#define WORKER_FLOW_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/list.h"
#include "common/base/pool.h"
#include "common/base/random.h"
#include "common/base/slice.h"
#include "common/net/loop.h"
#include "shm/counters.h"
#include "shm/epoch.h"
#include "shm/img_protect.h"
#include "shm/permit.h"

struct auth_cache;
struct auth_questions;
struct contexts;
struct filter;
struct guards;
struct inherit;
struct keys;
struct mac;
struct opool;
struct queues;
struct refused;
struct balance;
struct basic_checks;
struct req;
struct secure;
struct issue_key;
struct vouchers;

struct env {
	struct loop *loop;
	struct region *region;
	const struct inherit *in; /* for who is to be woken */
	struct mono woke;         /* the others were then */
	uint32_t slot;            /* this worker's */
	uint32_t helpers;         /* there are so many */
	bool draining;            /* no new requests on kept connections */
	bool plans;               /* calls end before they connect: explain */
	/* Thousandths of what is of class normal that are being shed; 0: none.
	 * The rest by the level (pressure.h). */
	uint32_t pressure, pressure_level;
	uint32_t shed_asked[IMG_CLASS_COUNT]; /* requests, since a step */
	bool shed_closes; /* so are the connections of what is shed */
	_Atomic uint64_t *counters;
	struct epoch_view view; /* what is readable in this turn */
	struct contexts *contexts;
	struct secure *secure; /* TLS policies */
	struct keys *keys;     /* that verify tokens */
	struct auth_cache *auth_cache;
	struct auth_questions *auth_questions;
	uint32_t auth_waiting; /* requests, for authenticators */
	struct guards *guards;
	const struct filter *filters; /* the one order; see filters.c */
	uint32_t answering;           /* pipeline_answering's */
	struct opool *opool;
	struct queues *queues;     /* for connections */
	struct refused *refused;   /* credentials, a moment ago */
	struct vouchers *vouchers; /* tokens for services */
	struct mac *debug_mac;     /* of debug tokens */
	/* What issued.c signs with, and of which version (signing.h) it is. */
	struct issue_key *issue_key;
	uint64_t issue_version;
	struct balance *balance;
	struct permits permits; /* of endpoints, and of clients' addresses */
	struct pool reqs;
	/* Requests that pin an image, by its slot: to end the oldest. */
	struct list pinned[IMAGES_MAX];
	struct list errands; /* that helpers are at */
	struct basic_checks *basic_checks;
	bool offences; /* there are rules of bans (watch/offences.h) */
	/* Bans of one second, for the log. */
	uint32_t bans_logged;
	int64_t bans_logged_s;
	struct random random; /* request ids, and other lots */
	struct mono walled;   /* the turn in which `wall` was read */
	struct wall wall;
	struct mono dated, stamped; /* the turns that these are of */
	int64_t date_s;             /* what `date` says; 0: nothing yet */
	char date[WALL_DATE_BYTES];
	int64_t stamp_s; /* what `stamp` says but for its milliseconds */
	char stamp[WALL_TEXT_BYTES];
	/* The meters. code 0: the call ended without an answer's head. */
	void (*req_ended)(const struct req *q);
	void (*call_ended)(struct env *e, uint32_t service, uint32_t endpoint,
	    unsigned code, uint64_t us);
	/* Lets the other workers look at what is wanted of them. */
	void (*wake_others)(struct env *e);
	/* One of them. */
	void (*wake_worker)(struct env *e, uint32_t slot);
	/* The same of the master (keysets_want). */
	void (*wake_master)(struct env *e);
	/* One of the helpers: it has something to do (errand.h). */
	void (*wake_helpers)(struct env *e);
};

#define ENV_ID_BYTES 32

/* A new request id: 32 hex digits that do not repeat and cannot be guessed. */
void env_make_id(struct env *e, char out[ENV_ID_BYTES]);

/* When it was, in this turn, by the wall clock: read once in each. */
static inline struct wall
env_wall(struct env *e)
{
	if (e->walled.us != clock_now().us || e->wall.us == 0) {
		e->walled = clock_now();
		e->wall = clock_wall();
	}
	return e->wall;
}

/* For env_date and env_stamp: what they say is of another turn. */
void env_date_write(struct env *e);
void env_stamp_write(struct env *e);

/* The same as a Date field has it; valid until the next call. */
static inline struct slice
env_date(struct env *e)
{
	if (e->dated.us != clock_now().us || e->date_s == 0)
		env_date_write(e);
	return slice_make(e->date, WALL_DATE_BYTES - 1);
}

/* The same with milliseconds, as wall_text has it. */
static inline struct slice
env_stamp(struct env *e)
{
	if (e->stamped.us != clock_now().us || e->stamp_s == 0)
		env_stamp_write(e);
	return slice_make(e->stamp, WALL_TEXT_BYTES - 1);
}

/* Now, in whole seconds of the wall clock, as tokens count. */
static inline int64_t
env_now_s(void)
{
	return clock_wall().us / 1000000;
}

static inline void
env_count(struct env *e, enum counter c, int64_t by)
{
	counter_add(e->counters, c, (uint64_t)by);
}

#endif
