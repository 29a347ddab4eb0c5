/*
 * errand.c - see errand.h.
 */
#include "worker/flow/errand.h"

static void
errand_end(struct errand *e)
{
	list_remove(&e->link);
	timer_fini(&e->env->loop->timers, &e->timer);
}

static void
errand_timeout(struct timer *t)
{
	struct errand *e = CONTAINER_OF(t, struct errand, timer);

	errand_forget(e);
	env_count(e->env, COUNTER_JOBS_FAILED, 1);
	e->done(e, JOB_FAILED);
}

bool
errand_send(struct env *env, struct errand *e, enum job_kind kind,
    struct slice a, struct slice b)
{
	e->env = env;
	e->ticket = JOB_NONE;
	if (env->helpers != 0)
		e->ticket = jobs_ask(env->region, env->slot, kind, a, b);
	if (e->ticket == JOB_NONE) {
		env_count(env, COUNTER_JOBS_REFUSED, 1);
		return false;
	}
	e->asked = clock_now();
	list_push_back(&env->errands, &e->link);
	timer_init(&e->timer, errand_timeout);
	timer_set(&env->loop->timers, &e->timer,
	    mono_add_us(e->asked, ERRAND_TIMEOUT_US));
	env->wake_helpers(env);
	return true;
}

void
errand_forget(struct errand *e)
{
	jobs_forget(e->env->region, e->ticket);
	errand_end(e);
}

static void
errand_count(const struct errand *e, enum job_result result)
{
	struct env *env = e->env;

	if (result == JOB_FAILED) {
		env_count(env, COUNTER_JOBS_FAILED, 1);
		return;
	}
	env_count(env, COUNTER_JOBS, 1);
	env_count(
	    env, COUNTER_JOBS_US, (int64_t)mono_diff_us(clock_now(), e->asked));
}

/* What one of them brings may end others, or send new ones. */
void
errands_look(struct env *env)
{
	struct list looked;

	list_init(&looked);
	while (!list_empty(&env->errands)) {
		struct errand *e =
		    CONTAINER_OF(env->errands.next, struct errand, link);
		enum job_result result = jobs_look(env->region, e->ticket);

		list_remove(&e->link);
		list_push_back(&looked, &e->link);
		if (result == JOB_PENDING)
			continue;
		errand_end(e);
		errand_count(e, result);
		e->done(e, result);
	}
	while (!list_empty(&looked)) {
		struct list *link = looked.next;

		list_remove(link);
		list_push_back(&env->errands, link);
	}
}
