/*
 * build_terms.h - routes that share one place in the router: their order, and
 * those that can never be chosen because of it.
 */
#ifndef MASTER_BUILD_TERMS_H
#define MASTER_BUILD_TERMS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/diag.h"
#include "master/build_image.h"
#include "master/conf.h"

struct term {
	uint32_t first, last; /* links */
	uint32_t count;
	struct img_term written;
};

struct term_link {
	uint32_t route, next;
};

struct terms {
	struct term *all;
	size_t count, room;
	struct term_link *links;
	size_t link_count, link_room;
};

void terms_fini(struct terms *t);

/* A new term without routes; returns its number. */
uint32_t terms_new(struct terms *t);

/* Adds a route, in file order; once is enough. */
void terms_add(struct terms *t, uint32_t term, uint32_t route);

/*
 * Orders every term, writes the lists into the image and each term's `written`.
 * The routes are those of the image's head. Warnings about routes that no
 * request can reach go to d; NULL: none are wanted.
 */
struct img_span terms_write(
    struct terms *t, struct image *im, const struct conf *c, struct diag *d);

#endif
