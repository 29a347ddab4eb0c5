/*
 * memory.h - one memfd of the region: made and sealed, mapped, attached.
 */
#ifndef SHM_MEMORY_H
#define SHM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct memory {
	const char *name;
	size_t bytes; /* memory_attach: 0: as many as it has */
	int prot;     /* PROT_* of the mapping */
	int fd;       /* -1: none */
	void *map;    /* NULL: not mapped */
};

/* Makes, sizes, seals and maps it, mode 0600. False with errno. */
bool memory_make(struct memory *m);

/* Maps what another process made; false with *why, half a sentence. */
bool memory_attach(struct memory *m, const char **why);

/* Unmaps and closes. */
void memory_drop(struct memory *m);

/*
 * Maps it anew, for reading alone, in its place; closes *fd. False with errno.
 */
bool memory_protect(int *fd, void *map, size_t bytes);

/* The same memory, opened for reading alone, close-on-exec; -1 with errno. */
int memory_open_read_only(int fd);

#endif
