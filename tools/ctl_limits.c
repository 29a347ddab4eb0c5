/*
 * ctl_limits.c - see ctl_limits.h.
 */
#include "tools/ctl_limits.h"

#include <stdio.h>

#include "common/base/must.h"
#include "tools/ctl_table.h"
#include "tools/ctl_value.h"

/* ---- showing ---- */

static void
add_count(struct ctl_table *t, const json_t *l, const char *key)
{
	if (json_is_integer(json_object_get(l, key)))
		ctl_table_add(t, "%lld", ctl_number(l, key));
	else
		ctl_table_add(t, "-");
}

static void
add_rate(struct ctl_table *t, const json_t *l)
{
	long long count = ctl_number(l, "count");
	const json_t *period = json_object_get(l, "period_seconds");
	char buf[64];

	if (json_is_string(json_object_get(l, "period")))
		ctl_table_add(t, "%lld/%s", count, ctl_word(l, "period"));
	else if (period != NULL)
		ctl_table_add(t, "%lld in %s", count,
		    ctl_span((long long)json_number_value(period), buf,
			sizeof(buf)));
	else
		ctl_table_add(t, "%lld at once", count);
}

static void
add_limit(struct ctl_table *t, const json_t *l)
{
	ctl_table_add(t, "%s", ctl_word(l, "name"));
	ctl_table_add(t, "%s", ctl_word(l, "algorithm"));
	add_rate(t, l);
	add_count(t, l, "burst");
	add_count(t, l, "keys");
}

static void
show_limits(const json_t *doc)
{
	static const char *const heading[] = { "LIMIT", "ALGORITHM", "RATE",
		"BURST", "KEYS" };
	struct ctl_table t;
	size_t i = 0;
	json_t *l;

	ctl_table_init(&t, 5, heading);
	json_array_foreach(json_object_get(doc, "limits"), i, l)
	    add_limit(&t, l);
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

static void
add_key(struct ctl_table *t, const json_t *k)
{
	const json_t *reset = json_object_get(k, "reset_seconds");
	char buf[64];

	ctl_table_add(t, "%s", ctl_word(k, "key"));
	ctl_table_add(t, "%lld", ctl_number(k, "used"));
	ctl_table_add(t, "%lld", ctl_number(k, "remaining"));
	ctl_table_add(t, "%s",
	    ctl_span((long long)(json_number_value(reset) + 0.999), buf,
		sizeof(buf)));
}

static void
show_keys(const json_t *doc)
{
	static const char *const heading[] = { "KEY", "USED", "REMAINING",
		"RESET" };
	struct ctl_table t;
	size_t i = 0;
	json_t *k;

	ctl_table_init(&t, 4, heading);
	json_array_foreach(json_object_get(doc, "most_used"), i, k)
	    add_key(&t, k);
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

static void
show_reset(const json_t *doc)
{
	(void)doc;
	printf("reset\n");
}

/* ---- asking ---- */

static enum ctl_exit
limits_reset(const struct ctl_call *c, struct text *path)
{
	text_add(path, SLICE_LIT("/keys"));
	ctl_path_add(path, slice_str(c->args[1]));
	return ctl_submit(
	    c, "DELETE", text_slice(path), json_object(), show_reset);
}

enum ctl_exit
ctl_limits(const struct ctl_call *c)
{
	bool resets = c->given_count != 0;
	struct text path;
	enum ctl_exit code;

	if (resets != (c->args[1] != NULL)) {
		(void)fputs("penstockctl: limits takes NAME, or --reset NAME "
			    "KEY\n",
		    stderr);
		return CTL_MISUSE;
	}
	text_init(&path);
	text_add(&path, SLICE_LIT("/v1/limits"));
	if (c->args[0] != NULL)
		ctl_path_add(&path, slice_str(c->args[0]));
	if (resets)
		code = limits_reset(c, &path);
	else
		code = ctl_get(c, text_slice(&path),
		    c->args[0] != NULL ? show_keys : show_limits);
	text_fini(&path);
	return code;
}
