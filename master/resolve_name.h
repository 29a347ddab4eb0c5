/*
 * resolve_name.h - what is known of one name: its addresses as of the last good
 * answer, how the last attempts went, and when it is resolved again.
 *
 * An SRV name has targets, which are names themselves: their addresses come and
 * go by their own TTLs. Nothing here asks anybody: see resolve.h.
 */
#ifndef MASTER_RESOLVE_NAME_H
#define MASTER_RESOLVE_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/list.h"
#include "common/net/addr.h"
#include "common/net/timer.h"
#include "master/resolve_round.h"
#include "shm/image.h"

#define RESOLVE_TARGETS_MAX 256
#define RESOLVE_BACKOFF_MAX_US 30000000

struct resolve_name;

struct resolve_family {
	struct addr *addrs; /* sorted, port 0 */
	uint32_t count;
	bool answered; /* once at least, be it with "none" */
	bool known;    /* likewise, of all targets: what is missing is gone */
};

struct resolve_target {
	struct resolve_name *name;
	uint16_t port;
	uint32_t weight; /* 1.. */
	bool backup;     /* not of the lowest priority number */
};

struct resolve_name {
	struct list link; /* in resolver.names */
	struct list wait; /* in resolver.queue, or alone */
	struct resolver *resolver;
	enum img_endpoint_kind kind; /* NAME or SRV */
	char *host;

	/* What it stands for. */
	struct resolve_family family[RESOLVE_FAMILIES];
	struct resolve_target *targets; /* of SRV */
	uint32_t target_count;
	bool denied;    /* there is no such name, as of the last round */
	bool inherited; /* sets have members of it from another master's time */

	/* How it went. Times in mono us. */
	uint64_t ok_us, failed_us; /* 0: never */
	uint64_t ttl_us;           /* of the last good answer, bounded */
	uint32_t rounds;           /* that have ended */
	uint32_t fails;            /* in a row */
	const char *why;           /* of the last failure; static, NULL: none */

	/* Who needs it. */
	bool wanted;     /* a configuration names it */
	bool awaited;    /* a reload waits for its first answer */
	bool dead;       /* dropped, as soon as its round has ended */
	uint32_t held;   /* SRV names that have it as a target */
	uint32_t *users; /* services of the current image, by index */
	uint32_t user_count;

	struct timer timer; /* the next round */
	struct resolve_round round;
};

/* The bounds of how long an answer is good for. */
struct resolve_bounds {
	uint64_t min_us, max_us;
};

struct resolve_name *
resolve_name_new(enum img_endpoint_kind kind, struct slice host);
/* Its targets have been let go, its timer is out of the wheel. */
void resolve_name_free(struct resolve_name *n);

/*
 * Takes the replies to A and AAAA: what failed, and what is denied while the
 * other failed, too, leaves the last good addresses. True: they have changed.
 */
bool resolve_name_take_addrs(
    struct resolve_name *n, struct resolve_reply reply[RESOLVE_FAMILIES]);

/*
 * Takes targets, an array of its own now, in place of those that it had, which
 * is the caller's then. True: they differ.
 */
bool resolve_name_take_targets(
    struct resolve_name *n, struct resolve_target *targets, uint32_t count);

/*
 * Keeps how a round went, and returns in how many us the next one is due.
 * `random` makes it a little longer.
 */
uint64_t resolve_name_note(struct resolve_name *n,
    const struct resolve_reply reply[RESOLVE_FAMILIES],
    const struct resolve_bounds *bounds, uint64_t random);

/* Its first round has ended, and so have those of its targets. */
bool resolve_name_settled(const struct resolve_name *n);

/* A round of it, or of one of its targets, has ended: brings `known` up. */
void resolve_name_learn(struct resolve_name *n);

/* One address that a name stands for. */
struct resolve_place {
	struct addr addr; /* with the port of an SRV record, else 0 */
	uint32_t weight;  /* of the SRV record, else 1 */
	bool backup;
};

/* Where a walk over the places is; starts as zero. */
struct resolve_walk {
	uint32_t target, at;
};

/* The next place; false: there is no more. */
bool resolve_name_next(const struct resolve_name *n, struct resolve_walk *w,
    struct resolve_place *p);

/* "resolved", "failing" (the last good set stays), "unresolved". */
const char *resolve_name_state(const struct resolve_name *n);

#endif
