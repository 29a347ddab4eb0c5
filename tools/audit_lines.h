/*
 * audit_lines.h - the lines of a file, from some place on, one after the other.
 */
#ifndef TOOLS_AUDIT_LINES_H
#define TOOLS_AUDIT_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/audit_line.h"

enum audit_lines_got {
	AUDIT_LINES_ONE,  /* a line, without its end */
	AUDIT_LINES_TORN, /* what is left has no end of line */
	AUDIT_LINES_LONG, /* a line of AUDIT_LINE_MAX or more was skipped */
	AUDIT_LINES_END,
	AUDIT_LINES_FAILED /* errno */
};

struct audit_lines {
	int fd;
	uint64_t at;   /* behind what was given: in the file */
	uint64_t read; /* behind what is in buf */
	size_t from, n;
	char *buf; /* 2 * AUDIT_LINE_MAX */
};

/* The file stays the caller's. False: no memory. */
bool audit_lines_init(struct audit_lines *l, int fd, uint64_t from);
void audit_lines_fini(struct audit_lines *l);

/* *line is valid until the next call. After TORN and END one may ask again:
 * the file may have grown. */
enum audit_lines_got
audit_lines_next(struct audit_lines *l, struct slice *line);

#endif
