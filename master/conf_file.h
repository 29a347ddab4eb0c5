/*
 * conf_file.h - reads a file as a whole, by way of the keeper where this
 * process may not.
 */
#ifndef MASTER_CONF_FILE_H
#define MASTER_CONF_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * The bytes of a regular file of at most `max`, with a NUL behind them, and
 * what fstat says of it; NULL with *why as half a sentence. The caller frees
 * them.
 */
char *conf_file_read(const char *path, uint64_t max, struct stat *st, size_t *n,
    const char **why);

#endif
