/*
 * region.c - makes the shared memory, and takes away from children what is
 * not theirs. region_attach.c is for those that are no children.
 */
#include "shm/region.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/hash.h"
#include "common/base/must.h"
#include "shm/extent.h"
#include "shm/readers.h"
#include "shm/recorder_layout.h"
#include "shm/region_inside.h"
#include "shm/registry.h"
#include "shm/vault_layout.h"

#define IMAGES_BYTES_DEFAULT (4ull << 30)
#define RING_BYTES_DEFAULT (4u << 20)
#define RECORD_BYTES_DEFAULT (4u << 20)
#define AUDIT_BYTES_DEFAULT (1u << 20)

void
geometry_defaults(struct geometry *g, uint32_t workers)
{
	g->workers = workers;
	g->images_bytes = IMAGES_BYTES_DEFAULT;
	g->ring_bytes = RING_BYTES_DEFAULT;
	g->record_bytes = RECORD_BYTES_DEFAULT;
	g->audit_bytes = AUDIT_BYTES_DEFAULT;
}

static uint64_t
geometry_images(const struct geometry *g)
{
	return g->images_bytes & ~(uint64_t)(SHM_PAGE - 1);
}

static uint64_t
geometry_vault(const struct geometry *g)
{
	return sizeof(struct shm_vault) + (uint64_t)g->workers * g->ring_bytes;
}

static uint64_t
geometry_records(const struct geometry *g)
{
	return sizeof(struct shm_records) +
	    (uint64_t)g->workers * g->record_bytes +
	    (g->workers + 1ull) * g->audit_bytes;
}

uint64_t
geometry_bytes(const struct geometry *g)
{
	return sizeof(struct shm_state) + 2 * geometry_images(g) +
	    geometry_vault(g) + geometry_records(g) +
	    sizeof(struct shm_readers);
}

static bool
size_is(uint32_t bytes, uint32_t min, uint32_t max)
{
	return bytes >= min && bytes <= max && (bytes & (bytes - 1)) == 0;
}

static bool
geometry_check(const struct geometry *g, struct diag *d)
{
	MUST(size_is(g->ring_bytes, RING_BYTES_MIN, RING_BYTES_MAX));
	MUST(g->record_bytes == 0 ||
	    size_is(g->record_bytes, RECORDER_RING_MIN, RECORDER_RING_MAX));
	MUST(g->audit_bytes == 0 ||
	    size_is(g->audit_bytes, RECORDER_RING_MIN, RECORDER_RING_MAX));
	if (g->workers >= 1 && g->workers <= WORKERS_MAX)
		return true;
	diag_error(d, NULL, 0, "%u workers: 1 to %d are possible", g->workers,
	    WORKERS_MAX);
	return false;
}

void
region_set(struct region *r, const struct memory m[MEMORIES])
{
	*r = (struct region){
		.state = m[STATE_MEMORY].map,
		.images = m[IMAGES_MEMORY].map,
		.secrets = m[SECRETS_MEMORY].map,
		.vault = m[VAULT_MEMORY].map,
		.records = m[RECORDS_MEMORY].map,
		.readers = m[READERS_MEMORY].map,
		.state_bytes = m[STATE_MEMORY].bytes,
		.images_bytes = m[IMAGES_MEMORY].bytes,
		.vault_bytes = m[VAULT_MEMORY].bytes,
		.records_bytes = m[RECORDS_MEMORY].bytes,
		.state_fd = m[STATE_MEMORY].fd,
		.images_fd = m[IMAGES_MEMORY].fd,
		.secrets_fd = m[SECRETS_MEMORY].fd,
		.readers_fd = m[READERS_MEMORY].fd,
		.vault_fd = m[VAULT_MEMORY].fd,
		.records_fd = m[RECORDS_MEMORY].fd,
	};
}

static void
header_write(struct region *r, const struct geometry *g)
{
	struct shm_header *h = &r->state->header;
	struct hash_key key = hash_key_random();

	r->workers = g->workers;
	h->version = SHM_VERSION;
	h->workers = g->workers;
	h->birth_us = clock_raw_us();
	h->birth_wall_us = clock_wall().us;
	h->state_bytes = r->state_bytes;
	h->images_bytes = r->images_bytes;
	h->hash_k0 = key.k0;
	h->hash_k1 = key.k1;
	region_sections_write(h);
	h->magic = SHM_MAGIC;
}

static void
secrets_write(struct region *r)
{
	struct shm_secrets *s = region_secrets(r);

	MUST(getrandom(s->digest_key, sizeof(s->digest_key), 0) ==
	    (ssize_t)sizeof(s->digest_key));
	MUST(getrandom(s->refresh, sizeof(s->refresh), 0) ==
	    (ssize_t)sizeof(s->refresh));
	MUST(getrandom(s->debug_key, sizeof(s->debug_key), 0) ==
	    (ssize_t)sizeof(s->debug_key));
	s->magic = SHM_MAGIC;
}

static void
vault_write(struct region *r, const struct geometry *g)
{
	r->ring_bytes = g->ring_bytes;
	r->vault->workers = g->workers;
	r->vault->ring_bytes = g->ring_bytes;
	r->vault->magic = SHM_MAGIC;
}

static void
records_write(struct region *r, const struct geometry *g)
{
	r->record_bytes = g->record_bytes;
	r->audit_bytes = g->audit_bytes;
	r->records->workers = g->workers;
	r->records->ring_bytes = g->record_bytes;
	r->records->audit_bytes = g->audit_bytes;
	r->records->magic = RECORDS_MAGIC;
	r->readers->magic = READERS_MAGIC;
}

