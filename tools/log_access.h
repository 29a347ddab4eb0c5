/*
 * log_access.h - the access logs of one configuration: which records each of
 * them wants, how they look, where they go; and what is told of them in
 * readers.h.
 */
#ifndef TOOLS_LOG_ACCESS_H
#define TOOLS_LOG_ACCESS_H

#include <stdbool.h>

#include "tools/line.h"
#include "tools/log_out.h"

struct log_access_log {
	uint64_t id;
	struct line_format *format;
	struct log_out *out;
	struct shm_reader_log *tell;
	/* Of the row, when this process took it over. */
	uint64_t lines, bytes, lost, left_out;
};

struct log_access {
	struct loop *loop;
	struct shm_readers *readers;
	struct log_access_log logs[READERS_LOGS_MAX];
	uint32_t count;
};

/* No logs yet. The loop and readers are the caller's. */
void log_access_init(
    struct log_access *a, struct loop *loop, struct shm_readers *readers);
/* What still waits is lost, and counted. */
void log_access_fini(struct log_access *a);

/*
 * The logs of an image: those that go where one has gone before stay open. Of
 * the others, what waits is written as far as it goes.
 */
void log_access_follow(struct log_access *a, const struct img_head *img);

/* A line into each log that wants it. */
void log_access_take(struct log_access *a, const struct record_view *v);

/* Writes as far as it goes. */
void log_access_flush(struct log_access *a);

/*
 * Tells it, in readers.h; with what else is to be in the mark (log_feed_mark),
 * the mark is the next one that holds.
 */
void log_access_mark(struct log_access *a, struct shm_reader_mark *m);

void log_access_reopen(struct log_access *a);

/* Lines that wait to be written. */
uint64_t log_access_waiting(const struct log_access *a);

/* The row of a log, for who counts himself. */
struct shm_reader_log *
log_access_row(struct shm_readers *r, uint64_t id, const struct img_head *img);

#endif
