/*
 * ctl_show.c - see ctl_show.h.
 */
#include "tools/ctl_show.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "common/base/text.h"
#include "tools/ctl_table.h"

static const char *
ctl_word(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static long long
ctl_number(const json_t *o, const char *key)
{
	return (long long)json_number_value(json_object_get(o, key));
}

/* "3d 4h", "5m 6s", "7s" */
static const char *
ctl_span(long long s, char *buf, size_t size)
{
	if (s >= 86400)
		(void)snprintf(
		    buf, size, "%lldd %lldh", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		(void)snprintf(
		    buf, size, "%lldh %lldm", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		(void)snprintf(buf, size, "%lldm %llds", s / 60, s % 60);
	else
		(void)snprintf(buf, size, "%llds", s);
	return buf;
}

static const char *
ctl_when(long long at, char *buf, size_t size)
{
	time_t t = (time_t)at;
	struct tm tm;

	if (at == 0 || localtime_r(&t, &tm) == NULL)
		return "never";
	(void)strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm);
	return buf;
}

/* The elements of an array of strings, with `between`. */
static void
ctl_join(struct text *out, const json_t *array, const char *between)
{
	size_t i = 0;
	json_t *e;

	json_array_foreach(array, i, e)
	{
		if (i != 0)
			text_add(out, slice_str(between));
		text_add(out, slice_str(json_string_value(e)));
	}
}

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
		if (json_object_get(e, "service") != NULL)
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

void
ctl_show_workers(const json_t *doc)
{
	static const char *const heading[] = { "PROCESS", "PID", "STATE",
		"UPTIME", "CONNECTIONS", "RESTARTS", "LAST END", "LAST WORDS" };
	struct ctl_table t;
	char buf[64];
	size_t i = 0;
	json_t *e;

	ctl_table_init(&t, 8, heading);
	json_array_foreach(json_object_get(doc, "workers"), i, e)
	{
		bool worker = json_object_get(e, "slot") != NULL;

		if (worker)
			ctl_table_add(&t, "worker %lld", ctl_number(e, "slot"));
		else
			ctl_table_add(&t, "%s", ctl_word(e, "role"));
		ctl_table_add(&t, "%lld", ctl_number(e, "pid"));
		ctl_table_add(&t, "%s", ctl_word(e, "state"));
		ctl_table_add(&t, "%s",
		    ctl_span(ctl_number(e, "uptime"), buf, sizeof(buf)));
		if (worker)
			ctl_table_add(&t, "%lld", ctl_number(e, "connections"));
		else
			ctl_table_add(&t, "-");
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
