/*
 * admin_reply.h - a request to the admin API, and what it is answered.
 */
#ifndef MASTER_ADMIN_REPLY_H
#define MASTER_ADMIN_REPLY_H

#include <stdint.h>

#include "common/base/text.h"

#define ADMIN_TARGET_MAX 2048 /* a service and an endpoint, all escapes */
#define ADMIN_BODY_MAX 16384
#define ADMIN_ARGS_MAX 2

struct admin_request {
	uint8_t method; /* enum http_method */
	struct slice path, body;
	/* What stands where the resource's path has "*", decoded. */
	struct slice arg[ADMIN_ARGS_MAX];
};

struct admin_reply {
	uint16_t status;
	const char *type; /* of the body */
	char allow[32];   /* with 405: the methods; else empty */
	uint64_t run;     /* not 0: answered when this reload has ended */
	struct text body;
};

void admin_reply_init(struct admin_reply *r);
void admin_reply_fini(struct admin_reply *r);

/* application/problem+json (RFC 9457); detail may be empty. */
void admin_reply_problem(
    struct admin_reply *r, uint16_t status, struct slice detail);

#endif
