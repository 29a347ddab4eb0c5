/*
 * ctl_services.c - see ctl_services.h.
 */
#include "tools/ctl_services.h"

#include <stdio.h>
#include <string.h>

#include "tools/ctl_endpoints.h"
#include "tools/ctl_table.h"
#include "tools/ctl_value.h"

static void
services_show(const json_t *doc)
{
	static const char *const heading[] = { "NAME", "HEALTH", "USABLE",
		"SICK", "DRAINED", "MAINT", "TOTAL", "ACTIVE", "WAITING",
		"BALANCE", "DEPENDS ON", "BECAUSE OF" };
	static const char *const counts[] = { "usable", "sick", "drained",
		"maint", "total" };
	struct ctl_table t;
	size_t i = 0;
	json_t *e;

	ctl_table_init(&t, 12, heading);
	json_array_foreach(json_object_get(doc, "services"), i, e)
	{
		const json_t *n = json_object_get(e, "endpoints");
		struct text depends = { 0 };

		ctl_table_add(&t, "%s", ctl_word(e, "name"));
		ctl_table_add(&t, "%s", ctl_word(e, "health"));
		for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++)
			ctl_table_add(&t, "%lld", ctl_number(n, counts[k]));
		ctl_table_add(&t, "%lld", ctl_number(e, "active"));
		ctl_table_add(&t, "%lld", ctl_number(e, "waiting"));
		ctl_table_add(&t, "%s", ctl_word(e, "balance"));
		ctl_join(&depends, json_object_get(e, "depends"), " ");
		ctl_table_add(&t, "%.*s", SLICE_FMT(text_slice(&depends)));
		ctl_table_add(&t, "%s", ctl_word(e, "because"));
		text_fini(&depends);
	}
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

enum ctl_exit
ctl_services(const struct ctl_call *c)
{
	return ctl_get(c, SLICE_LIT("/v1/services"), services_show);
}

/* ---- health ---- */

static void
health_show(const json_t *doc)
{
	static const char *const heading[] = { "SERVICE", "STATUS", "USABLE",
		"TOTAL", "BECAUSE OF" };
	struct ctl_table t;
	const char *name;
	json_t *e;

	printf("status: %s\n\n", ctl_word(doc, "status"));
	ctl_table_init(&t, 5, heading);
	json_object_foreach(json_object_get(doc, "services"), name, e)
	{
		ctl_table_add(&t, "%s", name);
		ctl_table_add(&t, "%s", ctl_word(e, "status"));
		ctl_table_add(&t, "%lld", ctl_number(e, "usable"));
		ctl_table_add(&t, "%lld", ctl_number(e, "total"));
		ctl_table_add(&t, "%s", ctl_word(e, "because"));
	}
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

/* Status 503 is an answer, too: the gateway is unhealthy, or stopping. */
static enum ctl_exit
health_of_all(const struct ctl_call *c)
{
	const struct ctl_request q = { "GET", SLICE_LIT("/health"), "" };
	enum ctl_exit code = CTL_REFUSED;
	struct ctl_said said;

	if (!ctl_ask(c, &q, &said))
		code = CTL_REFUSED;
	else if (json_is_string(json_object_get(said.doc, "status"))) {
		ctl_print(c, &said, health_show);
		code = said.status == 200 ? CTL_DONE : CTL_REFUSED;
	} else
		(void)ctl_accepted(c, &said);
	ctl_said_fini(&said);
	return code;
}

enum ctl_exit
ctl_health(const struct ctl_call *c)
{
	if (c->args[0] == NULL)
		return health_of_all(c);
	if (strchr(c->args[0], '/') != NULL)
		return ctl_endpoint_history(c);
	return ctl_service_history(c);
}
