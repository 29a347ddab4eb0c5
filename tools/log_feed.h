/*
 * log_feed.h - the records of all workers, each once, in the order of their
 * ring.
 *
 * Records of a newer generation than the one that is asked for are held back,
 * so that what was written under one configuration is logged by it. What the
 * rings had lost before it was read is counted.
 */
#ifndef TOOLS_LOG_FEED_H
#define TOOLS_LOG_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/readers.h"
#include "shm/recorder.h"

#define LOG_FEED_TURN_BYTES (128u << 10) /* of one ring, in one turn */
#define LOG_FEED_PAUSE_MIN_US 10000
#define LOG_FEED_PAUSE_MAX_US 200000

typedef void log_feed_fn(void *ctx, const struct record_view *v);

struct log_feed_ring {
	struct recorder_cursor cursor, done; /* done: before what is held */
	uint32_t held;                       /* bytes of `record`; 0: none */
	char *record;                        /* RECORD_MAX, aligned to 8 */
};

struct log_feed {
	const struct region *region;
	uint64_t generation; /* newer records are held back */
	uint64_t first;      /* those of older ones are passed over */
	uint64_t records;    /* that were given */
	uint64_t pause_us;   /* until the next turn is worth while */
	uint32_t workers;
	struct log_feed_ring rings[WORKERS_MAX];
};

/* At the oldest records, or (`end`) behind the youngest. */
void log_feed_init(struct log_feed *f, const struct region *r, bool end);
void log_feed_fini(struct log_feed *f);

/* Where a predecessor has left a mark: on from there. False: it has not. */
bool log_feed_resume(struct log_feed *f, const struct shm_readers *readers);

/* Into the mark that is to hold next. */
void log_feed_mark(const struct log_feed *f, struct shm_reader_mark *m);

/* Gives some records; how many bytes they had, those of all kinds. */
uint64_t log_feed_turn(struct log_feed *f, log_feed_fn *fn, void *ctx);

/* Records that were lost since the start. */
uint64_t log_feed_lost(const struct log_feed *f);

#endif
