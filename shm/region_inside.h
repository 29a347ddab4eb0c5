/*
 * region_inside.h - what the files of the region share.
 */
#ifndef SHM_REGION_INSIDE_H
#define SHM_REGION_INSIDE_H

#include "shm/memory.h"
#include "shm/region.h"

#define REGION_NONE                       \
	((struct region){ .state_fd = -1, \
	    .images_fd = -1,              \
	    .secrets_fd = -1,             \
	    .readers_fd = -1,             \
	    .vault_fd = -1,               \
	    .records_fd = -1 })

enum region_memory {
	STATE_MEMORY,
	IMAGES_MEMORY,
	SECRETS_MEMORY,
	RECORDS_MEMORY,
	READERS_MEMORY,
	VAULT_MEMORY,
	MEMORIES
};

/* Fills the region's places from its memories; not mapped, without any. */
void region_set(struct region *r, const struct memory m[MEMORIES]);

/* The table of sections, region_sections.c. */
void region_sections_write(struct shm_header *h);
bool region_sections_match(const struct shm_header *h);

#endif
