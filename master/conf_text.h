/*
 * conf_text.h - a configuration file as one text, its "@include" lines
 * replaced by the files they name, and every line of it with an origin.
 *
 * libconfig would include by itself, but relative to the working directory, and
 * differently in each version.
 */
#ifndef MASTER_CONF_TEXT_H
#define MASTER_CONF_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/diag.h"
#include "common/base/slice.h"
#include "common/base/text.h"
#include "master/conf.h"
#include "master/conf_scan.h"

struct conf_text {
	struct text text; /* NUL-terminated behind its n bytes */
	uint32_t base;    /* line k of the text has origin base + k */
	const char *file; /* the outermost file; owned by the conf's arena */
	struct conf_scan scan;
};

/*
 * Reads `path`; included files are relative to `folder`. Complaints go to d;
 * false when the text is not to be
 * parsed; scan.refused: its values are not to be used. conf_text_fini in any
 * case.
 */
bool conf_text_read(struct conf_text *t, struct conf *c, const char *path,
    const char *folder, struct diag *d);

/* The same with the file's content in memory: "@include" is refused. */
bool conf_text_take(struct conf_text *t, struct conf *c, const char *name,
    struct slice content, struct diag *d);

void conf_text_fini(struct conf_text *t);

/* `path` as seen from `folder`, in the arena. */
const char *
conf_text_join(struct conf *c, const char *folder, const char *path);

#endif
