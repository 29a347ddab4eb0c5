/*
 * ctl_revoke.c - see ctl_revoke.h.
 */
#include "tools/ctl_revoke.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "tools/ctl_table.h"
#include "tools/ctl_value.h"

#define PATH SLICE_LIT("/v1/revocations")

/* ---- showing ---- */

static void
add_entry(struct ctl_table *t, const json_t *e)
{
	char buf[64];

	ctl_table_add(t, "%s", ctl_word(e, "kind"));
	ctl_table_add(t, "%s", ctl_word(e, "value"));
	ctl_table_add(t, "%s",
	    ctl_word(e, "authenticator")[0] != '\0'
		? ctl_word(e, "authenticator")
		: "(any)");
	if (json_is_number(json_object_get(e, "before")))
		ctl_table_add(t, "%s",
		    ctl_when(ctl_number(e, "before"), buf, sizeof(buf)));
	else
		ctl_table_add(t, "-");
	if (json_is_number(json_object_get(e, "until")))
		ctl_table_add(t, "%s",
		    ctl_when(ctl_number(e, "until"), buf, sizeof(buf)));
	else
		ctl_table_add(t, "for ever");
}

static void
table_begin(struct ctl_table *t)
{
	static const char *const heading[] = { "KIND", "VALUE", "AUTHENTICATOR",
		"ISSUED UP TO", "KEPT UNTIL" };

	ctl_table_init(t, 5, heading);
}

static void
show_list(const json_t *doc)
{
	struct ctl_table t;
	size_t i = 0;
	json_t *e;

	table_begin(&t);
	json_array_foreach(json_object_get(doc, "revocations"), i, e)
	    add_entry(&t, e);
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

static void
show_one(const json_t *doc)
{
	struct ctl_table t;

	table_begin(&t);
	add_entry(&t, doc);
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

static void
show_lifted(const json_t *doc)
{
	printf("%s %s is not revoked any more\n", ctl_word(doc, "kind"),
	    ctl_word(doc, "value"));
}

/* ---- asking ---- */

/* What is meant; NULL with a sentence. */
static json_t *
entry_document(const struct ctl_call *c)
{
	const char *kind = c->args[0], *value = c->args[1];
	bool all = kind != NULL && strcmp(kind, "all") == 0;
	json_t *doc;

	if (kind == NULL || all == (value != NULL)) {
		(void)fprintf(stderr,
		    "penstockctl: %s needs token ID, user NAME or all\n",
		    c->command);
		return NULL;
	}
	doc = json_object();
	MUST(doc != NULL);
	(void)json_object_set_new(doc, "kind", json_string(kind));
	if (value != NULL)
		(void)json_object_set_new(doc, "value", json_string(value));
	for (size_t i = 0; i < c->given_count; i++)
		(void)json_object_set_new(doc,
		    ctl_option_name(c->given[i].option),
		    json_string(c->given[i].value));
	return doc;
}

static enum ctl_exit
change(const struct ctl_call *c, const char *method,
    void (*show)(const json_t *doc))
{
	json_t *doc = entry_document(c);

	return doc != NULL ? ctl_submit(c, method, PATH, doc, show)
			   : CTL_MISUSE;
}

enum ctl_exit
ctl_revoke(const struct ctl_call *c)
{
	if (ctl_given_value(c, CTL_LIST) == NULL)
		return change(c, "POST", show_one);
	if (c->args[0] == NULL && c->given_count == 1)
		return ctl_get(c, PATH, show_list);
	(void)fputs("penstockctl: revoke --list takes nothing else\n", stderr);
	return CTL_MISUSE;
}

enum ctl_exit
ctl_unrevoke(const struct ctl_call *c)
{
	return change(c, "DELETE", show_lifted);
}
