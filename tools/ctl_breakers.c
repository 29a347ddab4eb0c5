/*
 * ctl_breakers.c - see ctl_breakers.h.
 */
#include "tools/ctl_breakers.h"

#include <stdio.h>
#include <string.h>

#include "tools/ctl_endpoints.h"
#include "tools/ctl_table.h"
#include "tools/ctl_value.h"

/* ---- what they are ---- */

static void
add_name(struct ctl_table *t, const json_t *b)
{
	const char *endpoint = ctl_word(b, "endpoint");
	const char *label = ctl_word(b, "label");

	if (endpoint[0] == '\0')
		ctl_table_add(t, "(all of it)");
	else if (strcmp(endpoint, label) == 0)
		ctl_table_add(t, "%s", endpoint);
	else
		ctl_table_add(t, "%s (%s)", endpoint, label);
}

static void
add_state(struct ctl_table *t, const json_t *b)
{
	const json_t *retry = json_object_get(b, "retry_after");
	char buf[64];

	if (!json_is_number(retry))
		ctl_table_add(t, "%s", ctl_word(b, "state"));
	else if (json_number_value(retry) > 0)
		ctl_table_add(t, "%s for %s", ctl_word(b, "state"),
		    ctl_span(
			ctl_number(b, "retry_after") + 1, buf, sizeof(buf)));
	else
		ctl_table_add(t, "%s until asked", ctl_word(b, "state"));
}

/* Rates are not in use where nothing is counted. */
static void
add_window(struct ctl_table *t, const json_t *window)
{
	long long calls = ctl_number(window, "calls");

	if (calls != 0)
		ctl_table_add(t, "%lld failed, %lld slow of %lld",
		    ctl_number(window, "failed"), ctl_number(window, "slow"),
		    calls);
	else
		ctl_table_add(t, "-");
}

static void
add_breaker(struct ctl_table *t, const json_t *b)
{
	const json_t *limits = json_object_get(b, "limits");
	const char *since = ctl_word(b, "since");

	ctl_table_add(t, "%s", ctl_word(b, "service"));
	add_name(t, b);
	add_state(t, b);
	ctl_table_add(t, "%lld of %lld", ctl_number(b, "fails"),
	    ctl_number(limits, "failures"));
	ctl_table_add(t, "%lld of %lld, %lld out", ctl_number(b, "successes"),
	    ctl_number(limits, "successes"), ctl_number(b, "probes"));
	add_window(t, json_object_get(b, "window"));
	ctl_table_add(t, "%lld", ctl_number(b, "transitions"));
	ctl_table_add(t, "%s", since[0] != '\0' ? since : "-");
}

static void
breakers_show(const json_t *doc)
{
	static const char *const heading[] = { "SERVICE", "ENDPOINT", "STATE",
		"FAILED", "PROBES", "WINDOW", "CHANGES", "SINCE" };
	struct ctl_table t;
	size_t i = 0;
	json_t *b;

	ctl_table_init(&t, 8, heading);
	json_array_foreach(json_object_get(doc, "breakers"), i, b)
	    add_breaker(&t, b);
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

/* ---- what has led to that ---- */

static void
add_failure(struct ctl_table *t, const json_t *b, const json_t *f)
{
	ctl_table_add(t, "  %.3f s before",
	    json_number_value(json_object_get(f, "before")));
	ctl_table_add(t, "%s", ctl_word(b, "service"));
	add_name(t, b);
	ctl_table_add(t, "failed");
	ctl_table_add(t, "-");
	ctl_table_add(t, "-");
	ctl_table_add(t, "%s", ctl_word(f, "cause"));
	ctl_table_add(t, "%s", ctl_word(f, "detail"));
}

static void
add_turn(struct ctl_table *t, const json_t *b, const json_t *turn)
{
	size_t i = 0;
	json_t *f;

	json_array_foreach(json_object_get(turn, "failures"), i, f)
	    add_failure(t, b, f);
	ctl_table_add(t, "%s", ctl_word(turn, "at"));
	ctl_table_add(t, "%s", ctl_word(b, "service"));
	add_name(t, b);
	ctl_table_add(t, "%s", ctl_word(turn, "to"));
	if (ctl_number(turn, "fails") != 0)
		ctl_table_add(t, "%lld", ctl_number(turn, "fails"));
	else
		ctl_table_add(t, "-");
	add_window(t, json_object_get(turn, "window"));
	ctl_table_add(t, "%s", ctl_word(turn, "cause"));
	ctl_table_add(t, "%s", ctl_word(turn, "detail"));
}

static void
history_show(const json_t *doc)
{
	static const char *const heading[] = { "AT", "SERVICE", "ENDPOINT",
		"CHANGE", "IN A ROW", "WINDOW", "CAUSE", "DETAIL" };
	struct ctl_table t;
	size_t i = 0, k = 0;
	json_t *b, *turn;

	ctl_table_init(&t, 8, heading);
	json_array_foreach(json_object_get(doc, "breakers"), i, b)
	{
		json_array_foreach(json_object_get(b, "history"), k, turn)
		    add_turn(&t, b, turn);
	}
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

/* ---- the command ---- */

static bool
is_given(const struct ctl_call *c, enum ctl_option o)
{
	for (size_t i = 0; i < c->given_count; i++)
		if (c->given[i].option == o)
			return true;
	return false;
}

/* False with a sentence on stderr. */
static bool
path_add(struct text *path, const struct ctl_call *c, bool history)
{
	const char *arg = c->args[0];

	if (arg == NULL) {
		text_add(path,
		    history ? SLICE_LIT("/v1/breakers/history")
			    : SLICE_LIT("/v1/breakers"));
		return true;
	}
	if (strchr(arg, '/') != NULL) {
		if (!ctl_endpoint_path(path, arg))
			return false;
		text_add(path, SLICE_LIT("/breaker"));
		return true;
	}
	text_add(path, SLICE_LIT("/v1/services"));
	ctl_path_add(path, slice_str(arg));
	text_add(path, SLICE_LIT("/breakers"));
	return true;
}

static enum ctl_exit
reset(const struct ctl_call *c, struct slice path)
{
	const struct ctl_request q = { "POST", path, "" };
	enum ctl_exit code = CTL_REFUSED;
	struct ctl_said said;

	if (ctl_ask(c, &q, &said) && ctl_accepted(c, &said)) {
		ctl_print(c, &said, breakers_show);
		code = CTL_DONE;
	}
	ctl_said_fini(&said);
	return code;
}

enum ctl_exit
ctl_breakers(const struct ctl_call *c)
{
	bool history = is_given(c, CTL_HISTORY), close = is_given(c, CTL_RESET);
	enum ctl_exit code = CTL_MISUSE;
	struct text path = { 0 };

	if (close && (history || c->args[0] == NULL))
		(void)fputs("penstockctl: breakers --reset needs SERVICE or "
			    "SERVICE/ENDPOINT, and no --history\n",
		    stderr);
	else if (path_add(&path, c, history))
		code = close ? reset(c, text_slice(&path))
			     : ctl_get(c, text_slice(&path),
				   history ? history_show : breakers_show);
	text_fini(&path);
	return code;
}
