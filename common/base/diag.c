/*
 * diag.c - collects complaints. Used at start and in the loader, where no
 * memory is fatal.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/diag.h"
#include "common/base/must.h"

struct diag_order {
	size_t file; /* index of the first item of the same file */
	size_t at;   /* its own index */
	struct diag_item item;
};

void
diag_init(struct diag *d)
{
	*d = (struct diag){ 0 };
}

void
diag_fini(struct diag *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->items[i].file);
		free(d->items[i].text);
	}
	free(d->items);
	diag_init(d);
}

static void __attribute__((format(printf, 5, 0)))
diag_add(struct diag *d, enum diag_kind kind, const char *file, int line,
    const char *fmt, va_list ap)
{
	struct diag_item *item;

	/* Room doubles at 8, 16, 32... items. */
	if (d->count == 0 ||
	    (d->count >= 8 && (d->count & (d->count - 1)) == 0)) {
		size_t room = d->count == 0 ? 8 : d->count * 2;

		d->items = reallocarray(d->items, room, sizeof(*item));
		MUST(d->items != NULL);
	}
	item = &d->items[d->count++];
	*item = (struct diag_item){ .kind = kind, .line = line };
	if (file != NULL) {
		item->file = strdup(file);
		MUST(item->file != NULL);
	}
	MUST(vasprintf(&item->text, fmt, ap) >= 0);
	if (kind == DIAG_ERROR)
		d->errors++;
}

void
diag_error(struct diag *d, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diag_add(d, DIAG_ERROR, file, line, fmt, ap);
	va_end(ap);
}

void
diag_warn(struct diag *d, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diag_add(d, DIAG_WARNING, file, line, fmt, ap);
	va_end(ap);
}

static bool
same_file(const struct diag_item *a, const struct diag_item *b)
{
	if (a->file == NULL || b->file == NULL)
		return a->file == b->file;
	return strcmp(a->file, b->file) == 0;
}

static int
order_compare(const void *left, const void *right)
{
	const struct diag_order *a = left;
	const struct diag_order *b = right;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->item.line != b->item.line)
		return a->item.line < b->item.line ? -1 : 1;
	return a->at < b->at ? -1 : 1;
}

void
diag_sort(struct diag *d)
{
	struct diag_order *order;

	if (d->count < 2)
		return;
	order = calloc(d->count, sizeof(*order));
	MUST(order != NULL);
	for (size_t i = 0; i < d->count; i++) {
		size_t first = 0;

		while (!same_file(&d->items[first], &d->items[i]))
			first++;
		order[i] = (struct diag_order){ first, i, d->items[i] };
	}
	qsort(order, d->count, sizeof(*order), order_compare);
	for (size_t i = 0; i < d->count; i++)
		d->items[i] = order[i].item;
	free(order);
}

int
diag_format(const struct diag *d, size_t i, char *buf, size_t size)
{
	const struct diag_item *item = &d->items[i];
	const char *kind = item->kind == DIAG_WARNING ? "warning: " : "";

	if (item->file == NULL)
		return snprintf(buf, size, "%s%s", kind, item->text);
	if (item->line == 0)
		return snprintf(
		    buf, size, "%s: %s%s", item->file, kind, item->text);
	return snprintf(
	    buf, size, "%s:%d: %s%s", item->file, item->line, kind, item->text);
}
