/*
 * crew.c - see crew.h.
 */
#include "master/crew.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/net/sock.h"
#include "master/child.h"
#include "master/crew_helpers.h"
#include "master/crew_log.h"
#include "master/master.h"
#include "shm/control.h"
#include "shm/slots.h"

#define CREW_SOCKET_BYTES (1 << 20) /* LISTENERS_MAX orders and more */
#define CREW_STALE_WAKE_US 2000000
#define CREW_STALE_ABORT_US 10000000
#define CREW_STALE_KILL_US 11000000

void
crew_init(struct crew *c, struct inherit *in, const struct keeper_start *start)
{
	c->in = in;
	c->start = start;
	c->serve = false;
	c->note_fd = -1;
	c->files_fd = -1;
	in->master_fd = -1;
	in->files_fd = -1;
	c->beats_checked_us = 0;
	spawn_init(&c->master);
	for (uint32_t w = 0; w < WORKERS_MAX; w++) {
		spawn_init(&c->workers[w]);
		c->control[w] = -1;
		in->control_fds[w] = -1;
	}
	for (uint32_t h = 0; h < HELPERS_MAX; h++)
		spawn_init(&c->helpers[h]);
	spawn_init(&c->log);
	c->log_wanted = false;
	c->log_control = -1;
	c->log_kill_us = UINT64_MAX;
	for (uint32_t slot = 0; slot < SLOTS_MAX; slot++)
		c->beats[slot] = (struct crew_beat){ 0 };
}

static void
crew_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void
crew_fini(struct crew *c)
{
	crew_close(&c->note_fd);
	crew_close(&c->in->master_fd);
	crew_close(&c->files_fd);
	crew_close(&c->in->files_fd);
	crew_close(&c->log_control);
	for (uint32_t w = 0; w < WORKERS_MAX; w++) {
		crew_close(&c->control[w]);
		crew_close(&c->in->control_fds[w]);
	}
}

/* A fresh pair: what a dead child did not read is not for its successor. */
bool
crew_pair(int *mine, int *theirs)
{
	int pair[2], bytes = CREW_SOCKET_BYTES;

	crew_close(mine);
	crew_close(theirs);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		0, pair) != 0)
		return false;
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	(void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	*mine = pair[0];
	*theirs = pair[1];
	return true;
}

static _Noreturn void
crew_be_worker(struct crew *c, uint32_t w, pid_t keeper)
{
	/* Here, not in the keeper: it must not overtake the slot's READY. */
	slot_occupy(&c->in->region, w, getpid());
	if (!child_become_worker(c->in, c->start->boot, w, keeper))
		_exit(1);
	exit(c->start->worker(c->in, w));
}

static _Noreturn void
crew_be_master(struct crew *c, pid_t keeper)
{
	slot_occupy(&c->in->region, SLOT_MASTER, getpid());
	if (!child_become_master(c->in, c->start->boot, keeper))
		_exit(1);
	exit(master_main(c->in, c->start->boot, c->start->path));
}

static void
crew_fork_worker(struct crew *c, uint32_t w, uint64_t now_us)
{
	pid_t keeper = getpid(), pid = -1;

	if (crew_pair(&c->control[w], &c->in->control_fds[w]))
		pid = fork();
	if (pid == 0)
		crew_be_worker(c, w, keeper);
	if (pid < 0)
		log_err("cannot fork worker %u", w);
	spawn_forked(&c->workers[w], pid, now_us);
}

static void
crew_fork_master(struct crew *c, uint64_t now_us)
{
	pid_t keeper = getpid(), pid = -1;

	if (crew_pair(&c->note_fd, &c->in->master_fd) &&
	    crew_pair(&c->files_fd, &c->in->files_fd))
		pid = fork();
	if (pid == 0)
		crew_be_master(c, keeper);
	if (pid < 0)
		log_err("cannot fork the master");
	spawn_forked(&c->master, pid, now_us);
	/* The master serves the keeper as soon as it is there. */
	(void)spawn_event(&c->master, SPAWN_READY, now_us);
}

uint64_t
crew_await(
    const struct crew *c, struct spawn *s, uint32_t slot, uint64_t now_us)
{
	if (s->state == SPAWN_STARTING &&
	    slot_state(&c->in->region, slot) == SLOT_READY)
		(void)spawn_event(s, SPAWN_READY, now_us);
	if (s->state == SPAWN_STARTING)
		return now_us + CREW_POLL_US;
	return s->state == SPAWN_DOWN ? s->due_us : UINT64_MAX;
}

