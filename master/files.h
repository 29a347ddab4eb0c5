/*
 * files.h - how a loader without privileges reads what only the keeper may:
 * it asks the keeper, which opens regular files below the configuration's
 * folder for reading, and nothing else.
 */
#ifndef MASTER_FILES_H
#define MASTER_FILES_H

#include <limits.h>
#include <stdbool.h>

#define FILES_PATH_MAX 1024

/* ---- keeper ---- */

struct files {
	char root[PATH_MAX]; /* the folder, resolved; "" when it cannot be */
};

/* `conf` is the path of the configuration. */
void files_init(struct files *f, const char *conf);

/* Answers every request that waits on fd (non-blocking). */
void files_serve(const struct files *f, int fd);

/*
 * Opens a regular file below the root. -1 with errno: EPERM when it lies
 * elsewhere.
 */
int files_open_below(const struct files *f, const char *path);

/* ---- loader ---- */

/* Sets where to ask (-1: nowhere); once per process. */
void files_ask_at(int fd);

/*
 * open() for reading; where that is refused (EACCES, EPERM) and there is a
 * keeper to ask, by way of it. -1 with errno.
 */
int files_open(const char *path, int flags);

#endif
