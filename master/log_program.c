/*
 * log_program.c - see log_program.h.
 */
#include "master/log_program.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "master/conf_table.h"

#define PROGRAM "penstocklog"

/* Of the running binary, with the last "/"; 0: not known. */
static int
own_folder(char exe[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", exe, PATH_MAX - 1);
	const char *slash;

	exe[n > 0 ? n : 0] = '\0';
	slash = strrchr(exe, '/');
	return slash != NULL ? (int)(slash + 1 - exe) : 0;
}

bool
log_program_find(char path[PATH_MAX])
{
	static const char *const from[] = { "", "../bin/" };
	char exe[PATH_MAX];
	int n = own_folder(exe);

	for (size_t i = 0; n != 0 && i < 2; i++)
		if (snprintf(path, PATH_MAX, "%.*s%s" PROGRAM, n, exe,
			from[i]) < PATH_MAX &&
		    access(path, X_OK) == 0)
			return true;
	return false;
}

/* Which option needs it, and where that stands; NULL: none does. */
static const char *
program_wanted(const struct conf *c, struct conf_place *at)
{
	const struct conf_telemetry *t = &c->telemetry;

	if (t->audit_count != 0) {
		*at = t->audit_logs[0].place;
		return "audit_log";
	}
	if (t->access_count != 0) {
		*at = t->access_logs[0].place;
		return "access_log";
	}
	if (t->tracing.endpoint == NULL)
		return NULL;
	*at = conf_where(c, &conf_block_top, c, "tracing.endpoint");
	return "tracing.endpoint";
}

static bool
audit_refuses_without(const struct conf_telemetry *t)
{
	for (size_t i = 0; i < t->audit_count; i++)
		if (strcmp(t->audit_logs[i].when_full, "refuse") == 0)
			return true;
	return false;
}

bool
log_program_check(const struct conf *c, struct diag *d)
{
	static const char says[] =
	    "%s: it needs " PROGRAM ", which is neither in %.*s nor in "
	    "%.*s../bin";
	struct conf_place at;
	const char *option = program_wanted(c, &at);
	char path[PATH_MAX];
	int n;

	if (option == NULL || log_program_find(path))
		return d->errors == 0;
	n = own_folder(path);
	if (audit_refuses_without(&c->telemetry))
		diag_error(d, at.file, at.line, says, option, n, path, n, path);
	else
		diag_warn(d, at.file, at.line, says, option, n, path, n, path);
	return d->errors == 0;
}
