/*
 * probes.h - the active health checks: who is probed, when, and what it does to
 * an endpoint.
 *
 *   probes_sync   image and endpoint sets -> groups and targets
 *   target        its timer -> the queue -> a probe -> its vital -> its timer
 *
 * Starts are spread: each target has a phase of its own, and what comes due
 * together waits in one queue, in the order of its time. It lets through one
 * start per PROBES_APART_US, or after one with TLS, which costs this process
 * the better part of a millisecond, per PROBES_APART_TLS_US. So neither a
 * reload nor ten thousand endpoints of one interval make a burst; when more is
 * due than that, intervals stretch evenly.
 *
 * All that must last is in the vitals: a successor goes on from there. Streaks
 * that have not yet come to a verdict are hurried on.
 */
#ifndef MASTER_PROBES_H
#define MASTER_PROBES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/net/loop.h"
#include "master/probe.h"
#include "master/probe_policy.h"
#include "shm/region.h"
#include "shm/registry.h"

#define PROBES_APART_US 400u /* between two starts, on average */
#define PROBES_APART_TLS_US 2000u
#define PROBES_LATE_US 4000u /* of lateness, at most, is caught up with */
#define PROBES_RUNNING_MAX 1000u
#define PROBES_SOON_US 1000000u /* the interval until a first verdict */

struct probes {
	struct region *region;
	struct loop *loop;
	struct list groups;              /* struct probe_group */
	struct probe_group **group_of;   /* by service slot; NULL: not probed */
	struct probe_target **target_of; /* by endpoint index */
	struct probe_policies policies;
	struct list ready; /* targets that wait for their start */
	struct timer start_timer;
	struct mono next_start;
	uint32_t running, running_max;
	uint64_t round;      /* of probes_sync */
	uint64_t generation; /* of the image that the rules are from */
	uint64_t random;
	struct mono warned;  /* of shortage */
	struct mono trimmed; /* memory of HTTP/2 */
	/* How probes ended, since this process began. */
	uint64_t good, bad, put_off;
};

/* One service that has a health_check. */
struct probe_group {
	struct list link;
	struct list targets; /* struct probe_target */
	struct probe_rule *rule;
	uint32_t service; /* registry slot */
	uint64_t round;   /* the last one that named it */
};

/* One endpoint that is probed. */
struct probe_target {
	struct list link;       /* in its group */
	struct list ready_link; /* in probes.ready */
	struct timer timer;
	struct probes *probes;
	struct probe_group *group;
	struct probe *probe; /* running, or NULL */
	struct endpoint_handle handle;
	struct addr addr; /* to connect to */
	uint64_t round;
	bool settled; /* a verdict has been reached */
	bool resting; /* in maintenance */
};

/* No memory is fatal. */
void probes_init(struct probes *p, struct loop *loop, struct region *r);
/* What it aborts is freed at the end of a later turn: p must live till then. */
void probes_fini(struct probes *p);

/*
 * Reads the current image and all of its endpoint sets again: after a reload,
 * when a set was published, when an operator has changed a state, and in a new
 * master. Cheap when nothing has changed. Endpoints of services without a
 * health_check are not held to be down any more.
 */
void probes_sync(struct probes *p);

/* ---- probe_target.c, for probes.c and probes_sync.c ---- */

/*
 * A member of a group's set gets its first start. `anew`: what earlier probes
 * said of it counts no more, except that it stays down until it is up.
 */
struct probe_target *probe_target_new(struct probes *p, struct probe_group *g,
    const struct eset_member *m, bool anew);
/* Aborts its probe. */
void probe_target_free(struct probe_target *t);

/* Begins or ends its rest, as its state says. */
void probe_target_look(struct probe_target *t);

/* A probe of it was good or bad. */
void probe_target_judge(struct probe_target *t, const struct probe *probe);

/* Sets its timer to the next start; `soon`: the last one was put off. */
void probe_target_next(struct probe_target *t, bool soon);

/* Its timer has fired. */
void probes_due(struct probe_target *t);

#endif
