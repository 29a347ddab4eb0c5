/*
 * ctl_show.c - see ctl_show.h.
 */
#include "tools/ctl_show.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "common/base/text.h"
#include "tools/ctl_table.h"
#include "tools/ctl_value.h"

static void
ctl_complaints(const json_t *doc)
{
	size_t i = 0;
	json_t *e;

	json_array_foreach(json_object_get(doc, "complaints"), i, e)
	    printf("  %s\n", json_string_value(e));
}

void
ctl_show_status(const json_t *doc)
{
	const json_t *reload = json_object_get(doc, "reload");
	struct text listeners;
	char buf[64];

	text_init(&listeners);
	ctl_join(&listeners, json_object_get(doc, "listeners"), " ");
	printf("version      %s\n", ctl_word(doc, "version"));
	printf("environment  %s\n", ctl_word(doc, "environment"));
	printf("state        %s\n",
	    json_is_true(json_object_get(doc, "draining")) ? "stopping"
							   : "serving");
	printf("uptime       %s\n",
	    ctl_span(ctl_number(doc, "uptime"), buf, sizeof(buf)));
	printf("workers      %lld of %lld ready\n",
	    ctl_number(doc, "workers_ready"), ctl_number(doc, "workers"));
	printf("listeners    %.*s\n", SLICE_FMT(text_slice(&listeners)));
	printf("generation   %lld: %lld services, %lld routes\n",
	    ctl_number(doc, "generation"), ctl_number(doc, "services"),
	    ctl_number(doc, "routes"));
	printf("connections  %lld (%lld accepted)\n",
	    ctl_number(doc, "connections"),
	    ctl_number(doc, "connections_accepted"));
	printf("requests     %lld (%lld active)\n", ctl_number(doc, "requests"),
	    ctl_number(doc, "requests_active"));
	printf("last reload  %s, %s%s\n", ctl_word(reload, "last"),
	    ctl_when(ctl_number(reload, "last_at"), buf, sizeof(buf)),
	    json_is_true(json_object_get(reload, "running"))
		? "; one is running"
		: "");
	printf("reloads      %lld ok, %lld failed, %lld unchanged\n",
	    ctl_number(reload, "ok"), ctl_number(reload, "failed"),
	    ctl_number(reload, "unchanged"));
	ctl_complaints(reload);
	text_fini(&listeners);
}

/* "v1 90, v2 10" */
static void
ctl_split(struct text *out, const json_t *arms)
{
	size_t i = 0;
	json_t *e;

	json_array_foreach(arms, i, e)
	{
		text_printf(out, "%s%s %lld", i != 0 ? ", " : "",
		    ctl_word(e, "service"), ctl_number(e, "weight"));
	}
}

