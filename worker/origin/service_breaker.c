/*
 * service_breaker.c - see service_breaker.h.
 */
#include "worker/origin/service_breaker.h"

#include "common/base/text.h"

bool
service_admit(struct service_pass *p, struct env *e, const struct judge *j,
    uint32_t service, uint64_t *wait_us)
{
	if ((j->scope & IMG_BREAKER_SERVICE) == 0)
		return true;
	p->service = service;
	p->held = breaker_admit(&e->permits, BREAKER_OF_SERVICE(service),
	    &j->rule, clock_now().us, j->bypass, &p->pass, wait_us);
	return p->held;
}

void
service_give_back_held(struct service_pass *p, struct env *e,
    const struct judge *j, const struct judged *v)
{
	p->held = false;
	if (v->is == JUDGED_NOT)
		breaker_abandon(&e->permits, &p->pass);
	else
		breaker_result(&e->permits, BREAKER_OF_SERVICE(p->service),
		    &j->rule, &p->pass, &v->how, clock_now().us);
}

struct slice
retry_after_text(uint64_t wait_us, char out[RETRY_AFTER_MAX])
{
	uint64_t seconds = wait_us / 1000000 + (wait_us % 1000000 != 0);
	struct text t;

	text_init_fixed(&t, out, RETRY_AFTER_MAX);
	text_printf(&t, "%ju", (uintmax_t)(seconds != 0 ? seconds : 1));
	return text_slice(&t);
}
