/*
 * main.c - the program: its command line, and the one place where the rooms
 * master/, worker/ and helper/ meet.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>
#include <libconfig.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <seccomp.h>

#include "helper/helper.h"
#include "master/boot.h"
#include "master/command.h"
#include "master/conf_show.h"
#include "master/keeper.h"
#include "master/title.h"
#include "master/trial.h"
#include "shm/region_copy.h"
#include "worker/can.h"
#include "worker/explain_args.h"
#include "worker/filters.h"
#include "worker/worker.h"

#define MAIN_CONF_DEFAULT "/etc/penstock/penstock.conf"

enum main_mode {
	MAIN_SERVE,
	MAIN_CHECK,
	MAIN_SHOW,
	MAIN_SIGNAL,
	MAIN_VERSION,
	MAIN_BUILD,
	MAIN_HELP,
	MAIN_OPTIONS,
	MAIN_CAN,
	MAIN_EXPLAIN,
	MAIN_MISUSE
};

struct main_line {
	enum main_mode mode;
	const char *conf, *signal;
	bool daemon, quiet;
	struct can_ask can;
	struct explain_args explain;
};

static void
main_help(FILE *f)
{
	(void)fputs(
	    "usage: penstock [-c FILE] [-d] [-q]           serve\n"
	    "       penstock [-c FILE] [-q] -t | -T        check\n"
	    "       penstock [-c FILE] [-q] -s SIGNAL      signal what runs\n"
	    "       penstock [--json] --can CLAIMS METHOD URL <IMAGE\n"
	    "       penstock [-c FILE] [--json] --explain METHOD URL\n"
	    "                [-H 'Name: value'] [--address A] [--tls]\n"
	    "                [--body-size N] [--claims JSON]\n"
	    "       penstock -v | -V | -h | --options\n"
	    "\n"
	    "  -c FILE    the configuration (" MAIN_CONF_DEFAULT ")\n"
	    "  -d         run as a daemon; returns when it serves\n"
	    "  -t         check the configuration: every complaint as\n"
	    "             file:line: sentence; exit 0 or 1\n"
	    "  -T         -t, then what is in force, each value with its\n"
	    "             origin, the filter order, the size of the memory\n"
	    "  -s SIGNAL  reload: check, then load the configuration\n"
	    "             quit:   finish what runs, then stop\n"
	    "             stop:   stop at once\n"
	    "             reopen: open the log file again\n"
	    "  -q         fewer words\n"
	    "  -v, -V     version; version and build\n"
	    "  --options  every option of the configuration\n"
	    "  --can      whether somebody with these claims may do this, by\n"
	    "             a configuration image (see penstockctl can)\n"
	    "  --explain  what would become of this request, step by step;\n"
	    "             with - in place of METHOD URL: of those of stdin\n"
	    "  -h         this help\n",
	    f);
}

static void
main_build(void)
{
	char pcre2[64] = "";
	const struct scmp_version *scmp = seccomp_version();

	(void)pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
	printf("penstock %s\n", PENSTOCK_VERSION);
	printf("compiler:   %s\n", __VERSION__);
	printf("libconfig:  %d.%d.%d\n", LIBCONFIG_VER_MAJOR,
	    LIBCONFIG_VER_MINOR, LIBCONFIG_VER_REVISION);
	printf("pcre2:      %s\n", pcre2);
	printf("libseccomp: %u.%u.%u\n", scmp->major, scmp->minor, scmp->micro);
	printf("libcurl:    %s\n", curl_version_info(CURLVERSION_NOW)->version);
}

static enum main_mode
main_mode_of(int letter)
{
	switch (letter) {
	case 't':
		return MAIN_CHECK;
	case 'T':
		return MAIN_SHOW;
	case 'v':
		return MAIN_VERSION;
	case 'V':
		return MAIN_BUILD;
	case 'h':
		return MAIN_HELP;
	case 'O':
		return MAIN_OPTIONS;
	case 'C':
		return MAIN_CAN;
	case 'E':
		return MAIN_EXPLAIN;
	default:
		return MAIN_MISUSE;
	}
}

static void
main_can_args(struct main_line *l, int argc, char **argv)
{
	if (argc != 3) {
		l->mode = MAIN_MISUSE;
		return;
	}
	l->can.claims = argv[0];
	l->can.method = argv[1];
	l->can.url = argv[2];
}

static void
main_take(struct main_line *l, int c)
{
	switch (c) {
	case 'c':
		l->conf = optarg;
		break;
	case 'd':
		l->daemon = true;
		break;
	case 'q':
		l->quiet = true;
		break;
	case 'j':
		l->can.json = true;
		break;
	case 's':
		l->signal = optarg;
		l->mode = MAIN_SIGNAL;
		break;
	default:
		if (!explain_args_are(c))
			l->mode = main_mode_of(c);
		else if (!explain_args_take(&l->explain, c, optarg))
			l->mode = MAIN_MISUSE;
		break;
	}
}

/* What is behind the options. */
static void
main_rest(struct main_line *l, int argc, char **argv)
{
	if (l->mode == MAIN_EXPLAIN) {
		if (!explain_args_rest(&l->explain, argc, argv))
			l->mode = MAIN_MISUSE;
	} else if (l->explain.some) {
		l->mode = MAIN_MISUSE;
	} else if (l->mode == MAIN_CAN) {
		main_can_args(l, argc, argv);
	} else if (argc != 0) {
		(void)fprintf(
		    stderr, "penstock: unexpected argument \"%s\"\n", argv[0]);
		l->mode = MAIN_MISUSE;
	}
}

