/*
 * keeper.c - see keeper.h. What is made once is in setup.c, the children are in
 * crew.c, the listening sockets in listening.c; here are signals, the master's
 * notes, and the stop.
 */
#include "master/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/list.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "common/net/sock.h"
#include "master/activation.h"
#include "master/adopt.h"
#include "master/crew.h"
#include "master/crew_helpers.h"
#include "master/crew_log.h"
#include "master/files.h"
#include "master/listening.h"
#include "master/notify.h"
#include "master/setup.h"
#include "master/title.h"
#include "shm/control.h"

#define KEEPER_GRACE_US 1000000 /* for an ordered end, before SIGKILL */
#define KEEPER_LEAVE_US 1000000 /* more, for workers to end tunnels */

struct keeper {
	const struct keeper_start *start;
	struct inherit *in;
	struct crew crew;
	struct activation activation;
	struct listening listening;
	struct adopt adopt;
	struct files files;
	struct notify notify;
	struct setup setup;
	enum log_level log_level;
	uint64_t drain_us;
	uint64_t kill_us; /* workers that are left by then are killed */
	uint64_t master_kill_us;
	bool loading;  /* a reload was asked for and has not ended */
	bool started;  /* all workers were ready once */
	bool stopping; /* the first TERM, QUIT, INT came */
	int code;      /* to exit with */
};

static uint64_t
keeper_now(void)
{
	return clock_update().us;
}

/* ---- what others are told ---- */

static void
keeper_let_go_of(struct listening *l, uint32_t id)
{
	struct keeper *k = CONTAINER_OF(l, struct keeper, listening);
	const struct worker_message m = { .order = ORDER_LISTENER_REMOVE,
		.id = id };

	crew_tell_workers(&k->crew, &m, NULL);
}

static uint32_t
keeper_listeners(const struct keeper *k)
{
	uint32_t listeners = 0;

	for (size_t i = 0; i < LISTENERS_MAX; i++)
		listeners += k->in->listeners[i].id != 0;
	return listeners;
}

static void
keeper_tell_ready(struct keeper *k)
{
	struct reload_info reload;

	control_reload_info(&k->in->region, &reload);
	notify_ready(&k->notify, "Serving: %u workers, %u listeners%s",
	    k->in->workers, keeper_listeners(k),
	    reload.last == RELOAD_FAILED ? "; the last reload failed" : "");
}

/* A reload has begun, or the last of those that were asked for has ended. */
static void
keeper_set_loading(struct keeper *k, bool loading)
{
	if (k->loading == loading)
		return;
	k->loading = loading;
	if (!k->started || k->stopping)
		return;
	if (loading)
		notify_reloading(&k->notify);
	else
		keeper_tell_ready(k);
}

/* ---- stopping ---- */

static void
keeper_kill(struct keeper *k)
{
	if (!k->stopping)
		notify_stopping(&k->notify, "Stopping at once");
	k->stopping = true;
	crew_kill_all(&k->crew, keeper_now());
}

static void
keeper_fail(struct keeper *k)
{
	k->code = 1;
	keeper_kill(k);
}

static void
keeper_drain(struct keeper *k)
{
	uint64_t now_us = keeper_now();

	k->stopping = true;
	notify_stopping(&k->notify,
	    "Stopping: %u s at most for what is running",
	    (unsigned)(k->drain_us / 1000000));
	listening_close_all(&k->listening, now_us);
	k->kill_us = UINT64_MAX;
	if (k->drain_us != 0) /* else no limit */
		k->kill_us =
		    now_us + k->drain_us + KEEPER_LEAVE_US + KEEPER_GRACE_US;
	control_drain(&k->in->region,
	    k->drain_us != 0 ? now_us + k->drain_us : UINT64_MAX);
	crew_stop_workers(&k->crew, now_us);
}

static void
keeper_stop_signal(struct keeper *k, const struct signalfd_siginfo *s)
{
	/* `penstock -s stop` says in the value that it means at once. */
	bool at_once = s->ssi_code == SI_QUEUE && s->ssi_int == 1;

	if (at_once || k->stopping || !k->crew.serve) {
		log_info("stopping at once");
		keeper_kill(k);
		return;
	}
	log_info("stopping: %u s at most for what is running",
	    (unsigned)(k->drain_us / 1000000));
	keeper_drain(k);
}

/* The workers' end is the others', and the master's is the keeper's. */
static void
keeper_stop_tend(struct keeper *k, uint64_t now_us)
{
	if (!crew_workers_gone(&k->crew)) {
		if (now_us >= k->kill_us)
			crew_kill_workers(&k->crew);
		return;
	}
	/* Nobody is left that writes records. */
	if (k->crew.master.state == SPAWN_GONE && k->crew.log_wanted)
		crew_stop_log(&k->crew, CREW_LOG_DRAIN_US, now_us);
	if (k->master_kill_us == 0) {
		k->master_kill_us = now_us + KEEPER_GRACE_US;
		crew_stop_master(&k->crew, now_us);
		crew_stop_helpers(&k->crew, now_us);
	} else if (k->crew.master.state != SPAWN_GONE &&
	    now_us >= k->master_kill_us) {
		crew_kill_all(&k->crew, now_us);
	}
}

