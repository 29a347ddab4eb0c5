/*
 * build_table.h - the router's tables in the making: (owner, text) to a slot,
 * in order of insertion; written at the end with the room that it needs.
 */
#ifndef MASTER_BUILD_TABLE_H
#define MASTER_BUILD_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "master/build_image.h"

struct table_entry {
	struct img_slot slot; /* but for the text, which is written last */
	struct img_str text;
	uint64_t hash;
};

struct table {
	struct table_entry *entries;
	size_t count, room;
	uint32_t *index; /* entry + 1; 0: empty */
	size_t index_room;
};

void table_fini(struct table *t);

/*
 * The slot of (owner, text), made with a and b IMG_NONE when it is new. `text`
 * lies in the image. Valid until the next call.
 */
struct img_slot *table_put(struct table *t, const struct image *im,
    struct hash_key key, uint32_t owner, struct img_str text);

/* Gives entry i to another owner, when nothing more is put. */
void table_move(struct table *t, const struct image *im, struct hash_key key,
    size_t i, uint32_t owner);

/* Writes the table as image_find reads it. */
struct img_span table_write(const struct table *t, struct image *im);

/*
 * Makes room for one more in the array *p of `*room` entries of `size` bytes,
 * of which `count` are used. No memory is fatal.
 */
void build_grow(void *p, size_t *room, size_t count, size_t size);

#endif
