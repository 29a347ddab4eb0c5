/*
 * sink.h - what changes the bytes of a body on their way.
 *
 *   client ---> req_data ---> [sink -> sink -> last] ---> handler
 *   client <--- codec   <--- [last <- sink <- sink] <--- req_answer_data
 *
 * A filter puts a sink of its own into the one chain or the other of its
 * request (req_change_up, req_change_down); without any, a body costs one test.
 * Each takes pieces, cut anywhere, and hands on what comes of them at once: it
 * keeps a few bytes between two calls at most, and builds what it hands on in a
 * block of its stack. Sinks never end the request: they say why it should be.
 */
#ifndef WORKER_FLOW_SINK_H
#define WORKER_FLOW_SINK_H

#include <stdbool.h>

#include "common/http/head.h"
#include "worker/flow/why.h"

struct req;
struct sink;

struct sink_ops {
	enum why (*data)(struct sink *s, struct slice bytes);
	/* The last call. Trailers may be NULL, or have count 0. */
	enum why (*end)(struct sink *s, const struct head *trailers);
};

/* Lives in its filter's own memory, as long as the request. */
struct sink {
	const struct sink_ops *ops;
	struct req *req;
	struct sink *next; /* nearer to who takes the body */
	enum why why;      /* the first error; nothing is done after it */
	bool ended;
};

static inline void
sink_init(struct sink *s, const struct sink_ops *ops, struct req *q)
{
	*s = (struct sink){ .ops = ops, .req = q };
}

/*
 * Puts s behind the sinks of a chain; `last` is behind all of them. False
 * without memory for that one.
 */
bool sink_append(struct req *q, struct sink **chain, struct sink *s,
    const struct sink_ops *last);

/* Hands bytes to s: WHY_OK, or its first error. */
enum why sink_data(struct sink *s, struct slice bytes);
/* The body is complete; once. */
enum why sink_end(struct sink *s, const struct head *trailers);

#endif
