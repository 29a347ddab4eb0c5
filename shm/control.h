/*
 * control.h - words by which keeper and master speak to all workers at once,
 * and an eventfd per slot that wakes one.
 */
#ifndef SHM_CONTROL_H
#define SHM_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/region.h"

/* Keeper: graceful stop; the deadline is mono us since the region's birth. */
void control_drain(const struct region *r, uint64_t deadline_us);
/* 0: not draining. */
uint64_t control_draining(const struct region *r);

/* ---- how reloads went: master writes, master and tools read ---- */
enum reload_outcome {
	RELOAD_NONE, /* not tried yet */
	RELOAD_OK,
	RELOAD_FAILED,
	RELOAD_UNCHANGED, /* nothing to do */
};

/* A reload ended; wall_us: now. Counts it. */
void
control_reload_done(struct region *r, enum reload_outcome how, int64_t wall_us);

struct reload_info {
	enum reload_outcome last;
	uint64_t ok, failed, unchanged; /* counts */
	int64_t wall_us;                /* of the last one, 0: never */
	int64_t ok_wall_us;  /* of the last that was OK or UNCHANGED */
	uint64_t generation; /* current; 0: none */
};
void control_reload_info(const struct region *r, struct reload_info *i);

/* Wakes worker w (eventfd; descriptors are in struct inherit). */
void control_wake(int event_fd);

#endif