static struct memory
memory_of(const char *name, uint64_t bytes)
{
	return (struct memory){ name, bytes, PROT_READ | PROT_WRITE, -1, NULL };
}

/* Makes all of them; the one that could not be made, or NULL. */
static const struct memory *
memories_make(struct memory m[MEMORIES], const struct geometry *g)
{
	m[STATE_MEMORY] = memory_of("penstock-state", sizeof(struct shm_state));
	m[IMAGES_MEMORY] = memory_of("penstock-images", geometry_images(g));
	m[SECRETS_MEMORY] = memory_of("penstock-secrets", geometry_images(g));
	m[RECORDS_MEMORY] = memory_of("penstock-records", geometry_records(g));
	m[READERS_MEMORY] =
	    memory_of("penstock-readers", sizeof(struct shm_readers));
	m[VAULT_MEMORY] = memory_of("penstock-vault", geometry_vault(g));
	for (int i = 0; i < MEMORIES; i++)
		if (!memory_make(&m[i]))
			return &m[i];
	return NULL;
}

static bool
state_populate(struct shm_state *s, uint32_t workers)
{
	size_t n = offsetof(struct shm_state, meters) +
	    workers * sizeof(struct shm_meters);

	if (madvise(s, n, MADV_POPULATE_WRITE) == 0)
		return true;
	if (errno != EINVAL)
		return false;
	/* A kernel before 5.14: touch them, all bytes are still zero. */
	memset(s, 0, n);
	return true;
}

/*
 * The pages of what must not fail later, for the workers there are. The one
 * that has no room for them, or NULL.
 */
static const struct memory *
region_populate(
    struct region *r, uint32_t workers, const struct memory m[MEMORIES])
{
	if (!state_populate(r->state, workers))
		return &m[STATE_MEMORY];
	if (fallocate(r->secrets_fd, 0, 0, SHM_PAGE) != 0)
		return &m[SECRETS_MEMORY];
	for (int i = RECORDS_MEMORY; i < MEMORIES; i++)
		if (fallocate(m[i].fd, 0, 0, (off_t)m[i].bytes) != 0)
			return &m[i];
	return NULL;
}

bool
region_create(struct region *r, const struct geometry *g, struct diag *d)
{
	struct memory m[MEMORIES];
	const struct memory *failed;

	*r = REGION_NONE;
	if (!geometry_check(g, d))
		return false;
	failed = memories_make(m, g);
	if (failed == NULL) {
		region_set(r, m);
		failed = region_populate(r, g->workers, m);
	}
	if (failed != NULL) {
		diag_error(d, NULL, 0,
		    "cannot make the shared memory %s of %zu bytes: %s",
		    failed->name, failed->bytes, strerror(errno));
		for (int i = 0; i < MEMORIES; i++)
			memory_drop(&m[i]);
		*r = REGION_NONE;
		return false;
	}
	header_write(r, g);
	secrets_write(r);
	vault_write(r, g);
	records_write(r, g);
	clock_set_birth(r->state->header.birth_us);
	for (uint32_t w = 0; w < WORKERS_MAX; w++)
		atomic_store_explicit(&r->state->slots[w].epoch, EPOCH_IDLE,
		    memory_order_relaxed);
	return true;
}

bool
region_protect_readers(struct region *r)
{
	return memory_protect(
	    &r->readers_fd, r->readers, sizeof(struct shm_readers));
}

bool
region_protect_images(struct region *r)
{
	return memory_protect(&r->images_fd, r->images, r->images_bytes) &&
	    memory_protect(&r->secrets_fd, r->secrets, r->images_bytes) &&
	    region_protect_readers(r);
}

static void
region_let_go(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* Unmaps what lies behind the first `keep` bytes, as far as pages go. */
static void
region_cut(void *map, size_t bytes, size_t keep)
{
	keep = (keep + SHM_PAGE - 1) & ~(size_t)(SHM_PAGE - 1);
	(void)munmap((char *)map + keep, bytes - keep);
}

void
region_keep_jobs(struct region *r)
{
	region_cut(r->state, r->state_bytes, offsetof(struct shm_state, pins));
	region_cut(r->vault, r->vault_bytes, offsetof(struct shm_vault, index));
	(void)munmap(r->images, r->images_bytes);
	(void)munmap(r->secrets, r->images_bytes);
	(void)munmap(r->records, r->records_bytes);
	(void)munmap(r->readers, sizeof(struct shm_readers));
	r->images = r->secrets = NULL;
	r->records = NULL;
	r->readers = NULL;
	region_let_go(&r->state_fd);
	region_let_go(&r->images_fd);
	region_let_go(&r->secrets_fd);
	region_let_go(&r->records_fd);
	region_let_go(&r->readers_fd);
	region_let_go(&r->vault_fd);
}

void
region_fini(struct region *r)
{
	struct memory m[MEMORIES] = {
		{ NULL, r->state_bytes, 0, r->state_fd, r->state },
		{ NULL, r->images_bytes, 0, r->images_fd, r->images },
		{ NULL, r->images_bytes, 0, r->secrets_fd, r->secrets },
		{ NULL, r->records_bytes, 0, r->records_fd, r->records },
		{ NULL, sizeof(struct shm_readers), 0, r->readers_fd,
		    r->readers },
		{ NULL, r->vault_bytes, 0, r->vault_fd, r->vault },
	};

	extent_map_drop(r);
	registry_map_drop(r);
	for (int i = 0; i < MEMORIES; i++)
		memory_drop(&m[i]);
	*r = REGION_NONE;
}
