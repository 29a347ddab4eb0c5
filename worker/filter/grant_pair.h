/*
 * grant_pair.h - an access token and a refresh token: signed together, and said
 * to the client together (RFC 6749 5.1).
 */
#ifndef WORKER_FILTER_GRANT_PAIR_H
#define WORKER_FILTER_GRANT_PAIR_H

#include "worker/filter/grant_holder.h"
#include "worker/flow/issued.h"
#include "worker/flow/req.h"

struct grant {
	struct issued_by by;
	struct issued_refresh refresh; /* the next one; expires_s in any case */
	char mark[GRANT_MARK];         /* room for refresh.mark */
	struct text access_text, refresh_text;
};

/* In the arena of q. False: no memory. */
bool grant_init(struct grant *g, struct req *q);

/* Whether the issuer has refresh tokens at all. */
static inline bool
grant_refreshes(const struct grant *g)
{
	return g->by.issuer->refresh_us != 0;
}

/* Both are signed for id, neither to outlive refresh.expires_s; or why not. */
enum why grant_sign(struct grant *g, const struct identity *id);

/* q may have ended afterwards. */
void grant_answer(struct req *q, const struct grant *g);

#endif
