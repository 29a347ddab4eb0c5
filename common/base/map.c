/*
 * map.c - linear probing with back-shifting removal: no tombstones, so the
 * table never degrades.
 */
#include <stdlib.h>

#include "common/base/map.h"
#include "common/base/must.h"

#define ROOM_MIN 16

void
map_init(struct map *m)
{
	*m = (struct map){ .key = hash_key_random() };
}

void
map_fini(struct map *m)
{
	for (size_t i = 0; i < m->room; i++)
		free((void *)(uintptr_t)m->entries[i].key.p);
	free(m->entries);
	*m = (struct map){ 0 };
}

/* The place of key, or the empty place where it would go. */
static struct map_entry *
map_find(const struct map *m, uint64_t hash, struct slice key)
{
	size_t i = hash & (m->room - 1);

	for (;; i = (i + 1) & (m->room - 1)) {
		struct map_entry *e = &m->entries[i];

		if (e->key.p == NULL)
			return e;
		if (e->hash == hash && slice_eq(e->key, key))
			return e;
	}
}

struct map_entry *
map_get(const struct map *m, struct slice key)
{
	struct map_entry *e;

	if (m->count == 0)
		return NULL;
	e = map_find(m, hash_bytes(m->key, key.p, key.n), key);
	return e->key.p != NULL ? e : NULL;
}

static void
map_grow(struct map *m)
{
	struct map old = *m;

	m->room = old.room == 0 ? ROOM_MIN : old.room * 2;
	m->entries = calloc(m->room, sizeof(*m->entries));
	MUST(m->entries != NULL);
	for (size_t i = 0; i < old.room; i++) {
		struct map_entry *e = &old.entries[i];

		if (e->key.p != NULL)
			*map_find(m, e->hash, e->key) = *e;
	}
	free(old.entries);
}

struct map_entry *
map_put(struct map *m, struct slice key, bool *added)
{
	uint64_t hash = hash_bytes(m->key, key.p, key.n);
	struct map_entry *e;
	char *copy;

	/* At most three quarters full. */
	if (m->count >= m->room / 4 * 3)
		map_grow(m);
	e = map_find(m, hash, key);
	*added = e->key.p == NULL;
	if (!*added)
		return e;
	/* One byte more: an empty key needs an address too. */
	copy = malloc(key.n + 1);
	MUST(copy != NULL);
	if (key.n != 0)
		memcpy(copy, key.p, key.n);
	copy[key.n] = '\0';
	*e = (struct map_entry){ .key = { copy, key.n }, .hash = hash };
	m->count++;
	return e;
}

/* Moves later entries of the run into the hole, where probing finds them. */
static void
map_close_gap(struct map *m, size_t hole)
{
	size_t mask = m->room - 1;
	size_t i = hole;

	for (;;) {
		struct map_entry *e;

		i = (i + 1) & mask;
		e = &m->entries[i];
		if (e->key.p == NULL)
			break;
		/* Its home is at or before the hole: it may stand there. */
		if (((i - e->hash) & mask) >= ((i - hole) & mask)) {
			m->entries[hole] = *e;
			hole = i;
		}
	}
	m->entries[hole] = (struct map_entry){ 0 };
}

bool
map_remove(struct map *m, struct slice key)
{
	struct map_entry *e = map_get(m, key);

	if (e == NULL)
		return false;
	free((void *)(uintptr_t)e->key.p);
	m->count--;
	map_close_gap(m, (size_t)(e - m->entries));
	return true;
}

struct map_entry *
map_next(const struct map *m, size_t *at)
{
	while (*at < m->room) {
		struct map_entry *e = &m->entries[(*at)++];

		if (e->key.p != NULL)
			return e;
	}
	return NULL;
}
