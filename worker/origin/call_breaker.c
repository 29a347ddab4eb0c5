/*
 * call_breaker.c - a call and the breaker of its endpoint: let through before
 * it begins, it is judged while it goes on, and says so when it is over.
 *
 * Sooner, where more could not change it, or nobody should wait for more: a
 * probe's place is not its client's to keep. But where all requests take long
 * to send, only such can tell how the endpoint does: at the end they ask for a
 * place for the moment that it takes to say so.
 */
#include "worker/origin/call_state.h"

static bool
call_guarded(const struct call *c)
{
	return (c->params.judge.scope & IMG_BREAKER_ENDPOINT) != 0;
}

bool
call_admit(struct call *c)
{
	const struct judge *j = &c->params.judge;

	c->lent = false;
	if (j->scope == 0)
		return true;
	if (call_guarded(c) &&
	    !breaker_admit(&c->env->permits,
		BREAKER_OF_ENDPOINT(c->handle.index), &j->rule, clock_now().us,
		j->bypass, &c->pass, &c->barred_us))
		return false;
	c->passing = call_guarded(c);
	c->judged.is = JUDGED_NOT;
	return true;
}

void
call_judge_head(struct call *c, const struct head *h)
{
	if (c->params.judge.scope == 0)
		return;
	judge_head(&c->params.judge, h, &c->judged);
	c->judged.how.us = c->head_us;
	if (c->judged.is == JUDGED_BAD || c->events || c->switched || c->lent ||
	    c->pass.ticket != PERMIT_NONE)
		call_give_back(c);
}

void
call_judge_failed(struct call *c, enum change_cause cause, uint32_t detail)
{
	if (c->params.judge.scope == 0 || c->judged.is == JUDGED_BAD)
		return;
	judge_failed(&c->params.judge, cause, detail, &c->judged);
	if (c->judged.is == JUDGED_BAD)
		c->judged.how.us =
		    c->status != 0 ? c->head_us : call_endpoint_us(c);
}

/* A probe again, which knows already how it went. */
static __attribute__((noinline)) void
call_take_place(struct call *c)
{
	const struct judge *j = &c->params.judge;
	uint64_t wait_us;

	c->lent = false;
	c->passing = breaker_admit(&c->env->permits,
			 BREAKER_OF_ENDPOINT(c->handle.index), &j->rule,
			 clock_now().us, false, &c->pass, &wait_us) &&
	    c->pass.ticket != PERMIT_NONE;
}

void
call_give_back(struct call *c)
{
	struct permits *p = &c->env->permits;

	if (c->lent && c->judged.is != JUDGED_NOT)
		call_take_place(c);
	if (!c->passing)
		return;
	c->passing = false;
	if (c->judged.is == JUDGED_NOT)
		breaker_abandon(p, &c->pass);
	else
		breaker_result(p, BREAKER_OF_ENDPOINT(c->handle.index),
		    &c->params.judge.rule, &c->pass, &c->judged.how,
		    clock_now().us);
	c->pass.ticket = PERMIT_NONE;
}

void
call_lend_place(struct call *c)
{
	breaker_abandon(&c->env->permits, &c->pass);
	c->pass.ticket = PERMIT_NONE;
	c->passing = false;
	c->lent = true;
}
