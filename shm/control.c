/*
 * control.c - the words that are spoken to everybody.
 */
#include "shm/control.h"

#include <errno.h>
#include <unistd.h>

#include "common/base/must.h"

void
control_drain(const struct region *r, uint64_t deadline_us)
{
	MUST(deadline_us != 0);
	atomic_store(&r->state->control.drain_deadline_us, deadline_us);
}

uint64_t
control_draining(const struct region *r)
{
	return atomic_load_explicit(
	    &r->state->control.drain_deadline_us, memory_order_relaxed);
}

void
control_wake(int event_fd)
{
	const uint64_t one = 1;
	ssize_t n = write(event_fd, &one, sizeof(one));

	/* A full counter wakes as well. */
	MUST(n == (ssize_t)sizeof(one) || errno == EAGAIN || errno == EINTR);
}

void
control_reload_done(struct region *r, enum reload_outcome how, int64_t wall_us)
{
	struct shm_control *c = &r->state->control;

	switch (how) {
	case RELOAD_NONE:
		return;
	case RELOAD_OK:
		atomic_fetch_add(&c->reloads_ok, 1);
		break;
	case RELOAD_FAILED:
		atomic_fetch_add(&c->reloads_failed, 1);
		break;
	case RELOAD_UNCHANGED:
		atomic_fetch_add(&c->reloads_unchanged, 1);
		break;
	}
	atomic_store(&c->reload_wall_us, wall_us);
	if (how != RELOAD_FAILED)
		atomic_store(&c->reload_ok_wall_us, wall_us);
	atomic_store(&c->reload_last, how);
}

void
control_reload_info(const struct region *r, struct reload_info *i)
{
	struct shm_control *c = &r->state->control;

	*i = (struct reload_info){
		.last = atomic_load(&c->reload_last),
		.ok = atomic_load(&c->reloads_ok),
		.failed = atomic_load(&c->reloads_failed),
		.unchanged = atomic_load(&c->reloads_unchanged),
		.wall_us = atomic_load(&c->reload_wall_us),
		.ok_wall_us = atomic_load(&c->reload_ok_wall_us),
		.generation = atomic_load(&c->pub) >> 16,
	};
}