static uint64_t
crew_tend_worker(struct crew *c, uint32_t w, uint64_t now_us)
{
	struct spawn *s = &c->workers[w];

	if (spawn_event(s, SPAWN_DUE, now_us) == SPAWN_FORK)
		crew_fork_worker(c, w, now_us);
	return crew_await(c, s, w, now_us);
}

uint64_t
crew_tend(struct crew *c, uint64_t now_us, bool *master_new)
{
	uint64_t next_us = UINT64_MAX, child_us;

	*master_new = false;
	if (spawn_event(&c->master, SPAWN_DUE, now_us) == SPAWN_FORK) {
		crew_fork_master(c, now_us);
		*master_new = true;
	}
	if (c->master.state == SPAWN_DOWN)
		next_us = c->master.due_us;
	for (uint32_t w = 0; c->serve && w < c->in->workers; w++) {
		child_us = crew_tend_worker(c, w, now_us);
		if (child_us < next_us)
			next_us = child_us;
	}
	for (uint32_t h = 0; c->serve && h < c->in->helpers; h++) {
		child_us = crew_tend_helper(c, h, now_us);
		if (child_us < next_us)
			next_us = child_us;
	}
	child_us = crew_tend_log(c, now_us);
	return child_us < next_us ? child_us : next_us;
}

static void
crew_log_end(const struct crew *c, uint32_t slot, const char *name,
    const struct spawn *s, int status)
{
	struct slot_info info;
	pid_t pid = s->pid;

	if (s->state == SPAWN_STOPPING && WIFSIGNALED(status) &&
	    WTERMSIG(status) == SIGKILL) {
		log_info("%s (pid %d) was stopped%s", name, (int)pid,
		    slot < SLOT_HELPER ? " at once" : "");
		return;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		log_info("%s (pid %d) has ended", name, (int)pid);
		return;
	}
	if (WIFEXITED(status))
		log_errx("%s (pid %d) ended with exit code %d", name, (int)pid,
		    WEXITSTATUS(status));
	else
		log_errx("%s (pid %d) was killed by signal %d (%s)", name,
		    (int)pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
	slot_info(&c->in->region, slot, &info);
	if (info.last_words[0] != '\0')
		log_errx("last words of %s: %s", name, info.last_words);
}

void
crew_ended(
    struct crew *c, struct spawn *s, uint32_t slot, int status, uint64_t now_us)
{
	char name[SLOT_NAME_BYTES];

	slot_name(slot, name);
	slot_settle(&c->in->region, slot, status);
	/* What it held may be what others wait for (waiters.h). */
	if (slot < WORKERS_MAX)
		for (uint32_t w = 0; w < c->in->workers; w++)
			control_wake(c->in->wake_fds[w]);
	crew_log_end(c, slot, name, s, status);
	crew_tell_master(c, &(const struct note){ .kind = NOTE_DIED }, -1);
	(void)spawn_event(s, SPAWN_EXIT, now_us);
	if (s->state == SPAWN_DOWN && s->early > 1)
		log_warnx("%s died %u times in its first second; the next "
			  "start is in %u ms",
		    name, s->early, (unsigned)(s->pause_us / 1000));
}

void
crew_reap(struct crew *c, uint64_t now_us)
{
	int status;
	pid_t pid;

	/* Other pids are orphans that came here, such as a master's loader. */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == c->master.pid)
			crew_ended(c, &c->master, SLOT_MASTER, status, now_us);
		for (uint32_t w = 0; w < c->in->workers; w++)
			if (pid == c->workers[w].pid)
				crew_ended(
				    c, &c->workers[w], w, status, now_us);
		crew_reap_helper(c, pid, status, now_us);
		crew_reap_log(c, pid, status, now_us);
	}
}

/*
 * A beat is stale by the time that the keeper itself has watched it for, so
 * that nobody is blamed after the whole machine stood still.
 */
uint64_t
crew_look(struct crew *c, uint32_t slot, uint64_t step_us)
{
	struct crew_beat *b = &c->beats[slot];
	struct slot_info info;

	slot_info(&c->in->region, slot, &info);
	if (info.beat_us != b->beat_us)
		b->stale_us = 0;
	else
		b->stale_us += step_us;
	b->beat_us = info.beat_us;
	return b->stale_us;
}

