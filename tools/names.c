/*
 * names.c - see names.h.
 */
#include "tools/names.h"

#include "common/base/must.h"
#include "shm/hidden.h"

#define NAMES_STEP 8u

void
names_add(struct names *n, struct slice name, struct arena *a)
{
	if (slice_eq(name, SLICE_LIT("*"))) {
		n->all = true;
		return;
	}
	if (n->count != 0 && names_have(n, name) && !n->all)
		return;
	if (n->count % NAMES_STEP == 0) {
		struct slice *items =
		    arena_alloc(a, (n->count + NAMES_STEP) * sizeof(*items));

		MUST(items != NULL);
		if (n->count != 0)
			memcpy(items, n->items, n->count * sizeof(*items));
		n->items = items;
	}
	n->items[n->count++] = arena_copy(a, name);
	MUST(!arena_failed(a));
}

void
names_add_lower(struct names *n, struct slice name, struct arena *a)
{
	char *lower = arena_alloc(a, name.n + 1);

	MUST(lower != NULL);
	for (size_t i = 0; i < name.n; i++)
		lower[i] = ascii_lower(name.p[i]);
	names_add(n, slice_make(lower, name.n), a);
}

bool
names_have(const struct names *n, struct slice name)
{
	for (uint32_t i = 0; i < n->count; i++)
		if (slice_eq(n->items[i], name))
			return true;
	return n->all;
}

bool
names_hide(const struct names *n, struct slice name)
{
	for (uint32_t i = 0; i < n->count; i++)
		if (hidden_same(n->items[i], name))
			return true;
	return n->all;
}
