/*
 * privs.c - see privs.h. System call filters are in seccomp.c.
 */
#include "master/privs.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/sanitized.h"

bool
privs_sanitized(void)
{
	return SANITIZED_ADDRESS || SANITIZED_THREAD;
}

bool
privs_resolve(
    struct privs *p, const char *user, const char *group, struct diag *d)
{
	const struct passwd *pw = getpwnam(user);
	const struct group *gr;

	if (pw == NULL) {
		diag_error(d, NULL, 0, "user: there is no user \"%s\"", user);
		return false;
	}
	p->change = true;
	p->uid = pw->pw_uid;
	p->gid = pw->pw_gid;
	if (group != NULL) {
		gr = getgrnam(group);
		if (gr == NULL) {
			diag_error(d, NULL, 0,
			    "group: there is no group \"%s\"", group);
			return false;
		}
		p->gid = gr->gr_gid;
	}
	p->group_count = PRIVS_GROUPS_MAX;
	if (getgrouplist(user, p->gid, p->groups, &p->group_count) < 0)
		p->group_count = PRIVS_GROUPS_MAX;
	return true;
}

bool
privs_die_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return false;
	/* It may have died before the call. */
	if (getppid() == parent)
		return true;
	errno = ESRCH;
	return false;
}

bool
privs_drop(const struct privs *p, pid_t parent)
{
	if (p->change &&
	    (setgroups((size_t)p->group_count, p->groups) != 0 ||
		setresgid(p->gid, p->gid, p->gid) != 0 ||
		setresuid(p->uid, p->uid, p->uid) != 0))
		return false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return false;
	/* The leak checker traces its own process. */
	if (!privs_sanitized() && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return false;
	/* Last: a change of credentials clears it. */
	return parent == 0 || privs_die_with(parent);
}