void
ctl_show_routes(const json_t *doc)
{
	static const char *const heading[] = { "NAME", "HOSTS", "PATH",
		"METHODS", "TO" };
	struct ctl_table t;
	size_t i = 0;
	json_t *e;

	ctl_table_init(&t, 5, heading);
	json_array_foreach(json_object_get(doc, "routes"), i, e)
	{
		struct text list;

		text_init(&list);
		ctl_table_add(&t, "%s", ctl_word(e, "name"));
		ctl_join(&list, json_object_get(e, "hosts"), " ");
		ctl_table_add(&t, "%.*s", SLICE_FMT(text_slice(&list)));
		ctl_table_add(&t, "%s", ctl_word(e, "path"));
		text_clear(&list);
		ctl_join(&list, json_object_get(e, "methods"), " ");
		ctl_table_add(&t, "%.*s", SLICE_FMT(text_slice(&list)));
		text_clear(&list);
		ctl_split(&list, json_object_get(e, "split"));
		if (list.n != 0)
			ctl_table_add(&t, "%.*s", SLICE_FMT(text_slice(&list)));
		else if (json_object_get(e, "service") != NULL)
			ctl_table_add(&t, "%s", ctl_word(e, "service"));
		else
			ctl_table_add(
			    &t, "respond %lld", ctl_number(e, "respond"));
		text_fini(&list);
	}
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

/* How the predecessor ended, from its wait status. */
static void
ctl_add_end(struct ctl_table *t, const json_t *worker)
{
	int status = (int)ctl_number(worker, "last_status");

	if (ctl_number(worker, "restarts") == 0)
		ctl_table_add(t, "-");
	else if (WIFSIGNALED(status))
		ctl_table_add(t, "SIG%s", sigabbrev_np(WTERMSIG(status)));
	else
		ctl_table_add(t, "exit %d", WEXITSTATUS(status));
}

/* What workers alone have: "12", "0.8ms", "250". */
static void
ctl_add_load(struct ctl_table *t, const json_t *e)
{
	if (json_object_get(e, "connections") == NULL) {
		for (int i = 0; i < 3; i++)
			ctl_table_add(t, "-");
		return;
	}
	ctl_table_add(t, "%lld", ctl_number(e, "connections"));
	ctl_table_add(
	    t, "%.1fms", json_number_value(json_object_get(e, "lag")) * 1000);
	ctl_table_add(t, "%lld", ctl_number(e, "pressure"));
}

void
ctl_show_workers(const json_t *doc)
{
	static const char *const heading[] = { "PROCESS", "PID", "STATE",
		"UPTIME", "CONNECTIONS", "LAG", "PRESSURE", "RESTARTS",
		"LAST END", "LAST WORDS" };
	struct ctl_table t;
	char buf[64];
	size_t i = 0;
	json_t *e;

	ctl_table_init(&t, 10, heading);
	json_array_foreach(json_object_get(doc, "workers"), i, e)
	{
		if (json_object_get(e, "slot") != NULL)
			ctl_table_add(&t, "%s %lld", ctl_word(e, "role"),
			    ctl_number(e, "slot"));
		else
			ctl_table_add(&t, "%s", ctl_word(e, "role"));
		ctl_table_add(&t, "%lld", ctl_number(e, "pid"));
		ctl_table_add(&t, "%s", ctl_word(e, "state"));
		ctl_table_add(&t, "%s",
		    ctl_span(ctl_number(e, "uptime"), buf, sizeof(buf)));
		ctl_add_load(&t, e);
		ctl_table_add(&t, "%lld", ctl_number(e, "restarts"));
		ctl_add_end(&t, e);
		ctl_table_add(&t, "%s", ctl_word(e, "last_words"));
	}
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

void
ctl_show_generations(const json_t *doc)
{
	static const char *const heading[] = { "GENERATION", "STATE", "PINS",
		"BYTES", "AGE" };
	struct ctl_table t;
	char buf[64];
	size_t i = 0;
	json_t *e;

	ctl_table_init(&t, 5, heading);
	json_array_foreach(json_object_get(doc, "generations"), i, e)
	{
		ctl_table_add(&t, "%lld", ctl_number(e, "generation"));
		ctl_table_add(&t, "%s", ctl_word(e, "state"));
		ctl_table_add(&t, "%lld", ctl_number(e, "pins"));
		ctl_table_add(&t, "%lld", ctl_number(e, "bytes"));
		ctl_table_add(
		    &t, "%s", ctl_span(ctl_number(e, "age"), buf, sizeof(buf)));
	}
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}

void
ctl_show_reload(const json_t *doc)
{
	printf("%s: generation %lld\n", ctl_word(doc, "outcome"),
	    ctl_number(doc, "generation"));
	ctl_complaints(doc);
}

/* "2s ago", as far as known. */
static void
ctl_add_ago(struct ctl_table *t, const json_t *o, const char *key)
{
	char buf[64];

	if (json_is_number(json_object_get(o, key)))
		ctl_table_add(t, "%s ago",
		    ctl_span(ctl_number(o, key), buf, sizeof(buf)));
	else
		ctl_table_add(t, "never");
}

void
ctl_show_names(const json_t *doc)
{
	static const char *const heading[] = { "NAME", "KIND", "STATE", "TTL",
		"RESOLVED", "FAILED", "WHY", "ADDRESSES" };
	struct ctl_table t;
	char buf[64];
	size_t i = 0;
	json_t *e;

	ctl_table_init(&t, 8, heading);
	json_array_foreach(json_object_get(doc, "names"), i, e)
	{
		struct text list;

		text_init(&list);
		ctl_join(&list, json_object_get(e, "addresses"), " ");
		ctl_table_add(&t, "%s", ctl_word(e, "name"));
		ctl_table_add(&t, "%s", ctl_word(e, "kind"));
		ctl_table_add(&t, "%s", ctl_word(e, "state"));
		ctl_table_add(
		    &t, "%s", ctl_span(ctl_number(e, "ttl"), buf, sizeof(buf)));
		ctl_add_ago(&t, e, "age");
		ctl_add_ago(&t, e, "failed_age");
		ctl_table_add(&t, "%s", ctl_word(e, "error"));
		ctl_table_add(&t, "%.*s", SLICE_FMT(text_slice(&list)));
		text_fini(&list);
	}
	ctl_table_print(&t, stdout);
	ctl_table_fini(&t);
}
