/*
 * ctl_table.h - rows of words in aligned columns, for people.
 */
#ifndef TOOLS_CTL_TABLE_H
#define TOOLS_CTL_TABLE_H

#include <stddef.h>
#include <stdio.h>

#define CTL_COLUMNS_MAX 12

struct ctl_table {
	size_t columns;
	size_t count, room; /* cells */
	char **cells;
};

/* A table whose first row is the heading. */
void
ctl_table_init(struct ctl_table *t, size_t columns, const char *const *heading);
void ctl_table_fini(struct ctl_table *t);

/* Appends one cell; after `columns` of them the next row begins. */
void ctl_table_add(struct ctl_table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

void ctl_table_print(const struct ctl_table *t, FILE *f);

#endif
