/*
 * map.h - byte strings to a pointer or number, for control-plane code: open
 * addressing, SipHash keyed at random, growing.
 */
#ifndef COMMON_BASE_MAP_H
#define COMMON_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/hash.h"
#include "common/base/slice.h"

struct map_entry {
	struct slice key; /* a copy owned by the map; p NULL: empty place */
	uint64_t hash;
	union {
		void *ptr;
		uint64_t num;
	} value;
};

struct map {
	struct map_entry *entries;
	size_t room, count; /* room is a power of two or 0 */
	struct hash_key key;
};

void map_init(struct map *m);
void map_fini(struct map *m);

/* The entry of key, or NULL. Valid until the next map_put or map_remove. */
struct map_entry *map_get(const struct map *m, struct slice key);

/*
 * The entry of key, made (value zero, *added true) when absent. The empty key
 * is allowed. No memory is fatal: control-plane code only.
 */
struct map_entry *map_put(struct map *m, struct slice key, bool *added);

/* True when it was there. */
bool map_remove(struct map *m, struct slice key);

/*
 * Walks all entries in no particular order: start with *at = 0; NULL at the
 * end. Not across changes.
 */
struct map_entry *map_next(const struct map *m, size_t *at);

#endif
