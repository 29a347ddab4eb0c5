/*
 * audit_lines.c - see audit_lines.h.
 */
#include "tools/audit_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES_ROOM (2 * AUDIT_LINE_MAX)

bool
audit_lines_init(struct audit_lines *l, int fd, uint64_t from)
{
	*l = (struct audit_lines){ .fd = fd, .at = from, .read = from };
	l->buf = malloc(LINES_ROOM);
	return l->buf != NULL;
}

void
audit_lines_fini(struct audit_lines *l)
{
	free(l->buf);
	l->buf = NULL;
}

static struct slice
lines_held(const struct audit_lines *l)
{
	return slice_make(l->buf + l->from, l->n - l->from);
}

/* Reads on; 0: there is no more; -1: errno. */
static ssize_t
lines_fill(struct audit_lines *l)
{
	ssize_t got;

	if (l->from != 0) {
		memmove(l->buf, l->buf + l->from, l->n - l->from);
		l->n -= l->from;
		l->from = 0;
	}
	do
		got = pread(
		    l->fd, l->buf + l->n, LINES_ROOM - l->n, (off_t)l->read);
	while (got < 0 && errno == EINTR);
	if (got > 0) {
		l->n += (size_t)got;
		l->read += (size_t)got;
	}
	return got;
}

/* Skips n bytes of what is held. */
static struct slice
lines_take(struct audit_lines *l, size_t n)
{
	struct slice s = slice_make(l->buf + l->from, n);

	l->from += n;
	l->at += n;
	return s;
}

/* Up to the end of a line that is longer than is held. */
static void
lines_skip(struct audit_lines *l)
{
	const char *end = NULL;

	while (end == NULL) {
		struct slice held = lines_held(l);

		end = held.n != 0 ? memchr(held.p, '\n', held.n) : NULL;
		(void)lines_take(
		    l, end != NULL ? (size_t)(end - held.p) + 1 : held.n);
		if (end == NULL && lines_fill(l) <= 0)
			return;
	}
}

enum audit_lines_got
audit_lines_next(struct audit_lines *l, struct slice *line)
{
	ssize_t got;

	for (;;) {
		struct slice held = lines_held(l);
		const char *end =
		    held.n != 0 ? memchr(held.p, '\n', held.n) : NULL;

		if (end != NULL) {
			*line = lines_take(l, (size_t)(end - held.p) + 1);
			line->n--;
			return AUDIT_LINES_ONE;
		}
		if (held.n >= AUDIT_LINE_MAX) {
			lines_skip(l);
			*line = SLICE_NONE;
			return AUDIT_LINES_LONG;
		}
		got = lines_fill(l);
		if (got < 0)
			return AUDIT_LINES_FAILED;
		if (got == 0)
			break;
	}
	*line = lines_held(l);
	return line->n != 0 ? AUDIT_LINES_TORN : AUDIT_LINES_END;
}
