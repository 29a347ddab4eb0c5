/*
 * conf_secret.h - secrets that stand in the configuration or in a file of their
 * own; and the end of all that a configuration knows of secrets and keys.
 */
#ifndef MASTER_CONF_SECRET_H
#define MASTER_CONF_SECRET_H

#include <stdbool.h>

#include "common/base/diag.h"
#include "master/conf.h"
#include "master/conf_source.h"
#include "master/conf_table.h"

/* The options of `thing` that give a secret, one of them, and their values. */
struct conf_secret_rows {
	const struct conf_block *block;
	const void *thing;
	const char *here, *by_file; /* their paths */
	const char *value, *file;   /* NULL: not given */
};

/*
 * Takes a copy, of a file without one line end behind it. False: there is none,
 * and a complaint if one was asked for.
 */
bool conf_secret_take(struct conf *c, const struct conf_secret_rows *rows,
    struct conf_secret *out, struct diag *d);

/* The same of a file alone; nothing is taken where it complains. */
void
conf_secret_read(const struct conf_source *source, struct conf_secret *out);

void conf_secret_fini(struct conf_secret *s);

/* Key sets, passwords and secrets of a conf. */
void conf_secrets_free(struct conf *c);

#endif
