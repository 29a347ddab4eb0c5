/*
 * challenge.h - 401, and what it says about how to do better: a challenge for
 * each scheme that the route's authenticators take (RFC 9110 11.6.1).
 */
#ifndef WORKER_FILTER_CHALLENGE_H
#define WORKER_FILTER_CHALLENGE_H

#include "worker/filter/authenticate.h"

/* The credentials that were wrong. */
struct challenge_bad {
	enum auth_scheme scheme;
	struct slice instead; /* of the challenge for it; empty: nothing */
};

/*
 * Answers q for this reason, with challenges if it is a 401. `bad` NULL: there
 * were no credentials, so that nothing is said of errors (RFC 6750 3.1).
 */
void
challenge_refuse(struct req *q, enum why why, const struct challenge_bad *bad);

#endif
