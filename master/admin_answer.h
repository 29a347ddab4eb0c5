/*
 * admin_answer.h - the answer to a request of the admin API, as HTTP and as
 * descriptors that go along. Who asks, and when, is in admin.c.
 */
#ifndef MASTER_ADMIN_ANSWER_H
#define MASTER_ADMIN_ANSWER_H

#include "master/admin.h"
#include "master/admin_reply.h"

/* Ends c->stream. The next request is not read before the pause is lifted. */
void admin_answer_queue(struct admin_client *c, const struct admin_reply *r);

/*
 * r->fds, on the first byte of the answer that was queued just now, and before
 * which nothing is queued. If they cannot leave nothing is said.
 */
void admin_answer_pass(struct admin_client *c, const struct admin_reply *r);

#endif
