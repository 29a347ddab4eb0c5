/*
 * crew.h - the keeper's children, master, workers and helpers: forked when
 * spawn says so, reaped, settled, replaced; and the sockets by which they are
 * told things. Helpers are in crew_helpers.h, penstocklog in crew_log.h.
 */
#ifndef MASTER_CREW_H
#define MASTER_CREW_H

#include <stdbool.h>
#include <stdint.h>

#include "master/keeper.h"
#include "master/note.h"
#include "master/spawn.h"

/* Deaths in a row, before all serve, that make the start fail. */
#define CREW_EARLY_MAX 5

#define CREW_POLL_US 2000    /* while somebody is starting */
#define CREW_BEATS_US 250000 /* between two looks at the heartbeats */
/* A worker beats every 250 ms, whatever it does: it hangs, or was stopped. */
#define CREW_STALE_US 500000

struct crew_beat {
	uint64_t beat_us;  /* at the last look */
	uint64_t stale_us; /* for how long it has been that */
};

struct crew {
	struct inherit *in;
	const struct keeper_start *start;
	struct spawn master;
	struct spawn workers[WORKERS_MAX], helpers[HELPERS_MAX];
	struct spawn log;
	bool log_wanted;
	int log_control;      /* the keeper's end towards penstocklog */
	uint64_t log_kill_us; /* it is stopping: killed if it is left then */
	int control[WORKERS_MAX]; /* the keeper's ends */
	int note_fd;              /* the keeper's end towards the master */
	int files_fd;             /* and towards its loaders */
	bool serve;               /* workers, helpers are wanted */
	struct crew_beat beats[SLOTS_MAX];
	uint64_t beats_checked_us;
};

void
crew_init(struct crew *c, struct inherit *in, const struct keeper_start *start);
void crew_fini(struct crew *c);

/*
 * Forks who is due and sees who has become ready. Returns when to be called
 * again. *master_new: a master was forked.
 */
uint64_t crew_tend(struct crew *c, uint64_t now_us, bool *master_new);

/* Reaps every child that has ended. */
void crew_reap(struct crew *c, uint64_t now_us);

/* For crew_helpers and crew_log: of any child. */
bool crew_pair(int *mine, int *theirs);
uint64_t crew_await(
    const struct crew *c, struct spawn *s, uint32_t slot, uint64_t now_us);
void crew_ended(struct crew *c, struct spawn *s, uint32_t slot, int status,
    uint64_t now_us);
uint64_t crew_look(struct crew *c, uint32_t slot, uint64_t step_us);

/*
 * Workers whose heartbeat is stale are woken, then aborted (SIGABRT), then
 * killed. Does something at most every CREW_BEATS_US.
 */
void crew_check_beats(struct crew *c, uint64_t now_us);

/* For how long worker w's heartbeat has not been seen to move. */
uint64_t crew_stale_us(const struct crew *c, uint32_t w);

/* Every worker's heartbeat moves: none is about to be aborted. */
bool crew_well(const struct crew *c);

/* Tells worker w, if it is there; fd rides along (-1: none). */
void crew_tell_worker(
    struct crew *c, uint32_t w, const struct worker_message *m, int fd);

/* Tells every worker that is there; fd rides along (-1: none). */
void crew_tell_workers(
    struct crew *c, const struct worker_message *m, const int *fds);
void crew_tell_master(struct crew *c, const struct note *n, int fd);

/* Asks the workers, or the master, to end; nobody is replaced any more. */
void crew_stop_workers(struct crew *c, uint64_t now_us);
void crew_stop_master(struct crew *c, uint64_t now_us);

/* SIGKILL to whoever is left. */
void crew_kill_workers(struct crew *c);
void crew_kill_all(struct crew *c, uint64_t now_us);

uint32_t crew_workers_up(const struct crew *c);
bool crew_workers_gone(const struct crew *c);

/* Somebody died early so often that the start has no hope. */
bool crew_hopeless(const struct crew *c);

#endif
