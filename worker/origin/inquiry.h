/*
 * inquiry.h - a request that the gateway makes by itself, to a service of the
 * configuration: its endpoints are balanced, pooled, secured and judged as for
 * clients, but there is no client. The answer is bounded, and read whole.
 *
 *	begin -> (end of the turn) pick -> call -> answer -> done
 *	                            ^       |
 *	                            +-------+ not sent, or closed before a byte
 */
#ifndef WORKER_ORIGIN_INQUIRY_H
#define WORKER_ORIGIN_INQUIRY_H

#include "common/http/head.h"
#include "worker/flow/env.h"
#include "worker/flow/why.h"

#define INQUIRY_FIELDS_MAX 64
#define INQUIRY_BYTES_MAX 65536 /* of the body of an answer */

struct inquiry;

struct inquiry_ask {
	/* This turn's, or one that is pinned; pinned from now on. */
	const struct img_head *image;
	uint32_t image_slot;
	uint32_t service;    /* in image->services */
	uint64_t timeout_us; /* for the answer, in all */
	/* Method, target and fields, without Host and framing; copied. */
	const struct head *head;
	struct slice body; /* copied; empty: none */
	bool head_only;    /* the body of an answer is of no interest */
};

/* An answer that came whole; until the callback returns. */
struct inquiry_answer {
	const struct head *head; /* NULL: there was none, for `why` */
	struct slice body;       /* empty with head_only */
	enum why why;
};

/* Called once, never before inquiry_begin has returned. */
typedef void inquiry_done_fn(void *user, const struct inquiry_answer *a);

/* NULL: no memory, or too many fields. It ends by itself after `done`. */
struct inquiry *inquiry_begin(struct env *e, const struct inquiry_ask *ask,
    inquiry_done_fn *done, void *user);

/* Gives up: `done` is not called. Only before it was. */
void inquiry_cancel(struct inquiry *i);

#endif
