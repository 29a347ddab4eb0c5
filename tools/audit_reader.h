/*
 * audit_reader.h - from the audit rings into the audit logs: events in the
 * order of their time, as far as that is the order of their rings.
 *
 * A ring's writer may go on over what readers.h says is on the disk: that is
 * told once a batch is in all logs. While one log cannot be written nothing is
 * read, and the rings fill up.
 */
#ifndef TOOLS_AUDIT_READER_H
#define TOOLS_AUDIT_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/image.h"
#include "shm/recorder.h"
#include "tools/audit_file.h"

#define AUDIT_READER_RINGS (WORKERS_MAX + 1)

/* A ring, and its oldest event that is not in a batch. */
struct audit_ring {
	struct recorder_cursor cursor;
	uint64_t done; /* bytes: what is before is in a batch */
	uint32_t n;    /* of `record`; 0: none */
	char *record;  /* RECORD_MAX, aligned to 8 */
};

struct audit_reader {
	const struct region *region; /* with readers that may be written */
	struct audit_file *files;
	uint32_t count;
	struct audit_batch batch; /* to be written; empty: none */
	bool *written;            /* of each file: it has the batch */
	struct audit_ring rings[AUDIT_READER_RINGS];
};

/* At what readers.h says. False: no memory. */
bool audit_reader_init(struct audit_reader *a, const struct region *r);
void audit_reader_fini(struct audit_reader *a);

/*
 * The logs of an image. What goes on stays open; what goes has all events that
 * there were, if it can be written. False: no memory; nothing has changed.
 */
bool audit_reader_follow(struct audit_reader *a, const struct img_head *img);

enum audit_turn {
	AUDIT_TURN_IDLE, /* there was nothing, or there are no logs */
	AUDIT_TURN_MORE, /* a batch was written; there may be more */
	AUDIT_TURN_STUCK /* a log cannot be written (its `error`) */
};
/* One batch. */
enum audit_turn audit_reader_turn(struct audit_reader *a);

void audit_reader_reopen(struct audit_reader *a);

#endif
