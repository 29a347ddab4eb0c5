/*
 * penstockctl.c - asks a running penstock, over the unix socket of its admin
 * API, and shows the answer.
 */
#include <getopt.h>
#include <jansson.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/diag.h"
#include "common/base/environ.h"
#include "tools/ctl_http.h"
#include "tools/ctl_show.h"

#define CTL_SOCKET_DEFAULT "/run/penstock/admin.sock"

struct ctl_command {
	const char *name, *method, *path;
	void (*show)(const json_t *doc);
	const char *help;
};

static const struct ctl_command ctl_commands[] = {
	{ "status", "GET", "/v1/status", ctl_show_status,
	    "what runs, since when, and how the last reload went" },
	{ "routes", "GET", "/v1/routes", ctl_show_routes,
	    "the routes that are in force" },
	{ "workers", "GET", "/v1/workers", ctl_show_workers,
	    "the processes, and how their predecessors ended" },
	{ "generations", "GET", "/v1/generations", ctl_show_generations,
	    "the configurations that are in memory, and who still needs them" },
	{ "reload", "POST", "/v1/reload", ctl_show_reload,
	    "loads the configuration and waits for the outcome" },
};

#define CTL_COMMANDS (sizeof(ctl_commands) / sizeof(ctl_commands[0]))

struct ctl_line {
	const char *socket, *conf;
	const struct ctl_command *command;
	bool json, help, misuse;
};

static void
ctl_help(FILE *f)
{
	(void)fputs(
	    "usage: penstockctl [-j] [-s SOCKET | -c CONF] COMMAND\n\n", f);
	for (size_t i = 0; i < CTL_COMMANDS; i++)
		(void)fprintf(f, "  %-12s %s\n", ctl_commands[i].name,
		    ctl_commands[i].help);
	(void)fputs("\n"
		    "  -s SOCKET    the admin socket (" CTL_SOCKET_DEFAULT ")\n"
		    "  -c CONF      take admin.socket from this file\n"
		    "  -j           the document as JSON\n"
		    "  -h, --help   this help; after COMMAND: its own\n"
		    "\n"
		    "exit code: 0 done, 1 refused or not reachable, 2 misuse\n",
	    f);
}

static const struct ctl_command *
ctl_find(const char *name)
{
	for (size_t i = 0; i < CTL_COMMANDS; i++)
		if (strcmp(ctl_commands[i].name, name) == 0)
			return &ctl_commands[i];
	return NULL;
}

static void
ctl_parse_rest(struct ctl_line *l, int argc, char **argv)
{
	if (optind < argc) {
		l->command = ctl_find(argv[optind]);
		if (l->command == NULL)
			(void)fprintf(stderr,
			    "penstockctl: unknown command \"%s\"\n",
			    argv[optind]);
	}
	if (optind + 1 < argc)
		(void)fprintf(stderr,
		    "penstockctl: unexpected argument \"%s\"\n",
		    argv[optind + 1]);
	if (!l->help && (l->command == NULL || optind + 1 < argc))
		l->misuse = true;
}

static struct ctl_line
ctl_parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct ctl_line l = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "s:c:jh", longs, NULL)) != -1)
		switch (c) {
		case 's':
			l.socket = optarg;
			break;
		case 'c':
			l.conf = optarg;
			break;
		case 'j':
			l.json = true;
			break;
		case 'h':
			l.help = true;
			break;
		default:
			l.misuse = true;
			return l;
		}
	ctl_parse_rest(&l, argc, argv);
	return l;
}

/* With ${NAME} replaced, in `buf`; false with a sentence on stderr. */
static bool
ctl_socket_expand(
    const char *raw, const char *path, int line, char *buf, size_t size)
{
	struct text t = { 0 };
	struct diag d;
	char said[256];
	bool ok;

	diag_init(&d);
	ok = environ_expand(&t, raw, "admin.socket", path, line, &d);
	if (!ok && diag_format(&d, 0, said, sizeof(said)) > 0)
		(void)fprintf(stderr, "penstockctl: %s\n", said);
	else if ((size_t)snprintf(
		     buf, size, "%.*s", (int)t.n, t.n != 0 ? t.p : "") >= size)
		(void)fprintf(stderr,
		    "penstockctl: %s: admin.socket is too long\n", path);
	ok = ok && t.n < size;
	text_fini(&t);
	diag_fini(&d);
	return ok;
}

/* In `buf`; false with a sentence on stderr. */
static bool
ctl_socket_of_conf(const char *path, char *buf, size_t size)
{
	const config_setting_t *found;
	const char *raw = CTL_SOCKET_DEFAULT;
	config_t c;
	bool ok;

	config_init(&c);
	ok = config_read_file(&c, path) == CONFIG_TRUE;
	found = ok ? config_lookup(&c, "admin.socket") : NULL;
	if (!ok)
		(void)fprintf(stderr, "penstockctl: %s:%d: %s\n", path,
		    config_error_line(&c), config_error_text(&c));
	else if (found != NULL && config_setting_get_string(found) != NULL)
		raw = config_setting_get_string(found);
	ok = ok &&
	    ctl_socket_expand(raw, path,
		found != NULL ? (int)config_setting_source_line(found) : 0, buf,
		size);
	config_destroy(&c);
	return ok;
}

static void
ctl_refused(const struct ctl_answer *a, const json_t *doc)
{
	const char *title = json_string_value(json_object_get(doc, "title"));
	const char *detail = json_string_value(json_object_get(doc, "detail"));

	(void)fprintf(stderr, "penstockctl: the gateway answered %d%s%s%s%s\n",
	    a->status, title != NULL ? " " : "", title != NULL ? title : "",
	    detail != NULL ? ": " : "", detail != NULL ? detail : "");
}

/* 422 is a reload that failed: its document says why. */
static int
ctl_print(const struct ctl_command *c, const struct ctl_answer *a, bool json)
{
	json_t *doc =
	    json_loadb(a->body.p != NULL ? a->body.p : "", a->body.n, 0, NULL);
	bool good = a->status == 200 || a->status == 422;

	if (json && doc != NULL)
		printf("%.*s\n", SLICE_FMT(text_slice(&a->body)));
	else if (good && doc != NULL)
		c->show(doc);
	if (!good || doc == NULL)
		ctl_refused(a, doc);
	json_decref(doc);
	return a->status == 200 && doc != NULL ? 0 : 1;
}

static int
ctl_run(const struct ctl_line *l)
{
	const char *socket = l->socket != NULL ? l->socket : CTL_SOCKET_DEFAULT;
	char from_conf[256];
	struct ctl_answer answer = { 0 };
	int code = 1;

	if (l->socket == NULL && l->conf != NULL) {
		if (!ctl_socket_of_conf(l->conf, from_conf, sizeof(from_conf)))
			return 1;
		socket = from_conf;
	}
	if (ctl_request(socket, l->command->method, l->command->path, &answer))
		code = ctl_print(l->command, &answer, l->json);
	text_fini(&answer.body);
	return code;
}

int
main(int argc, char **argv)
{
	struct ctl_line l = ctl_parse(argc, argv);

	if (l.misuse) {
		ctl_help(stderr);
		return 2;
	}
	if (!l.help)
		return ctl_run(&l);
	if (l.command != NULL)
		printf(
		    "penstockctl %s: %s\n\n", l.command->name, l.command->help);
	ctl_help(stdout);
	return 0;
}
