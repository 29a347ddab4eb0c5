/*
 * pidfile.h - the file that names the keeper, and the lock that makes it the
 * only one: a record lock, which ends with the keeper whatever ends it.
 */
#ifndef MASTER_PIDFILE_H
#define MASTER_PIDFILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/diag.h"

/*
 * Opens (or makes) the file, locks it and writes this process's pid. Returns
 * the descriptor, to be kept open as long as the lock is wanted, or -1 with a
 * complaint. Not before the process has its final pid.
 */
int pidfile_take(const char *path, struct diag *d);

/* Removes the file, then the lock. */
void pidfile_release(const char *path, int fd);

/* The process that holds the lock; 0: none (or no such file). */
pid_t pidfile_owner(const char *path);

#endif
