/*
 * ctl_bans.c - see ctl_bans.h.
 */
#include "tools/ctl_bans.h"

#include <stdio.h>

#include "common/base/must.h"
#include "tools/ctl_table.h"
#include "tools/ctl_value.h"

#define PATH SLICE_LIT("/v1/bans")

/* ---- showing ---- */

static void
add_ban(struct ctl_table *t, const json_t *b)
{
	char buf[64];

	ctl_table_add(t, "%s", ctl_word(b, "address"));
	if (json_is_number(json_object_get(b, "until")))
		ctl_table_add(t, "%s",
		    ctl_when(ctl_number(b, "until"), buf, sizeof(buf)));
	else
		ctl_table_add(t, "for ever");
	ctl_table_add(t, "%lld", ctl_number(b, "strikes"));
	ctl_table_add(t, "%s",
	    json_is_string(json_object_get(b, "rule")) ? ctl_word(b, "rule")
						       : "(operator)");
}

static void
table_begin(struct ctl_table *t)
{
	static const char *const heading[] = { "ADDRESS", "UNTIL", "STRIKES",
		"RULE" };

	ctl_table_init(t, 4, heading);
}

void
ctl_show_bans(const json_t *doc)
{
	struct ctl_table t;
	size_t i = 0;
	json_t *b;

	table_begin(&t);
	json_array_foreach(json_object_get(doc, "bans"), i, b) add_ban(&t, b);
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

static void
show_ban(const json_t *doc)
{
	struct ctl_table t;

	table_begin(&t);
	add_ban(&t, doc);
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

static void
show_lifted(const json_t *doc)
{
	long long n = ctl_number(doc, "lifted");

	printf("%lld ban%s lifted\n", n, n == 1 ? "" : "s");
}

/* ---- asking ---- */

static json_t *
ban_document(const char *address)
{
	json_t *doc = json_object();

	MUST(doc != NULL);
	(void)json_object_set_new(doc, "address", json_string(address));
	return doc;
}

enum ctl_exit
ctl_ban(const struct ctl_call *c)
{
	json_t *doc = ban_document(c->args[0]);
	const char *time = ctl_given_value(c, CTL_FOR);

	if (time != NULL)
		(void)json_object_set_new(doc, "for", json_string(time));
	return ctl_submit(c, "POST", PATH, doc, show_ban);
}

enum ctl_exit
ctl_unban(const struct ctl_call *c)
{
	if ((c->args[0] != NULL) == (c->given_count != 0)) {
		(void)fputs(
		    "penstockctl: unban needs ADDRESS, or --all\n", stderr);
		return CTL_MISUSE;
	}
	return ctl_submit(c, "DELETE", PATH,
	    ban_document(c->args[0] != NULL ? c->args[0] : "all"), show_lifted);
}
