/*
 * memory.c - see memory.h.
 */
#include "shm/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/layout_sizes.h"

#define SEALS (F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

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
bool
memory_make(struct memory *m)
{
	m->fd = memfd_create(m->name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return m->fd >= 0 && fchmod(m->fd, 0600) == 0 &&
	    ftruncate(m->fd, (off_t)m->bytes) == 0 &&
	    fcntl(m->fd, F_ADD_SEALS, SEALS) == 0 && memory_map(m);
}

void
memory_drop(struct memory *m)
{
	if (m->map != NULL)
		munmap(m->map, m->bytes);
	if (m->fd >= 0)
		close(m->fd);
}

/* Sealed and of one size, so that reading it cannot end in SIGBUS. */
bool
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

int
memory_open_read_only(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

bool
memory_protect(int *fd, void *map, size_t bytes)
{
	void *p = MAP_FAILED;
	int own = memory_open_read_only(*fd);

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
