/*
 * crew_helpers.c - see crew_helpers.h.
 */
#include "master/crew_helpers.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"
#include "master/child.h"
#include "shm/control.h"
#include "shm/slots.h"

static _Noreturn void
crew_be_helper(struct crew *c, uint32_t h, pid_t keeper)
{
	slot_occupy(&c->in->region, SLOT_HELPER + h, getpid());
	if (!child_become_helper(c->in, c->start->boot, h, keeper))
		_exit(1);
	exit(c->start->helper(c->in, h));
}

static void
crew_fork_helper(struct crew *c, uint32_t h, uint64_t now_us)
{
	pid_t keeper = getpid(), pid = fork();

	if (pid == 0)
		crew_be_helper(c, h, keeper);
	if (pid < 0)
		log_err("cannot fork helper %u", h);
	spawn_forked(&c->helpers[h], pid, now_us);
}

uint64_t
crew_tend_helper(struct crew *c, uint32_t h, uint64_t now_us)
{
	struct spawn *s = &c->helpers[h];

	if (spawn_event(s, SPAWN_DUE, now_us) == SPAWN_FORK)
		crew_fork_helper(c, h, now_us);
	return crew_await(c, s, SLOT_HELPER + h, now_us);
}

/*
 * Its job waits again, for whoever is there; and it may have ended one without
 * having said so.
 */
static void
crew_wake_after(const struct crew *c)
{
	control_wake(c->in->helpers_wake_fd);
	for (uint32_t w = 0; w < c->in->workers; w++)
		control_wake(c->in->wake_fds[w]);
}

void
crew_reap_helper(struct crew *c, pid_t pid, int status, uint64_t now_us)
{
	for (uint32_t h = 0; h < c->in->helpers; h++) {
		if (pid != c->helpers[h].pid)
			continue;
		crew_ended(c, &c->helpers[h], SLOT_HELPER + h, status, now_us);
		crew_wake_after(c);
	}
}

void
crew_check_helpers(struct crew *c, uint64_t step_us)
{
	for (uint32_t h = 0; h < c->in->helpers; h++) {
		uint64_t stale_us = crew_look(c, SLOT_HELPER + h, step_us);

		if (!spawn_alive(&c->helpers[h]) ||
		    stale_us < CREW_HELPER_STALE_US)
			continue;
		if (stale_us - step_us < CREW_HELPER_STALE_US)
			log_errx("helper %u has not moved for %u s: killing it",
			    h, (unsigned)(stale_us / 1000000));
		(void)kill(c->helpers[h].pid, SIGKILL);
	}
}

/* They hold nothing that an orderly end would save. */
void
crew_stop_helpers(struct crew *c, uint64_t now_us)
{
	for (uint32_t h = 0; h < HELPERS_MAX; h++)
		if (spawn_event(&c->helpers[h], SPAWN_STOP, now_us) ==
		    SPAWN_ASK)
			(void)kill(c->helpers[h].pid, SIGKILL);
}

uint32_t
crew_helpers_up(const struct crew *c)
{
	uint32_t up = 0;

	for (uint32_t h = 0; h < c->in->helpers; h++)
		up += c->helpers[h].state == SPAWN_UP;
	return up;
}

bool
crew_helpers_gone(const struct crew *c)
{
	for (uint32_t h = 0; h < c->in->helpers; h++)
		if (c->helpers[h].state != SPAWN_GONE)
			return false;
	return true;
}

bool
crew_helpers_hopeless(const struct crew *c)
{
	for (uint32_t h = 0; h < c->in->helpers; h++)
		if (c->helpers[h].early >= CREW_EARLY_MAX)
			return true;
	return false;
}
