/*
 * ctl_endpoints.c - see ctl_endpoints.h.
 */
#include "tools/ctl_endpoints.h"

#include <stdio.h>
#include <string.h>

#include "tools/ctl_table.h"
#include "tools/ctl_value.h"

#define CTL_SERVICES "/v1/services"

bool
ctl_endpoint_path(struct text *path, const char *arg)
{
	const char *slash = strchr(arg, '/');

	if (slash == NULL || slash == arg || slash[1] == '\0') {
		(void)fprintf(stderr,
		    "penstockctl: \"%s\" is not SERVICE/ENDPOINT\n", arg);
		return false;
	}
	text_add(path, SLICE_LIT(CTL_SERVICES));
	ctl_path_add(path, slice_make(arg, (size_t)(slash - arg)));
	text_add(path, SLICE_LIT("/endpoints"));
	ctl_path_add(path, slice_str(slash + 1));
	return true;
}

/* ---- rows ---- */

static void
add_name(struct ctl_table *t, const json_t *e)
{
	const char *address = ctl_word(e, "address");
	const char *label = ctl_word(e, "label");

	if (strcmp(address, label) == 0)
		ctl_table_add(t, "%s", address);
	else
		ctl_table_add(t, "%s (%s)", address, label);
}

/* A number that may not be known, as "%.*f" with a unit. */
static void
add_real(struct ctl_table *t, const json_t *value, int decimals, double by,
    const char *unit)
{
	if (json_is_number(value))
		ctl_table_add(
		    t, "%.*f%s", decimals, json_number_value(value) * by, unit);
	else
		ctl_table_add(t, "-");
}

static void
add_check(struct ctl_table *t, const json_t *e)
{
	char buf[64];

	if (json_is_number(json_object_get(e, "last_check")))
		ctl_table_add(t, "%s ago",
		    ctl_span(ctl_number(e, "last_check"), buf, sizeof(buf)));
	else
		ctl_table_add(t, "-");
}

static void
add_endpoint(struct ctl_table *t, const json_t *e)
{
	ctl_table_add(t, "%s", ctl_word(e, "service"));
	add_name(t, e);
	ctl_table_add(t, "%s", ctl_word(e, "state"));
	ctl_table_add(t, "%lld", ctl_number(e, "weight"));
	add_real(t, json_object_get(e, "share"), 0, 100, " %");
	add_real(t, json_object_get(e, "score"), 2, 1, "");
	add_real(t, json_object_get(e, "latency_ms"), 1, 1, " ms");
	ctl_table_add(t, "%lld", ctl_number(e, "active"));
	ctl_table_add(t, "%lld", ctl_number(e, "pooled"));
	add_check(t, e);
	ctl_table_add(t, "%s",
	    json_is_true(json_object_get(e, "backup"))     ? "backup"
		: json_is_true(json_object_get(e, "near")) ? "near"
							   : "-");
	ctl_table_add(t, "%s",
	    json_is_true(json_object_get(e, "overridden")) ? "changed" : "-");
}

void
ctl_endpoints_show(const json_t *doc)
{
	static const char *const heading[] = { "SERVICE", "ENDPOINT", "STATE",
		"WEIGHT", "SHARE", "SCORE", "LATENCY", "ACTIVE", "IDLE",
		"PROBED", "PLACE", "OPERATOR" };
	struct ctl_table t;
	size_t i = 0;
	json_t *e;

	ctl_table_init(&t, 12, heading);
	json_array_foreach(json_object_get(doc, "endpoints"), i, e)
	    add_endpoint(&t, e);
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

/* Below the service that the first argument names. */
static enum ctl_exit
get_of_service(
    const struct ctl_call *c, const char *what, void (*show)(const json_t *doc))
{
	struct text path = { 0 };
	enum ctl_exit code;

	text_add(&path, SLICE_LIT(CTL_SERVICES));
	ctl_path_add(&path, slice_str(c->args[0]));
	text_add(&path, slice_str(what));
	code = ctl_get(c, text_slice(&path), show);
	text_fini(&path);
	return code;
}

enum ctl_exit
ctl_endpoints(const struct ctl_call *c)
{
	if (c->args[0] != NULL)
		return get_of_service(c, "/endpoints", ctl_endpoints_show);
	return ctl_get(c, SLICE_LIT("/v1/endpoints"), ctl_endpoints_show);
}

/* ---- histories ---- */

static void
add_changes(struct ctl_table *t, const json_t *history, const char *endpoint)
{
	size_t i = 0;
	json_t *e;

	json_array_foreach(history, i, e)
	{
		ctl_table_add(t, "%s", ctl_word(e, "at"));
		ctl_table_add(t, "%s",
		    endpoint != NULL ? endpoint : ctl_word(e, "endpoint"));
		ctl_table_add(t, "%s", ctl_word(e, "event"));
		ctl_table_add(t, "%s", ctl_word(e, "cause"));
		ctl_table_add(t, "%s", ctl_word(e, "detail"));
	}
}

/* Of a service, or of some endpoints. */
static void
history_show(const json_t *doc)
{
	static const char *const heading[] = { "AT", "ENDPOINT", "CHANGE",
		"CAUSE", "DETAIL" };
	struct ctl_table t;
	size_t i = 0;
	json_t *e;

	ctl_table_init(&t, 5, heading);
	add_changes(&t, json_object_get(doc, "history"), NULL);
	json_array_foreach(json_object_get(doc, "endpoints"), i, e) add_changes(
	    &t, json_object_get(e, "history"), ctl_word(e, "address"));
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

enum ctl_exit
ctl_service_history(const struct ctl_call *c)
{
	return get_of_service(c, "/history", history_show);
}

enum ctl_exit
ctl_endpoint_history(const struct ctl_call *c)
{
	struct text path = { 0 };
	enum ctl_exit code = CTL_MISUSE;

	if (ctl_endpoint_path(&path, c->args[0]))
		code = ctl_get(c, text_slice(&path), history_show);
	text_fini(&path);
	return code;
}
