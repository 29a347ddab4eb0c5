/*
 * conf_htpasswd.h - the users of a basic authenticator, as htpasswd(1) writes
 * them.
 */
#ifndef MASTER_CONF_HTPASSWD_H
#define MASTER_CONF_HTPASSWD_H

#include "common/base/slice.h"
#include "master/conf_source.h"

/*
 * Reads the file into a->passwords, in order of users. Complaints have the file
 * and line in it; what cannot be read is said at the option.
 */
void conf_htpasswd_read(const struct conf_source *s, struct conf_auth *a);

/* The same of what was read. */
void conf_htpasswd_take(
    const struct conf_source *s, struct slice content, struct conf_auth *a);

/*
 * NULL, or why nobody should log in by such a hash, as half a sentence: only
 * bcrypt, SHA-256-crypt, SHA-512-crypt and, where libcrypt has it, yescrypt are
 * good, and they must be affordable.
 */
const char *conf_htpasswd_fault(const char *hash);

#endif