/* ---- signals ---- */

static void
keeper_reload(struct keeper *k)
{
	const struct note n = { .kind = NOTE_RELOAD };

	if (k->stopping) {
		log_info("SIGHUP is ignored: stopping");
		return;
	}
	keeper_set_loading(k, true);
	crew_tell_master(&k->crew, &n, -1);
}

static void
keeper_reopen(struct keeper *k)
{
	const struct note n = { .kind = NOTE_LOG_REOPEN };
	const struct worker_message m = { .order = ORDER_LOG_REOPEN };
	int fds[WORKERS_MAX];
	int fd = setup_log_fd(k->start->boot);

	if (fd < 0 && k->in->log_fd >= 0) {
		log_err("cannot reopen %s", k->start->boot->log_target);
		return;
	}
	if (fd >= 0) {
		log_open_fd(fd, k->log_level, "keeper");
		k->in->log_fd = fd;
	}
	for (uint32_t w = 0; w < k->in->workers; w++)
		fds[w] = fd;
	crew_tell_master(&k->crew, &n, fd);
	crew_tell_workers(&k->crew, &m, fds);
	crew_tell_log(&k->crew, true);
	log_info("log reopened");
}

static void
keeper_signal(struct keeper *k, const struct signalfd_siginfo *s)
{
	switch (s->ssi_signo) {
	case SIGCHLD:
		crew_reap(&k->crew, keeper_now());
		break;
	case SIGHUP:
		keeper_reload(k);
		break;
	case SIGTERM:
	case SIGQUIT:
	case SIGINT:
		keeper_stop_signal(k, s);
		break;
	case SIGUSR1:
		keeper_reopen(k);
		break;
	case SIGUSR2:
		log_warnx("SIGUSR2 is ignored: replacing the running binary "
			  "is not built yet");
		break;
	}
}

static void
keeper_read_signals(struct keeper *k)
{
	struct signalfd_siginfo s;

	while (read(k->setup.signal_fd, &s, sizeof(s)) == (ssize_t)sizeof(s))
		keeper_signal(k, &s);
}

/* ---- the master's notes ---- */

static void
keeper_open_listener(struct keeper *k, const struct note *ask)
{
	struct note answer = { .kind = NOTE_OPENED, .addr = ask->addr };
	struct worker_message m = { .order = ORDER_LISTENER_ADD,
		.addr = ask->addr };
	int place = listening_open(&k->listening, &ask->addr);
	struct inherit_listener *l;

	if (place < 0) {
		answer.error = errno;
	} else {
		l = &k->in->listeners[place];
		answer.id = m.id = l->id;
		for (m.slot = 0; m.slot < k->in->workers; m.slot++)
			crew_tell_worker(&k->crew, m.slot, &m, l->fds[m.slot]);
		adopt_listener(&k->adopt, l);
	}
	crew_tell_master(&k->crew, &answer, -1);
}

static void
keeper_settings(struct keeper *k, const struct note *n)
{
	const struct worker_message m = { .order = ORDER_LOG_LEVEL,
		.id = n->log_level };

	k->drain_us = n->drain_us;
	if (!k->stopping)
		crew_want_log(&k->crew, n->log_wanted != 0, keeper_now());
	if (n->log_level == k->log_level)
		return;
	k->log_level = (enum log_level)n->log_level;
	k->in->log_level = k->log_level;
	log_set_level(k->log_level);
	crew_tell_workers(&k->crew, &m, NULL);
	crew_tell_log(&k->crew, false);
}

static void
keeper_note(struct keeper *k, const struct note *n)
{
	switch ((enum note_kind)n->kind) {
	case NOTE_OPEN:
		keeper_open_listener(k, n);
		break;
	case NOTE_CLOSE:
		(void)listening_close(&k->listening, n->id, keeper_now());
		break;
	case NOTE_LOADING:
		keeper_set_loading(k, true);
		break;
	case NOTE_LOADED:
		keeper_set_loading(k, false);
		break;
	case NOTE_SETTINGS:
		keeper_settings(k, n);
		break;
	case NOTE_SERVE:
		k->crew.serve |= !k->stopping;
		break;
	case NOTE_GIVE_UP:
		keeper_fail(k);
		break;
	case NOTE_RELOAD:
	case NOTE_STOP:
	case NOTE_LOG_REOPEN:
	case NOTE_OPENED:
	case NOTE_DIED:
		log_errx("the master sent a note that is not its own");
		break;
	}
}

