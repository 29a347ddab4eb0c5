/*
 * touched.h - a bit per page of a table that anything was ever written to, by
 * any process: readers leave out the others, since even a look at them takes
 * memory (layout.h).
 */
#ifndef SHM_TOUCHED_H
#define SHM_TOUCHED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

static inline bool
touched_has(const _Atomic uint64_t *bits, uint64_t block)
{
	uint64_t word =
	    atomic_load_explicit(&bits[block / 64], memory_order_acquire);

	return (word >> block % 64 & 1) != 0;
}

/* Before it is written. Stores nothing if the bit is there. */
static inline void
touched_set(_Atomic uint64_t *bits, uint64_t block)
{
	if (!touched_has(bits, block))
		atomic_fetch_or(&bits[block / 64], UINT64_C(1) << block % 64);
}

#endif
