/*
 * region_attach.c - the region of other processes, from its descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "shm/readers.h"
#include "shm/recorder_layout.h"
#include "shm/region_inside.h"

/* By enum region_memory; the vault is nobody's. */
static void
memories_of(const struct region_fds *fds, struct memory m[MEMORIES])
{
	bool writes = fds->readers >= 0 &&
	    (fcntl(fds->readers, F_GETFL) & O_ACCMODE) == O_RDWR;

	m[STATE_MEMORY] = (struct memory){ "state", sizeof(struct shm_state),
		PROT_READ, fds->state, NULL };
	m[IMAGES_MEMORY] =
	    (struct memory){ "images", 0, PROT_READ, fds->images, NULL };
	m[SECRETS_MEMORY] =
	    (struct memory){ "secrets", 0, PROT_READ, fds->secrets, NULL };
	m[RECORDS_MEMORY] =
	    (struct memory){ "records", 0, PROT_READ, fds->records, NULL };
	m[READERS_MEMORY] =
	    (struct memory){ "readers", sizeof(struct shm_readers),
		    PROT_READ | (writes ? PROT_WRITE : 0), fds->readers, NULL };
	m[VAULT_MEMORY] = (struct memory){ "vault", 0, 0, -1, NULL };
}

/* What is checked is what is used: others may write to where it comes from. */
static void
copy_once(void *to, const void *from, size_t n)
{
	memcpy(to, from, n);
	atomic_signal_fence(memory_order_seq_cst);
}

static bool
header_check(const struct shm_state *s, size_t images_bytes, struct geometry *g,
    const char **why)
{
	struct shm_header h;

	copy_once(&h, &s->header, sizeof(h));
	*why = "is of another version";
	if (h.magic != SHM_MAGIC || h.version != SHM_VERSION ||
	    !region_sections_match(&h))
		return false;
	g->workers = h.workers;
	*why = "is damaged";
	return h.state_bytes == sizeof(*s) && h.images_bytes == images_bytes &&
	    h.workers >= 1 && h.workers <= WORKERS_MAX;
}

static bool
ring_size_check(uint32_t bytes)
{
	return bytes == 0 ||
	    (bytes >= RECORDER_RING_MIN && bytes <= RECORDER_RING_MAX &&
		(bytes & (bytes - 1)) == 0);
}

static bool
records_check(const struct memory *m, struct geometry *g, const char **why)
{
	const struct shm_records *s = m->map;
	uint64_t workers = g->workers;
	uint32_t said;

	if (s == NULL)
		return true;
	*why = "is of another version";
	if (m->bytes < sizeof(*s) || s->magic != RECORDS_MAGIC)
		return false;
	*why = "is damaged";
	copy_once(&said, &s->workers, sizeof(said));
	copy_once(&g->record_bytes, &s->ring_bytes, sizeof(s->ring_bytes));
	copy_once(&g->audit_bytes, &s->audit_bytes, sizeof(s->audit_bytes));
	return said == workers && ring_size_check(g->record_bytes) &&
	    ring_size_check(g->audit_bytes) &&
	    m->bytes ==
	    sizeof(*s) + workers * g->record_bytes +
		(workers + 1) * g->audit_bytes;
}

/* What of it is not whole, or NULL, and what there is of rings. */
static const struct memory *
memories_attach(struct memory m[MEMORIES], struct geometry *g, const char **why)
{
	const struct shm_readers *readers;

	for (int i = 0; i < MEMORIES; i++)
		if ((m[i].fd >= 0 || i <= IMAGES_MEMORY) &&
		    !memory_attach(&m[i], why))
			return &m[i];
	if (!header_check(m[STATE_MEMORY].map, m[IMAGES_MEMORY].bytes, g, why))
		return &m[STATE_MEMORY];
	if (m[SECRETS_MEMORY].map != NULL &&
	    m[SECRETS_MEMORY].bytes != m[IMAGES_MEMORY].bytes)
		return &m[SECRETS_MEMORY];
	if (!records_check(&m[RECORDS_MEMORY], g, why))
		return &m[RECORDS_MEMORY];
	readers = m[READERS_MEMORY].map;
	if (readers != NULL && readers->magic != READERS_MAGIC)
		return &m[READERS_MEMORY];
	return NULL;
}

bool
region_attach(struct region *r, const struct region_fds *fds, struct diag *d)
{
	struct memory m[MEMORIES];
	const struct memory *failed;
	struct geometry g = { 0 };
	const char *why = NULL;

	*r = REGION_NONE;
	memories_of(fds, m);
	failed = memories_attach(m, &g, &why);
	if (failed != NULL) {
		diag_error(
		    d, NULL, 0, "the shared memory %s %s", failed->name, why);
		for (int i = 0; i < MEMORIES; i++) {
			m[i].fd = -1; /* they are the caller's still */
			memory_drop(&m[i]);
		}
		return false;
	}
	region_set(r, m);
	r->workers = g.workers;
	r->record_bytes = g.record_bytes;
	r->audit_bytes = g.audit_bytes;
	clock_set_birth(r->state->header.birth_us);
	return true;
}

void
region_fds_read_only(const struct region *r, struct region_fds *fds)
{
	*fds = (struct region_fds){
		.state = memory_open_read_only(r->state_fd),
		.images = memory_open_read_only(r->images_fd),
		.secrets = memory_open_read_only(r->secrets_fd),
		.records = memory_open_read_only(r->records_fd),
		.readers = memory_open_read_only(r->readers_fd),
	};
}

void
region_fds_close(struct region_fds *fds)
{
	const int all[] = { fds->state, fds->images, fds->secrets, fds->records,
		fds->readers };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] >= 0)
			(void)close(all[i]);
	*fds = REGION_FDS_NONE;
}
