/*
 * spawn.h - when a child is to be forked, stopped, replaced or given up: the
 * keeper's judgement, without its hands.
 *
 * A table of state x event decides; the caller does what the action says. It
 * makes no system call and reads no clock, so it can be tested dry.
 *
 *	           due      ready     exit      stop
 *	DOWN       fork     -         -         gone
 *	STARTING   -        UP        retry     stop
 *	UP         -        -         retry     stop
 *	STOPPING   -        -         gone      -
 *	GONE       -        -         -         -
 */
#ifndef MASTER_SPAWN_H
#define MASTER_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SPAWN_EARLY_US 1000000 /* dying younger than this is a bad sign */
#define SPAWN_PAUSE_MIN_US 10000
#define SPAWN_PAUSE_MAX_US 5000000

enum spawn_state {
	SPAWN_DOWN,     /* to be forked when due */
	SPAWN_STARTING, /* forked, not serving yet */
	SPAWN_UP,
	SPAWN_STOPPING, /* asked to end */
	SPAWN_GONE,     /* ended, not wanted any more */
	SPAWN_STATES
};

enum spawn_event {
	SPAWN_DUE,
	SPAWN_READY,
	SPAWN_EXIT,
	SPAWN_STOP,
	SPAWN_EVENTS
};

enum spawn_action {
	SPAWN_NOTHING,
	SPAWN_FORK, /* fork it now, then spawn_forked */
	SPAWN_ASK,  /* ask it to end */
};

struct spawn {
	enum spawn_state state;
	pid_t pid; /* 0: none */
	uint64_t forked_us, due_us;
	uint64_t pause_us; /* before the next fork; 0: it lived well */
	uint32_t early;    /* deaths in a row within SPAWN_EARLY_US */
};

/* DOWN, due at once. */
void spawn_init(struct spawn *s);

/* The one place where a state changes. */
enum spawn_action
spawn_event(struct spawn *s, enum spawn_event e, uint64_t now_us);

/* fork() gave a pid. After a failure of it (pid -1) the child stays DOWN. */
void spawn_forked(struct spawn *s, pid_t pid, uint64_t now_us);

/* A process is there. */
static inline bool
spawn_alive(const struct spawn *s)
{
	return s->pid > 0;
}

const char *spawn_state_name(enum spawn_state s);

#endif
