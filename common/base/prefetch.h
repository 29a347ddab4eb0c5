/*
 * prefetch.h - asks for memory that is looked at soon. Where several places
 * will be, one after the other, and are far apart, their misses then overlap.
 */
#ifndef COMMON_BASE_PREFETCH_H
#define COMMON_BASE_PREFETCH_H

#include <stddef.h>
#include <stdint.h>

#define PREFETCH_LINE 64

/*
 * All lines of p[0..n); p need not be valid. GCC takes a function that does
 * nothing else for one without effect, and drops calls of it, but for an asm.
 */
static inline void
prefetch(const void *p, size_t n)
{
#pragma GCC unroll 8
	for (size_t at = 0; at < n; at += PREFETCH_LINE)
		__builtin_prefetch((const void *)((uintptr_t)p + at));
	__asm__ volatile("");
}

#endif
