/*
 * audit_file.c - see audit_file.h. audit_resume.c finds out where it stands.
 */
#include "tools/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/must.h"
#include "tools/audit_resume.h"

#define FILE_MODE 0640

/* ---- batches ---- */

void
audit_batch_add(
    struct audit_batch *b, uint32_t ring, const struct record_audit *a)
{
	const struct audit_batch_head h = { .ring = ring };

	text_add(&b->bytes, slice_make((const char *)&h, sizeof(h)));
	text_add(&b->bytes, slice_make((const char *)a, a->head.bytes));
}

/* ---- opening ---- */

static void
file_close(struct audit_file *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	if (f->state_fd >= 0)
		(void)close(f->state_fd);
	f->fd = f->state_fd = -1;
	audit_chain_fini(&f->chain);
}

static bool
file_fails(struct audit_file *f, const char *doing)
{
	f->error = errno != 0 ? errno : EIO;
	f->doing = doing;
	return false;
}

/* So that the file's name is on the disk, too. */
static void
folder_sync(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash != NULL ? strndup(path, (size_t)(slash - path) + 1)
				     : strdup(".");
	int fd = folder != NULL
	    ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
	    : -1;

	if (fd >= 0) {
		(void)fsync(fd);
		(void)close(fd);
	}
	free(folder);
}

/* Nobody else writes it at the same time, while the state's file is open. */
static bool
state_open(struct audit_file *f)
{
	size_t n = strlen(f->path) + sizeof(AUDIT_STATE_SUFFIX);
	char *path = malloc(n);

	if (path == NULL)
		return file_fails(f, "open");
	(void)snprintf(path, n, "%s" AUDIT_STATE_SUFFIX, f->path);
	f->state_fd =
	    open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	free(path);
	if (f->state_fd < 0)
		return file_fails(f, "open its .state");
	if (flock(f->state_fd, LOCK_EX | LOCK_NB) != 0)
		return file_fails(f, "lock its .state");
	audit_state_read(f->state_fd, &f->known);
	return true;
}

static bool
file_open(struct audit_file *f)
{
	const char *why;

	f->begin = false;
	if (!audit_chain_init(&f->chain, f->key_file, &why))
		return file_fails(f, "use its key_file");
	f->fd = open(f->path,
	    O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (f->fd < 0) {
		(void)file_fails(f, "open");
	} else if (state_open(f)) {
		folder_sync(f->path);
		/* Before anything is written to it: whatever becomes of the
		 * file, it is known which one it is. */
		if (!audit_resume(f))
			(void)file_fails(f, "read");
		else if (!audit_state_write(f->state_fd, &f->known))
			(void)file_fails(f, "write its .state");
		else
			return true;
	}
	file_close(f);
	return false;
}

/* Open, there, and as it was left. */
static bool
file_ready(struct audit_file *f)
{
	struct stat st;

	errno = 0;
	if (f->fd >= 0 && fstat(f->fd, &st) == 0 && st.st_nlink != 0 &&
	    (uint64_t)st.st_size == f->known.offset)
		return true;
	if (f->fd >= 0)
		file_close(f);
	return file_open(f);
}

/* ---- writing ---- */

/* True: it is to be in this log, and is not yet. */
static bool
file_lacks(const struct audit_state *s, uint32_t events, uint32_t ring,
    const struct record_audit *a)
{
	return a->event < 32 && (events >> a->event & 1) != 0 &&
	    a->head.seq > s->number[ring];
}

/* Lines of what is to be written, behind which the log then is as *s says. */
static bool
file_format(struct audit_file *f, const struct audit_batch *b,
    struct audit_state *s, uint64_t *lines)
{
	const char *p = b->bytes.p, *end = p + b->bytes.n;
	const struct audit_batch_head *h;
	const struct record_audit *a;

	text_clear(&f->out);
	*lines = 0;
	for (; p < end; p += sizeof(*h) + a->head.bytes) {
		h = (const void *)p;
		a = (const void *)(p + sizeof(*h));
		if (!file_lacks(s, f->events, h->ring, a))
			continue;
		if (f->begin && *lines == 0 &&
		    !audit_line_begin(&f->out, &f->chain, &s->at, clock_wall()))
			return false;
		if (!audit_line_write(
			&f->out, &f->chain, &s->at, f->run, h->ring, a))
			return false;
		s->number[h->ring] = a->head.seq;
		++*lines;
	}
	return true;
}

static bool
file_put(const struct audit_file *f)
{
	size_t at = 0;
	ssize_t n;

	while (at < f->out.n) {
		n = write(f->fd, f->out.p + at, f->out.n - at);
		if (n < 0 && errno != EINTR)
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	return fdatasync(f->fd) == 0;
}

/* What was written of it goes; if that fails, it is read when it is opened
 * again. */
static bool
file_take_back(struct audit_file *f)
{
	int error = errno;

	if (ftruncate(f->fd, (off_t)f->known.offset) != 0)
		file_close(f);
	errno = error;
	return file_fails(f, "write");
}

bool
audit_file_write(struct audit_file *f, const struct audit_batch *b)
{
	struct audit_state next;
	uint64_t lines;

	if (!file_ready(f))
		return false;
	next = f->known;
	if (!file_format(f, b, &next, &lines))
		return file_fails(f, "make lines");
	f->error = 0;
	if (lines == 0)
		return true;
	if (!file_put(f))
		return file_take_back(f);
	next.offset += f->out.n;
	f->known = next;
	f->begin = false;
	f->lines += lines;
	f->bytes += f->out.n;
	/* The file says the same to whoever opens it next. */
	(void)audit_state_write(f->state_fd, &f->known);
	return true;
}

/* ---- life ---- */

static char *
path_of(struct slice s)
{
	char *path = s.n != 0 ? strndup(s.p, s.n) : NULL;

	MUST(s.n == 0 || path != NULL);
	return path;
}

void
audit_file_init(struct audit_file *f, struct slice path, struct slice key_file,
    uint32_t events, uint64_t run)
{
	*f = (struct audit_file){ .path = path_of(path),
		.key_file = path_of(key_file),
		.events = events,
		.run = run,
		.fd = -1,
		.state_fd = -1 };
	text_init(&f->out);
}

void
audit_file_fini(struct audit_file *f)
{
	file_close(f);
	text_fini(&f->out);
	free(f->path);
	free(f->key_file);
}

bool
audit_file_reopen(struct audit_file *f)
{
	file_close(f);
	if (!file_ready(f))
		return false;
	f->error = 0;
	return true;
}
