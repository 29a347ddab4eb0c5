/*
 * conf_source.h - a file that an option names, and complaints about what is in
 * it: each with the place of the option and the name of the file.
 */
#ifndef MASTER_CONF_SOURCE_H
#define MASTER_CONF_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "master/conf.h"

struct conf_source {
	struct conf *c;
	struct diag *d;
	struct conf_place at;
	const char *option; /* "tls.client_ca" */
	const char *path;   /* as it can be opened; in the conf's arena */
};

/* `path` is relative to the folder of the main file. */
struct conf_source conf_source_make(struct conf *c, struct diag *d,
    struct conf_place at, const char *option, const char *path);

/* "OPTION: "FILE" " and half a sentence. */
void conf_source_error(const struct conf_source *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void conf_source_warn(const struct conf_source *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Its bytes and a NUL, which conf_source_wipe ends; NULL: complained. Nothing
 * is read where conf.no_files says so.
 */
char *conf_source_read(const struct conf_source *s, size_t *n);

/* Its path for a process that stands in another folder. */
const char *conf_source_absolute(const struct conf_source *s);

/* Overwrites what may be a key, then frees it. */
void conf_source_wipe(char *p, size_t n);

#endif
