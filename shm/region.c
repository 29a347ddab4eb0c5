/*
 * region.c - makes, seals, maps and checks the shared memory.
 */
#include "shm/region.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/hash.h"
#include "common/base/must.h"
#include "shm/extent.h"
#include "shm/registry.h"
#include "shm/vault_layout.h"

#define IMAGES_BYTES_DEFAULT (4ull << 30)
#define RING_BYTES_DEFAULT (4u << 20)
#define SEALS (F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

#define STATE(field) (((struct shm_state *)NULL)->field)
#define SECTION_ONE(field, v)                            \
	{                                                \
#field, v, sizeof(STATE(field)),         \
		    offsetof(struct shm_state, field), 1 \
	}
#define SECTION(field, v)                                          \
	{                                                          \
#field, v, sizeof(STATE(field)[0]),                \
		    offsetof(struct shm_state, field),             \
		    sizeof(STATE(field)) / sizeof(STATE(field)[0]) \
	}

/* In the order of struct shm_state; a changed section gets a new version. */
static const struct shm_section sections[] = {
	SECTION_ONE(header, 2),
	SECTION_ONE(control, 4),
	SECTION(slots, 2),
	SECTION(pins, 1),
	SECTION(images, 1),
	SECTION(meters, 1),
	SECTION(extents, 1),
	SECTION(services, 1),
	SECTION(endpoints, 1),
	SECTION(texts, 1),
	SECTION(routes, 1),
	SECTION(names, 1),
	SECTION(limit_names, 1),
	SECTION(rows, 1),
	SECTION(vitals, 1),
	SECTION(histories, 1),
	SECTION(overrides, 1),
	SECTION(tallies, 1),
	SECTION(permits, 2),
	SECTION(keyed, 1),
	SECTION(ledgers, 1),
	SECTION(series, 2),
	SECTION(histos, 1),
	SECTION(keysets, 1),
	SECTION(revoked, 1),
	SECTION(revocations, 1),
	SECTION_ONE(families, 1),
	SECTION(limiters, 2),
	SECTION(breakers, 1),
	SECTION(turns, 1),
	SECTION(windows, 1),
	SECTION_ONE(bans, 1),
	SECTION(requests, 1),
	SECTION(retries, 1),
	SECTION(waiters, 1),
};
#define SECTION_COUNT (sizeof(sections) / sizeof(sections[0]))
_Static_assert(SECTION_COUNT <= SHM_SECTIONS_MAX, "section table is full");

static const struct region region_none = {
	.state_fd = -1, .images_fd = -1, .secrets_fd = -1, .vault_fd = -1
};

/* One memfd of the region. */
struct memory {
	const char *name;
	size_t bytes;
	int prot;
	int fd;
	void *map; /* NULL: not mapped */
};

