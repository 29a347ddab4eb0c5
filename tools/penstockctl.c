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
#include "tools/ctl_auths.h"
#include "tools/ctl_bans.h"
#include "tools/ctl_breakers.h"
#include "tools/ctl_call.h"
#include "tools/ctl_can.h"
#include "tools/ctl_certs.h"
#include "tools/ctl_debug.h"
#include "tools/ctl_endpoints.h"
#include "tools/ctl_explain.h"
#include "tools/ctl_keys.h"
#include "tools/ctl_limits.h"
#include "tools/ctl_operate.h"
#include "tools/ctl_recorder.h"
#include "tools/ctl_revoke.h"
#include "tools/ctl_services.h"
#include "tools/ctl_show.h"
#include "tools/ctl_tail.h"
#include "tools/ctl_top.h"
#include "tools/ctl_why.h"

#define CTL_SOCKET_DEFAULT "/run/penstock/admin.sock"
#define CTL_WAIT_S 30
#define CTL_WAIT_MAX_S 86400
#define CTL_ENDPOINT "SERVICE/ENDPOINT"

/* Those without `run` show the document at `path`. */
struct ctl_command {
	const char *name, *path;
	void (*show)(const json_t *doc);
	ctl_run_fn *run;
	unsigned args_min, args_max;
	bool waits;       /* takes --wait */
	unsigned options; /* bits of enum ctl_option */
	const char *args, *help;
};

static ctl_run_fn ctl_reload;

