/*
 * slots.h - one slot per worker: who lives there, how it fares, what its
 * predecessor's last words were. Also the master's own (SLOT_MASTER), and those
 * of helpers (from SLOT_HELPER on), and penstocklog's (SLOT_LOG).
 */
#ifndef SHM_SLOTS_H
#define SHM_SLOTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shm/region.h"

enum slot_state {
	SLOT_DOWN,       /* nobody */
	SLOT_STARTING,   /* forked, not serving yet */
	SLOT_READY,      /* serving */
	SLOT_DRAINING,   /* stopping gracefully */
	SLOT_RECOVERING, /* dead, being settled by the keeper */
};

const char *slot_state_name(enum slot_state s);

/* Whose slot it is: "worker", "master", "helper", "penstocklog". */
const char *slot_role(uint32_t w);
/* The same, with its number where there are several: "worker 3". */
#define SLOT_NAME_BYTES 24
void slot_name(uint32_t w, char name[SLOT_NAME_BYTES]);

/* The one place where a state changes. */
void slot_set_state(const struct region *r, uint32_t w, enum slot_state s);
enum slot_state slot_state(const struct region *r, uint32_t w);

/* Ready, and its heartbeat is fresh: it serves, as far as anybody can see. */
bool slot_is_fit(const struct region *r, uint32_t w, uint64_t now_us);
/* The same, or it drains: it goes on with what it has. */
bool slot_is_awake(const struct region *r, uint32_t w, uint64_t now_us);

/* Keeper: a new process lives in the slot: pid, start time, incarnation + 1. */
void slot_occupy(const struct region *r, uint32_t w, pid_t pid);

/*
 * Keeper, after waitpid returned for the slot's process: settles everything
 * that it held (permits, rows, pins, epoch) and keeps how it ended. May be
 * killed in the middle and run again.
 */
void slot_settle(struct region *r, uint32_t w, int wait_status);

/* Its process: alive now (once per turn, at most every 100 ms a store). */
void slot_beat(const struct region *r, uint32_t w, uint64_t now_us);

/* Last words: kept in the slot until the next ones. Async-signal-safe. */
void slot_last_words(const struct region *r, uint32_t w, const char *text);

/* Its process: how it fares; the level of pressure.h, 0: it sheds nothing. */
void slot_set_load(
    const struct region *r, uint32_t w, uint64_t lag_us, uint32_t pressure);

/* Master: the memory that its process has for itself; 0: not known. */
void slot_set_memory(const struct region *r, uint32_t w, uint64_t bytes);
uint64_t slot_memory(const struct region *r, uint32_t w);

struct slot_info {
	pid_t pid;
	uint32_t state, incarnation, restarts;
	uint64_t started_us, beat_us;
	uint64_t lag_us, memory_bytes;
	uint32_t pressure;
	int last_status; /* wait status of the predecessor, or 0 */
	char last_words[SLOT_WORDS_MAX];
};
void slot_info(const struct region *r, uint32_t w, struct slot_info *i);

#endif
