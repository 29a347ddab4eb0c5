/*
 * spawn.c - see spawn.h.
 */
#include "master/spawn.h"

enum spawn_step {
	STEP_NONE,
	STEP_FORK,
	STEP_UP,
	STEP_RETRY,
	STEP_STOP,
	STEP_GONE
};

static const uint8_t spawn_table[SPAWN_STATES][SPAWN_EVENTS] = {
	[SPAWN_DOWN] = { [SPAWN_DUE] = STEP_FORK, [SPAWN_STOP] = STEP_GONE },
	[SPAWN_STARTING] = { [SPAWN_READY] = STEP_UP,
	    [SPAWN_EXIT] = STEP_RETRY,
	    [SPAWN_STOP] = STEP_STOP },
	[SPAWN_UP] = { [SPAWN_EXIT] = STEP_RETRY, [SPAWN_STOP] = STEP_STOP },
	[SPAWN_STOPPING] = { [SPAWN_EXIT] = STEP_GONE },
};

void
spawn_init(struct spawn *s)
{
	*s = (struct spawn){ .state = SPAWN_DOWN };
}

static void
spawn_set_state(struct spawn *s, enum spawn_state state)
{
	s->state = state;
}

static void
spawn_retry(struct spawn *s, uint64_t now_us)
{
	spawn_set_state(s, SPAWN_DOWN);
	if (now_us - s->forked_us >= SPAWN_EARLY_US) {
		s->pause_us = 0;
		s->early = 0;
	} else {
		s->pause_us =
		    s->pause_us != 0 ? 2 * s->pause_us : SPAWN_PAUSE_MIN_US;
		s->early++;
	}
	if (s->pause_us > SPAWN_PAUSE_MAX_US)
		s->pause_us = SPAWN_PAUSE_MAX_US;
	s->due_us = now_us + s->pause_us;
}

static enum spawn_action
spawn_step(struct spawn *s, enum spawn_step step, uint64_t now_us)
{
	switch (step) {
	case STEP_NONE:
		break;
	case STEP_FORK:
		return now_us >= s->due_us ? SPAWN_FORK : SPAWN_NOTHING;
	case STEP_UP:
		spawn_set_state(s, SPAWN_UP);
		break;
	case STEP_RETRY:
		spawn_retry(s, now_us);
		break;
	case STEP_STOP:
		spawn_set_state(s, SPAWN_STOPPING);
		return SPAWN_ASK;
	case STEP_GONE:
		spawn_set_state(s, SPAWN_GONE);
		break;
	}
	return SPAWN_NOTHING;
}

enum spawn_action
spawn_event(struct spawn *s, enum spawn_event e, uint64_t now_us)
{
	if (e == SPAWN_EXIT)
		s->pid = 0;
	return spawn_step(s, (enum spawn_step)spawn_table[s->state][e], now_us);
}

void
spawn_forked(struct spawn *s, pid_t pid, uint64_t now_us)
{
	s->forked_us = now_us;
	if (pid < 0) {
		spawn_retry(s, now_us);
		return;
	}
	s->pid = pid;
	spawn_set_state(s, SPAWN_STARTING);
}

const char *
spawn_state_name(enum spawn_state s)
{
	static const char *const names[SPAWN_STATES] = { "down", "starting",
		"up", "stopping", "gone" };

	return names[s];
}
