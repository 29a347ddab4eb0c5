/*
 * files.c - see files.h. Requests carry a number, because a loader that is
 * killed may leave an answer behind for the next one.
 */
#include "master/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/net/sock.h"

#define FILES_WAIT_MS 5000

struct files_request {
	uint64_t number;
	char path[FILES_PATH_MAX];
};

struct files_answer {
	uint64_t number;
	int32_t error; /* errno, or 0 and a descriptor rides along */
	uint32_t spare;
};

/* ---- keeper ---- */

void
files_init(struct files *f, const char *conf)
{
	char *slash;

	if (realpath(conf, f->root) == NULL)
		f->root[0] = '\0';
	slash = strrchr(f->root, '/');
	if (slash != NULL)
		*slash = '\0';
}

/* `below` has no symbolic link when it is resolved, and must have none now. */
static int
files_open_at(const char *root, const char *below)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
		    RESOLVE_NO_MAGICLINKS };
	int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), fd, saved;

	if (folder < 0)
		return -1;
	fd = (int)syscall(SYS_openat2, folder, below, &how, sizeof(how));
	saved = errno;
	(void)close(folder);
	errno = saved;
	return fd;
}

int
files_open_below(const struct files *f, const char *path)
{
	char resolved[PATH_MAX];
	size_t n = strlen(f->root);
	struct stat st;
	int fd;

	if (realpath(path, resolved) == NULL)
		return -1;
	if (n == 0 || strncmp(resolved, f->root, n) != 0 ||
	    resolved[n] != '/') {
		errno = EPERM;
		return -1;
	}
	fd = files_open_at(f->root, resolved + n + 1);
	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	(void)close(fd);
	errno = EPERM;
	return -1;
}

void
files_serve(const struct files *f, int fd)
{
	struct files_request r;

	while (recv(fd, &r, sizeof(r), MSG_DONTWAIT) == (ssize_t)sizeof(r)) {
		struct files_answer a = { .number = r.number };
		int file;

		r.path[sizeof(r.path) - 1] = '\0';
		file = files_open_below(f, r.path);
		a.error = file < 0 ? errno : 0;
		(void)sock_send_fd(fd, &a, sizeof(a), file);
		if (file >= 0)
			(void)close(file);
	}
}

/* ---- loader ---- */

static struct {
	int fd;
	uint64_t asked;
} files_keeper = { -1, 0 };

void
files_ask_at(int fd)
{
	files_keeper.fd = fd;
}

/* The answer with this number; others are a dead loader's. */
static int
files_await(int fd, uint64_t number)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct files_answer a;
	int file;

	for (;;) {
		if (poll(&p, 1, FILES_WAIT_MS) <= 0 ||
		    sock_recv_fd(fd, &a, sizeof(a), &file) !=
			(ssize_t)sizeof(a)) {
			errno = EACCES;
			return -1;
		}
		if (a.number == number)
			break;
		if (file >= 0)
			(void)close(file);
	}
	if (file < 0)
		errno = a.error != 0 ? a.error : EACCES;
	return file;
}

static int
files_ask(const char *path)
{
	struct files_request r = { 0 };
	size_t n = strlen(path);

	if (n >= sizeof(r.path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(r.path, path, n);
	r.number = (uint64_t)getpid() << 32 | ++files_keeper.asked;
	if (send(files_keeper.fd, &r, sizeof(r), MSG_NOSIGNAL) !=
	    (ssize_t)sizeof(r)) {
		errno = EACCES;
		return -1;
	}
	return files_await(files_keeper.fd, r.number);
}

int
files_open(const char *path, int flags)
{
	int fd = open(path, flags);

	if (fd >= 0 || (errno != EACCES && errno != EPERM) ||
	    files_keeper.fd < 0)
		return fd;
	return files_ask(path);
}
