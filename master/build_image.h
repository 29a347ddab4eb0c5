/*
 * build_image.h - the growing block in which a configuration image is made.
 *
 * Everything is addressed by offset, because the block moves when it grows. It
 * cannot grow past 4 GiB: `failed` is sticky, what was written is then
 * worthless, and the owner asks once, at the end.
 */
#ifndef MASTER_BUILD_IMAGE_H
#define MASTER_BUILD_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"
#include "shm/image.h"

struct image {
	char *p;
	uint64_t bytes, room;
	/* Every text, and all that is shared, once; len IMG_NONE: empty. */
	struct img_str *texts;
	size_t text_room, text_count;
	struct hash_key key;
	bool failed;
};

/* Starts an image with a zeroed struct img_head. No memory is fatal. */
void image_init(struct image *im);
void image_fini(struct image *im);

/* Hands the block over to the caller, who frees it. */
char *image_take(struct image *im, uint64_t *bytes);

/* n zeroed bytes, aligned to 8. */
uint32_t image_alloc(struct image *im, size_t n);

/* `count` entries of `size` bytes copied from p; zeroed when p is NULL. */
struct img_span
image_span(struct image *im, const void *p, size_t count, size_t size);

/* The same in whole cache lines, as far as an entry is not larger. */
struct img_span
image_lines(struct image *im, const void *p, size_t count, size_t size);

/* The text, stored once however often it is asked for. */
struct img_str image_text(struct image *im, struct slice s);

/*
 * The same of entries that are stored once however often they are asked for:
 * nobody writes to them. Without padding between their fields.
 */
struct img_span
image_shared(struct image *im, const void *p, size_t count, size_t size);

/* What lies at off: until the next call that allocates. */
static inline void *
image_at(struct image *im, uint32_t off)
{
	return im->p + off;
}

static inline struct slice
image_slice(const struct image *im, struct img_str s)
{
	return (struct slice){ im->p + s.off, s.len };
}

static inline struct img_head *
image_head(struct image *im)
{
	return (struct img_head *)(void *)im->p;
}

#endif
