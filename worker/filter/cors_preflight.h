/*
 * cors_preflight.h - what a browser asks before it lets a page send a request
 * to another origin (Fetch, 4.8), and what it is told.
 */
#ifndef WORKER_FILTER_CORS_PREFLIGHT_H
#define WORKER_FILTER_CORS_PREFLIGHT_H

#include "worker/flow/req.h"

enum cors_verdict {
	CORS_ALLOWED,
	CORS_BAD_ORIGIN,
	CORS_BAD_METHOD,
	CORS_BAD_HEADER, /* *name is the one */
};

/*
 * Whether a policy allows what the preflight h asks for, on a route of this
 * kind (below).
 */
enum cors_verdict
cors_preflight_judge(const struct img_head *img, const struct img_cors *c,
    unsigned kind, const struct head *h, struct slice *name);

/* Which texts of a policy are for q's route: 1 with grpc_web, else 0. */
unsigned cors_preflight_kind(const struct req *q);

/*
 * Answers a preflight that has been routed (PREFLIGHT_ROUTED), as the policy
 * of its route says: 204, or 403 with WHY_CORS_REFUSED.
 */
void cors_preflight_answer(struct req *q);

#endif
