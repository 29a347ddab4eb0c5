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
 * is called once they were answered.
 */
bool reload_names_wait(struct reload *r, const struct img_head *img);

/* Whatever is waited for then has had its time after a while. */
void reload_names_limit(struct reload *r, const struct img_head *img);

/* In reload.c: these are not waited for any more. */
void reload_resolved(struct reload *r, uint32_t waits);

/* Adds a warning for each name that was waited for in vain. */
void reload_names_warn(struct reload *r, struct diag *d);

#endif
