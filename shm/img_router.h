/*
 * img_router.h - the part of the configuration image that the router walks.
 */
#ifndef SHM_IMG_ROUTER_H
#define SHM_IMG_ROUTER_H

#include "common/base/hash.h"
#include "shm/img_ref.h"

/*
 * The routes that share a host, a path and so a place in the search are one
 * term: those with conditions first, else in file order. Of a term with one
 * route, `first` is its index; else `first` is an index in img_router.lists.
 */
struct img_term {
	uint32_t first, count; /* count 0: no route ends here */
};

/*
 * Open addressing with linear probing over (owner, text), see image_find.
 * hosts: owner 0, a = group of the host, b = group of "*.host";
 * paths: owner is the group, (a, b) is a struct img_term;
 * edges: owner is the node, a = the child node, b = the route that is found
 *        there, if it is only one (else IMG_NONE): to be looked at ahead.
 */
struct img_slot {
	uint32_t tag; /* low half of the hash */
	uint32_t owner;
	struct img_str text; /* len IMG_NONE: an empty slot */
	uint32_t a, b;
};

/* One segment deep in the patterns of a group. */
struct img_node {
	uint32_t param;        /* child by ":param", or IMG_NONE */
	uint32_t literals;     /* number of children in edges */
	struct img_term end;   /* the pattern ends here */
	struct img_term rest;  /* "*rest" follows */
	uint32_t rest_literal; /* bytes of literal text before it */
};

struct img_regex {
	struct img_str text;
	struct img_term term;
};

/* The routes of one host. */
struct img_group {
	uint32_t root;           /* node, or IMG_NONE */
	uint32_t exact;          /* number of entries in paths */
	struct img_span regexes; /* struct img_regex, in file order */
};

struct img_router {
	struct hash_key key;
	struct img_span hosts, paths, edges; /* struct img_slot */
	struct img_span nodes;               /* struct img_node */
	struct img_span groups;  /* struct img_group; 0: without hosts */
	struct img_span regexes; /* struct img_regex, of all groups */
	struct img_span lists;   /* uint32_t: indices in img_head.routes */
	uint32_t suffix_min, suffix_max; /* bytes of "*.suffix"; 0, 0: none */
};

#endif
