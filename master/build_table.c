/*
 * build_table.c - collects slots densely, then lays them out for the workers.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "master/build_table.h"

void
build_grow(void *p, size_t *room, size_t count, size_t size)
{
	void *old;

	if (count < *room)
		return;
	memcpy(&old, p, sizeof(old));
	*room = *room == 0 ? 64 : *room * 2;
	old = realloc(old, *room * size);
	MUST(old != NULL);
	memcpy(p, &old, sizeof(old));
}

void
table_fini(struct table *t)
{
	free(t->entries);
	free(t->index);
	*t = (struct table){ 0 };
}

static void
index_resize(struct table *t)
{
	size_t mask;

	t->index_room = t->index_room == 0 ? 256 : t->index_room * 2;
	mask = t->index_room - 1;
	free(t->index);
	t->index = calloc(t->index_room, sizeof(*t->index));
	MUST(t->index != NULL);
	for (size_t i = 0; i < t->count; i++) {
		size_t at = t->entries[i].hash & mask;

		while (t->index[at] != 0)
			at = (at + 1) & mask;
		t->index[at] = (uint32_t)i + 1;
	}
}

static bool
entry_fits(const struct table_entry *e, const struct image *im, uint64_t hash,
    uint32_t owner, struct slice text)
{
	return e->hash == hash && e->slot.owner == owner &&
	    slice_eq(image_slice(im, e->text), text);
}

struct img_slot *
table_put(struct table *t, const struct image *im, struct hash_key key,
    uint32_t owner, struct img_str text)
{
	struct slice s = image_slice(im, text);
	uint64_t hash = img_slot_hash(hash_sum(key, s.p, s.n), owner);
	struct table_entry *e;
	size_t at;

	if (t->count * 2 >= t->index_room)
		index_resize(t);
	at = hash & (t->index_room - 1);
	for (; t->index[at] != 0; at = (at + 1) & (t->index_room - 1)) {
		e = &t->entries[t->index[at] - 1];
		if (entry_fits(e, im, hash, owner, s))
			return &e->slot;
	}
	build_grow(&t->entries, &t->room, t->count, sizeof(*e));
	e = &t->entries[t->count++];
	e->hash = hash;
	e->text = text;
	e->slot = (struct img_slot){ .tag = (uint32_t)hash,
		.owner = owner,
		.a = IMG_NONE,
		.b = IMG_NONE };
	t->index[at] = (uint32_t)t->count;
	return &e->slot;
}

void
table_move(struct table *t, const struct image *im, struct hash_key key,
    size_t i, uint32_t owner)
{
	struct table_entry *e = &t->entries[i];
	struct slice s = image_slice(im, e->text);

	e->hash = img_slot_hash(hash_sum(key, s.p, s.n), owner);
	e->slot.tag = (uint32_t)e->hash;
	e->slot.owner = owner;
}

static void
slot_write(
    const struct image *im, const struct table_entry *e, struct img_slot *to)
{
	*to = e->slot; /* behind a short text are zeroes */
	to->len = e->text.len;
	if (e->text.len > IMG_SLOT_INSIDE)
		to->text.off = e->text.off;
	else if (e->text.len != 0)
		memcpy(to->text.inside, im->p + e->text.off, e->text.len);
}

struct img_span
table_write(const struct table *t, struct image *im)
{
	/* Half full: most are in the line where probing for them begins; and
	 * always an empty slot. */
	size_t room = t->count == 0 ? 0 : t->count * 2 + 1;
	struct img_span span =
	    image_lines(im, NULL, room, sizeof(struct img_slot));
	struct img_slot *slots = image_at(im, span.off);

	for (size_t i = 0; i < room; i++)
		slots[i].len = IMG_NONE;
	for (size_t i = 0; i < t->count; i++) {
		size_t at = img_slot_start(t->entries[i].hash, (uint32_t)room);

		while (slots[at].len != IMG_NONE)
			at = at + 1 == room ? 0 : at + 1;
		slot_write(im, &t->entries[i], &slots[at]);
	}
	return span;
}
