/*
 * registry_map.h - the master's private way into the registry: indexes by name
 * and address, free slots, and how much is retired. Nothing here is truth; all
 * of it is made anew from the region. For registry*.c only.
 */
#ifndef SHM_REGISTRY_MAP_H
#define SHM_REGISTRY_MAP_H

#include <stdint.h>

#include "common/base/map.h"
#include "shm/registry.h"

/* Rows that are never removed, by the hash of their names: open addressing. */
struct name_index {
	uint32_t *places; /* row + 1; 0: empty */
	uint32_t room;    /* a power of two, or 0 */
	uint32_t count;
};

struct registry_map {
	struct name_index services, routes;
	struct map endpoints; /* struct endpoint_key -> index */
	/* registry_free.c: free endpoints below the high-water mark. */
	uint32_t *free, free_count;
	uint32_t *free_at; /* where each of them is in `free` */
	struct map freed;  /* struct endpoint_key that it had -> index */
	uint32_t retired_endpoints, retired_sets;
	/* Members of the set at hand: seen[endpoint].round == round. */
	struct {
		uint32_t round, at;
	} * seen;
	uint32_t round;
};

/* What identifies an endpoint; without padding. */
struct endpoint_key {
	uint32_t service;
	struct addr addr;
};

/* Made from the region when first used; no memory is fatal in the master. */
struct registry_map *registry_map(struct region *r);

/* What `hash` leads to: the next row from *at on, REGISTRY_NONE at the end. */
uint32_t
name_index_next(const struct name_index *x, uint64_t hash, uint32_t *at);
void name_index_add(struct name_index *x, uint32_t row, uint64_t hash,
    uint64_t (*hash_of)(const struct region *r, uint32_t row),
    const struct region *r);

uint64_t registry_service_hash(const struct region *r, uint32_t service);
uint64_t registry_route_hash(const struct region *r, uint32_t row);

/* Any worker's row of the endpoint is not zero: one load per worker. */
bool registry_endpoint_used(const struct region *r, uint32_t index);

/* registry_reclaim.c: S5 of one endpoint and of one set. */
void registry_endpoint_retire(
    struct region *r, struct registry_map *m, uint32_t index, uint64_t stamp);
void registry_set_retire(
    struct region *r, struct registry_map *m, uint32_t entry, uint64_t stamp);

void registry_endpoint_unindex(
    struct registry_map *m, uint32_t service, const struct addr *a);

/* The slot is free, and still bears the name that it had. */
void registry_free_add(
    const struct region *r, struct registry_map *m, uint32_t slot);
/*
 * Takes the one that the endpoint had before, so that its counters go on and no
 * two slots bear the same name; else any. REGISTRY_NONE: there is none.
 */
uint32_t registry_free_take(const struct region *r, struct registry_map *m,
    uint32_t service, const struct addr *addr);

/* A set by its offset, checked against the bounds; NULL: none. */
const struct eset *registry_set_at(const struct region *r, uint64_t offset);

#endif
