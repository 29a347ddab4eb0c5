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
};

struct extent_map;
struct registry_map;

struct region {
	struct shm_state *state; /* read-write in master and workers */
	char *images; /* read-write in master, read-only in workers */
	/* Likewise; NULL in tools: keys of TLS. Begins with shm_secrets. */
	char *secrets;
	size_t state_bytes, images_bytes;    /* secrets: as images */
	int state_fd, images_fd, secrets_fd; /* -1 after region_fini */
	/* The master's own indexes, made when first used; else NULL. */
	struct extent_map *extent_map;
	struct registry_map *registry_map;
};

void geometry_defaults(struct geometry *g, uint32_t workers);

/*
 * Makes, sizes, seals and maps the memfds, writes the header and the section
 * table, and populates what must not fail later. The birth of the clock is
 * now. False with a complaint.
 */
bool region_create(struct region *r, const struct geometry *g, struct diag *d);

/*
 * Maps a region that another process made, from its descriptors (a tool, a
 * successor binary): read-only, without its secrets. Checks header, sections
 * and bounds.
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

/* Unmaps and closes; the shared memory lives on in the other processes. */
void region_fini(struct region *r);

#endif
