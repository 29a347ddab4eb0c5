/*
 * grpc.h - requests of gRPC, and of gRPC-Web: what the gateway says to them by
 * itself, and the deadline that they bring along.
 */
#ifndef WORKER_FLOW_GRPC_H
#define WORKER_FLOW_GRPC_H

#include "worker/flow/req.h"

/* Sets q->grpc: a POST whose Content-Type says so. */
void grpc_begin(struct req *q);

/*
 * The content type of its kind, or of another, with what the client's goes on
 * with ("+proto"); in the arena.
 */
struct slice grpc_content_type(struct req *q, enum grpc_kind kind);

/*
 * Answers q for a reason with a grpc-status and nothing else (a head alone,
 * which says 200). `detail`: half a sentence more, or NULL. `extra`: a field
 * that goes along if it is Retry-After, or NULL.
 */
void grpc_answer(
    struct req *q, enum why why, const char *detail, const struct field *extra);

/*
 * q->grpc is set: takes its grpc-timeout, which counts from q->began; when it
 * has passed, q fails (WHY_DEADLINE). False: q was answered.
 */
bool grpc_set_deadline(struct req *q);

/* Tells the endpoint, in q->up, how much of it is left now. */
void grpc_tell_deadline(struct req *q);

/* The status that a head of its answer, or trailers, say: q->grpc_status. */
void grpc_hear(struct req *q, const struct head *h);

/* Of req_end: no deadline any more. */
void grpc_end(struct req *q);

#endif
