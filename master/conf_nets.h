/*
 * conf_nets.h - sets of addresses and networks, as arrays of a configuration
 * and files that it names list them. Each set is read and kept once, however
 * often it is listed.
 *
 * A file has one address or network a line; blank lines and what follows a "#"
 * are passed over. Complaints about it have its own name and line.
 */
#ifndef MASTER_CONF_NETS_H
#define MASTER_CONF_NETS_H

#include <stdbool.h>

#include "common/base/map.h"
#include "master/conf_source.h"

struct conf_nets_reader {
	struct conf *c;
	struct diag *d;
	struct map lists; /* what was listed -> index in conf.nets, + 1 */
	struct map sets;  /* what it came to, likewise */
};

void conf_nets_init(struct conf_nets_reader *r, struct conf *c, struct diag *d);
void conf_nets_fini(struct conf_nets_reader *r);

/*
 * The set of these addresses and files as an index in conf.nets; IMG_NONE where
 * neither were given. `option` and `file_option` are for complaints.
 */
uint32_t conf_nets_take(struct conf_nets_reader *r,
    const struct conf_strings *nets, const char *option,
    const struct conf_strings *files, const char *file_option);

/* Nets that were read, which `out` grows by. */
struct conf_nets_found {
	struct addr_net *items;
	size_t count, room;
};

/* Those of a file's text; for conf_nets.c, and its fuzz target. */
void conf_nets_text(const struct conf_source *s, struct slice text,
    struct conf_nets_found *out);

#endif
