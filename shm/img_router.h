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

#define IMG_SLOT_INSIDE 12 /* bytes of a text that is in its slot */

/*
 * Open addressing with linear probing over (owner, text), see image_find. Two
 * are a cache line: with a short text, as most segments have, a look-up touches
 * no other one.
 * hosts: owner 0, a = group of the host, b = group of "*.host";
 * paths: owner is the group, (a, b) is a struct img_term;
 * edges: owner is the node, a = the child node or IMG_LEAF_*, b = the route
 *        that is found there, if it is only one (else IMG_NONE): of a node, to
 *        be looked at ahead.
 */
struct img_slot {
	uint32_t tag; /* low half of the hash */
	uint32_t owner;
	uint32_t a, b;
	uint32_t len; /* of the text; IMG_NONE: an empty slot */
	union {
		char inside[IMG_SLOT_INSIDE]; /* then zeroes */
		uint32_t off;                 /* of a longer one */
	} text;
};

/* In place of a node, of which there is none: one route is all that is found
 * behind the edge. Its pattern ends there; or "*rest" follows. */
#define IMG_LEAF_END (IMG_NONE - 2)
#define IMG_LEAF_REST (IMG_NONE - 1)

/* One segment deep in the patterns of a group. */
struct img_node {
	uint32_t param;       /* child by ":param", or IMG_NONE */
	uint32_t literals;    /* number of children in edges */
	struct img_term end;  /* the pattern ends here */
	struct img_term rest; /* "*rest" follows */
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

_Static_assert(IMG_LINE % sizeof(struct img_slot) == 0, "none is in two lines");

#endif
