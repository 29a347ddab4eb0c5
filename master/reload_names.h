/*
 * reload_names.h - what reloads have to do with names: waiting for those that
 * are new, and publishing what has changed since. For reload*.c only.
 */
#ifndef MASTER_RELOAD_NAMES_H
#define MASTER_RELOAD_NAMES_H

#include "master/reload.h"

/* False with errno. */
bool reload_names_init(struct reload *r, struct loop *loop);
void reload_names_fini(struct reload *r);

/*
 * Begins to resolve the names of img. True: some are new, and reload_resolved
 * is called once they were answered or have had their time.
 */
bool reload_names_wait(struct reload *r, const struct img_head *img);

/* In reload.c. */
void reload_resolved(struct reload *r);

/* Adds a warning for each name that was waited for in vain. */
void reload_names_warn(struct reload *r, struct diag *d);

#endif
