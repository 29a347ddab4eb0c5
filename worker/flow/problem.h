/*
 * problem.h - the body of an answer that the gateway makes by itself
 * (RFC 9457).
 */
#ifndef WORKER_FLOW_PROBLEM_H
#define WORKER_FLOW_PROBLEM_H

#include "worker/flow/env.h"
#include "worker/flow/why.h"

#define PROBLEM_BYTES 8192u

struct problem {
	enum why why;
	/* NULL: the reason's help. Of it and `instance`, which may hold any
	 * bytes, no more than 384 and 512 are told. */
	const char *detail;
	struct slice instance;
	struct slice id; /* as trust_request_id gave it */
	bool made;       /* or env_make_id: it needs no escapes */
};

/* Writes it into buf; returns its length. */
size_t
problem_text(struct env *e, char buf[PROBLEM_BYTES], const struct problem *p);

#endif
