/*
 * region.h - the memory that all processes share: made by the keeper before
 * its first fork, sealed against growing and shrinking, mode 0600, left out of
 * core dumps. layout.h draws what is inside.
 */
#ifndef SHM_REGION_H
#define SHM_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/diag.h"
#include "shm/layout.h"

/* What needs a restart to change. */
struct geometry {
	uint32_t workers;      /* 1..WORKERS_MAX */
	uint64_t images_bytes; /* reserve of the images memfd; lazily used */
	uint32_t ring_bytes;   /* of each worker's in the vault: a power of 2 */
	/* Of each ring of records, and of audit: powers of 2; 0: none. */
	uint32_t record_bytes, audit_bytes;
};

struct extent_map;
struct registry_map;
struct shm_readers; /* readers.h */
struct shm_records; /* recorder_layout.h */
struct shm_vault;   /* vault_layout.h */

struct region {
	struct shm_state *state; /* read-write in master and workers */
	char *images; /* read-write in master, read-only in workers */
	/* Likewise; NULL in tools: keys of TLS. Begins with shm_secrets. */
	char *secrets;
	/* Read-write in master, workers and helpers; NULL in tools. */
	struct shm_vault *vault;
	/* Read-write in master and workers; NULL in helpers. */
	struct shm_records *records;
	/* penstocklog alone writes it; NULL in helpers. */
	struct shm_readers *readers;
	size_t state_bytes, images_bytes; /* secrets: as images */
	size_t vault_bytes, ring_bytes;
	size_t records_bytes, record_bytes, audit_bytes;
	uint32_t workers; /* what is in the header, others may overwrite */
	/* -1 after region_fini; those of the second line are the keeper's
	 * alone. */
	int state_fd, images_fd, secrets_fd, readers_fd;
	int vault_fd, records_fd;
	/* This process's own: what it writes down, and into which audit ring
	 * (audit.h). */
	uint32_t audit_events, audit_ring;
	bool audit_refuse;
	/* The master's own indexes, made when first used; else NULL. */
	struct extent_map *extent_map;
	struct registry_map *registry_map;
};

void geometry_defaults(struct geometry *g, uint32_t workers);

/* What a region of this geometry takes at most. */
uint64_t geometry_bytes(const struct geometry *g);

/*
 * Makes, sizes, seals and maps the memfds, writes the header and the section
 * table, and populates what must not fail later. The birth of the clock is
 * now. False with a complaint.
 */
bool region_create(struct region *r, const struct geometry *g, struct diag *d);

/* Of the memfds; -1: not given. */
struct region_fds {
	int state, images, secrets, records, readers;
};
#define REGION_FDS_NONE ((struct region_fds){ -1, -1, -1, -1, -1 })

/*
 * Maps a region that another process made, from its descriptors (a tool, a
 * successor binary): read-only, but for `readers` where its descriptor may
 * write. State and images are needed; what is not given is NULL in r. Never
 * with the vault. Checks headers, sections and bounds. The descriptors are r's
 * from then on; the caller's still when it fails.
 */
bool
region_attach(struct region *r, const struct region_fds *fds, struct diag *d);

/*
 * Descriptors of a region for others, who can read and never write: opened
 * anew, through /proc. Before privileges are dropped. Those that cannot be
 * opened are -1.
 */
void region_fds_read_only(const struct region *r, struct region_fds *fds);
void region_fds_close(struct region_fds *fds);

/* Their first page. */
static inline struct shm_secrets *
region_secrets(const struct region *r)
{
	return (struct shm_secrets *)(void *)r->secrets;
}

/*
 * In a worker after the fork: images and secrets, and what readers say, become
 * read-only for good (mapped anew through read-only descriptors; images_fd and
 * secrets_fd are closed). Needs /proc for that, and takes the right to write
 * away by mprotect(2) without it. False, with errno, if neither works.
 */
bool region_protect_images(struct region *r);

/* In the master after the fork: what readers say alone. */
bool region_protect_readers(struct region *r);

/*
 * In a helper after the fork: nothing stays mapped but the slots and the jobs,
 * and no descriptor open. r is good for these alone.
 */
void region_keep_jobs(struct region *r);

/* Unmaps and closes; the shared memory lives on in the other processes. */
void region_fini(struct region *r);

#endif
