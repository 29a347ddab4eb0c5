/*
 * extent.c - the table of extents in the state memfd is the truth; a bitmap of
 * pages, private to the master, makes first fit quick.
 *
 * Taking: the table says so first, then the pages are allocated. Giving: the
 * pages are punched out first, then the table says so. A master killed between
 * leaves an owner word whose owner does not know of the extent: extent_sweep.
 */
#include "shm/extent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "shm/step.h"

struct extent_map {
	uint64_t *words; /* a bit per page of images; 1: taken */
	uint64_t pages;
	uint64_t low;       /* no free page below */
	uint32_t low_entry; /* no free entry below */
};

static void
map_mark(struct extent_map *m, uint64_t page, uint64_t count, bool taken)
{
	for (uint64_t p = page; p < page + count; p++) {
		uint64_t bit = UINT64_C(1) << (p & 63);

		if (taken)
			m->words[p >> 6] |= bit;
		else
			m->words[p >> 6] &= ~bit;
	}
}

/* First fit; 0: none. */
static uint64_t
map_find(const struct extent_map *m, uint64_t count)
{
	uint64_t run = 0;

	for (uint64_t p = m->low; p < m->pages;) {
		uint64_t word = m->words[p >> 6];
		bool whole = (p & 63) == 0 && p + 64 <= m->pages;

		if (whole && word == UINT64_MAX) {
			run = 0;
			p += 64;
			continue;
		}
		if (whole && word == 0) {
			run += 64;
			p += 64;
		} else {
			run = (word >> (p & 63) & 1) != 0 ? 0 : run + 1;
			p++;
		}
		if (run >= count)
			return p - run;
	}
	return 0;
}

static uint32_t
entries(const struct region *r)
{
	uint32_t n = atomic_load_explicit(
	    &r->state->control.extents, memory_order_acquire);
	return n < EXTENTS_MAX ? n : EXTENTS_MAX;
}

/* True when entry e is taken and lies within images. */
static bool
entry_taken(const struct region *r, uint32_t entry, uint64_t *offset,
    uint64_t *bytes, uint32_t *owner)
{
	struct shm_extent *e = &r->state->extents[entry];

	*owner = atomic_load_explicit(&e->owner, memory_order_acquire);
	*offset = atomic_load_explicit(&e->offset, memory_order_relaxed);
	*bytes = atomic_load_explicit(&e->bytes, memory_order_relaxed);
	return *owner != 0 && *offset >= SHM_PAGE && *offset % SHM_PAGE == 0 &&
	    *bytes % SHM_PAGE == 0 && *offset <= r->images_bytes &&
	    *bytes <= r->images_bytes - *offset;
}

/* Made from the table when first used; no memory is fatal in the master. */
static struct extent_map *
map_of(struct region *r)
{
	struct extent_map *m = r->extent_map;
	uint64_t offset, bytes;
	uint32_t owner;

	if (m != NULL)
		return m;
	m = calloc(1, sizeof(*m));
	MUST(m != NULL);
	m->pages = r->images_bytes / SHM_PAGE;
	m->words = calloc((m->pages + 63) / 64, sizeof(uint64_t));
	MUST(m->words != NULL);
	map_mark(m, 0, 1, true);
	m->low = 1;
	for (uint32_t i = 0; i < entries(r); i++)
		if (entry_taken(r, i, &offset, &bytes, &owner))
			map_mark(m, offset / SHM_PAGE, bytes / SHM_PAGE, true);
	r->extent_map = m;
	return m;
}

void
extent_map_drop(struct region *r)
{
	if (r->extent_map == NULL)
		return;
	free(r->extent_map->words);
	free(r->extent_map);
	r->extent_map = NULL;
}

/* A free entry of the table; EXTENTS_MAX: none. */
static uint32_t
entry_find_free(struct region *r, struct extent_map *m)
{
	uint32_t n = entries(r), i = m->low_entry;

	while (i < n &&
	    atomic_load_explicit(
		&r->state->extents[i].owner, memory_order_relaxed) != 0)
		i++;
	m->low_entry = i;
	if (i == n && n < EXTENTS_MAX) {
		SHM_STEP("extent_high");
		atomic_store_explicit(
		    &r->state->control.extents, n + 1, memory_order_release);
	}
	return i;
}

