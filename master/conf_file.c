/*
 * conf_file.c - see conf_file.h.
 */
#include "master/conf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/must.h"
#include "master/files.h"

/* As much as there is of `bytes`. */
static char *
read_all(int fd, size_t bytes, size_t *n, const char **why)
{
	char *content = malloc(bytes + 1);
	ssize_t got = 1;

	MUST(content != NULL);
	while (got > 0 && *n < bytes) {
		got = read(fd, content + *n, bytes - *n);
		*n += got > 0 ? (size_t)got : 0;
	}
	content[*n] = '\0';
	if (got >= 0)
		return content;
	*why = strerror(errno);
	free(content);
	return NULL;
}

char *
conf_file_read(const char *path, uint64_t max, struct stat *st, size_t *n,
    const char **why)
{
	/* Not to hang on a FIFO. */
	int fd = files_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *content = NULL;

	*n = 0;
	if (fd < 0 || fstat(fd, st) != 0)
		*why = strerror(errno);
	else if (!S_ISREG(st->st_mode))
		*why = "it is not a regular file";
	else if ((uint64_t)st->st_size > max)
		*why = "it is too large";
	else
		content = read_all(fd, (size_t)st->st_size, n, why);
	if (fd >= 0)
		(void)close(fd);
	return content;
}
