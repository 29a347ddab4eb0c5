/*
 * audit.h - what happened that somebody may have to answer for: written down
 * where it was decided, into the audit ring of the process (recorder.h), of
 * which nothing is overwritten before it is in the audit log.
 *
 *	| head | record_audit | bytes of texts |
 *
 * When the ring is full, the configuration decides. `refuse`: nothing that
 * would have to be written down is begun any more; part of the ring is kept
 * for what is under way already. `count`: what does not fit is lost, and
 * counted, and the next event that fits is preceded by one that says so.
 *
 * An event that nobody wants costs one test of a word.
 */
#ifndef SHM_AUDIT_H
#define SHM_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/slice.h"
#include "common/net/addr.h"
#include "shm/record.h"
#include "shm/region.h"

enum audit_event {
#define AUDIT(ID, name, help) AUDIT_##ID,
#include "shm/audit.def"
	AUDIT_EVENTS
};

/* "auth_ok", ...; "unknown" for what another version wrote. */
const char *audit_event_name(unsigned e);

#define AUDIT_BIT(event) (UINT32_C(1) << (event))
/* What a log has that does not say which events. */
#define AUDIT_DEFAULT \
	((AUDIT_BIT(AUDIT_EVENTS) - 1) & ~AUDIT_BIT(AUDIT_AUTH_OK))

/* Bytes of a key that the lines of a log are chained with. */
#define AUDIT_KEY_MIN 32
#define AUDIT_KEY_MAX 4096

enum audit_outcome { AUDIT_DONE, AUDIT_REFUSED, AUDIT_FAILED };
const char *audit_outcome_name(unsigned o); /* "ok", "refused", "failed" */

enum audit_text {
	AUDIT_WHO,    /* a user; an operator; the rule of a ban */
	AUDIT_VIA,    /* the authenticator, or the way to the admin API */
	AUDIT_OBJECT, /* what it was done to */
	AUDIT_DETAIL, /* how, in words or JSON */
	AUDIT_WHY,    /* of why.def: the word */
	AUDIT_CODE,   /* and its code */
	AUDIT_ROUTE,
	AUDIT_SERVICE,
	AUDIT_REQUEST, /* its id */
	AUDIT_TEXTS
};
#define AUDIT_TEXT_MAX 640 /* of one; what is longer is clipped */

#define AUDIT_HAS_ADDRESS 1u
#define AUDIT_CLIPPED 2u
#define AUDIT_CLAIMED 4u /* nobody vouches for AUDIT_WHO */

struct record_audit {
	struct record_head head;
	uint16_t event, outcome; /* enum audit_event, audit_outcome */
	uint16_t status;         /* of an answer; 0: none */
	uint16_t spare;
	uint32_t flags; /* AUDIT_HAS_ADDRESS, ... */
	struct addr address;
	uint64_t generation; /* in force; 0: none */
	uint64_t count;      /* of what is counted; 0: nothing is */
	struct record_str text[AUDIT_TEXTS];
};

/* ---- whoever writes ---- */

struct img_head;

struct audit_note {
	enum audit_event event;
	enum audit_outcome outcome;
	uint16_t status;
	bool claimed;               /* AUDIT_CLAIMED */
	const struct addr *address; /* NULL: none */
	uint64_t generation;        /* 0: the one in force */
	uint64_t count;
	struct slice text[AUDIT_TEXTS];
};

/* From now on this process writes into that ring (WORKERS_MAX: the master's).
 */
void audit_begin(struct region *r, uint32_t ring);

/* With each generation that it sees. */
void audit_follow(struct region *r, const struct img_head *img);

static inline bool
audit_wants(const struct region *r, enum audit_event e)
{
	return (r->audit_events >> e & 1) != 0;
}

/*
 * Writes down what has happened, if that is wanted. Where there is no room it
 * is counted as lost.
 */
void audit_write(const struct region *r, const struct audit_note *n);

/*
 * Writes down what is about to be done, or answered. False: it must not be,
 * since it cannot be written down, and that is to be so (`refuse`).
 */
bool audit_before(const struct region *r, const struct audit_note *n);

/*
 * The next event, if it is this one, can be written down, or need not be: for
 * what is to be done first, and said afterwards.
 */
bool audit_has_room(const struct region *r, enum audit_event e);

/*
 * True where nothing is to be begun: `refuse`, and no more room than what is
 * kept for what is under way. One test of a word where it is not in use.
 */
bool audit_looks_full(const struct region *r);
static inline bool
audit_refuses(const struct region *r)
{
	return r->audit_refuse && audit_looks_full(r);
}

/* ---- whoever reads ---- */

/* Checks a copy of a record, aligned to 8, of n bytes: NULL: it is none. */
const struct record_audit *audit_view(const void *bytes, size_t n);
struct slice audit_text(const struct record_audit *a, enum audit_text t);

/* Events that were lost so far, by all processes. */
uint64_t audit_lost(const struct region *r);

#endif
