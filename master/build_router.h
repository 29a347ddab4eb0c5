/*
 * build_router.h - compiles patterns and hosts into the router's tables.
 *
 * One group per host pattern; in it a table of exact paths, a tree of segments
 * and a list of regular expressions (shm/image.h draws what comes out).
 */
#ifndef MASTER_BUILD_ROUTER_H
#define MASTER_BUILD_ROUTER_H

#include "common/base/diag.h"
#include "master/build_image.h"
#include "master/build_pattern.h"
#include "master/build_table.h"
#include "master/build_terms.h"

struct router_regex {
	uint32_t group, term;
	struct img_str text;
};

struct router {
	struct image *im;
	struct hash_key key;
	struct table hosts, paths, edges, regex_keys;
	struct img_node *nodes; /* end and rest: `first` is a term here */
	size_t node_count, node_room;
	struct img_group *groups; /* regexes.count counts, off is unused */
	size_t group_count, group_room;
	struct router_regex *regexes;
	size_t regex_count, regex_room;
	struct terms terms;
	uint32_t suffix_min, suffix_max;
};

void router_init(struct router *r, struct image *im);
void router_fini(struct router *r);

/*
 * The group of a host as conf_check leaves it ("name" or "*.name", in lower
 * case); of routes without one when it is NULL.
 */
uint32_t router_group(struct router *r, const char *host);

/*
 * Adds route `index` to a group. `path` is the text of its pattern in the
 * image, a regular expression's with the "~".
 */
void router_add(struct router *r, uint32_t group, const struct pattern *p,
    struct img_str path, uint32_t index);

/*
 * Writes everything into the image's head, whose routes are complete. Warnings
 * go to d; NULL: none are wanted.
 */
void router_write(struct router *r, const struct conf *c, struct diag *d);

#endif
