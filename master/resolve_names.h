/*
 * resolve_names.h - the resolver's table of names, and their rounds. For
 * resolve*.c only.
 */
#ifndef MASTER_RESOLVE_NAMES_H
#define MASTER_RESOLVE_NAMES_H

#include "master/resolve.h"

/* The name of that kind; made, and due at once, when absent. */
struct resolve_name *resolve_names_get(
    struct resolver *rs, enum img_endpoint_kind kind, struct slice host);

/* Drops every name that nobody wants. */
void resolve_names_sweep(struct resolver *rs);

/* Other servers or bounds: all names are due at once. */
void resolve_names_restart(struct resolver *rs);

#endif
