/*
 * service_breaker.h - the breaker of a service as a whole: it is asked before
 * any endpoint is chosen, and learns how the request ended after all its calls.
 */
#ifndef WORKER_ORIGIN_SERVICE_BREAKER_H
#define WORKER_ORIGIN_SERVICE_BREAKER_H

#include "worker/flow/env.h"
#include "worker/origin/judge.h"

/* What a request holds of it; all zero: nothing. */
struct service_pass {
	struct breaker_pass pass;
	uint32_t service; /* registry slot */
	bool held;
};

/* False: it lets nothing through, for *wait_us yet. */
bool service_admit(struct service_pass *p, struct env *e, const struct judge *j,
    uint32_t service, uint64_t *wait_us);

/* The pass is one of few: a probe's. */
static inline bool
service_pass_is_probe(const struct service_pass *p)
{
	return p->held && p->pass.ticket != PERMIT_NONE;
}

/* Gives it back: how the request ended, as far as is known. */
void service_give_back_held(struct service_pass *p, struct env *e,
    const struct judge *j, const struct judged *v);

/* The same, if it is held. */
static inline void
service_give_back(struct service_pass *p, struct env *e, const struct judge *j,
    const struct judged *v)
{
	if (p->held)
		service_give_back_held(p, e, j, v);
}

/* The value of Retry-After: whole seconds, at least 1, as text in `out`. */
#define RETRY_AFTER_MAX 24
struct slice retry_after_text(uint64_t wait_us, char out[RETRY_AFTER_MAX]);

#endif
