/*
 * readers.h - what the one penstocklog that the keeper starts tells the
 * others: how far it has read, what it wrote and lost. A small memfd of its
 * own, which it alone writes; workers look at the cursors of audit rings, the
 * master makes metrics of the rest.
 */
#ifndef SHM_READERS_H
#define SHM_READERS_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "shm/layout_sizes.h"

#define READERS_MAGIC 0x73726561646572u
#define READERS_LOGS_MAX 64

/* One log; `id` as in img_log, 0: unused, stored last. */
struct shm_reader_log {
	_Atomic uint64_t id;
	_Atomic uint64_t lines, bytes;
	_Atomic uint64_t lost;          /* lines that could not be written */
	_Atomic uint64_t left_out;      /* by sampling */
	_Atomic int64_t failed_wall_us; /* last time; 0: never */
	_Atomic int32_t error;          /* errno now; 0: all is well */
	uint32_t spare;
	/* For a successor: lines that are read and only in memory; the file,
	 * dev 0: none that is its own; bytes that it is about to write. */
	_Atomic uint64_t waiting;
	_Atomic uint64_t dev, ino, pending;
};

/*
 * How far penstocklog has come, as a whole: who was killed behind one mark and
 * before the next has done nothing, once files are cut back to their sizes.
 */
struct shm_reader_mark {
	/* Of each ring of requests, as in struct recorder_cursor. */
	_Atomic uint64_t at[WORKERS_MAX], next[WORKERS_MAX];
	_Atomic uint64_t size[READERS_LOGS_MAX]; /* of each log's file */
};

struct shm_readers {
	alignas(128) uint64_t magic;
	_Atomic int32_t pid; /* 0: nobody reads */
	_Atomic uint64_t beat_us, started;
	/* What is written for good of each audit ring, in bytes since its
	 * birth: the writer may overwrite what is below. */
	alignas(128) _Atomic uint64_t audit[WORKERS_MAX + 1];
	alignas(128) _Atomic uint64_t records, records_lost;
	_Atomic uint64_t spans, spans_lost, exports, exports_failed;
	alignas(128) struct shm_reader_log log[READERS_LOGS_MAX];
	_Atomic uint32_t marks; /* mark[marks % 2] holds; 0: none does */
	struct shm_reader_mark mark[2];
};

#endif
