/*
 * admin_routes.h - what the admin API answers: the paths, and the documents
 * behind them.
 */
#ifndef MASTER_ADMIN_ROUTES_H
#define MASTER_ADMIN_ROUTES_H

#include <stdint.h>

#include "common/base/text.h"
#include "master/admin.h"

struct admin_reply {
	uint16_t status;
	const char *type;  /* of the body */
	const char *allow; /* with 405: the methods; else NULL */
	struct text body;
};

void admin_reply_init(struct admin_reply *r);
void admin_reply_fini(struct admin_reply *r);

/*
 * Answers a request for `path`. *run not 0: the answer comes from
 * admin_routes_reloaded when reload number *run has ended.
 */
void admin_routes_answer(struct admin *a, uint8_t method, struct slice path,
    struct admin_reply *r, uint64_t *run);

/* The answer to who asked for a reload. */
void admin_routes_reloaded(
    struct admin *a, enum reload_outcome how, struct admin_reply *r);

/* application/problem+json (RFC 9457); detail may be NULL. */
void admin_routes_problem(
    struct admin_reply *r, uint16_t status, const char *detail);

#endif
