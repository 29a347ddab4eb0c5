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
};

struct extent_map;
struct registry_map;
struct shm_vault; /* vault_layout.h */

struct region {
	struct shm_state *state; /* read-write in master and workers */
	char *images; /* read-write in master, read-only in workers */
	/* Likewise; NULL in tools: keys of TLS. Begins with shm_secrets. */
	char *secrets;
	/* Read-write in master, workers and helpers; NULL in tools. */
	struct shm_vault *vault;
	size_t state_bytes, images_bytes; /* secrets: as images */
	size_t vault_bytes, ring_bytes;
	/* -1 after region_fini; vault_fd is the keeper's alone. */
	int state_fd, images_fd, secrets_fd, vault_fd;
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

/*
 * Maps a region that another process made, from its descriptors (a tool, a
 * successor binary): read-only, without its secrets and its vault. Checks
 * header, sections and bounds.
 */
bool
region_attach(struct region *r, int state_fd, int images_fd, struct diag *d);

/* Their first page. */
static inline struct shm_secrets *
region_secrets(const struct region *r)
{
	return (struct shm_secrets *)(void *)r->secrets;
}

/*
 * In a worker after the fork: images and secrets become read-only for good
 * (mapped anew through read-only descriptors; images_fd and secrets_fd are
 * closed). Needs /proc for that, and takes the right to write away by
 * mprotect(2) without it. False, with errno, if neither works.
 */
bool region_protect_images(struct region *r);

/*
 * In a helper after the fork: nothing stays mapped but the slots and the jobs,
 * and no descriptor open. r is good for these alone.
 */
void region_keep_jobs(struct region *r);

/* Unmaps and closes; the shared memory lives on in the other processes. */
void region_fini(struct region *r);

#endif
