/*
 * trace.h - a request as a part of a trace: ids, whether it is sampled, and
 * the texts that tell its endpoints so.
 *
 *	parent (the client's span) <- span of the request <- span of each call
 *
 * An endpoint is told the span of the call that it gets, so the digits of that
 * change from call to call, in place: the fields of what goes upstream point
 * at the texts here.
 */
#ifndef WORKER_FLOW_TRACE_H
#define WORKER_FLOW_TRACE_H

#include "shm/record.h"
#include "worker/flow/trace_context.h"

struct env;
struct req;
struct req_try;

#define TRACE_PARENT_TEXT 55 /* traceparent */
#define TRACE_PARENT_SPAN 36 /* where the digits of the span begin */
#define TRACE_B3_TEXT 68     /* b3, with the state and the parent */
#define TRACE_B3_SPAN 33

/* Of what endpoints are told; in the request's arena. */
struct trace_texts {
	char parent[TRACE_PARENT_TEXT];
	char b3[TRACE_B3_TEXT]; /* where it is propagated */
};

/* In the request's arena. */
struct trace {
	uint8_t trace_id[TRACE_ID_BYTES];
	uint8_t span_id[TRACE_SPAN_BYTES];   /* of the request */
	uint8_t parent_id[TRACE_SPAN_BYTES]; /* zeroes: it is the first */
	uint8_t flags;    /* TRACE_*: what endpoints are told */
	bool debug;       /* B3's, of a trusted parent */
	bool exported;    /* somebody takes the spans */
	bool errors;      /* even if not sampled: if it fails */
	uint64_t slow_us; /* or takes so long; 0: no */
	struct slice tracestate, correlation;
	struct trace_texts *texts; /* NULL: nobody is told yet */
};

/* An id that is no zero. */
void trace_make_span(struct env *e, uint8_t id[TRACE_SPAN_BYTES]);
/* One of a trace; neither half of it is zero. */
void trace_make_id(struct env *e, uint8_t id[TRACE_ID_BYTES]);

/*
 * A call to an endpoint begins: it gets a span of its own, which its head will
 * name, and the note of it; NULL: there is none. Where q->trace is not NULL and
 * has its texts.
 */
void trace_call(struct req *q, struct req_try *call);

/* The spans of q, which has a trace and has ended, are sent to somebody. */
bool trace_is_exported(const struct req *q);

/*
 * What the record of q, which has ended, says of its trace: ids, flags, and
 * whether it is exported. Without a trace of q: what its traceparent says.
 */
void trace_record(const struct req *q, struct record_request *to);

#endif
