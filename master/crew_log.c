/*
 * crew_log.c - see crew_log.h.
 */
#include "master/crew_log.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/net/sock.h"
#include "master/child_log.h"
#include "shm/log_order.h"
#include "shm/readers.h"
#include "shm/slots.h"

/* ---- orders ---- */

static bool
log_send(const struct crew *c, enum log_order_kind kind)
{
	struct log_order o = { .kind = kind, .level = c->in->log_level };

	(void)snprintf(o.target, sizeof(o.target), "%s",
	    strcmp(c->in->log_target, "syslog") == 0 ? "syslog" : "stderr");
	return sock_send_fd(c->log_control, &o, sizeof(o), c->in->log_fd);
}

static void
log_tell(const struct crew *c, enum log_order_kind kind)
{
	if (!spawn_alive(&c->log) || log_send(c, kind))
		return;
	log_err("penstocklog takes no orders: killing it");
	(void)kill(c->log.pid, SIGKILL);
}

void
crew_tell_log(struct crew *c, bool reopen)
{
	log_tell(c, reopen ? LOG_ORDER_REOPEN : LOG_ORDER_TARGET);
}

/* ---- life ---- */

/* Its end is in no other process: so the keeper's end is its own. */
static void
log_fork(struct crew *c, uint64_t now_us)
{
	int theirs = -1;
	pid_t pid = -1;

	if (crew_pair(&c->log_control, &theirs) &&
	    log_send(c, LOG_ORDER_TARGET))
		pid = fork();
	if (pid == 0) {
		slot_occupy(&c->in->region, SLOT_LOG, getpid());
		child_become_log(c->in, c->start->boot, theirs);
	}
	if (pid < 0)
		log_err("cannot fork penstocklog");
	if (theirs >= 0)
		(void)close(theirs);
	spawn_forked(&c->log, pid, now_us);
}

/* It cannot write its slot. */
static void
log_await(struct crew *c, uint64_t now_us)
{
	const struct shm_readers *readers = c->in->region.readers;

	if (c->log.state != SPAWN_STARTING ||
	    atomic_load(&readers->pid) != c->log.pid)
		return;
	slot_set_state(&c->in->region, SLOT_LOG, SLOT_READY);
	(void)spawn_event(&c->log, SPAWN_READY, now_us);
}

static void
log_kill_late(struct crew *c, uint64_t now_us)
{
	if (c->log.state != SPAWN_STOPPING || now_us < c->log_kill_us)
		return;
	log_errx("penstocklog has not ended in time: killing it");
	c->log_kill_us = UINT64_MAX;
	(void)kill(c->log.pid, SIGKILL);
}

uint64_t
crew_tend_log(struct crew *c, uint64_t now_us)
{
	log_kill_late(c, now_us);
	if (c->log_wanted && c->log.state == SPAWN_GONE)
		spawn_init(&c->log);
	if (c->log_wanted &&
	    spawn_event(&c->log, SPAWN_DUE, now_us) == SPAWN_FORK)
		log_fork(c, now_us);
	log_await(c, now_us);
	if (c->log.state == SPAWN_STARTING)
		return now_us + CREW_POLL_US;
	if (c->log.state == SPAWN_STOPPING)
		return c->log_kill_us;
	return c->log.state == SPAWN_DOWN && c->log_wanted ? c->log.due_us
							   : UINT64_MAX;
}

void
crew_reap_log(struct crew *c, pid_t pid, int status, uint64_t now_us)
{
	if (pid != c->log.pid)
		return;
	atomic_store(&c->in->region.readers->pid, 0);
	crew_ended(c, &c->log, SLOT_LOG, status, now_us);
}

void
crew_want_log(struct crew *c, bool wanted, uint64_t now_us)
{
	if (wanted == c->log_wanted)
		return;
	if (wanted)
		c->log_wanted = true;
	else
		crew_stop_log(c, CREW_LOG_DRAIN_US, now_us);
}

void
crew_stop_log(struct crew *c, uint64_t limit_us, uint64_t now_us)
{
	c->log_wanted = false;
	if (spawn_event(&c->log, SPAWN_STOP, now_us) == SPAWN_ASK) {
		c->log_kill_us = UINT64_MAX;
		slot_set_state(&c->in->region, SLOT_LOG, SLOT_DRAINING);
		log_tell(c, LOG_ORDER_STOP);
	}
	if (now_us + limit_us < c->log_kill_us)
		c->log_kill_us = now_us + limit_us;
}

void
crew_check_log(struct crew *c, uint64_t step_us)
{
	const struct region *r = &c->in->region;
	uint64_t stale_us;

	if (!spawn_alive(&c->log))
		return;
	slot_beat(r, SLOT_LOG, atomic_load(&r->readers->beat_us));
	stale_us = crew_look(c, SLOT_LOG, step_us);
	if (stale_us < CREW_LOG_STALE_US)
		return;
	if (stale_us - step_us < CREW_LOG_STALE_US)
		log_errx("penstocklog has not moved for %u s: killing it",
		    (unsigned)(stale_us / 1000000));
	(void)kill(c->log.pid, SIGKILL);
}

bool
crew_log_gone(const struct crew *c)
{
	return c->log.state == SPAWN_GONE ||
	    (c->log.state == SPAWN_DOWN && !c->log_wanted);
}
