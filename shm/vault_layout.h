/*
 * vault_layout.h - draws the vault memfd: what master, workers and helpers
 * change together and nobody else may see, for it holds claims and passwords.
 *
 *	 head       what this is                               written once
 *	 jobs       state words of slow work, their texts      workers, helpers
 *	 index      where verified tokens are, by hash         workers
 *	 marks      how far each ring was given out            its worker
 *	 rings      [worker] the tokens, as many bytes as      its worker
 *	            struct geometry says
 *
 * All of it is there from the start, for the workers that there are.
 */
#ifndef SHM_VAULT_LAYOUT_H
#define SHM_VAULT_LAYOUT_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "shm/layout.h"

#define JOBS_MAX 256
#define JOB_BYTES 1024 /* of what is asked, with a NUL behind each text */
#define TOKENS_WAYS 8  /* words of a set: a line */
#define TOKENS_SETS 8192
#define RING_BYTES_MIN 65536
#define RING_BYTES_MAX (64u << 20)

/* Whose it is says the word of the same number in shm_jobs. */
struct shm_job {
	alignas(SHM_APART) uint32_t kind; /* enum job_kind */
	uint32_t a_bytes, b_bytes;
	char texts[JOB_BYTES];
};

struct shm_jobs {
	alignas(SHM_APART) _Atomic uint64_t asked; /* jobs so far; workers */
	/* {number:40, worker:8, helper:8, deaths:2, result:2, forgotten:1,
	 * state:3}; workers, helpers and the keeper by compare-and-swap. */
	alignas(SHM_APART) _Atomic uint64_t word[JOBS_MAX];
	struct shm_job job[JOBS_MAX];
};

/* {tag:16, worker:8, position:40}; worker is slot + 1, 0: empty. The position
 * is in units of 64 bytes. */
struct shm_token_set {
	alignas(64) _Atomic uint64_t word[TOKENS_WAYS];
};

/* The worker. */
struct shm_ring_mark {
	/* Bytes given out since the beginning of time; a multiple of 64. */
	alignas(SHM_APART) _Atomic uint64_t reserve;
};

struct shm_vault {
	alignas(SHM_PAGE) uint64_t magic;
	uint32_t workers, ring_bytes;
	struct shm_jobs jobs;
	struct shm_token_set index[TOKENS_SETS];
	struct shm_ring_mark marks[WORKERS_MAX];
	alignas(SHM_PAGE) char rings[];
};

_Static_assert(sizeof(struct shm_job) == 1152, "job");
_Static_assert(sizeof(struct shm_token_set) == 64, "token set");
_Static_assert(sizeof(struct shm_vault) % SHM_PAGE == 0, "rings of pages");

#endif
