/*
 * errand_kit.h - for tests of what waits for helpers: a worker without clients,
 * whose helper is the test.
 */
#ifndef TESTS_UNIT_WORKER_ERRAND_KIT_H
#define TESTS_UNIT_WORKER_ERRAND_KIT_H

#include "tests/unit/own_clock.h"
#include "tests/unit/shm/fixture.h"
#include "worker/flow/errand.h"

static struct region region;
static struct env env;
static struct loop loop;
static unsigned woken; /* helpers, so often */

static inline void
wake_helpers(struct env *e)
{
	ck_assert_ptr_eq(e, &env);
	woken++;
}

static inline void
begin_errands(void)
{
	fixture_region(&region, 1);
	ck_assert(loop_init(&loop));
	env = (struct env){ .region = &region,
		.loop = &loop,
		.helpers = 1,
		.counters = counters_block(&region, 0),
		.wake_helpers = wake_helpers };
	list_init(&env.errands);
	woken = 0;
	clock_update();
}

static inline void
end_errands(void)
{
	ck_assert(list_empty(&env.errands));
	ck_assert_uint_eq(jobs_count(&region), 0);
	loop_fini(&loop);
	region_fini(&region);
}

/* The helper does the oldest job; false: there is none. */
static inline bool
help(enum job_result result)
{
	struct job j;

	if (!jobs_take(&region, 0, &j))
		return false;
	ck_assert_uint_eq(j.worker, 0);
	jobs_done(&region, &j, result);
	return true;
}

/* So much time passes, as far as timers know. */
static inline void
pass(uint64_t us)
{
	own_us += us;
	timer_run(&loop.timers, clock_update());
}

#endif
