/*
 * chunk.h - sixteen bytes of text at once, where there is SSE2, which every
 * x86-64 has: CHUNK_BYTES is defined then.
 */
#ifndef COMMON_BASE_CHUNK_H
#define COMMON_BASE_CHUNK_H

#ifdef __SSE2__
#include <emmintrin.h>

#include "common/base/slice.h"
#include "common/base/word.h"

#define CHUNK_BYTES 16

/* 255 for each byte of x from first to last, both below 0x80. */
static inline __m128i
chunk_from_to(__m128i x, char first, char last)
{
	return _mm_and_si128(
	    _mm_cmpgt_epi8(x, _mm_set1_epi8((char)(first - 1))),
	    _mm_cmplt_epi8(x, _mm_set1_epi8((char)(last + 1))));
}

/* The first bytes of s; zeroes where it has no more. */
static inline __m128i
chunk_load(struct slice s)
{
	uint64_t first, second = 0;

	if (s.n >= CHUNK_BYTES)
		return _mm_loadu_si128((const __m128i *)(const void *)s.p);
	if (s.n >= sizeof(first)) {
		memcpy(&first, s.p, sizeof(first));
		memcpy(&second, s.p + s.n - sizeof(second), sizeof(second));
		second = second >> 8 * (CHUNK_BYTES - 1 - s.n) >> 8;
	} else {
		first = word_few(s.p, s.n);
	}
	return _mm_set_epi64x((long long)second, (long long)first);
}
#endif

#endif
