/*
 * admin_reply.h - a request to the admin API, and what it is answered.
 */
#ifndef MASTER_ADMIN_REPLY_H
#define MASTER_ADMIN_REPLY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/text.h"
#include "common/net/fds.h"

#define ADMIN_TARGET_MAX 2048 /* a service and an endpoint, all escapes */
#define ADMIN_BODY_MAX 16384
#define ADMIN_ARGS_MAX 2
#define ADMIN_WHO_BYTES 64

struct admin_request {
	uint8_t method; /* enum http_method */
	bool guarded;   /* it came where the token is asked for */
	struct slice path, body;
	const char *who; /* at the other end, for the audit log; may be NULL */
	struct slice accept, authorization; /* fields; may be empty */
	/* What stands where the resource's path has "*", decoded. */
	struct slice arg[ADMIN_ARGS_MAX];
	bool local; /* over a unix socket, by a process of this user: */
	uid_t uid;
};

struct admin_reply {
	uint16_t status;
	const char *type;      /* of the body */
	char allow[32];        /* with 405: the methods; else empty */
	char detail[128];      /* of a problem; may be clipped */
	const char *challenge; /* WWW-Authenticate; NULL: none */
	uint64_t run;          /* not 0: answered when this reload has ended */
	struct text body;
	/* That go along, and stay the master's. */
	int fds[FDS_PASSED_MAX];
	unsigned fd_count;
};

void admin_reply_init(struct admin_reply *r);
void admin_reply_fini(struct admin_reply *r);

/* application/problem+json (RFC 9457); detail may be empty. */
void admin_reply_problem(
    struct admin_reply *r, uint16_t status, struct slice detail);

#endif