static void
crew_check_beat(struct crew *c, uint32_t w, uint64_t step_us)
{
	struct spawn *s = &c->workers[w];
	uint64_t stale_us = crew_look(c, w, step_us);

	if (!spawn_alive(s))
		return;
	if (stale_us >= CREW_STALE_KILL_US) {
		(void)kill(s->pid, SIGKILL);
	} else if (stale_us >= CREW_STALE_ABORT_US) {
		if (stale_us - step_us < CREW_STALE_ABORT_US)
			log_errx(
			    "worker %u has not moved for %u s: aborting it", w,
			    (unsigned)(stale_us / 1000000));
		(void)kill(s->pid, SIGABRT);
	} else if (stale_us >= CREW_STALE_WAKE_US) {
		/* It may just have nothing to do. */
		control_wake(c->in->wake_fds[w]);
	}
}

void
crew_check_beats(struct crew *c, uint64_t now_us)
{
	uint64_t step_us = now_us - c->beats_checked_us;

	if (step_us < CREW_BEATS_US)
		return;
	c->beats_checked_us = now_us;
	/* One look alone makes nobody stale. */
	if (step_us > CREW_BEATS_US)
		step_us = CREW_BEATS_US;
	for (uint32_t w = 0; w < c->in->workers; w++)
		crew_check_beat(c, w, step_us);
	crew_check_helpers(c, step_us);
	crew_check_log(c, step_us);
}

uint64_t
crew_stale_us(const struct crew *c, uint32_t w)
{
	return c->beats[w].stale_us;
}

bool
crew_well(const struct crew *c)
{
	for (uint32_t w = 0; w < c->in->workers; w++)
		if (spawn_alive(&c->workers[w]) &&
		    c->beats[w].stale_us >= CREW_STALE_ABORT_US)
			return false;
	return true;
}

void
crew_tell_worker(
    struct crew *c, uint32_t w, const struct worker_message *m, int fd)
{
	if (!spawn_alive(&c->workers[w]) ||
	    sock_send_fd(c->control[w], m, sizeof(*m), fd))
		return;
	/* It has stopped reading: its successor inherits the truth. */
	log_err("worker %u takes no orders: killing it", w);
	(void)kill(c->workers[w].pid, SIGKILL);
}

void
crew_tell_workers(
    struct crew *c, const struct worker_message *m, const int *fds)
{
	for (uint32_t w = 0; w < c->in->workers; w++)
		crew_tell_worker(c, w, m, fds != NULL ? fds[w] : -1);
}

void
crew_tell_master(struct crew *c, const struct note *n, int fd)
{
	if (!spawn_alive(&c->master))
		return;
	if (sock_send_fd(c->note_fd, n, sizeof(*n), fd))
		return;
	log_err("the master takes no notes: killing it");
	(void)kill(c->master.pid, SIGKILL);
}

void
crew_stop_workers(struct crew *c, uint64_t now_us)
{
	for (uint32_t w = 0; w < c->in->workers; w++)
		if (spawn_event(&c->workers[w], SPAWN_STOP, now_us) ==
		    SPAWN_ASK)
			control_wake(c->in->wake_fds[w]);
}

void
crew_stop_master(struct crew *c, uint64_t now_us)
{
	const struct note n = { .kind = NOTE_STOP };

	if (spawn_event(&c->master, SPAWN_STOP, now_us) == SPAWN_ASK)
		crew_tell_master(c, &n, -1);
}

void
crew_kill_workers(struct crew *c)
{
	for (uint32_t w = 0; w < c->in->workers; w++)
		if (spawn_alive(&c->workers[w]))
			(void)kill(c->workers[w].pid, SIGKILL);
}

void
crew_kill_all(struct crew *c, uint64_t now_us)
{
	crew_stop_workers(c, now_us);
	(void)spawn_event(&c->master, SPAWN_STOP, now_us);
	crew_stop_helpers(c, now_us);
	crew_stop_log(c, CREW_LOG_HURRY_US, now_us);
	crew_kill_workers(c);
	if (spawn_alive(&c->master))
		(void)kill(c->master.pid, SIGKILL);
}

uint32_t
crew_workers_up(const struct crew *c)
{
	uint32_t up = 0;

	for (uint32_t w = 0; w < c->in->workers; w++)
		up += c->workers[w].state == SPAWN_UP;
	return up;
}

bool
crew_workers_gone(const struct crew *c)
{
	for (uint32_t w = 0; w < c->in->workers; w++)
		if (c->workers[w].state != SPAWN_GONE)
			return false;
	return true;
}

bool
crew_hopeless(const struct crew *c)
{
	if (c->master.early >= CREW_EARLY_MAX)
		return true;
	for (uint32_t w = 0; w < c->in->workers; w++)
		if (c->workers[w].early >= CREW_EARLY_MAX)
			return true;
	return crew_helpers_hopeless(c);
}
