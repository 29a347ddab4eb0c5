/*
 * state.c - see state.h.
 */
#include "master/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/json.h"
#include "master/folder.h"
#include "master/json_fields.h"

#define STATE_VERSION 1
#define NAME_MAX_BYTES 64

/* ---- the folder ---- */

static bool
folder_make(const char *path, const struct privs *p)
{
	if (mkdir(path, 0700) != 0)
		return errno == EEXIST;
	return !p->change || lchown(path, p->uid, p->gid) == 0;
}

/* NULL, or why the master could not use it. */
static const char *
folder_unfit(int fd, const struct privs *p)
{
	struct stat st;
	uid_t uid = p->change ? p->uid : geteuid();

	if (fstat(fd, &st) != 0)
		return strerror(errno);
	if (st.st_uid != uid)
		return "it belongs to another user than the master";
	if ((st.st_mode & S_IRWXU) != S_IRWXU)
		return "its owner may not write to it";
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "others than its owner may write to it";
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return NULL;
	return errno == EWOULDBLOCK ? "another penstock uses it"
				    : strerror(errno);
}

int
state_open(const char *path, const struct privs *p, struct diag *d)
{
	const char *why;
	int fd;

	if (!folder_make_above(path, "state_dir", d))
		return -1;
	if (!folder_make(path, p)) {
		diag_error(d, NULL, 0, "state_dir: cannot make folder %s: %s",
		    path, strerror(errno));
		return -1;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	why = fd >= 0 ? folder_unfit(fd, p) : strerror(errno);
	if (why == NULL)
		return fd;
	diag_error(d, NULL, 0, "state_dir: cannot use %s: %s", path, why);
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* ---- files ---- */

static bool
file_put(int fd, const struct text *text, bool lasting)
{
	size_t at = 0;
	ssize_t n;

	while (at < text->n) {
		n = write(fd, text->p + at, text->n - at);
		if (n < 0 && errno != EINTR)
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	return !lasting || fsync(fd) == 0;
}

bool
state_write(int dir, const char *name, const struct text *text, bool lasting)
{
	char fresh[NAME_MAX_BYTES];
	bool ok;
	int fd, error;

	if (dir < 0)
		return true;
	(void)snprintf(fresh, sizeof(fresh), "%s.new", name);
	fd = openat(dir, fresh,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return false;
	ok = file_put(fd, text, lasting);
	error = errno;
	(void)close(fd);
	if (ok && renameat(dir, fresh, dir, name) == 0)
		return !lasting || fsync(dir) == 0;
	if (!ok)
		errno = error;
	error = errno;
	(void)unlinkat(dir, fresh, 0);
	errno = error;
	return false;
}

bool
state_cut(struct text *text)
{
	if (text->n <= STATE_BYTES_MAX)
		return false;
	text->n = STATE_BYTES_MAX;
	while (text->n != 0 && text->p[text->n - 1] != '\n')
		text->n--;
	return true;
}

static bool
file_get(int fd, struct text *text)
{
	char block[16384];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if ((size_t)n > STATE_BYTES_MAX - text->n) {
			errno = EFBIG;
			return false;
		}
		text_add(text, slice_make(block, (size_t)n));
	}
	return true;
}

bool
state_read(int dir, const char *name, struct text *text)
{
	bool ok;
	int fd, error;

	if (dir < 0)
		return true;
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT;
	ok = file_get(fd, text);
	error = errno;
	(void)close(fd);
	errno = error;
	/* Nothing that was written is empty: what it said is lost. */
	if (ok && text->n == 0) {
		errno = ENODATA;
		ok = false;
	}
	return ok;
}

/* ---- lines ---- */

void
state_begin(struct text *text, const char *kind)
{
	struct json j;

	json_init(&j, text);
	json_object_begin(&j, NULL);
	json_add_string(&j, "penstock", slice_str(kind));
	json_add_uint(&j, "version", STATE_VERSION);
	json_object_end(&j);
	text_add_char(text, '\n');
}

/* False: it does not end. */
static bool
line_next(struct slice *text, struct slice *line)
{
	const char *end = text->n != 0 ? memchr(text->p, '\n', text->n) : NULL;

	if (end == NULL)
		return false;
	*line = slice_make(text->p, (size_t)(end - text->p));
	*text = slice_skip(*text, line->n + 1);
	return true;
}

static const char *
first_line(struct slice line, const char *kind)
{
	static const char *const names[] = { "penstock", "version", NULL };
	struct json_fields f;
	bool is;

	json_fields_init(&f, line, names);
	is = slice_eq(json_fields_text(&f, "penstock", 64), slice_str(kind)) &&
	    json_fields_int(&f, "version", 0, INT32_MAX, 0) == STATE_VERSION &&
	    json_fields_ok(&f);
	json_fields_fini(&f);
	return is ? NULL : "is not the first line of such a file";
}

bool
state_walk(struct slice text, const char *kind,
    const char *(*line)(void *ctx, struct slice line), void *ctx,
    struct diag *d)
{
	const char *wrong;
	struct slice at;
	int number = 0;

	do {
		number++;
		if (!line_next(&text, &at))
			wrong = "is not whole";
		else if (number == 1)
			wrong = first_line(at, kind);
		else
			wrong = line(ctx, at);
		if (wrong != NULL)
			diag_error(d, kind, number, "%s", wrong);
	} while (wrong == NULL && text.n != 0);
	return wrong == NULL;
}
