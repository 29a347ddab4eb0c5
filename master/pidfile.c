/*
 * pidfile.c - see pidfile.h.
 */
#include "master/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/folder.h"

static bool
pidfile_lock(int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_SETLK, &whole) == 0;
}

static bool
pidfile_write(int fd)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) == n;
}

int
pidfile_take(const char *path, struct diag *d)
{
	int fd;

	if (!folder_make_above(path, "pid_file", d))
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0) {
		diag_error(d, NULL, 0, "pid_file: cannot open %s: %s", path,
		    strerror(errno));
		return -1;
	}
	if (!pidfile_lock(fd)) {
		diag_error(d, NULL, 0,
		    "another instance is running with the pid file %s (pid %d)",
		    path, (int)pidfile_owner(path));
		(void)close(fd);
		return -1;
	}
	if (!pidfile_write(fd)) {
		diag_error(d, NULL, 0, "pid_file: cannot write %s: %s", path,
		    strerror(errno));
		(void)close(fd);
		return -1;
	}
	return fd;
}

void
pidfile_release(const char *path, int fd)
{
	if (fd < 0)
		return;
	(void)unlink(path);
	(void)close(fd);
}

/* The number in the file: for a holder in another pid namespace. */
static pid_t
pidfile_read(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return (pid_t)strtol(text, NULL, 10);
}

pid_t
pidfile_owner(const char *path)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	pid_t pid = 0;

	if (fd < 0)
		return 0;
	if (fcntl(fd, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK)
		pid = whole.l_pid > 0 ? whole.l_pid : pidfile_read(fd);
	(void)close(fd);
	return pid;
}
