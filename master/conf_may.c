/*
 * conf_may.c - see conf_may.h. Where the gateway is started as root,
 * the question is asked as the user that it is going to be: the rules of file
 * systems are more than bits of a mode.
 */
#include "master/conf_may.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/privs.h"

struct guise {
	bool worn;
	gid_t groups[PRIVS_GROUPS_MAX];
	int group_count;
};

/* Whom there is no such user is complained about elsewhere. */
static void
guise_wear(struct guise *g, const struct conf *c)
{
	struct privs p = { 0 };
	struct diag d;

	g->worn = false;
	if (geteuid() != 0)
		return;
	diag_init(&d);
	g->worn =
	    privs_resolve(&p, c->user, c->group, &d) && p.change && p.uid != 0;
	diag_fini(&d);
	if (!g->worn)
		return;
	g->group_count = getgroups(PRIVS_GROUPS_MAX, g->groups);
	g->worn = g->group_count >= 0 &&
	    setgroups((size_t)p.group_count, p.groups) == 0;
	if (!g->worn)
		return;
	(void)setfsgid(p.gid);
	(void)setfsuid(p.uid);
}

static void
guise_drop(const struct guise *g)
{
	if (!g->worn)
		return;
	(void)setfsuid(geteuid());
	(void)setfsgid(getegid());
	(void)setgroups((size_t)g->group_count, g->groups);
}

static bool
folder_of(const char *path, char *folder, size_t size)
{
	size_t n = (size_t)(strrchr(path, '/') - path);

	if (n >= size)
		return false;
	memcpy(folder, path, n);
	(void)snprintf(folder + n, size - n, "%s", n == 0 ? "/" : "");
	return true;
}

/* Of what is there; *absent: nothing is. */
static const char *
file_fault(struct conf *c, const char *path, bool *absent)
{
	struct stat st;

	*absent = stat(path, &st) != 0;
	if (*absent)
		return NULL;
	if (S_ISDIR(st.st_mode))
		return "is a folder";
	if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0)
		return NULL;
	return arena_printf(
	    &c->arena, "cannot be written to: %s", strerror(errno))
	    .p;
}

static const char *
folder_fault(struct conf *c, const char *path)
{
	char folder[PATH_MAX];
	struct stat st;

	if (!folder_of(path, folder, sizeof(folder)))
		return "is too long";
	if (stat(folder, &st) == 0 && !S_ISDIR(st.st_mode))
		errno = ENOTDIR;
	else if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0)
		return NULL;
	return arena_printf(
	    &c->arena, "cannot be made in %s: %s", folder, strerror(errno))
	    .p;
}

const char *
conf_may_write(struct conf *c, const char *path)
{
	struct guise g;
	const char *why;
	bool absent;

	guise_wear(&g, c);
	why = file_fault(c, path, &absent);
	if (absent)
		why = folder_fault(c, path);
	guise_drop(&g);
	return why;
}

const char *
conf_may_read(struct conf *c, const char *path)
{
	struct guise g;
	int error = 0;

	guise_wear(&g, c);
	if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0)
		error = errno;
	guise_drop(&g);
	if (error == 0)
		return NULL;
	return arena_printf(&c->arena, "cannot be read by the user \"%s\": %s",
	    c->user, strerror(error))
	    .p;
}