static struct main_line
main_parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ "options", no_argument, NULL, 'O' },
		{ "can", no_argument, NULL, 'C' },
		{ "json", no_argument, NULL, 'j' },
		{ "explain", no_argument, NULL, 'E' },
		EXPLAIN_LONGS,
		{ NULL, 0, NULL, 0 },
	};
	struct main_line l = { .mode = MAIN_SERVE, .conf = MAIN_CONF_DEFAULT };
	int c;

	explain_args_init(&l.explain);
	while (l.mode != MAIN_MISUSE &&
	    (c = getopt_long(argc, argv, "c:ds:tTvVqhH:", longs, NULL)) != -1)
		main_take(&l, c);
	if (l.mode != MAIN_MISUSE)
		main_rest(&l, argc - optind, argv + optind);
	return l;
}

/*
 * The first process passes the daemon's stderr on, up to the NUL that says
 * that all serve: so the daemon itself never holds the terminal.
 */
static int
main_await(int fd)
{
	char text[512];
	ssize_t n, words;

	for (;;) {
		n = read(fd, text, sizeof(text));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 1;
		words = (ssize_t)strnlen(text, (size_t)n);
		(void)!write(STDERR_FILENO, text, (size_t)words);
		if (words < n)
			return 0;
	}
}

/* stdin and stdout to nowhere, stderr to the first process. */
static void
main_leave_terminal(int errors_fd)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid();
	(void)dup2(null_fd, STDIN_FILENO);
	(void)dup2(null_fd, STDOUT_FILENO);
	(void)dup2(errors_fd, STDERR_FILENO);
	(void)close(null_fd);
}

/*
 * In the process that goes on *ready_fd is where to say that all serve, and -1
 * is returned; in the first one it is the exit code.
 */
static int
main_daemon(int *ready_fd)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		(void)fprintf(stderr, "penstock: cannot become a daemon: %s\n",
		    strerror(errno));
		return 1;
	}
	if (pid > 0) {
		(void)close(ends[1]);
		return main_await(ends[0]);
	}
	(void)close(ends[0]);
	main_leave_terminal(ends[1]);
	pid = fork();
	if (pid != 0)
		_exit(pid < 0 ? 1 : 0);
	*ready_fd = ends[1];
	return -1;
}

static int
main_serve(const struct main_line *l, int argc, char **argv)
{
	struct boot *b = calloc(1, sizeof(*b));
	char *path = strdup(l->conf); /* argv becomes the title */
	struct keeper_start start = {
		.path = path,
		.boot = b,
		.worker = worker_main,
		.helper = helper_main,
		.ready_fd = -1,
	};
	int code = 1;

	title_init(argc, argv);
	if (b != NULL && path != NULL && boot_load(b, path))
		code = l->daemon ? main_daemon(&start.ready_fd) : -1;
	if (code < 0)
		code = keeper_main(&start);
	free(path);
	free(b);
	return code;
}

/* Of what runs, from descriptors; else of a configuration that nobody runs. */
static int
main_explain(const struct main_line *l)
{
	const struct explain_args *a = &l->explain;
	struct region_fds fds = a->fds;
	struct region made, copy;
	bool live = fds.state >= 0;
	struct explain_how how = { .json = l->can.json || a->lines,
		.live = live,
		.secrets = !live || fds.secrets >= 0,
		.help = helper_do_all };
	struct diag d;
	int code = 1;

	if (!live && !trial_region(&made, l->conf))
		return 1;
	if (!live)
		fds = (struct region_fds){ made.state_fd, made.images_fd,
			made.secrets_fd, -1, -1 };
	diag_init(&d);
	if (region_copy(&copy, &fds, &d)) {
		code = explain_main(&copy, &how, a->lines ? NULL : &a->ask);
		region_copy_fini(&copy);
	}
	boot_complain(&d);
	diag_fini(&d);
	if (!live)
		region_fini(&made);
	return code;
}

int
main(int argc, char **argv)
{
	struct main_line l = main_parse(argc, argv);

	switch (l.mode) {
	case MAIN_SERVE:
		return main_serve(&l, argc, argv);
	case MAIN_CHECK:
	case MAIN_SHOW:
		return command_check(
		    l.conf, l.mode == MAIN_SHOW, l.quiet, filters_print);
	case MAIN_SIGNAL:
		return command_signal(l.conf, l.signal, l.quiet);
	case MAIN_VERSION:
		printf("penstock %s\n", PENSTOCK_VERSION);
		return 0;
	case MAIN_BUILD:
		main_build();
		return 0;
	case MAIN_HELP:
		main_help(stdout);
		return 0;
	case MAIN_OPTIONS:
		conf_options_text(stdout);
		return 0;
	case MAIN_CAN:
		return can_main(&l.can, STDIN_FILENO);
	case MAIN_EXPLAIN:
		return main_explain(&l);
	case MAIN_MISUSE:
		main_help(stderr);
		return 2;
	}
	return 2;
}
