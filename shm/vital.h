/*
 * vital.h - what is known of an endpoint's health, once for all workers.
 *
 * Three judges, each with its own place: operators and configuration (DRAIN,
 * MAINT), probes and scores of the master (DOWN, POOR, share), and what real
 * traffic has met (the passive word, which workers change by
 * compare-and-swap):
 *
 *	OK     failed, `failures` times in a row           -> OUT
 *	OUT    its time is over, one call claims it        -> TRIAL
 *	TRIAL  answered -> OK;  failed -> OUT;  its time is over and the next
 *	       call claims it -> TRIAL
 *
 * A trial whose worker dies or whose client leaves thus ends by time. Calls
 * are not told apart: while OUT, results are ignored (they are of calls that
 * began before, or in a panic); in TRIAL the first result decides, whichever
 * call it is of. A transition happens exactly once: whose compare-and-swap
 * succeeds, and nobody else, writes it into the history.
 *
 * A worker that reads a vital at each choice sees a change at once;
 * vitals_version tells it when what it has worked out from many is out of
 * date. Times (_us) are those of struct mono: since the region's birth.
 *
 * Results are told while the call counts as active (registry_active_add), so
 * that the slot cannot get another endpoint before.
 */
#ifndef SHM_VITAL_H
#define SHM_VITAL_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/history.h"
#include "shm/region.h"
#include "shm/tally.h"

/* What an operator or the configuration wants of an endpoint. */
enum endpoint_admin {
	ADMIN_READY,
	ADMIN_DRAIN, /* no new requests; what runs goes on; still probed */
	ADMIN_MAINT, /* neither requests nor probes */
};
#define ADMIN_COUNT 3
const char *endpoint_admin_name(enum endpoint_admin a); /* "ready", ... */

/* shm_vital.flags */
#define VITAL_DRAIN 1u
#define VITAL_MAINT 2u
#define VITAL_DOWN 4u  /* probes say so */
#define VITAL_POOR 8u  /* its score excludes it, and its service minds that */
#define VITAL_BEST 16u /* its score is among the best of its service */

#define VITAL_SHARE_FULL 1000u

enum vital_verdict {
	VITAL_USABLE,
	VITAL_DUE,    /* OUT or TRIAL, but its time is over: claim it first */
	VITAL_SICK,   /* only when most are */
	VITAL_CLOSED, /* never: drained, or in maintenance */
};

/* ---- worker and master ---- */

enum vital_verdict
vital_look(const struct region *r, uint32_t index, uint64_t now_us);

/* Thousandths of its weight that it gets now: 1..VITAL_SHARE_FULL. */
uint32_t vital_share(const struct region *r, uint32_t index);
uint32_t vital_flags(const struct region *r, uint32_t index);

/* Changes whenever the verdict, share or BEST of some endpoint does. A DUE
 * that comes of time alone does not change it. */
uint64_t vitals_version(const struct region *r);
/* Says so: whoever has changed what balancing minds and is not kept here. */
void vitals_changed(const struct region *r);

/* How real traffic marks endpoints. failures 0: it does not; more than 16383
 * are as many. */
struct vital_rule {
	uint32_t failures;
	uint64_t time_us;
};

/*
 * After VITAL_DUE: this call is the trial. False: another one is, or it is no
 * longer due. Where traffic does not mark any more, it is forgiven.
 */
bool vital_claim(const struct region *r, uint32_t index,
    const struct vital_rule *rule, uint64_t now_us);

/* A call was answered (below 500): counts end, a trial succeeds. Stores only
 * where something changes. */
void vital_answered(
    const struct region *r, uint32_t index, const struct vital_rule *rule);

/*
 * A call failed, or was answered with 5xx: counts; at rule->failures, or when
 * it was the trial, OUT until now + time. detail: the status, or an errno.
 */
void vital_failed(const struct region *r, uint32_t index,
    const struct vital_rule *rule, uint64_t now_us, enum change_cause cause,
    uint32_t detail);

/* ---- master only ---- */

/* A slot gets a new endpoint: nothing is known of it. */
void vital_reset(struct region *r, uint32_t index);

/* Sets exactly one of DRAIN, MAINT, none; a change goes into the history. */
void vital_set_admin(struct region *r, uint32_t index, enum endpoint_admin a,
    enum change_cause cause);
enum endpoint_admin vital_admin(const struct region *r, uint32_t index);

/* Sets or clears one of DOWN, POOR, BEST. DOWN and POOR go into the history. */
void vital_set_flag(struct region *r, uint32_t index, uint32_t flag, bool on,
    enum change_cause cause, uint32_t detail);

/* share: 1..VITAL_SHARE_FULL. */
void vital_set_share(struct region *r, uint32_t index, uint32_t share);

/* Slow start began then; 0: none. The share is for the caller to set. */
void vital_set_ramp(struct region *r, uint32_t index, uint64_t ramp_us);

/* For vital_info alone; what follows from them is told by the flags. */
void vital_set_score(
    struct region *r, uint32_t index, int32_t score, uint32_t latency_us);
void vital_set_probed(
    struct region *r, uint32_t index, int32_t streak, uint64_t checked_us);

/*
 * Takes back an OUT or a TRIAL: its service has no `passive` any more, or its
 * probes are good again, or an operator says ready.
 */
void vital_forgive(struct region *r, uint32_t index, enum change_cause cause);

/*
 * After a process was reaped: it may have changed a vital and not said so any
 * more. Keeper.
 */
void vitals_recover(struct region *r);

/* ---- for status ---- */
enum vital_passive { PASSIVE_OK, PASSIVE_OUT, PASSIVE_TRIAL };
struct vital_info {
	uint32_t flags, share;
	enum vital_passive passive;
	uint32_t fails;      /* in a row, of real traffic */
	uint64_t passive_us; /* OUT or TRIAL until then */
	int32_t score;       /* thousandths; -1: not known */
	uint32_t latency_us; /* mean of late; 0: not known */
	int32_t streak;      /* of probes */
	uint64_t checked_us; /* of the last probe; 0: never */
	uint64_t ramp_us;    /* slow start began; 0: none */
};
void vital_info(const struct region *r, uint32_t index, struct vital_info *i);

#endif
