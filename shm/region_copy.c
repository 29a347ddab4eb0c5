/*
 * region_copy.c - see region_copy.h.
 */
#include "shm/region_copy.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "shm/image.h"
#include "shm/readers.h"
#include "shm/recorder_layout.h"
#include "shm/region_inside.h"
#include "shm/vault_layout.h"

/* fd -1: of zeroes. NULL with errno. */
static void *
copy_map(int fd, size_t bytes)
{
	int flags = MAP_PRIVATE | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0);
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, bytes, MADV_DONTDUMP);
	return p;
}

/* From descriptors whose sizes were checked; what could not be mapped has no
 * map. */
static void
copy_memories(struct memory m[MEMORIES], const struct region *there,
    const struct region_fds *fds)
{
	const int from[MEMORIES] = { [STATE_MEMORY] = fds->state,
		[IMAGES_MEMORY] = fds->images,
		[SECRETS_MEMORY] = fds->secrets,
		[RECORDS_MEMORY] = -1,
		[READERS_MEMORY] = -1,
		[VAULT_MEMORY] = -1 };
	const size_t bytes[MEMORIES] = { [STATE_MEMORY] = there->state_bytes,
		[IMAGES_MEMORY] = there->images_bytes,
		[SECRETS_MEMORY] = there->images_bytes,
		[RECORDS_MEMORY] = sizeof(struct shm_records),
		[READERS_MEMORY] = sizeof(struct shm_readers),
		[VAULT_MEMORY] = sizeof(struct shm_vault) +
		    (there->workers + 1ull) * RING_BYTES_MIN };

	for (int i = 0; i < MEMORIES; i++)
		m[i] = (struct memory){ NULL, bytes[i], 0, -1,
			copy_map(from[i], bytes[i]) };
}

static bool
copy_is_whole(const struct memory m[MEMORIES])
{
	for (int i = 0; i < MEMORIES; i++)
		if (m[i].map == NULL)
			return false;
	return true;
}

/*
 * One worker more than the gateway has. Where it has as many as there may be,
 * it is the last of them, of which all but what it holds stays.
 */
static void
copy_begin_state(struct region *r)
{
	struct shm_header *h = &r->state->header;

	if (h->workers < WORKERS_MAX)
		h->workers++;
	atomic_store(&r->state->ledgers[h->workers - 1].high, 0);
}

/* Not written where there are some: they are to be followed. */
static void
copy_begin_secrets(struct region *r)
{
	if (region_secrets(r)->magic == 0)
		region_secrets(r)->magic = SHM_MAGIC;
}

static void
copy_begin(struct region *r)
{
	copy_begin_state(r);
	r->workers = r->state->header.workers;
	r->vault->workers = r->workers;
	r->vault->ring_bytes = (uint32_t)r->ring_bytes;
	r->vault->magic = SHM_MAGIC;
	r->records->workers = r->workers;
	r->records->magic = RECORDS_MAGIC;
	r->readers->magic = READERS_MAGIC;
	copy_begin_secrets(r);
	clock_set_birth(r->state->header.birth_us);
}

void
region_copy_renew(struct region *r)
{
	MUST(madvise(r->state, r->state_bytes, MADV_DONTNEED) == 0);
	copy_begin_state(r);
}

bool
region_copy(struct region *r, const struct region_fds *fds, struct diag *d)
{
	const struct region_fds looked = { fds->state, fds->images,
		fds->secrets, -1, -1 };
	struct memory m[MEMORIES];
	struct region there;

	*r = REGION_NONE;
	if (!region_attach(&there, &looked, d))
		return false;
	copy_memories(m, &there, fds);
	/* The descriptors stay the caller's. */
	there.state_fd = there.images_fd = there.secrets_fd = -1;
	region_fini(&there);
	region_set(r, m);
	r->ring_bytes = RING_BYTES_MIN;
	if (copy_is_whole(m)) {
		copy_begin(r);
		return true;
	}
	diag_error(
	    d, NULL, 0, "cannot map the shared memory: %s", strerror(errno));
	region_copy_fini(r);
	return false;
}

void
region_copy_fini(struct region *r)
{
	region_fini(r);
}

uint32_t
region_copy_slot(const struct region *r)
{
	return r->state->header.workers - 1;
}

/* Written once, a page is this process's own. */
static void
copy_keep(char *p, uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes; i += SHM_PAGE) {
		volatile char *at = p + i;

		*at = *at;
	}
}

bool
region_copy_hold(struct region *r, uint32_t image_slot)
{
	const struct shm_image *image = &r->state->images[image_slot];
	uint64_t generation = atomic_load(&image->generation);
	uint64_t offset = atomic_load(&image->offset);
	uint64_t bytes = atomic_load(&image->bytes);
	const struct img_head *img;

	if (offset > r->images_bytes || bytes > r->images_bytes - offset)
		return false;
	/* What was held before may have had this room. */
	MUST(madvise(r->images, r->images_bytes, MADV_DONTNEED) == 0 &&
	    madvise(r->secrets, r->images_bytes, MADV_DONTNEED) == 0);
	copy_begin_secrets(r);
	img = (const struct img_head *)(const void *)(r->images + offset);
	copy_keep(r->images + offset, bytes);
	if (!image_check(img, bytes) || img->secret_bytes > bytes)
		return false;
	copy_keep(r->secrets + offset, img->secret_bytes);
	return atomic_load(&image->state) == IMAGE_READY &&
	    atomic_load(&image->generation) == generation;
}