void
geometry_defaults(struct geometry *g, uint32_t workers)
{
	g->workers = workers;
	g->images_bytes = IMAGES_BYTES_DEFAULT;
	g->ring_bytes = RING_BYTES_DEFAULT;
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

uint64_t
geometry_bytes(const struct geometry *g)
{
	return sizeof(struct shm_state) + 2 * geometry_images(g) +
	    geometry_vault(g);
}

static bool
geometry_check(const struct geometry *g, struct diag *d)
{
	MUST(g->ring_bytes >= RING_BYTES_MIN &&
	    g->ring_bytes <= RING_BYTES_MAX &&
	    (g->ring_bytes & (g->ring_bytes - 1)) == 0);
	if (g->workers >= 1 && g->workers <= WORKERS_MAX)
		return true;
	diag_error(d, NULL, 0, "%u workers: 1 to %d are possible", g->workers,
	    WORKERS_MAX);
	return false;
}

static bool
memory_map(struct memory *m)
{
	void *p =
	    mmap(NULL, m->bytes, m->prot, MAP_SHARED | MAP_NORESERVE, m->fd, 0);
	if (p == MAP_FAILED)
		return false;
	m->map = p;
	return madvise(p, m->bytes, MADV_DONTDUMP) == 0;
}

/*
 * Mode 0600: without it, a process of another uid that got a read-only
 * descriptor could open it again for writing through /proc.
 */
static bool
memory_make(struct memory *m)
{
	m->fd = memfd_create(m->name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return m->fd >= 0 && fchmod(m->fd, 0600) == 0 &&
	    ftruncate(m->fd, (off_t)m->bytes) == 0 &&
	    fcntl(m->fd, F_ADD_SEALS, SEALS) == 0 && memory_map(m);
}

static void
memory_drop(struct memory *m)
{
	if (m->map != NULL)
		munmap(m->map, m->bytes);
	if (m->fd >= 0)
		close(m->fd);
}

/* `secrets` and `vault` NULL: not this process's to see. */
static void
region_set(struct region *r, const struct memory *state,
    const struct memory *images, const struct memory *secrets,
    const struct memory *vault)
{
	*r = (struct region){
		.state = state->map,
		.images = images->map,
		.state_bytes = state->bytes,
		.images_bytes = images->bytes,
		.state_fd = state->fd,
		.images_fd = images->fd,
		.secrets_fd = -1,
		.vault_fd = -1,
	};
	if (secrets != NULL) {
		r->secrets = secrets->map;
		r->secrets_fd = secrets->fd;
	}
	if (vault != NULL) {
		r->vault = vault->map;
		r->vault_bytes = vault->bytes;
		r->vault_fd = vault->fd;
	}
}

static void
header_write(struct region *r, const struct geometry *g)
{
	struct shm_header *h = &r->state->header;
	struct hash_key key = hash_key_random();

	h->version = SHM_VERSION;
	h->workers = g->workers;
	h->birth_us = clock_raw_us();
	h->birth_wall_us = clock_wall().us;
	h->state_bytes = r->state_bytes;
	h->images_bytes = r->images_bytes;
	h->hash_k0 = key.k0;
	h->hash_k1 = key.k1;
	h->section_count = SECTION_COUNT;
	memcpy(h->sections, sections, sizeof(sections));
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

enum { STATE_MEMORY, IMAGES_MEMORY, SECRETS_MEMORY, VAULT_MEMORY, MEMORIES };

/* Makes all of them; the one that could not be made, or NULL. */
static const struct memory *
memories_make(struct memory m[MEMORIES], const struct geometry *g)
{
	const int rw = PROT_READ | PROT_WRITE;

	m[STATE_MEMORY] = (struct memory){ "penstock-state",
		sizeof(struct shm_state), rw, -1, NULL };
	m[IMAGES_MEMORY] = (struct memory){ "penstock-images",
		geometry_images(g), rw, -1, NULL };
	m[SECRETS_MEMORY] = (struct memory){ "penstock-secrets",
		geometry_images(g), rw, -1, NULL };
	m[VAULT_MEMORY] = (struct memory){ "penstock-vault", geometry_vault(g),
		rw, -1, NULL };
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
	if (fallocate(r->vault_fd, 0, 0, (off_t)r->vault_bytes) != 0)
		return &m[VAULT_MEMORY];
	return NULL;
}

bool
region_create(struct region *r, const struct geometry *g, struct diag *d)
{
	struct memory m[MEMORIES];
	const struct memory *failed;

	*r = region_none;
	if (!geometry_check(g, d))
		return false;
	failed = memories_make(m, g);
	if (failed == NULL) {
		region_set(r, &m[STATE_MEMORY], &m[IMAGES_MEMORY],
		    &m[SECRETS_MEMORY], &m[VAULT_MEMORY]);
		failed = region_populate(r, g->workers, m);
	}
	if (failed != NULL) {
		diag_error(d, NULL, 0,
		    "cannot make the shared memory %s of %zu bytes: %s",
		    failed->name, failed->bytes, strerror(errno));
		for (int i = 0; i < MEMORIES; i++)
			memory_drop(&m[i]);
		*r = region_none;
		return false;
	}
	header_write(r, g);
	secrets_write(r);
	vault_write(r, g);
	clock_set_birth(r->state->header.birth_us);
	for (uint32_t w = 0; w < WORKERS_MAX; w++)
		atomic_store_explicit(&r->state->slots[w].epoch, EPOCH_IDLE,
		    memory_order_relaxed);
	return true;
}

/* Sealed and of one size, so that reading it cannot end in SIGBUS. */
static bool
memory_attach(struct memory *m, const char **why)
{
	struct stat st;
	int seals = fcntl(m->fd, F_GET_SEALS);

	if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) {
		*why = "is not sealed shared memory";
		return false;
	}
	if (fstat(m->fd, &st) != 0 || st.st_size < SHM_PAGE ||
	    (m->bytes != 0 && (size_t)st.st_size != m->bytes)) {
		*why = "has another size: it belongs to another version";
		return false;
	}
	m->bytes = (size_t)st.st_size;
	if (!memory_map(m)) {
		*why = strerror(errno);
		return false;
	}
	return true;
}

static bool
header_check(const struct shm_state *s, size_t images_bytes, const char **why)
{
	const struct shm_header *h = &s->header;

	*why = "is of another version";
	if (h->magic != SHM_MAGIC || h->version != SHM_VERSION ||
	    h->section_count != SECTION_COUNT ||
	    memcmp(h->sections, sections, sizeof(sections)) != 0)
		return false;
	*why = "is damaged";
	return h->state_bytes == sizeof(*s) &&
	    h->images_bytes == images_bytes && h->workers >= 1 &&
	    h->workers <= WORKERS_MAX;
}

bool
region_attach(struct region *r, int state_fd, int images_fd, struct diag *d)
{
	struct memory state = { "state", sizeof(struct shm_state), PROT_READ,
		state_fd, NULL };
	struct memory images = { "images", 0, PROT_READ, images_fd, NULL };
	const char *name = state.name, *why = NULL;
	bool ok = memory_attach(&state, &why);

	if (ok) {
		name = images.name;
		ok = memory_attach(&images, &why);
	}
	if (ok) {
		name = state.name;
		ok = header_check(state.map, images.bytes, &why);
	}
	if (!ok) {
		diag_error(d, NULL, 0, "the shared memory %s %s", name, why);
		state.fd = images.fd = -1; /* they are the caller's still */
		memory_drop(&state);
		memory_drop(&images);
		*r = region_none;
		return false;
	}
	region_set(r, &state, &images, NULL, NULL);
	clock_set_birth(r->state->header.birth_us);
	return true;
}

/* Maps a memfd anew, for reading alone, in its place; closes *fd. */
static bool
memory_protect(int *fd, void *map, size_t bytes)
{
	char path[32];
	void *p = MAP_FAILED;
	int own;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	own = open(path, O_RDONLY | O_CLOEXEC);
	if (own >= 0) {
		p = mmap(map, bytes, PROT_READ,
		    MAP_SHARED | MAP_NORESERVE | MAP_FIXED, own, 0);
		close(own);
	}
	if (p == MAP_FAILED && mprotect(map, bytes, PROT_READ) != 0)
		return false;
	close(*fd);
	*fd = -1;
	return madvise(map, bytes, MADV_DONTDUMP) == 0;
}

bool
region_protect_images(struct region *r)
{
	return memory_protect(&r->images_fd, r->images, r->images_bytes) &&
	    memory_protect(&r->secrets_fd, r->secrets, r->images_bytes);
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
	r->images = r->secrets = NULL;
	region_let_go(&r->state_fd);
	region_let_go(&r->images_fd);
	region_let_go(&r->secrets_fd);
	region_let_go(&r->vault_fd);
}

void
region_fini(struct region *r)
{
	struct memory state = { NULL, r->state_bytes, 0, r->state_fd,
		r->state };
	struct memory images = { NULL, r->images_bytes, 0, r->images_fd,
		r->images };
	struct memory secrets = { NULL, r->images_bytes, 0, r->secrets_fd,
		r->secrets };
	struct memory vault = { NULL, r->vault_bytes, 0, r->vault_fd,
		r->vault };

	extent_map_drop(r);
	registry_map_drop(r);
	memory_drop(&state);
	memory_drop(&images);
	memory_drop(&secrets);
	memory_drop(&vault);
	*r = region_none;
}