static int
pages_allocate(int fd, int mode, uint64_t offset, uint64_t bytes)
{
	int rc;

	do
		rc = fallocate(fd, mode, (off_t)offset, (off_t)bytes);
	while (rc != 0 && errno == EINTR);
	return rc;
}

static void
entry_free(struct region *r, uint32_t entry, uint64_t offset, uint64_t bytes)
{
	struct extent_map *m = map_of(r);

	SHM_STEP("extent_free");
	atomic_store_explicit(
	    &r->state->extents[entry].owner, 0, memory_order_release);
	map_mark(m, offset / SHM_PAGE, bytes / SHM_PAGE, false);
	if (offset / SHM_PAGE < m->low)
		m->low = offset / SHM_PAGE;
	if (entry < m->low_entry)
		m->low_entry = entry;
}

uint64_t
extent_take(struct region *r, uint64_t bytes, uint32_t owner)
{
	struct extent_map *m = map_of(r);

	MUST(bytes != 0 && owner != 0);
	uint64_t pages = bytes / SHM_PAGE + (bytes % SHM_PAGE != 0);
	uint64_t page = map_find(m, pages);
	uint32_t entry = page != 0 ? entry_find_free(r, m) : EXTENTS_MAX;
	if (entry == EXTENTS_MAX) {
		errno = ENOSPC;
		return 0;
	}

	struct shm_extent *e = &r->state->extents[entry];
	uint64_t offset = page * SHM_PAGE;
	bytes = pages * SHM_PAGE;
	SHM_STEP("extent_fill");
	atomic_store_explicit(&e->offset, offset, memory_order_relaxed);
	atomic_store_explicit(&e->bytes, bytes, memory_order_relaxed);
	atomic_store_explicit(&e->retire, 0, memory_order_relaxed);
	SHM_STEP("extent_take");
	atomic_store_explicit(&e->owner, owner, memory_order_release);
	map_mark(m, page, pages, true);
	if (page == m->low)
		m->low = page + pages;

	SHM_STEP("extent_allocate");
	if (pages_allocate(r->images_fd, 0, offset, bytes) != 0) {
		int saved = errno;

		entry_free(r, entry, offset, bytes);
		errno = saved;
		return 0;
	}
	return offset;
}

bool
extent_take_secrets(struct region *r, uint64_t offset, uint64_t bytes)
{
	SHM_STEP("extent_secrets");
	return bytes == 0 ||
	    pages_allocate(r->secrets_fd, 0, offset, bytes) == 0;
}

uint32_t
extent_find(const struct region *r, uint64_t offset)
{
	uint32_t n = entries(r);
	struct shm_extent *e = r->state->extents;

	for (uint32_t i = 0; i < n; i++)
		if (atomic_load_explicit(&e[i].offset, memory_order_relaxed) ==
			offset &&
		    atomic_load_explicit(&e[i].owner, memory_order_relaxed) !=
			0)
			return i;
	return EXTENTS_MAX;
}

void
extent_give_entry(struct region *r, uint32_t entry)
{
	uint64_t offset, bytes;
	uint32_t owner;

	MUST(entry < EXTENTS_MAX);
	MUST(entry_taken(r, entry, &offset, &bytes, &owner));
	SHM_STEP("extent_punch");
	if (pages_allocate(r->images_fd,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes) != 0)
		log_warn("giving %ju bytes back", (uintmax_t)bytes);
	if ((owner & EXTENT_IMAGE) != 0 &&
	    pages_allocate(r->secrets_fd,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes) != 0)
		log_warn("giving %ju secret bytes back", (uintmax_t)bytes);
	entry_free(r, entry, offset, bytes);
}

void
extent_give(struct region *r, uint64_t offset)
{
	extent_give_entry(r, extent_find(r, offset));
}

uint64_t
extent_used(const struct region *r)
{
	uint64_t offset, bytes, sum = 0;
	uint32_t owner;

	for (uint32_t i = 0; i < entries(r); i++)
		if (entry_taken(r, i, &offset, &bytes, &owner))
			sum += bytes;
	return sum;
}

void
extent_sweep(struct region *r,
    bool (*keep)(void *ctx, uint64_t offset, uint32_t owner), void *ctx)
{
	uint64_t offset, bytes;
	uint32_t owner;

	for (uint32_t i = 0; i < entries(r); i++)
		if (entry_taken(r, i, &offset, &bytes, &owner) &&
		    !keep(ctx, offset, owner))
			extent_give_entry(r, i);
}
