/*
 * ctl_auths.c - see ctl_auths.h.
 */
#include "tools/ctl_auths.h"

#include <stdio.h>
#include <string.h>

#include "tools/ctl_table.h"
#include "tools/ctl_value.h"

static void
kids_add(struct text *list, const json_t *keys)
{
	size_t i = 0;
	json_t *k;

	json_array_foreach(keys, i, k)
	{
		const char *kid = ctl_word(k, "kid");

		text_printf(list, "%s%s", list->n != 0 ? " " : "",
		    kid[0] != '\0' ? kid : "(no kid)");
	}
}

/* Names of keys, or how many holders of keys and passwords there are. */
static void
add_keys(struct ctl_table *t, const json_t *e)
{
	struct text list;

	text_init(&list);
	kids_add(&list, json_object_get(e, "keys"));
	kids_add(&list, json_object_get(json_object_get(e, "key_set"), "keys"));
	if (json_is_true(json_object_get(e, "own")))
		text_printf(&list, "%s(own)", list.n != 0 ? " " : "");
	if (list.n != 0)
		ctl_table_add(t, "%.*s", SLICE_FMT(text_slice(&list)));
	else if (ctl_number(e, "holders") + ctl_number(e, "added") != 0)
		ctl_table_add(t, "%lld holders, %lld added",
		    ctl_number(e, "holders"), ctl_number(e, "added"));
	else
		ctl_table_add(t, "-");
	text_fini(&list);
}

static void
add_set(struct ctl_table *t, const json_t *set)
{
	char buf[64];

	if (set == NULL) {
		for (int i = 0; i < 3; i++)
			ctl_table_add(t, "-");
		return;
	}
	ctl_table_add(t, "%s", ctl_word(set, "state"));
	if (json_is_number(json_object_get(set, "age")))
		ctl_table_add(t, "%s",
		    ctl_span(ctl_number(set, "age"), buf, sizeof(buf)));
	else
		ctl_table_add(t, "never");
	ctl_table_add(t, "%s%s%s", ctl_word(set, "url"),
	    ctl_word(set, "error")[0] != '\0' ? ": " : "",
	    ctl_word(set, "error"));
}

void
ctl_show_auths(const json_t *doc)
{
	static const char *const heading[] = { "NAME", "TYPE", "KEYS", "SET",
		"AGE", "FROM" };
	struct ctl_table t;
	size_t i = 0;
	json_t *e;

	ctl_table_init(&t, 6, heading);
	json_array_foreach(json_object_get(doc, "authenticators"), i, e)
	{
		ctl_table_add(&t, "%s", ctl_word(e, "name"));
		ctl_table_add(&t, "%s", ctl_word(e, "type"));
		add_keys(&t, e);
		add_set(&t, json_object_get(e, "key_set"));
	}
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

/* ---- signing ---- */

static void
show_signing(const json_t *doc)
{
	static const char *const heading[] = { "KID", "USE", "MADE" };
	struct ctl_table t;
	char buf[64];
	size_t i = 0;
	json_t *e;

	ctl_table_init(&t, 3, heading);
	json_array_foreach(json_object_get(doc, "keys"), i, e)
	{
		ctl_table_add(&t, "%s", ctl_word(e, "kid"));
		ctl_table_add(&t, "%s", ctl_word(e, "use"));
		ctl_table_add(&t, "%s",
		    ctl_when(ctl_number(e, "made_at"), buf, sizeof(buf)));
	}
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
	if (json_is_number(json_object_get(doc, "rotates_at")))
		printf("the next one signs from %s\n",
		    ctl_when(ctl_number(doc, "rotates_at"), buf, sizeof(buf)));
}

enum ctl_exit
ctl_signing(const struct ctl_call *c)
{
	if (c->args[0] == NULL)
		return ctl_get(c, SLICE_LIT("/v1/signing"), show_signing);
	if (strcmp(c->args[0], "rotate") == 0)
		return ctl_submit(c, "POST", SLICE_LIT("/v1/signing/rotate"),
		    json_object(), show_signing);
	(void)fprintf(
	    stderr, "penstockctl: signing has no \"%s\"\n", c->args[0]);
	return CTL_MISUSE;
}
