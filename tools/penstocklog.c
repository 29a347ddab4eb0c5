/*
 * penstocklog.c - the records of a gateway as lines: for the keeper, which
 * starts it for the logs that are configured, and for people, by hand. Also
 * proves audit logs.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/log_order.h"
#include "tools/audit_line.h"
#include "tools/audit_verify.h"
#include "tools/log_follow.h"
#include "tools/log_serve.h"

#define SOCKET_DEFAULT "/run/penstock/admin.sock"

enum main_mode {
	MAIN_FOLLOW,
	MAIN_VERIFY,
	MAIN_HELP,
	MAIN_VERSION,
	MAIN_MISUSE
};

struct main_line {
	enum main_mode mode;
	struct log_follow follow;
	struct audit_verify verify;
};

static void
main_help(FILE *f)
{
	(void)fputs(
	    "usage: penstocklog [-s SOCKET] [-f FORMAT] [FILTER...]\n"
	    "       penstocklog --verify [--key=FILE] [--last=HASH] [-q] "
	    "FILE...\n"
	    "\n"
	    "  -s SOCKET         the admin socket (" SOCKET_DEFAULT ")\n"
	    "  -f FORMAT         json, combined, common, dev, or a template\n"
	    "                    (a terminal: dev, else json)\n"
	    "  --template=TEXT   as -f with \"{status} {path}\"\n"
	    "  --query=NAME      show its value; also --header=NAME,\n"
	    "                    --response-header=NAME, if it is recorded\n"
	    "  --since-start     also what has been recorded already\n"
	    "  --lines=NUMBER    end after so many\n"
	    "\n"
	    "Filters; all that are given must hold, of one given more often,\n"
	    "or with commas, one:\n"
	    "  --status=STATUS   404, 5xx, 500-599\n"
	    "  --why=REASON      see penstock-reasons(7)\n"
	    "  --route=NAME  --service=NAME  --method=METHOD\n"
	    "  --slow=TIME       took so long: 200ms\n"
	    "  --errors          has a reason that is a fault, also of the "
	    "client\n"
	    "  --sample=SHARE    of all others, such a share: 0.1\n"
	    "\n"
	    "  --verify          find what was changed in audit logs: files "
	    "in\n"
	    "                    their order\n"
	    "  --key=FILE        the key_file that they were written with\n"
	    "  --last=HASH       of a line that has to be there\n"
	    "  -q                say only what is wrong\n"
	    "\n"
	    "  -v, -h            version; this help\n"
	    "\n"
	    "exit code: 0 done, 1 not reachable, or something is wrong, "
	    "2 misuse\n",
	    f);
}

/* False: there are too many. */
static bool
main_option(struct main_line *l, const char *name, const char *value)
{
	struct log_follow *f = &l->follow;

	if (f->option_count == LOG_FOLLOW_OPTIONS_MAX) {
		(void)fputs("penstocklog: too many options\n", stderr);
		return false;
	}
	f->format |= strcmp(name, "format") == 0;
	f->options[f->option_count++] =
	    (struct log_follow_option){ name, value != NULL ? value : "" };
	return true;
}

static bool
main_template(struct main_line *l, const char *text)
{
	if (strchr(text, '{') != NULL)
		return main_option(l, "format", text);
	(void)fprintf(stderr,
	    "penstocklog: the template \"%s\" shows nothing: there is no "
	    "\"{\" in it\n",
	    text);
	return false;
}

static bool
main_lines(struct main_line *l, const char *text)
{
	char *end;

	errno = 0;
	l->follow.lines = strtoull(text, &end, 10);
	if (*text >= '1' && *text <= '9' && *end == '\0' && errno == 0)
		return true;
	(void)fprintf(
	    stderr, "penstocklog: --lines takes a number, 1 or more\n");
	return false;
}

