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
#include "shm/extent.h"
#include "shm/registry.h"

#define IMAGES_BYTES_DEFAULT (4ull << 30)
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
	SECTION_ONE(header, 1),
	SECTION_ONE(control, 2),
	SECTION(slots, 1),
	SECTION(pins, 1),
	SECTION(images, 1),
	SECTION(meters, 1),
	SECTION(extents, 1),
	SECTION(services, 1),
	SECTION(endpoints, 1),
	SECTION(texts, 1),
	SECTION(routes, 1),
	SECTION(names, 1),
	SECTION(rows, 1),
	SECTION(vitals, 1),
	SECTION(histories, 1),
	SECTION(overrides, 1),
	SECTION(tallies, 1),
	SECTION(permits, 1),
	SECTION(keyed, 1),
	SECTION(ledgers, 1),
	SECTION(series, 1),
	SECTION(histos, 1),
};
#define SECTION_COUNT (sizeof(sections) / sizeof(sections[0]))
_Static_assert(SECTION_COUNT <= SHM_SECTIONS_MAX, "section table is full");

static const struct region region_none = {
	.state_fd = -1, .images_fd = -1, .secrets_fd = -1
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

/* `secrets` NULL: not this process's to see. */
static void
region_set(struct region *r, const struct memory *state,
    const struct memory *images, const struct memory *secrets)
{
	*r = (struct region){
		.state = state->map,
		.images = images->map,
		.state_bytes = state->bytes,
		.images_bytes = images->bytes,
		.state_fd = state->fd,
		.images_fd = images->fd,
		.secrets_fd = -1,
	};
	if (secrets == NULL)
		return;
	r->secrets = secrets->map;
	r->secrets_fd = secrets->fd;
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

	s->magic = SHM_MAGIC;
}

/* The pages of what must not fail later, for the workers there are. */
static bool
state_populate(struct region *r, uint32_t workers)
{
	size_t n = offsetof(struct shm_state, meters) +
	    workers * sizeof(struct shm_meters);

	if (fallocate(r->secrets_fd, 0, 0, SHM_PAGE) != 0)
		return false;
	if (madvise(r->state, n, MADV_POPULATE_WRITE) == 0)
		return true;
	if (errno != EINVAL)
		return false;
	/* A kernel before 5.14: touch them, all bytes are still zero. */
	memset(r->state, 0, n);
	return true;
}

bool
region_create(struct region *r, const struct geometry *g, struct diag *d)
{
	struct memory state = { "penstock-state", sizeof(struct shm_state),
		PROT_READ | PROT_WRITE, -1, NULL };
	struct memory images = { "penstock-images",
		g->images_bytes & ~(uint64_t)(SHM_PAGE - 1),
		PROT_READ | PROT_WRITE, -1, NULL };
	struct memory secrets = { "penstock-secrets", images.bytes,
		PROT_READ | PROT_WRITE, -1, NULL };
	struct memory *failed = NULL;

	*r = region_none;
	if (g->workers == 0 || g->workers > WORKERS_MAX) {
		diag_error(d, NULL, 0, "%u workers: 1 to %d are possible",
		    g->workers, WORKERS_MAX);
		return false;
	}
	if (!memory_make(&state))
		failed = &state;
	else if (!memory_make(&images))
		failed = &images;
	else if (!memory_make(&secrets))
		failed = &secrets;
	if (failed == NULL) {
		region_set(r, &state, &images, &secrets);
		if (!state_populate(r, g->workers))
			failed = &state;
	}
	if (failed != NULL) {
		diag_error(d, NULL, 0,
		    "cannot make the shared memory %s of %zu bytes: %s",
		    failed->name, failed->bytes, strerror(errno));
		memory_drop(&state);
		memory_drop(&images);
		memory_drop(&secrets);
		*r = region_none;
		return false;
	}
	header_write(r, g);
	secrets_write(r);
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
	region_set(r, &state, &images, NULL);
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

void
region_fini(struct region *r)
{
	struct memory state = { NULL, r->state_bytes, 0, r->state_fd,
		r->state };
	struct memory images = { NULL, r->images_bytes, 0, r->images_fd,
		r->images };
	struct memory secrets = { NULL, r->images_bytes, 0, r->secrets_fd,
		r->secrets };

	extent_map_drop(r);
	registry_map_drop(r);
	memory_drop(&state);
	memory_drop(&images);
	memory_drop(&secrets);
	*r = region_none;
}
