/*
 * explain_state.h - an explanation in the making, for worker/explain*.c alone:
 *
 *	explain.c         the process: parts of a worker, one ask or many
 *	explain_ask.c     a line of JSON as an ask
 *	explain_read.c    an ask as the head of a request
 *	explain_run.c     the request is run; its client is played
 *	explain_claims.c  whom it is from, if that is said
 *	explain_look.c    what is seen of it: steps, outcome
 *	explain_limits.c  likewise: limits and address lists
 *	explain_plan.c    likewise: where it would go
 *	explain_text.c    all of it for people
 *	explain_json.c    and for programs
 */
#ifndef WORKER_EXPLAIN_STATE_H
#define WORKER_EXPLAIN_STATE_H

#include "common/base/text.h"
#include "common/http/codec.h"
#include "common/net/loop.h"
#include "shm/inherit.h"
#include "worker/explain.h"
#include "worker/flow/pipeline.h"
#include "worker/flow/req.h"
#include "worker/flow/steps.h"
#include "worker/origin/opool.h"

#define EXPLAIN_STEPS_MAX (STEPS_MAX + 4)

/* Where in the configuration it comes from; line 0: from no line. */
struct explain_place {
	struct slice file;
	uint32_t line;
};

struct explain_detail {
	const char *key;
	struct slice value;
	struct explain_place place;
	struct explain_detail *next;
};

enum explain_verdict {
	EXPLAIN_ON,
	EXPLAIN_DONE,
	EXPLAIN_UNKNOWN, /* it would have to ask somebody */
};

struct explain_step {
	const char *name;
	enum explain_verdict verdict;
	bool waited;
	uint64_t ns;
	enum why why; /* DONE: of the answer */
	struct slice said;
	struct explain_place place;
	struct explain_detail *details, **last;
};

enum explain_outcome {
	EXPLAIN_NOTHING, /* it ended without an answer */
	EXPLAIN_ANSWER,
	EXPLAIN_FORWARD,
	EXPLAIN_OPEN,   /* not decided here */
	EXPLAIN_CLOSED, /* the connection, before the request */
};

struct explain_member {
	struct slice addr, label;
	uint32_t weight;
	bool backup, chosen;
	const char *bar;
	struct explain_member *next;
};

/* Of one request. Texts are in the arena, or in the image. */
struct explained {
	struct arena arena;
	const struct explain_ask *ask;
	struct slice id; /* as the line has it, raw; empty: none */
	uint64_t generation;
	struct explain_step steps[EXPLAIN_STEPS_MAX];
	uint32_t count;
	bool looked; /* all of the request was seen */
	enum explain_outcome outcome;
	enum why why;
	unsigned status;
	struct slice said; /* a sentence about the outcome */
	struct slice route, service;
	/* FORWARD */
	struct explain_member *members;
	struct slice policy; /* how it would be sent, in a few words */
	struct head head;    /* of the answer, or as it would go upstream */
};

/* The process. */
struct explain {
	struct env env;
	struct loop loop;
	struct opool opool;
	struct inherit in;
	struct filter filters[IMG_FILTER_COUNT];
	const struct explain_how *how;
	struct explained *now; /* of the request that runs */
	struct req *q;         /* NULL: it has ended */
	bool jobs;             /* a helper is wanted */
};

/* ---- explain_ask.c ---- */

/*
 * Of a line, whose texts are in x->arena. False: it is none, and *fault says
 * why.
 */
bool explain_ask_read(struct explained *x, struct slice line,
    struct explain_ask *ask, const char **fault);

/* ---- explain_read.c ---- */

/* What the codec makes of it; h is in x->arena. */
enum codec_error
explain_read(struct explained *x, const struct img_head *img, struct head *h);

/* ---- explain_run.c ---- */

void explain_run(struct explain *e, struct explained *x);

/* ---- explain_claims.c ---- */

/* Over the filter "authenticate". */
void explain_claims_filter(struct filter *f);

/* ---- explain_look.c ---- */

struct explain_step *
explain_step(struct explained *x, const char *name, enum explain_verdict v);
void explain_say(struct explained *x, struct explain_step *s, const char *key,
    struct explain_place place, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

struct explain_place
explain_place(const struct img_head *img, enum img_place_of of, uint32_t index);

/* Once, while the request is whole. */
void explain_look(struct explain *e, const struct req *q);

/* ---- explain_limits.c ---- */

void explain_limits(struct explained *x, struct explain_step *s,
    const struct req *q, bool late);
void explain_acl(struct explained *x, struct explain_step *s,
    const struct img_head *img, uint32_t acl, const struct addr *a,
    struct explain_place place);

/* ---- explain_plan.c ---- */

/* The outcome, as far as it is where the request goes. */
void
explain_plan(struct explained *x, struct explain_step *s, const struct req *q);
/* Why none of them is to be had, of a forward that says so. */
void explain_endpoints(
    struct explained *x, struct explain_step *s, const struct req *q);
/* A copy without what is nobody's business. */
void explain_head(
    struct explained *x, const struct img_head *img, const struct head *h);

/* ---- explain_text.c, explain_json.c ---- */

void explain_text(const struct explained *x, struct text *out);
void explain_json(const struct explained *x, struct text *out);

const char *explain_verdict_name(enum explain_verdict v);
const char *explain_outcome_name(enum explain_outcome o);

#endif
