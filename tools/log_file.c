/*
 * log_file.c - an access log in a file, a pipe, or the gateway's own standard
 * output: see log_out.h.
 *
 * A file has whole lines alone: what was written of one that did not fit is cut
 * off again, or, where somebody else writes the same file, is completed when
 * there is room. A predecessor that was killed may have written what its mark
 * does not know (readers.h): that is cut off, since it comes again.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tools/log_out.h"

#define FILE_MODE 0640
/* So much does not block where poll says that there is room: PIPE_BUF. */
#define PIPE_BYTES 4096

/* ---- opening ---- */

/* True: nobody else has said that he writes it. */
static bool
file_claim(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static bool
file_is_told(const struct log_out *o, const struct stat *st)
{
	return o->tell != NULL && atomic_load(&o->tell->dev) == st->st_dev &&
	    atomic_load(&o->tell->ino) == st->st_ino;
}

/* What a predecessor was killed over. */
static bool
file_cut(struct log_out *o, const struct stat *st)
{
	uint64_t behind;

	if (!o->own || !file_is_told(o, st) || o->size <= o->tell_size)
		return true;
	behind = o->size - o->tell_size;
	if (behind > atomic_load(&o->tell->pending))
		return true;
	o->size = o->tell_size;
	return ftruncate(o->fd, (off_t)o->size) == 0;
}

/* Bytes of others that end within a line stay, in a line of their own. */
static bool
file_end_line(struct log_out *o)
{
	int fd = o->size != 0 ? open(o->path, O_RDONLY | O_CLOEXEC) : -1;
	bool ok = true;
	char last;

	if (fd < 0)
		return true;
	if (pread(fd, &last, 1, (off_t)o->size - 1) == 1 && last != '\n') {
		ok = write(o->fd, "\n", 1) == 1;
		o->size += ok;
	}
	(void)close(fd);
	return ok;
}

static bool
file_begin(struct log_out *o)
{
	struct stat st;
	bool ok;

	if (fstat(o->fd, &st) != 0)
		return false;
	o->regular = S_ISREG(st.st_mode);
	if (!o->regular)
		return true;
	o->own = o->to == IMG_LOG_FILE && file_claim(o->fd);
	o->size = (uint64_t)st.st_size;
	ok = file_cut(o, &st) && (!o->own || file_end_line(o));
	o->marked = o->size;
	o->dev = st.st_dev;
	o->ino = st.st_ino;
	/* Until the mark knows its size (log_access_mark). */
	if (o->tell != NULL)
		atomic_store(&o->tell->dev, 0);
	/* Only the first one may find what a predecessor has left. */
	o->tell_size = UINT64_MAX;
	return ok;
}

static bool
file_open(struct log_out *o)
{
	int error;

	if (o->to == IMG_LOG_STDOUT)
		o->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		o->fd = open(o->path,
		    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK |
			O_NOCTTY,
		    FILE_MODE);
	if (o->fd < 0)
		return false;
	if (file_begin(o))
		return true;
	error = errno;
	(void)close(o->fd);
	o->fd = -1;
	errno = error;
	return false;
}

/* ---- writing ---- */

static uint64_t
lines_in(const char *p, size_t n)
{
	const char *end = p + n;
	uint64_t lines = 0;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		lines++;
		p++;
	}
	return lines;
}

/* Bytes behind `from` are written. */
static void
file_written(struct log_out *o, size_t from)
{
	const char *p = o->waiting.p + from, *nl;
	size_t n = o->done - from;

	nl = n != 0 ? memrchr(p, '\n', n) : NULL;
	o->torn = nl != NULL ? n - (size_t)(nl + 1 - p) : o->torn + n;
	o->size += n;
	o->lines = o->done == o->waiting.n ? 0 : o->lines - lines_in(p, n);
}

/* As many as do not block, whoever shares the descriptor: -1 with errno. */
static ssize_t
file_put(const struct log_out *o, const char *p, size_t n)
{
	struct pollfd room = { .fd = o->fd, .events = POLLOUT };

	if (o->to == IMG_LOG_STDOUT && !o->regular) {
		n = n < PIPE_BYTES ? n : PIPE_BYTES;
		errno = EAGAIN;
		if (poll(&room, 1, 0) != 1)
			return -1;
	}
	return write(o->fd, p, n);
}

static bool
file_put_all(struct log_out *o)
{
	ssize_t n;

	while (o->done < o->waiting.n) {
		n = file_put(o, o->waiting.p + o->done, o->waiting.n - o->done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		o->done += (size_t)n;
	}
	return true;
}

/* What did not fit whole is taken back. */
static void
file_take_back(struct log_out *o)
{
	int error = errno;

	if (o->torn != 0 && o->own &&
	    ftruncate(o->fd, (off_t)(o->size - o->torn)) == 0) {
		o->size -= o->torn;
		o->done -= o->torn;
		o->torn = 0;
	}
	errno = error;
}

static bool
file_write(struct log_out *o)
{
	size_t from = o->done;
	bool ok;

	if (o->tell != NULL && o->own)
		atomic_store(&o->tell->pending,
		    o->size - o->marked + o->waiting.n - from);
	ok = file_put_all(o);
	file_written(o, from);
	if (!ok && o->regular)
		file_take_back(o);
	return ok;
}

static void
file_skip(struct log_out *o)
{
	const char *p = o->waiting.p + o->done, *nl;

	if (o->torn == 0)
		return;
	o->torn = 0;
	nl = memchr(p, '\n', o->waiting.n - o->done);
	o->done += nl != NULL ? (size_t)(nl + 1 - p) : 0;
	o->lines--;
	o->lost++;
}

const struct log_out_ops log_file_ops = {
	.open = file_open,
	.write = file_write,
	.skip = file_skip,
};
