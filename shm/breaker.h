/*
 * breaker.h - protocol C: whether calls to an endpoint, or requests to a
 * service, are let through, decided once for all workers, without a lock.
 *
 *	CLOSED  failures in a row, or a rate over the window   -> OPEN
 *	OPEN    its time is over, and somebody asks            -> HALF
 *	HALF    `successes` of at most `probes` calls succeed  -> CLOSED
 *	        one fails                                      -> OPEN
 *
 * Each transition happens exactly once: whose compare-and-swap succeeds, and
 * nobody else, writes it into the history (breaker_history.h). A probe holds a
 * permit (PERMIT_BREAKER + number), so that no kill loses one. A transition
 * changes vitals_version; that an OPEN is due by time alone does not.
 *
 * A breaker of an endpoint is used while the call counts as active
 * (registry_active_add), so that its slot cannot get another endpoint.
 */
#ifndef SHM_BREAKER_H
#define SHM_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/history.h"
#include "shm/permit.h"
#include "shm/region.h"

#define BREAKER_OF_ENDPOINT(index) (index)
#define BREAKER_OF_SERVICE(slot) (ENDPOINTS_MAX + (slot))

#define BREAKER_FAILURES_MAX 4095u
#define BREAKER_PROBES_MAX 255u
#define BREAKER_OPEN_MAX_US (UINT64_C(30) * 24 * 3600 * 1000000)

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF };
#define BREAKER_STATES 3
const char *breaker_state_name(enum breaker_state s); /* "closed", ... */

/* See img_breaker. What is above the bounds is cut to them; successes count as
 * no more than probes, and neither as less than 1. */
struct breaker_rule {
	uint32_t failures, successes, probes, minimum, error_rate, slow_rate;
	uint64_t open_us, slow_us, window_us;
};

/* What a call that was let through has to give back, once, by breaker_result or
 * breaker_abandon. ticket PERMIT_NONE: it is no probe. */
struct breaker_pass {
	uint32_t epoch, ticket;
};

enum breaker_look {
	BREAKER_LOOK_GO,
	BREAKER_LOOK_MAYBE,  /* half-open, or due: breaker_admit decides */
	BREAKER_LOOK_REFUSE, /* open, and *wait_us is how long yet */
};
/* One load; for choosing among many. */
enum breaker_look breaker_look(const struct region *r, uint32_t breaker,
    uint64_t now_us, uint64_t *wait_us);

/*
 * Lets a call through, or not: *wait_us is when it may be worth asking again.
 * `bypass`: it is never refused, and is a probe only if one is wanted. What
 * becomes of a call that is no probe, and was let through although the breaker
 * was not closed, decides nothing.
 */
bool breaker_admit(struct permits *p, uint32_t breaker,
    const struct breaker_rule *rule, uint64_t now_us, bool bypass,
    struct breaker_pass *pass, uint64_t *wait_us);

struct breaker_outcome {
	bool failed;
	enum change_cause cause; /* of a failure */
	uint32_t detail;         /* a status, or an errno */
	uint64_t us;             /* how long it took */
};
/*
 * How it went. Of a CLOSED breaker with nothing to forget, and no rates in
 * use, nothing is stored. A call of an earlier epoch counts for nothing. Where
 * slow_rate is in use, a probe that was slow has failed.
 */
void breaker_result(struct permits *p, uint32_t breaker,
    const struct breaker_rule *rule, const struct breaker_pass *pass,
    const struct breaker_outcome *how, uint64_t now_us);
/* Nobody knows how it would have gone (the client left): another may probe. */
void breaker_abandon(struct permits *p, const struct breaker_pass *pass);

/* Keeper, after worker w was reaped and permit_recover(w) has run. May be
 * killed at any instruction and run again. */
void breaker_recover(struct region *r, uint32_t w);

/* ---- master ---- */

/*
 * At least once a day: OPEN whose time was over an hour ago becomes HALF, as
 * the word tells times only within 97 days.
 */
void breaker_sweep(struct region *r, uint64_t now_us);

/* Closes it, whatever it is, and forgets what was counted: a transition, with
 * this cause. */
void breaker_reset(struct region *r, uint32_t breaker, enum change_cause cause,
    uint64_t now_us);

/* A slot gets another endpoint: nothing is known of it, and what is older is
 * not shown any more. */
void breaker_clear(struct region *r, uint32_t breaker);

/* ---- for status ---- */

struct breaker_info {
	enum breaker_state state;
	uint64_t wait_us;     /* OPEN: until it is due; 0: it is */
	uint32_t fails;       /* CLOSED: in a row */
	uint32_t oks;         /* HALF: probes that succeeded */
	uint32_t probes;      /* that are out */
	uint32_t epoch;       /* for breaker_window_sum */
	uint64_t transitions; /* of the present owner */
	/* To each state; one whose maker was killed may not be counted. */
	uint64_t made[BREAKER_STATES];
};
void breaker_info(const struct region *r, uint32_t breaker, uint64_t now_us,
    struct breaker_info *i);

/*
 * From *breaker on, the next one that may be in use; false: there is none.
 * for (b = 0; breaker_next(r, &b); b++)
 */
bool breaker_next(const struct region *r, uint32_t *breaker);

/* How many there have been of the present owner. */
uint64_t breaker_transitions(const struct region *r, uint32_t breaker);
/* Numbers of transitions never come again; the present epoch's. */
uint64_t breaker_number(const struct region *r, uint32_t breaker);
uint32_t breaker_epoch(const struct region *r, uint32_t breaker);

#endif
