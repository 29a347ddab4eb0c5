/*
 * storm.h - processes at full speed under random kills: from outside at any
 * instruction, and by themselves before a random store. Each death is settled,
 * and a successor goes on.
 */
#ifndef TESTS_UNIT_SHM_STORM_H
#define TESTS_UNIT_SHM_STORM_H

#include <sys/prctl.h>
#include <time.h>

#include "tests/unit/shm/stepping.h"

#define STORM_PROCESSES_MAX 8

struct storm {
	struct region *region;
	uint32_t workers;   /* the first so many processes live in slots */
	uint32_t processes; /* which go on until they are told to stop */
	void (*live)(struct region *r, uint32_t who);
	void (*settle)(struct region *r, uint32_t who, int status);
	pid_t pids[STORM_PROCESSES_MAX];
	uint32_t ended; /* by themselves */
};

static uint64_t random_state;

static inline uint32_t
random_below(uint32_t n)
{
	random_state += 0x9e3779b97f4a7c15u;
	return (uint32_t)(hash_u64(random_state) % n);
}

/*
 * About one store in 3,000 is the last. Some come late, so that others do much
 * in between, which is what the order of the steps is about.
 */
static inline void
step_random(const char *name)
{
	(void)name;
	uint32_t dice = random_below(3000);

	if (dice == 0)
		stepping_die();
	if (dice < 60) {
		struct timespec late = { 0, (long)random_below(200000) };
		nanosleep(&late, NULL);
	}
}

_Noreturn static inline void
wrong(const char *what)
{
	fprintf(stderr, "storm: %s\n", what);
	_exit(1);
}

/* How many kills: STORM_KILLS, if that is set. */
static inline uint32_t
storm_kills(uint32_t kills)
{
	const char *env = getenv("STORM_KILLS");
	return env != NULL ? (uint32_t)atoi(env) : kills;
}

static inline void
storm_start(struct storm *s, uint32_t who)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid != 0) {
		s->pids[who] = pid;
		if (who < s->workers)
			slot_occupy(s->region, who, pid);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nobody */
	random_state = (uint64_t)getpid() << 32 ^ clock_raw_us();
	shm_step_hook = step_random;
	s->live(s->region, who);
	_exit(0);
}

static inline uint32_t
storm_find(const struct storm *s, pid_t pid)
{
	for (uint32_t i = 0; i < s->processes; i++)
		if (s->pids[i] == pid)
			return i;
	ck_abort_msg("an unknown child");
}

/*
 * Settles one death and starts a successor, or counts who ended by himself;
 * false: nobody is dead.
 */
static inline bool
storm_reap(struct storm *s, int flags)
{
	int status;
	pid_t pid = waitpid(-1, &status, flags);

	if (pid <= 0)
		return false;
	uint32_t who = storm_find(s, pid);
	s->settle(s->region, who, status);
	if (WIFEXITED(status)) {
		ck_assert_int_eq(WEXITSTATUS(status), 0);
		s->ended++;
	} else {
		ck_assert_int_eq(WTERMSIG(status), SIGKILL);
		storm_start(s, who);
	}
	return true;
}

/* Until there were so many deaths; `stop` tells the processes to end. */
static inline void
storm_run(struct storm *s, uint32_t kills, _Atomic uint32_t *stop)
{
	random_state = clock_raw_us();
	for (uint32_t i = 0; i < s->processes; i++)
		storm_start(s, i);
	for (uint32_t n = 0; n < kills;) {
		struct timespec pause = { 0,
			(long)(1 + random_below(15000)) * 1000 };

		nanosleep(&pause, NULL);
		kill(s->pids[random_below(s->processes)], SIGKILL);
		for (int flags = 0; storm_reap(s, flags); flags = WNOHANG)
			n++;
		ck_assert_uint_eq(s->ended, 0);
	}
	atomic_store(stop, 1);
	while (s->ended < s->processes)
		storm_reap(s, 0);
}

#endif
