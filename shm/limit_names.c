/*
 * limit_names.c - see limit_names.h. A row is filled first and counted in
 * afterwards: a master killed between leaves nothing behind.
 */
#include "shm/limit_names.h"

#include <string.h>

#include "shm/step.h"

#define OVERFLOW_NAME SLICE_LIT("__other__")

struct slice
limit_name_of(const struct region *r, uint32_t row)
{
	uint32_t n = atomic_load_explicit(
	    &r->state->control.limit_names, memory_order_acquire);
	const struct shm_limit_name *name;

	if (row >= n || row >= LIMIT_ROWS_MAX)
		return SLICE_NONE;
	name = &r->state->limit_names[row];
	return slice_make(name->text,
	    name->bytes < LIMIT_NAME_MAX ? name->bytes : LIMIT_NAME_MAX);
}

static void
limit_name_add(struct region *r, uint32_t row, struct slice name)
{
	struct shm_limit_name *to = &r->state->limit_names[row];

	SHM_STEP("limit_name_fill");
	memcpy(to->text, name.p, name.n);
	to->bytes = (uint32_t)name.n;
	SHM_STEP("limit_name_count");
	atomic_store(&r->state->control.limit_names, row + 1);
}

uint32_t
limit_name_row(struct region *r, struct slice name)
{
	uint32_t n = atomic_load(&r->state->control.limit_names);

	if (n == 0) {
		limit_name_add(r, 0, OVERFLOW_NAME);
		n = 1;
	}
	for (uint32_t row = 1; row < n; row++)
		if (slice_eq(limit_name_of(r, row), name))
			return row;
	if (n >= LIMIT_ROWS_MAX || name.n > LIMIT_NAME_MAX)
		return 0;
	limit_name_add(r, n, name);
	return n;
}
