/*
 * diag.h - complaints for a person, each with its place, all of them.
 *
 * Start and configuration code returns bool and adds to a diag; nothing stops
 * at the first complaint.
 */
#ifndef COMMON_BASE_DIAG_H
#define COMMON_BASE_DIAG_H

#include <stdbool.h>
#include <stddef.h>

enum diag_kind { DIAG_ERROR, DIAG_WARNING };

struct diag_item {
	enum diag_kind kind;
	char *file; /* NULL: no place */
	int line;   /* 0: no line */
	char *text; /* a sentence without a final newline */
};

struct diag {
	struct diag_item *items;
	size_t count;
	size_t errors; /* of them, kind DIAG_ERROR */
};

void diag_init(struct diag *d);
void diag_fini(struct diag *d);

/* Adds a complaint; `file` may be NULL (no place), `line` 0. Copies all. */
void diag_error(struct diag *d, const char *file, int line, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
void diag_warn(struct diag *d, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * Orders the items by file (in the order of their first appearance) and line;
 * stable.
 */
void diag_sort(struct diag *d);

/*
 * Writes item i as "file:line: sentence" ("file:line: warning: sentence" for a
 * warning; without a place, the sentence alone) into buf, NUL-terminated and
 * cut to size. Returns the whole length, as snprintf.
 */
int diag_format(const struct diag *d, size_t i, char *buf, size_t size);

#endif
