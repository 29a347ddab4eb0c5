/*
 * ctl_exec.c - see ctl_exec.h.
 */
#include "tools/ctl_exec.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Beside this program, or where the gateway is installed. */
static const char *const exec_places[] = { "", "../sbin/" };

static void
exec_program(const char *name, const char *const *argv)
{
	char own[PATH_MAX], path[PATH_MAX + 32];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

	if (n > 0)
		own[n] = '\0';
	for (size_t i = 0; n > 0 && i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%.*s%s%s",
		    (int)(strrchr(own, '/') - own + 1), own, exec_places[i],
		    name);
		(void)execv(path, (char *const *)(uintptr_t)argv);
	}
	(void)execvp(name, (char *const *)(uintptr_t)argv);
	(void)fprintf(
	    stderr, "penstockctl: cannot run %s: %s\n", name, strerror(errno));
}

void
ctl_exec_penstock(const char *const *argv)
{
	exec_program("penstock", argv);
}

void
ctl_exec_penstocklog(const char *const *argv)
{
	exec_program("penstocklog", argv);
}
