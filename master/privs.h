/*
 * privs.h - what a child of the keeper gives up before it meets the network.
 */
#ifndef MASTER_PRIVS_H
#define MASTER_PRIVS_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/diag.h"

#define PRIVS_GROUPS_MAX 64

/* Whom to become. */
struct privs {
	bool change; /* false: the keeper is not root, nobody changes */
	uid_t uid;
	gid_t gid;
	gid_t groups[PRIVS_GROUPS_MAX];
	int group_count;
};

/*
 * Looks the names up (`group` NULL: the user's own). Only as root; it asks the
 * system's name services, so only in a short-lived process. False with a
 * complaint.
 */
bool privs_resolve(
    struct privs *p, const char *user, const char *group, struct diag *d);

/*
 * In a freshly forked child: becomes the user for good, without new
 * privileges, without core dumps, and dies with `parent` (0: lives on). False
 * with errno.
 */
bool privs_drop(const struct privs *p, pid_t parent);

/* The last part of privs_drop: SIGKILL when the parent goes. */
bool privs_die_with(pid_t parent);

/* Built with a sanitizer, whose runtime needs what is given up here. */
bool privs_sanitized(void);

#endif
