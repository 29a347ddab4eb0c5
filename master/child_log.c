/*
 * child_log.c - see child_log.h.
 */
#include "master/child_log.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "master/child.h"
#include "master/log_program.h"
#include "shm/log_order.h"

/* To their places; first out of the way of those that are there. */
static bool
descriptors_place(int fds[LOG_FD_END])
{
	for (int at = LOG_FD_CONTROL; at < LOG_FD_END; at++) {
		fds[at] = fcntl(fds[at], F_DUPFD_CLOEXEC, LOG_FD_END);
		if (fds[at] < 0)
			return false;
	}
	for (int at = LOG_FD_CONTROL; at < LOG_FD_END; at++)
		if (dup2(fds[at], at) < 0)
			return false;
	return true;
}

/*
 * What the keeper has inherited and never looked at, too. Closed by exec: until
 * then the log may have to say that it failed.
 */
static bool
descriptors_close(void)
{
	/* The flag came later than the call. */
	return close_range(LOG_FD_END, ~0u, CLOSE_RANGE_CLOEXEC) == 0 ||
	    close_range(LOG_FD_END, ~0u, 0) == 0;
}

/* The rest of the environment may be secrets, for ${NAME} in options. */
static bool
variable_is_kept(const char *v)
{
	static const char *const kept[] = { "PATH=", "TZ=", "TZDIR=", "LANG=",
		"LANGUAGE=", "LC_", "NO_COLOR=", "TERM=", "SSL_CERT_FILE=",
		"SSL_CERT_DIR=", "OPENSSL_CONF=", "LD_LIBRARY_PATH=" };

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strncmp(v, kept[i], strlen(kept[i])) == 0)
			return true;
	return false;
}

/* In place: the process becomes another one. */
static void
environment_shorten(char **env)
{
	char **to = env;

	for (; *env != NULL; env++)
		if (variable_is_kept(*env))
			*to++ = *env;
	*to = NULL;
}

_Noreturn void
child_become_log(struct inherit *in, const struct boot *b, int control)
{
	char name[] = "penstocklog", how[] = LOG_BY_KEEPER;
	char *argv[] = { name, how, NULL };
	int fds[LOG_FD_END];
	char path[PATH_MAX];

	child_signals();
	region_fds_read_only(&in->region, &in->region_fds);
	fds[LOG_FD_CONTROL] = control;
	fds[LOG_FD_STATE] = in->region_fds.state;
	fds[LOG_FD_IMAGES] = in->region_fds.images;
	fds[LOG_FD_RECORDS] = in->region_fds.records;
	fds[LOG_FD_READERS] = in->region.readers_fd;
	if (!log_program_find(path)) {
		log_errx("there is no penstocklog beside penstock");
		_exit(127);
	}
	if (!descriptors_place(fds)) {
		log_err("penstocklog: descriptors");
	} else if (!privs_drop(&b->privs, 0)) {
		log_err("penstocklog: cannot give up privileges");
	} else if (!descriptors_close()) {
		log_err("penstocklog: descriptors");
	} else {
		environment_shorten(environ);
		(void)execve(path, argv, environ);
		log_err("%s", path);
	}
	_exit(127);
}
