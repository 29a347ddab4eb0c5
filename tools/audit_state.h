/*
 * audit_state.h - what penstocklog knows of an audit log beside the log, in a
 * file PATH.state: how far it is written for good, so that nothing comes twice
 * or is missed whenever it is killed, that the chain goes on in a new file, and
 * that a log that was cut at its end is seen.
 *
 * Two places that are written in turn, each with a sum: one is always whole.
 */
#ifndef TOOLS_AUDIT_STATE_H
#define TOOLS_AUDIT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/layout_sizes.h"
#include "tools/audit_line.h"

#define AUDIT_STATE_SUFFIX ".state"

struct audit_state {
	uint64_t turn;     /* of writing; 0: nothing is known */
	uint64_t dev, ino; /* of the log's file */
	uint64_t offset;   /* bytes of it that are lines of ours */
	struct audit_at at;
	uint64_t run; /* as in struct audit_id, of `number` */
	uint64_t number[WORKERS_MAX + 1]; /* the last of each ring */
};

/* The younger one that is whole; turn 0 if there is none. */
void audit_state_read(int fd, struct audit_state *s);

/* Raises s->turn. False with errno. */
bool audit_state_write(int fd, struct audit_state *s);

#endif
