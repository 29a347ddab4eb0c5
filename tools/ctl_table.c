/*
 * ctl_table.c - see ctl_table.h.
 */
#include "tools/ctl_table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"

void
ctl_table_init(struct ctl_table *t, size_t columns, const char *const *heading)
{
	MUST(columns <= CTL_COLUMNS_MAX);
	*t = (struct ctl_table){ .columns = columns };
	for (size_t i = 0; i < columns; i++)
		ctl_table_add(t, "%s", heading[i]);
}

void
ctl_table_fini(struct ctl_table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->cells[i]);
	free(t->cells);
	*t = (struct ctl_table){ 0 };
}

void
ctl_table_add(struct ctl_table *t, const char *fmt, ...)
{
	va_list ap;
	char *cell;
	int n;

	if (t->count == t->room) {
		t->room = t->room != 0 ? 2 * t->room : 64;
		t->cells = realloc(t->cells, t->room * sizeof(*t->cells));
		MUST(t->cells != NULL);
	}
	va_start(ap, fmt);
	n = vasprintf(&cell, fmt, ap);
	va_end(ap);
	MUST(n >= 0);
	t->cells[t->count++] = cell;
}

void
ctl_table_print(const struct ctl_table *t, FILE *f)
{
	size_t width[CTL_COLUMNS_MAX] = { 0 };

	for (size_t i = 0; i < t->count; i++) {
		size_t n = strlen(t->cells[i]);

		if (n > width[i % t->columns])
			width[i % t->columns] = n;
	}
	for (size_t i = 0; i < t->count; i++) {
		size_t column = i % t->columns;

		if (column + 1 == t->columns)
			(void)fprintf(f, "%s\n", t->cells[i]);
		else
			(void)fprintf(
			    f, "%-*s  ", (int)width[column], t->cells[i]);
	}
}
