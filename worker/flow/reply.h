/*
 * reply.h - answers that the gateway makes by itself.
 */
#ifndef WORKER_FLOW_REPLY_H
#define WORKER_FLOW_REPLY_H

#include "worker/flow/req.h"

/*
 * Answers q with the body for `why` (RFC 9457, problem+json): status, codes,
 * request id. `detail` NULL: the reason's help. `extra` NULL: no more fields.
 */
void reply_problem(
    struct req *q, enum why why, const char *detail, const struct field *extra);

/*
 * The answer ends the connection: its request has a body that nobody will read,
 * or might have been understood differently by others, which goes for all
 * behind it, too.
 */
bool reply_closes(const struct req *q);

/* Answers q with a body that lives until the call returns. */
void reply_body(struct req *q, unsigned status, struct slice content_type,
    struct slice body, const struct field *extra);

/* Answers q as entry `number` of the image's responds says, for `why`. */
void reply_respond(struct req *q, uint32_t number, enum why why);

/*
 * The same without a body, of these fields: what somebody else has said, who
 * was asked. `q->why` is set.
 */
void reply_as_told(
    struct req *q, unsigned status, const struct field *fields, uint32_t count);

/*
 * The same before a req exists (the head could not be read): writes straight
 * to the stream, which is to be closed afterwards. `id` is what it tells as
 * the request's. Gives the bytes of its body; 0: it could not be written.
 */
size_t reply_bare(
    struct env *e, struct stream *s, enum why why, char id[ENV_ID_BYTES]);

#endif
