/*
 * cas16.h - a compare-and-swap of 16 bytes, in line: as the compilers' own
 * needs a flag for that, or a library that may take a lock, it is written down
 * here.
 */
#ifndef SHM_CAS16_H
#define SHM_CAS16_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "penstock knows 16 bytes at once by their low half first only"
#endif

/* Each half may be loaded by itself. */
struct cas16 {
	alignas(16) _Atomic uint64_t lo;
	_Atomic uint64_t hi;
};

/* Sequentially consistent. False: it was not as expected. */
#if defined(__x86_64__)
static inline bool
cas16_swap(
    struct cas16 *at, uint64_t lo, uint64_t hi, uint64_t to_lo, uint64_t to_hi)
{
	bool swapped;

	__asm__ __volatile__("lock cmpxchg16b %1"
			     : "=@ccz"(swapped), "+m"(*at), "+a"(lo), "+d"(hi)
			     : "b"(to_lo), "c"(to_hi)
			     : "memory");
	return swapped;
}
#elif defined(__aarch64__)
typedef unsigned __int128 __attribute__((may_alias)) cas16_whole;

static inline bool
cas16_swap(
    struct cas16 *at, uint64_t lo, uint64_t hi, uint64_t to_lo, uint64_t to_hi)
{
	return __sync_bool_compare_and_swap((cas16_whole *)(void *)at,
	    (cas16_whole)hi << 64 | lo, (cas16_whole)to_hi << 64 | to_lo);
}
#else
#error "penstock needs a compare-and-swap of 16 bytes: x86-64 or aarch64"
#endif

#endif
