/*
 * names.h - a short list of names, or all there are ("*").
 */
#ifndef TOOLS_NAMES_H
#define TOOLS_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/slice.h"

struct names {
	struct slice *items; /* in the arena that they were added with */
	uint32_t count;
	bool all;
};

/* A copy of the name, once; "*": from now on, all. No memory is fatal. */
void names_add(struct names *n, struct slice name, struct arena *a);
/* The same in lower case. */
void names_add_lower(struct names *n, struct slice name, struct arena *a);

/* All, or this one among others. */
bool names_have(const struct names *n, struct slice name);
/* The same of names that are never shown: in any spelling (hidden.h). */
bool names_hide(const struct names *n, struct slice name);

/* Nothing is in it. */
static inline bool
names_empty(const struct names *n)
{
	return n->count == 0 && !n->all;
}

#endif