static bool
main_last(struct main_line *l, const char *text)
{
	l->verify.last = text;
	if (strspn(text, "0123456789abcdef") == AUDIT_HASH &&
	    text[AUDIT_HASH] == '\0')
		return true;
	(void)fprintf(stderr,
	    "penstocklog: --last takes a hash: %d digits, 0-9 and a-f\n",
	    AUDIT_HASH);
	return false;
}

static const struct option main_longs[] = {
	/* Filters, and how a line looks: line.h knows them by their names. */
	{ "format", required_argument, NULL, 0 },
	{ "status", required_argument, NULL, 0 },
	{ "why", required_argument, NULL, 0 },
	{ "route", required_argument, NULL, 0 },
	{ "service", required_argument, NULL, 0 },
	{ "method", required_argument, NULL, 0 },
	{ "slow", required_argument, NULL, 0 },
	{ "errors", no_argument, NULL, 0 },
	{ "sample", required_argument, NULL, 0 },
	{ "query", required_argument, NULL, 0 },
	{ "header", required_argument, NULL, 0 },
	{ "response-header", required_argument, NULL, 0 },
	{ "template", required_argument, NULL, 'T' },
	{ "lines", required_argument, NULL, 'n' },
	{ "since-start", no_argument, NULL, 'a' },
	{ "verify", no_argument, NULL, 'V' },
	{ "key", required_argument, NULL, 'k' },
	{ "last", required_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

/* False: misuse. */
static bool
main_take(struct main_line *l, int letter, int which)
{
	switch (letter) {
	case 0:
		return main_option(l, main_longs[which].name, optarg);
	case 'f':
		return main_option(l, "format", optarg);
	case 'T':
		return main_template(l, optarg);
	case 's':
		l->follow.socket = optarg;
		return true;
	case 'n':
		return main_lines(l, optarg);
	case 'a':
		l->follow.since_start = true;
		return true;
	case 'V':
		l->mode = MAIN_VERIFY;
		return true;
	case 'k':
		l->verify.key_file = optarg;
		return true;
	case 'l':
		return main_last(l, optarg);
	case 'q':
		l->verify.quiet = true;
		return true;
	case 'h':
		l->mode = MAIN_HELP;
		return true;
	case 'v':
		l->mode = MAIN_VERSION;
		return true;
	default:
		return false;
	}
}

static struct main_line
main_parse(int argc, char **argv)
{
	struct main_line l = { .follow = { .socket = SOCKET_DEFAULT } };
	bool files, ok = true;
	int c, which = 0;

	while (ok &&
	    (c = getopt_long(argc, argv, "f:s:qvh", main_longs, &which)) != -1)
		ok = main_take(&l, c, which);
	l.verify.paths = (const char *const *)(argv + optind);
	l.verify.count = argc - optind;
	files = l.verify.count != 0;
	if (ok && l.mode == MAIN_FOLLOW && files)
		(void)fprintf(stderr,
		    "penstocklog: unexpected argument \"%s\"\n", argv[optind]);
	if (ok && l.mode == MAIN_VERIFY && !files)
		(void)fputs("penstocklog: --verify needs a file\n", stderr);
	if (!ok || (l.mode == MAIN_FOLLOW && files) ||
	    (l.mode == MAIN_VERIFY && !files))
		l.mode = MAIN_MISUSE;
	return l;
}

int
main(int argc, char **argv)
{
	struct main_line l;

	if (argc == 2 && strcmp(argv[1], LOG_BY_KEEPER) == 0) {
		memset(argv[1], 0, strlen(argv[1])); /* not in its title */
		return log_serve();
	}
	l = main_parse(argc, argv);
	switch (l.mode) {
	case MAIN_FOLLOW:
		return log_follow(&l.follow);
	case MAIN_VERIFY:
		return audit_verify(&l.verify, stdout) ? 0 : 1;
	case MAIN_HELP:
		main_help(stdout);
		return 0;
	case MAIN_VERSION:
		printf("penstocklog %s\n", PENSTOCK_VERSION);
		return 0;
	case MAIN_MISUSE:
		main_help(stderr);
		return 2;
	}
	return 2;
}
