/*
 * ctl_certs.c - see ctl_certs.h. Certificates first, then authorities, those
 * that expire first on top.
 */
#include "tools/ctl_certs.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "tools/ctl_table.h"
#include "tools/ctl_value.h"

static void
add_list(struct ctl_table *t, const json_t *array)
{
	struct text list;

	text_init(&list);
	ctl_join(&list, array, " ");
	ctl_table_add(
	    t, "%s%.*s", list.n == 0 ? "-" : "", SLICE_FMT(text_slice(&list)));
	text_fini(&list);
}

/* Who uses it: addresses of listeners, then names of services. */
static void
add_users(struct ctl_table *t, const json_t *e)
{
	const json_t *services = json_object_get(e, "services");
	struct text list;

	text_init(&list);
	ctl_join(&list, json_object_get(e, "listeners"), " ");
	if (list.n != 0 && json_array_size(services) != 0)
		text_add_char(&list, ' ');
	ctl_join(&list, services, " ");
	ctl_table_add(t, "%.*s", SLICE_FMT(text_slice(&list)));
	text_fini(&list);
}

static void
add_expiry(struct ctl_table *t, const json_t *e)
{
	if (!json_is_string(json_object_get(e, "not_after"))) {
		ctl_table_add(t, "-");
		ctl_table_add(t, "-");
		ctl_table_add(t, "-");
		return;
	}
	ctl_table_add(t, "%.10s", ctl_word(e, "not_after"));
	ctl_table_add(t, "%lld", ctl_number(e, "days_left"));
	ctl_table_add(t, "%s", ctl_word(e, "state"));
}

static void
add_row(struct ctl_table *t, const json_t *e, bool authority)
{
	ctl_table_add(t, "%s",
	    json_is_null(json_object_get(e, "file")) ? "(the system's)"
						     : ctl_word(e, "file"));
	add_users(t, e);
	if (authority) {
		ctl_table_add(t, "-");
		ctl_table_add(t, "authorities");
		ctl_table_add(t, "-");
	} else {
		add_list(t, json_object_get(e, "names"));
		ctl_table_add(t, "%s", ctl_word(e, "key"));
		ctl_table_add(t, "%s", ctl_word(e, "issuer"));
	}
	add_expiry(t, e);
}

static int
by_days(const void *a, const void *b)
{
	const json_t *const *x = a, *const *y = b;
	long long p = ctl_number(*x, "days_left");
	long long q = ctl_number(*y, "days_left");

	return p < q ? -1 : p > q;
}

static void
add_rows(struct ctl_table *t, const json_t *array, bool authority)
{
	size_t n = json_array_size(array);
	const json_t **rows = calloc(n + 1, sizeof(*rows));

	MUST(rows != NULL);
	for (size_t i = 0; i < n; i++)
		rows[i] = json_array_get(array, i);
	qsort(rows, n, sizeof(*rows), by_days);
	for (size_t i = 0; i < n; i++)
		add_row(t, rows[i], authority);
	free(rows);
}

void
ctl_show_certs(const json_t *doc)
{
	static const char *const heading[] = { "FILE", "USED BY", "NAMES",
		"KEY", "ISSUER", "NOT AFTER", "DAYS", "STATE" };
	struct ctl_table t;

	ctl_table_init(&t, 8, heading);
	add_rows(&t, json_object_get(doc, "certificates"), false);
	add_rows(&t, json_object_get(doc, "authorities"), true);
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}
