/*
 * conf_show.h - the configuration and its options, written for people.
 */
#ifndef MASTER_CONF_SHOW_H
#define MASTER_CONF_SHOW_H

#include <stdio.h>

#include "master/conf.h"

/*
 * -T: the effective configuration as a file that reads back to the same, each
 * value with its origin ("# file:line" or "# default") behind it.
 */
void conf_show(FILE *out, const struct conf *c);

/* --options: every option with type, default, range and help, as a table. */
void conf_options_text(FILE *out);

/* The same as an mdoc list, for penstock.conf.5. */
void conf_options_mdoc(FILE *out);

#endif