static const struct ctl_command ctl_commands[] = {
	{ "status", "/v1/status", ctl_show_status,
	    .help = "what runs, since when, and how the last reload went" },
	{ "routes", "/v1/routes", ctl_show_routes,
	    .help = "the routes that are in force" },
	{ "services", .run = ctl_services,
	    .help = "the services, and how many of their endpoints are well" },
	{ "endpoints", .run = ctl_endpoints, .args_max = 1, .args = "[SERVICE]",
	    .help = "the endpoints of all services, or of one" },
	{ "health", .run = ctl_health, .args_max = 1,
	    .args = "[SERVICE[/ENDPOINT]]",
	    .help = "how all services do; what has happened to endpoints" },
	{ "drain", .run = ctl_state, .args_min = 1, .args_max = 1,
	    .waits = true, .args = CTL_ENDPOINT,
	    .help = "no new requests for it; those that run go on" },
	{ "maint", .run = ctl_state, .args_min = 1, .args_max = 1,
	    .waits = true, .args = CTL_ENDPOINT,
	    .help = "as drain, and no probes either" },
	{ "ready", .run = ctl_state, .args_min = 1, .args_max = 1,
	    .args = CTL_ENDPOINT, .help = "requests for it again" },
	{ "weight", .run = ctl_weight, .args_min = 2, .args_max = 2,
	    .args = CTL_ENDPOINT " 1..1000|configured",
	    .help = "another share of the requests" },
	{ "export", .run = ctl_export,
	    .help = "all of these changes, as text for the configuration" },
	{ "breakers", .run = ctl_breakers, .args_max = 1,
	    .args = "[SERVICE[/ENDPOINT]]", .options = CTL_OF_BREAKERS,
	    .help = "the circuit breakers of all services, or of one, or of an "
		    "endpoint" },
	{ "names", "/v1/names", ctl_show_names,
	    .help = "the names of endpoints, and what they stand for" },
	{ "certs", "/v1/certs", ctl_show_certs,
	    .help = "the certificates, who uses them, and when they expire" },
	{ "authenticators", "/v1/authenticators", ctl_show_auths,
	    .help = "who lets whom in, with which keys, and how fresh they "
		    "are" },
	{ "keys", .run = ctl_keys, .args_min = 2, .args_max = 3,
	    .args = "list|add|remove AUTHENTICATOR [NAME]",
	    .options = CTL_OF_KEYS,
	    .help = "the API keys of an authenticator; a new one; one less" },
	{ "can", .run = ctl_can, .args_min = 3, .args_max = 3,
	    .args = "CLAIMS|- METHOD URL",
	    .help = "whether somebody with these claims (JSON), or nobody, "
		    "may do this, and why" },
	{ "explain", .run = ctl_explain, .args_min = 1, .args_max = 2,
	    .args = "METHOD URL | -", .options = CTL_OF_EXPLAIN,
	    .help = "what would become of a request, step by step, and why" },
	{ "debug-token", .run = ctl_debug_token, .options = CTL_OF_DEBUG,
	    .help = "a token with which an answer says what became of its "
		    "request" },
	{ "revoke", .run = ctl_revoke, .args_max = 2,
	    .args = "token ID | user NAME | all", .options = CTL_OF_REVOKE,
	    .help = "tokens that hold no more from now on; all streams of "
		    "theirs, too" },
	{ "unrevoke", .run = ctl_unrevoke, .args_min = 1, .args_max = 2,
	    .args = "token ID | user NAME | all", .options = CTL_OF_UNREVOKE,
	    .help = "takes a revocation back" },
	{ "bans", "/v1/bans", ctl_show_bans,
	    .help = "the addresses that are banned, until when, and why" },
	{ "ban", .run = ctl_ban, .args_min = 1, .args_max = 1,
	    .args = "ADDRESS", .options = CTL_OF_BAN,
	    .help = "serves an address no more; of IPv6, its /64" },
	{ "unban", .run = ctl_unban, .args_max = 1, .args = "ADDRESS",
	    .options = CTL_OF_UNBAN,
	    .help = "takes a ban back, and forgets earlier ones" },
	{ "limits", .run = ctl_limits, .args_max = 2, .args = "[NAME [KEY]]",
	    .options = CTL_OF_LIMITS,
	    .help = "the limits; the keys of one that have spent most; a key "
		    "anew" },
	{ "signing", .run = ctl_signing, .args_max = 1, .args = "[rotate]",
	    .help = "the keys that the gateway signs with; the next one" },
	{ "recorder", .run = ctl_recorder, .options = CTL_OF_RECORDER,
	    .help = "the last requests, also of a worker that is dead, or "
		    "hangs" },
	{ CTL_TAIL, .run = ctl_tail, .args = "[OPTION...]",
	    .help = "requests as they end; its options: penstockctl tail -h" },
	{ "workers", "/v1/workers", ctl_show_workers,
	    .help = "the processes, and how their predecessors ended" },
	{ "generations", "/v1/generations", ctl_show_generations,
	    .help = "the configurations that are in memory, and who still "
		    "needs them" },
	{ "top", .run = ctl_top, .options = CTL_OF_TOP,
	    .help = "what happens now, as it changes; keys: q 1-4 o space" },
	{ "why", .run = ctl_why, .args_max = 1, .args = "[WORD|STATUS|CODE]",
	    .help = "what the reasons of answers mean, and what to do" },
	{ "reload", .run = ctl_reload,
	    .help = "loads the configuration and waits for the outcome" },
};

#define CTL_COMMANDS (sizeof(ctl_commands) / sizeof(ctl_commands[0]))

struct ctl_line {
	const char *socket, *conf;
	const struct ctl_command *command;
	const char *args[CTL_ARGS_MAX];
	struct ctl_given given[CTL_GIVEN_MAX];
	size_t given_count;
	char *const *rest; /* words of another program */
	unsigned wait_s;
	bool json, help, misuse;
};

