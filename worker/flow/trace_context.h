/*
 * trace_context.h - what a request says of the trace that it belongs to: W3C
 * Trace Context (traceparent and tracestate, Level 1 and 2) and B3, in one
 * field or in several. Whether to believe it is decided elsewhere.
 */
#ifndef WORKER_FLOW_TRACE_CONTEXT_H
#define WORKER_FLOW_TRACE_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/http/head.h"

#define TRACE_ID_BYTES 16
#define TRACE_SPAN_BYTES 8

#define TRACE_SAMPLED 1u /* flags of W3C */
#define TRACE_RANDOM 2u

/* What the parent decided about sampling. */
enum trace_said { TRACE_UNSAID, TRACE_NO, TRACE_YES, TRACE_DEBUG };

struct trace_context {
	/* Both or neither; zeroes: B3 that is but a decision. */
	uint8_t trace_id[TRACE_ID_BYTES], parent_id[TRACE_SPAN_BYTES];
	uint8_t flags; /* TRACE_* */
	uint8_t said;  /* enum trace_said */
};

/* Not all of its n bytes, a multiple of 8, are zeroes. */
static inline bool
trace_has_id(const uint8_t *id, size_t n)
{
	uint64_t any = 0, some;

	for (size_t i = 0; i < n; i += sizeof(some)) {
		memcpy(&some, id + i, sizeof(some));
		any |= some;
	}
	return any != 0;
}

/*
 * The value of a traceparent. Later versions than 00 are read as far as 00
 * goes, as the standard wants it.
 */
bool trace_parent_parse(struct slice value, struct trace_context *c);

/* That of the request; false: none, or several, or one that is wrong. */
bool trace_read_w3c(const struct head *h, struct trace_context *c);

/*
 * All that a request has of tracestate, as one value in the arena or in h;
 * empty: none, or one that is wrong. Of one that is too long, members are left
 * out.
 */
struct slice trace_read_state(const struct head *h, struct arena *a);

/* ---- trace_b3.c ---- */

/* The value of a field "b3". */
bool trace_b3_parse(struct slice value, struct trace_context *c);

/* As trace_read_w3c. */
bool trace_read_b3(const struct head *h, struct trace_context *c);
bool trace_read_b3_multi(const struct head *h, struct trace_context *c);

/* The name is "b3", or one of those that begin with X-B3-. */
bool trace_is_b3(struct slice name);
bool trace_is_b3_multi(struct slice name);

#endif
