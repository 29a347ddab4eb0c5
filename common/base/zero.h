/*
 * zero.h - zeroes some hundred bytes. Where GCC knows how many, it writes a
 * string instruction, which has hardly begun when the library, which asks the
 * processor what it does best, is done.
 */
#ifndef COMMON_BASE_ZERO_H
#define COMMON_BASE_ZERO_H

#include <string.h>

static inline void
zero(void *p, size_t n)
{
	__asm__("" : "+r"(n));
	memset(p, 0, n);
}

#endif
