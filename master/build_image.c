/*
 * build_image.c - allocation and shared texts of an image in the making.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "master/build_image.h"

#define IMAGE_FIRST_ROOM 65536

static void
texts_resize(struct image *im, size_t room)
{
	struct img_str *old = im->texts;
	size_t old_room = im->text_room;

	im->texts = malloc(room * sizeof(*im->texts));
	MUST(im->texts != NULL);
	im->text_room = room;
	for (size_t i = 0; i < room; i++)
		im->texts[i].len = IMG_NONE;
	for (size_t i = 0; i < old_room; i++) {
		struct slice s;
		size_t at;

		if (old[i].len == IMG_NONE)
			continue;
		s = image_slice(im, old[i]);
		at = hash_bytes(im->key, s.p, s.n) & (room - 1);
		while (im->texts[at].len != IMG_NONE)
			at = (at + 1) & (room - 1);
		im->texts[at] = old[i];
	}
	free(old);
}

void
image_init(struct image *im)
{
	*im = (struct image){ .key = hash_key_random() };
	im->room = IMAGE_FIRST_ROOM;
	im->p = calloc(1, im->room);
	MUST(im->p != NULL);
	texts_resize(im, 1024);
	(void)image_alloc(im, sizeof(struct img_head));
}

void
image_fini(struct image *im)
{
	free(im->p);
	free(im->texts);
	*im = (struct image){ 0 };
}

char *
image_take(struct image *im, uint64_t *bytes)
{
	char *p = im->p;

	*bytes = im->bytes;
	im->p = NULL;
	return p;
}

/*
 * Makes room for n more bytes. Past 4 GiB the block is written again from its
 * start: nobody will read it, and no place outside of it is touched.
 */
static void
image_reserve(struct image *im, size_t n)
{
	uint64_t room = im->room;

	if (im->bytes + n >= IMG_NONE) {
		im->failed = true;
		im->bytes = sizeof(struct img_head);
	}
	while (room < im->bytes + n)
		room *= 2;
	if (room == im->room)
		return;
	im->p = realloc(im->p, room);
	MUST(im->p != NULL);
	memset(im->p + im->room, 0, room - im->room);
	im->room = room;
}

/* `align` is a power of 2. */
static uint32_t
alloc_at(struct image *im, size_t n, size_t align)
{
	uint64_t off;

	image_reserve(im, n + align);
	off = (im->bytes + align - 1) & ~(uint64_t)(align - 1);
	im->bytes = off + n;
	return (uint32_t)off;
}

uint32_t
image_alloc(struct image *im, size_t n)
{
	return alloc_at(im, n, 8);
}

static struct img_span
span_at(
    struct image *im, const void *p, size_t count, size_t size, size_t align)
{
	struct img_span span = { 0, (uint32_t)count };

	if (count == 0)
		return span;
	span.off = alloc_at(im, count * size, align);
	if (p != NULL)
		memcpy(image_at(im, span.off), p, count * size);
	return span;
}

struct img_span
image_span(struct image *im, const void *p, size_t count, size_t size)
{
	return span_at(im, p, count, size, 8);
}

struct img_span
image_lines(struct image *im, const void *p, size_t count, size_t size)
{
	return span_at(im, p, count, size, IMG_LINE);
}

/* The entry for s at a multiple of `align`, or where it belongs. */
static struct img_str *
text_find(struct image *im, struct slice s, uint32_t align)
{
	size_t at;

	if (im->text_count * 3 >= im->text_room * 2)
		texts_resize(im, im->text_room * 2);
	at = hash_bytes(im->key, s.p, s.n) & (im->text_room - 1);
	while (im->texts[at].len != IMG_NONE &&
	    (im->texts[at].off % align != 0 ||
		!slice_eq(image_slice(im, im->texts[at]), s)))
		at = (at + 1) & (im->text_room - 1);
	return &im->texts[at];
}

struct img_str
image_text(struct image *im, struct slice s)
{
	struct img_str *text;

	if (s.n == 0)
		return (struct img_str){ 0, 0 };
	text = text_find(im, s, 1);
	if (text->len != IMG_NONE)
		return *text;
	image_reserve(im, s.n);
	*text = (struct img_str){ (uint32_t)im->bytes, (uint32_t)s.n };
	memcpy(im->p + im->bytes, s.p, s.n);
	im->bytes += s.n;
	im->text_count++;
	return *text;
}

struct img_span
image_shared(struct image *im, const void *p, size_t count, size_t size)
{
	struct slice s = slice_make(p, count * size);
	struct img_str *text;

	if (s.n == 0)
		return (struct img_span){ 0, 0 };
	text = text_find(im, s, 8);
	if (text->len == IMG_NONE) {
		*text = (struct img_str){ image_alloc(im, s.n), (uint32_t)s.n };
		memcpy(image_at(im, text->off), s.p, s.n);
		im->text_count++;
	}
	return (struct img_span){ text->off, (uint32_t)count };
}