static void
ctl_help(FILE *f)
{
	(void)fputs("usage: penstockctl [-j] [-s SOCKET | -c CONF] COMMAND "
		    "[ARGUMENT...]\n\n",
	    f);
	for (size_t i = 0; i < CTL_COMMANDS; i++)
		(void)fprintf(f, "  %-14s %s\n", ctl_commands[i].name,
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

static void
ctl_help_options(const struct ctl_command *c, FILE *f)
{
	char name[64];

	if (c->options != 0)
		(void)fputc('\n', f);
	for (unsigned o = 0; o < CTL_OPTIONS; o++) {
		const char *value = ctl_option_value((enum ctl_option)o);

		if ((c->options & CTL_BIT(o)) == 0)
			continue;
		(void)snprintf(name, sizeof(name), "%s%s%s",
		    ctl_option_name((enum ctl_option)o),
		    value != NULL ? "=" : "", value != NULL ? value : "");
		(void)fprintf(f, "  --%-20s %s\n", name,
		    ctl_option_help((enum ctl_option)o));
	}
}

static void
ctl_help_command(const struct ctl_command *c, FILE *f)
{
	(void)fprintf(f,
	    "usage: penstockctl [-j] [-s SOCKET | -c CONF] %s%s%s%s%s\n\n%s\n",
	    c->name, c->waits ? " [--wait[=SECONDS]]" : "",
	    c->options != 0 ? " [OPTION...]" : "", c->args != NULL ? " " : "",
	    c->args != NULL ? c->args : "", c->help);
	ctl_help_options(c, f);
	if (c->waits)
		(void)fprintf(f,
		    "\n  --wait[=SECONDS]  until nothing runs there any more "
		    "(%d); exit code 1\n"
		    "                    when that takes longer\n",
		    CTL_WAIT_S);
}

static const struct ctl_command *
ctl_find(const char *name)
{
	for (size_t i = 0; i < CTL_COMMANDS; i++)
		if (strcmp(ctl_commands[i].name, name) == 0)
			return &ctl_commands[i];
	(void)fprintf(stderr, "penstockctl: unknown command \"%s\"\n", name);
	return NULL;
}

/* False, with a sentence: one that the command does not take, or twice. */
static bool
ctl_options_fit(const struct ctl_line *l)
{
	unsigned seen = 0;

	for (size_t i = 0; i < l->given_count; i++) {
		enum ctl_option o = l->given[i].option;
		bool takes = (l->command->options & CTL_BIT(o)) != 0;

		if (takes &&
		    ((seen & CTL_BIT(o)) == 0 || ctl_option_is_many(o))) {
			seen |= CTL_BIT(o);
			continue;
		}
		(void)fprintf(stderr,
		    takes ? "penstockctl: %s takes --%s once\n"
			  : "penstockctl: %s has no option --%s\n",
		    l->command->name, ctl_option_name(o));
		return false;
	}
	return true;
}

static void
ctl_parse_args(struct ctl_line *l, int count, char **args)
{
	unsigned given = (unsigned)count;

	if (given > l->command->args_max)
		(void)fprintf(stderr,
		    "penstockctl: unexpected argument \"%s\"\n",
		    args[l->command->args_max]);
	else if (given < l->command->args_min)
		(void)fprintf(stderr, "penstockctl: %s needs %s\n",
		    l->command->name, l->command->args);
	else if (l->wait_s != 0 && !l->command->waits)
		(void)fprintf(stderr, "penstockctl: %s does not wait\n",
		    l->command->name);
	else if (ctl_options_fit(l)) {
		for (unsigned i = 0; i < given; i++)
			l->args[i] = args[i];
		return;
	}
	l->misuse = true;
}

static void
ctl_parse_rest(struct ctl_line *l, int argc, char **argv)
{
	if (optind < argc)
		l->command = ctl_find(argv[optind]);
	if (l->help)
		return;
	if (l->command == NULL)
		l->misuse = true;
	else
		ctl_parse_args(l, argc - optind - 1, argv + optind + 1);
}

/* False: it is no number of seconds. */
static bool
ctl_parse_wait(struct ctl_line *l, const char *text)
{
	char *end = NULL;
	long s = CTL_WAIT_S;

	if (text != NULL)
		s = strtol(text, &end, 10);
	if ((text != NULL && (*text == '\0' || *end != '\0')) || s < 1 ||
	    s > CTL_WAIT_MAX_S) {
		(void)fprintf(stderr,
		    "penstockctl: --wait takes seconds, 1 to %d\n",
		    CTL_WAIT_MAX_S);
		return false;
	}
	l->wait_s = (unsigned)s;
	return true;
}

/* Values of getopt_long for the options of commands. */
#define CTL_OPTION_BASE 256

static void
ctl_parse_given(struct ctl_line *l, enum ctl_option o, const char *value)
{
	if (l->given_count == CTL_GIVEN_MAX) {
		(void)fputs("penstockctl: too many options\n", stderr);
		l->misuse = true;
		return;
	}
	l->given[l->given_count++] = (struct ctl_given){ o, value };
}

static void
ctl_parse_option(struct ctl_line *l, int c)
{
	switch (c) {
	case 's':
		l->socket = optarg;
		break;
	case 'c':
		l->conf = optarg;
		break;
	case 'j':
		l->json = true;
		break;
	case 'h':
		l->help = true;
		break;
	case 'H':
		ctl_parse_given(l, CTL_HEADER, optarg);
		break;
	case 'w':
		l->misuse = !ctl_parse_wait(l, optarg);
		break;
	default:
		if (c >= CTL_OPTION_BASE)
			ctl_parse_given(
			    l, (enum ctl_option)(c - CTL_OPTION_BASE), optarg);
		else
			l->misuse = true;
		break;
	}
}

static struct ctl_line
ctl_parse(int argc, char **argv)
{
	struct option longs[3 + CTL_OPTIONS + 1] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "wait", optional_argument, NULL, 'w' },
	};
	struct ctl_line l = { 0 };
	int c;

	for (int o = 0; o < CTL_OPTIONS; o++)
		longs[3 + o] = (struct option){ .name = ctl_option_name(
						    (enum ctl_option)o),
			.has_arg = ctl_option_value((enum ctl_option)o) != NULL
			    ? required_argument
			    : no_argument,
			.val = CTL_OPTION_BASE + o };
	while ((c = getopt_long(argc, argv, "s:c:jhH:", longs, NULL)) != -1)
		ctl_parse_option(&l, c);
	if (!l.misuse)
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

/* 422 is a reload that failed: its document says why. */
static enum ctl_exit
ctl_reload(const struct ctl_call *c)
{
	const struct ctl_request q = { "POST", SLICE_LIT("/v1/reload"), "" };
	enum ctl_exit code = CTL_REFUSED;
	struct ctl_said said;
	bool there = ctl_ask(c, &q, &said);
	bool failed = there && said.status == 422 && said.doc != NULL;

	if (failed || (there && ctl_accepted(c, &said)))
		ctl_print(c, &said, ctl_show_reload);
	if (there && said.status == 200 && said.doc != NULL)
		code = CTL_DONE;
	ctl_said_fini(&said);
	return code;
}

static enum ctl_exit
ctl_run(const struct ctl_line *l)
{
	struct ctl_call c = { .socket = CTL_SOCKET_DEFAULT,
		.json = l->json,
		.wait_s = l->wait_s,
		.command = l->command->name };
	char from_conf[256];

	c.rest = l->rest;
	memcpy(c.args, l->args, sizeof(c.args));
	memcpy(c.given, l->given, sizeof(c.given));
	c.given_count = l->given_count;
	if (l->socket != NULL) {
		c.socket = l->socket;
	} else if (l->conf != NULL) {
		if (!ctl_socket_of_conf(l->conf, from_conf, sizeof(from_conf)))
			return CTL_REFUSED;
		c.socket = from_conf;
	}
	if (l->command->run != NULL)
		return l->command->run(&c);
	return ctl_get(&c, slice_str(l->command->path), l->command->show);
}

int
main(int argc, char **argv)
{
	int own = ctl_tail_words(argc, argv);
	struct ctl_line l = ctl_parse(own, argv);

	l.rest = argv + own;
	if (l.misuse && l.command != NULL)
		ctl_help_command(l.command, stderr);
	else if (l.misuse)
		ctl_help(stderr);
	if (l.misuse)
		return CTL_MISUSE;
	if (!l.help)
		return (int)ctl_run(&l);
	if (l.command != NULL)
		ctl_help_command(l.command, stdout);
	else
		ctl_help(stdout);
	return CTL_DONE;
}
