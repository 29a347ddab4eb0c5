/*
 * trace_fields.h - what endpoints are told of a trace.
 */
#ifndef WORKER_FILTER_TRACE_FIELDS_H
#define WORKER_FILTER_TRACE_FIELDS_H

#include "worker/flow/req.h"

/*
 * The fields, a bit per enum field_id, that trace_tell writes anew: the
 * client's need not be there. Where q->trace is not NULL.
 */
uint64_t trace_fields_told(const struct req *q);

/*
 * Puts q->trace, which is not NULL, into what goes upstream, in the formats of
 * tracing.propagate and with the correlation id, in place of what the client
 * said in those. Without memory the arena says so.
 */
void trace_tell(struct req *q);

/* Takes the fields for which `is` holds out of what goes upstream. */
void trace_take_out(struct req *q,
    bool (*is)(const struct field *f, const void *what), const void *what);

#endif