static void
keeper_read_notes(struct keeper *k)
{
	struct note n;
	int fd;

	while (k->crew.note_fd >= 0 &&
	    sock_recv_fd(k->crew.note_fd, &n, sizeof(n), &fd) ==
		(ssize_t)sizeof(n)) {
		if (fd >= 0)
			(void)close(fd);
		keeper_note(k, &n);
	}
}

/* ---- the loop ---- */

/* -d: the first process may end, and nobody reads stderr any more. */
static void
keeper_let_go(int ready_fd)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)!write(ready_fd, "", 1);
	(void)close(ready_fd);
	(void)dup2(null_fd, STDERR_FILENO);
	(void)close(null_fd);
}

static void
keeper_ready(struct keeper *k)
{
	k->started = true;
	log_info("penstock %s serves: %u workers, %u listeners",
	    PENSTOCK_VERSION, k->in->workers, keeper_listeners(k));
	activation_warn(&k->activation);
	/* Else the end of the first load tells it. */
	if (!k->loading)
		keeper_tell_ready(k);
	if (k->start->ready_fd >= 0)
		keeper_let_go(k->start->ready_fd);
}

static uint64_t
keeper_sooner(uint64_t a_us, uint64_t b_us)
{
	return a_us < b_us ? a_us : b_us;
}

/* Does what time brings; returns when it is to be called again. */
static uint64_t
keeper_tend(struct keeper *k, uint64_t now_us)
{
	uint64_t next_us;
	bool master_new;

	next_us = crew_tend(&k->crew, now_us, &master_new);
	if (master_new && k->loading)
		keeper_reload(k);
	if (!k->started && !k->stopping) {
		if (crew_workers_up(&k->crew) == k->in->workers &&
		    crew_helpers_up(&k->crew) == k->in->helpers)
			keeper_ready(k);
		else if (crew_hopeless(&k->crew))
			keeper_fail(k);
	}
	if (k->stopping)
		keeper_stop_tend(k, now_us);
	crew_check_beats(&k->crew, now_us);
	if (k->started && !k->stopping)
		next_us = keeper_sooner(next_us, adopt_tick(&k->adopt, now_us));
	next_us = keeper_sooner(next_us, listening_tick(&k->listening, now_us));
	next_us = keeper_sooner(
	    next_us, notify_watchdog(&k->notify, crew_well(&k->crew), now_us));
	if (k->stopping && k->kill_us > now_us)
		next_us = keeper_sooner(next_us, k->kill_us);
	return keeper_sooner(next_us, now_us + CREW_BEATS_US);
}

static void
keeper_loop(struct keeper *k)
{
	uint64_t now_us, next_us;

	while (k->crew.master.state != SPAWN_GONE ||
	    (k->crew.serve && !crew_workers_gone(&k->crew)) ||
	    !crew_helpers_gone(&k->crew) || !crew_log_gone(&k->crew)) {
		struct pollfd fds[3];
		int ready = 1;

		now_us = keeper_now();
		next_us = keeper_tend(k, now_us);
		fds[0] = (struct pollfd){ k->setup.signal_fd, POLLIN, 0 };
		fds[1] = (struct pollfd){ k->crew.note_fd, POLLIN, 0 };
		fds[2] = (struct pollfd){ k->crew.files_fd, POLLIN, 0 };
		if (!spawn_alive(&k->crew.master))
			fds[1].fd = fds[2].fd = -1;
		if (next_us > now_us)
			ready = poll(
			    fds, 3, (int)((next_us - now_us + 999) / 1000));
		if (ready == 0)
			continue;
		/* Notes first: a dead master's last ones count. */
		keeper_read_notes(k);
		if ((fds[2].revents & POLLIN) != 0)
			files_serve(&k->files, k->crew.files_fd);
		keeper_read_signals(k);
	}
}

int
keeper_main(const struct keeper_start *start)
{
	struct keeper k = { .start = start };
	struct diag d;

	title_set("keeper");
	diag_init(&d);
	k.in = calloc(1, sizeof(*k.in));
	MUST(k.in != NULL);
	k.drain_us = start->boot->drain_us;
	k.log_level = start->boot->log_level;
	if (setup_init(&k.setup, k.in, start->boot, &d)) {
		crew_init(&k.crew, k.in, start);
		activation_init(&k.activation);
		listening_init(
		    &k.listening, k.in, &k.activation, keeper_let_go_of);
		adopt_init(&k.adopt, &k.crew, &k.listening);
		notify_init(&k.notify);
		files_init(&k.files, start->path);
		keeper_loop(&k);
		listening_fini(&k.listening);
		activation_fini(&k.activation);
		notify_fini(&k.notify);
		crew_fini(&k.crew);
		log_info("penstock has stopped");
	} else {
		boot_complain(&d);
		k.code = 1;
	}
	setup_fini(&k.setup, k.in, start->boot);
	diag_fini(&d);
	free(k.in);
	return k.code;
}
