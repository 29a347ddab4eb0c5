/*
 * ctl_keys.c - see ctl_keys.h.
 */
#include "tools/ctl_keys.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "tools/ctl_table.h"
#include "tools/ctl_value.h"

/* ---- showing ---- */

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

static void
add_end(struct ctl_table *t, const json_t *e)
{
	char buf[64];

	if (json_is_null(json_object_get(e, "expires_at")))
		ctl_table_add(t, "never");
	else
		ctl_table_add(t, "%s%s",
		    ctl_when(ctl_number(e, "expires_at"), buf, sizeof(buf)),
		    json_is_true(json_object_get(e, "expired")) ? " (over)"
								: "");
}

static void
show_keys(const json_t *doc)
{
	static const char *const heading[] = { "ID", "NAME", "USER", "ROLES",
		"PERMISSIONS", "TENANT", "EXPIRES", "FROM" };
	struct ctl_table t;
	size_t i = 0;
	json_t *e;

	ctl_table_init(&t, 8, heading);
	json_array_foreach(json_object_get(doc, "keys"), i, e)
	{
		ctl_table_add(&t, "%s", ctl_word(e, "id"));
		ctl_table_add(&t, "%s", ctl_word(e, "name"));
		ctl_table_add(&t, "%s", ctl_word(e, "user"));
		add_list(&t, json_object_get(e, "roles"));
		add_list(&t, json_object_get(e, "permissions"));
		ctl_table_add(&t, "%s", ctl_word(e, "tenant"));
		add_end(&t, e);
		ctl_table_add(&t, "%s", ctl_word(e, "from"));
	}
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

/* The key alone, so that a script can take it; the rest is for people. */
static void
show_added(const json_t *doc)
{
	(void)fprintf(
	    stderr, "id %s; this is shown once:\n", ctl_word(doc, "id"));
	printf("%s\n", ctl_word(doc, "key"));
}

/* ---- the three of them ---- */

static const char *
member_of(enum ctl_option o)
{
	if (o == CTL_ROLE)
		return "roles";
	return o == CTL_PERMISSION ? "permissions" : ctl_option_name(o);
}

static json_t *
key_document(const struct ctl_call *c)
{
	json_t *doc = json_object();

	MUST(doc != NULL);
	(void)json_object_set_new(doc, "name", json_string(c->args[2]));
	for (size_t i = 0; i < c->given_count; i++) {
		const struct ctl_given *g = &c->given[i];
		const char *name = member_of(g->option);

		if (!ctl_option_is_many(g->option)) {
			(void)json_object_set_new(
			    doc, name, json_string(g->value));
			continue;
		}
		if (json_object_get(doc, name) == NULL)
			(void)json_object_set_new(doc, name, json_array());
		(void)json_array_append_new(
		    json_object_get(doc, name), json_string(g->value));
	}
	return doc;
}

static enum ctl_exit
keys_misuse(const char *what)
{
	(void)fprintf(stderr, "penstockctl: keys %s\n", what);
	return CTL_MISUSE;
}

static enum ctl_exit
keys_run(const struct ctl_call *c, struct text *path)
{
	const char *what = c->args[0], *which = c->args[2];

	if (strcmp(what, "list") == 0)
		return which == NULL
		    ? ctl_get(c, text_slice(path), show_keys)
		    : keys_misuse("list takes an authenticator, no more");
	if (strcmp(what, "add") == 0)
		return which != NULL ? ctl_submit(c, "POST", text_slice(path),
					   key_document(c), show_added)
				     : keys_misuse("add needs a name");
	if (strcmp(what, "remove") != 0)
		return keys_misuse("needs list, add or remove");
	if (which == NULL)
		return keys_misuse("remove needs an id or a name");
	ctl_path_add(path, slice_str(which));
	return ctl_submit(
	    c, "DELETE", text_slice(path), json_object(), show_keys);
}

enum ctl_exit
ctl_keys(const struct ctl_call *c)
{
	struct text path = { 0 };
	enum ctl_exit code;

	if (c->given_count != 0 && strcmp(c->args[0], "add") != 0)
		return keys_misuse("takes options with add alone");
	text_add(&path, SLICE_LIT("/v1/authenticators"));
	ctl_path_add(&path, slice_str(c->args[1]));
	text_add(&path, SLICE_LIT("/keys"));
	code = keys_run(c, &path);
	text_fini(&path);
	return code;
}
