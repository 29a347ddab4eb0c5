/*
 * recorder_layout.h - draws the records memfd: what workers write down of
 * their requests, and workers and the master of what is to be audited.
 *
 *	 head       what this is                               written once
 *	 requests   [worker] the head of its ring of requests  the worker
 *	 audits     [worker], the master: of its ring of audit its writer
 *	 rings      [worker] the ring of requests, then        its writer
 *	            [worker], the master: the ring of audit
 *
 * A ring is made of blocks:
 *
 *	 |  block             |  block             |  block         ...
 *	 |rec|rec|rec|   rest |rec|rec    |rec|rest|rec|rec ...
 *
 * A record begins where the one before it ended, unless less than RECORD_MAX
 * bytes are left of the block: then at the next block. So a record is always in
 * one piece, and every block that was begun has one at its start.
 *
 * All of it is there from the start, for the workers that there are.
 */
#ifndef SHM_RECORDER_LAYOUT_H
#define SHM_RECORDER_LAYOUT_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "shm/layout_sizes.h"

/* Of the rings and of what is in them (record.h, audit.h), which programs of
 * another build read. */
#define RECORDS_VERSION 2
#define RECORDS_MAGIC (0x7364726f636500u + RECORDS_VERSION)
#define RECORDER_BLOCK 65536u
#define RECORDER_RING_MIN (4 * RECORDER_BLOCK)
#define RECORDER_RING_MAX (1u << 30)

/* The number of the record that ends at `at`. */
struct shm_recorder_mark {
	_Atomic uint64_t at, seq;
};

/*
 * Its writer, also of the next process in the same slot. Positions are bytes
 * since the ring's birth. What is below `commit` is whole, unless more than a
 * ring below `reserve`.
 */
struct shm_recorder {
	alignas(SHM_APART) _Atomic uint64_t reserve;
	_Atomic uint64_t commit;
	/* Of the last record and the one before it: the one that is not of
	 * `commit` may be half written. */
	struct shm_recorder_mark mark[2]; /* seq % 2 */
};

struct shm_records {
	alignas(SHM_PAGE) uint64_t magic;
	uint32_t workers;
	uint32_t ring_bytes, audit_bytes; /* powers of 2, or 0: none */
	struct shm_recorder requests[WORKERS_MAX];
	struct shm_recorder audits[WORKERS_MAX + 1];
	alignas(SHM_PAGE) char rings[];
};

_Static_assert(sizeof(struct shm_recorder) == SHM_APART, "recorder");
_Static_assert(sizeof(struct shm_records) % SHM_PAGE == 0, "rings of pages");

#endif
