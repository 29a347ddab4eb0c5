/*
 * command.c - see command.h.
 */
#include "master/command.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/units.h"
#include "master/boot.h"
#include "master/conf.h"
#include "master/conf_show.h"
#include "master/log_program.h"
#include "master/pidfile.h"

/* By the very code that a start and a reload run. */
static bool
command_load(struct conf *c, struct boot *b, const char *path, struct diag *d)
{
	return conf_load(c, path, d) && log_program_check(c, d) &&
	    boot_resolve(b, c, d);
}

static void
command_show(
    const struct conf *c, const struct boot *b, void (*print_filters)(FILE *f))
{
	char size[32];

	conf_show(stdout, c);
	printf("\n# filters, in order\n");
	print_filters(stdout);
	printf("\n# shared memory: %s at most, for %u workers\n",
	    units_size_text(geometry_bytes(&b->geometry), size, sizeof(size)),
	    b->geometry.workers);
}

int
command_check(
    const char *path, bool show, bool quiet, void (*print_filters)(FILE *f))
{
	struct conf c;
	struct boot b;
	struct diag d;
	bool ok;

	diag_init(&d);
	ok = command_load(&c, &b, path, &d);
	boot_complain(&d);
	if (ok && show)
		command_show(&c, &b, print_filters);
	if (!quiet && !show)
		(void)fprintf(stderr, "%s: %s\n", path,
		    ok ? "the configuration is good"
		       : "the configuration has errors");
	conf_free(&c);
	diag_fini(&d);
	return ok ? 0 : 1;
}

static const struct command_word {
	const char *word;
	int signal;
	int value; /* 1: at once, see keeper_stop_signal */
} command_words[] = {
	{ "reload", SIGHUP, 0 },
	{ "stop", SIGTERM, 1 },
	{ "quit", SIGQUIT, 0 },
	{ "reopen", SIGUSR1, 0 },
};

static const struct command_word *
command_find(const char *word)
{
	size_t n = sizeof(command_words) / sizeof(command_words[0]);

	for (size_t i = 0; i < n; i++)
		if (strcmp(command_words[i].word, word) == 0)
			return &command_words[i];
	return NULL;
}

/*
 * Where the pid file is. A broken configuration must not keep anybody from
 * stopping what runs, so its complaints count only for a reload.
 */
static bool
command_pid_file(const char *path, bool checked, char *pid_file, size_t room)
{
	struct conf c;
	struct boot b;
	struct diag d;
	bool ok;

	diag_init(&d);
	ok = checked ? command_load(&c, &b, path, &d)
		     : conf_load(&c, path, &d) || c.pid_file != NULL;
	if (ok && c.pid_file == NULL) {
		diag_error(&d, path, 0,
		    "names no pid_file: -s cannot tell "
		    "which process to signal");
		ok = false;
	}
	if (ok)
		(void)snprintf(pid_file, room, "%s", c.pid_file);
	else
		boot_complain(&d);
	conf_free(&c);
	diag_fini(&d);
	return ok;
}

int
command_signal(const char *path, const char *word, bool quiet)
{
	const struct command_word *w = command_find(word);
	char pid_file[BOOT_PATH_MAX];
	pid_t pid;

	if (w == NULL) {
		(void)fprintf(stderr,
		    "penstock: -s takes reload, stop, quit or reopen, not "
		    "\"%s\"\n",
		    word);
		return 2;
	}
	if (!command_pid_file(
		path, w->signal == SIGHUP, pid_file, sizeof(pid_file)))
		return 1;
	pid = pidfile_owner(pid_file);
	if (pid == 0) {
		(void)fprintf(stderr,
		    "penstock: no instance is running with the pid file %s\n",
		    pid_file);
		return 1;
	}
	if (sigqueue(pid, w->signal, (union sigval){ .sival_int = w->value }) !=
	    0) {
		(void)fprintf(stderr,
		    "penstock: cannot signal process %d: %s\n", (int)pid,
		    strerror(errno));
		return 1;
	}
	if (!quiet)
		(void)fprintf(stderr, "penstock: sent %s to process %d\n", word,
		    (int)pid);
	return 0;
}
