/*
 * wakes.c - see wakes.h: each process has an eventfd, which all inherit.
 */
#include "worker/wakes.h"

#include "common/base/must.h"
#include "shm/control.h"
#include "shm/inherit.h"

#define WAKE_US 1000u /* between two times that all others are woken */

static void
wake_others(struct env *e)
{
	struct mono now = clock_now();

	if (e->woke.us != 0 && mono_diff_us(now, e->woke) < WAKE_US)
		return;
	e->woke = now;
	for (uint32_t i = 0; i < e->in->workers; i++)
		if (i != e->slot)
			control_wake(e->in->wake_fds[i]);
}

static void
wake_worker(struct env *e, uint32_t slot)
{
	MUST(slot < e->in->workers);
	control_wake(e->in->wake_fds[slot]);
}

static void
wake_master(struct env *e)
{
	control_wake(e->in->master_wake_fd);
}

static void
wake_helpers(struct env *e)
{
	control_wake(e->in->helpers_wake_fd);
}

void
wakes_set(struct env *e)
{
	e->wake_others = wake_others;
	e->wake_worker = wake_worker;
	e->wake_master = wake_master;
	e->wake_helpers = wake_helpers;
}
