/*
 * h1_scan.h - the inner loops of the head parser: how far does a name, a value
 * or a target reach?
 *
 * Sixteen bytes at a time with SSE2, which every x86-64 has; the last bytes,
 * and other processors, take the scalar loop of the same function.
 */
#ifndef COMMON_HTTP_H1_SCAN_H
#define COMMON_HTTP_H1_SCAN_H

#include <stdbool.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "common/http/http.h"

static inline bool
scan_is_value(unsigned char c)
{
	return (c >= 0x20 && c != 0x7f) || c == '\t';
}

static inline bool
scan_is_target(unsigned char c)
{
	return c > 0x20 && c < 0x7f && c != '#';
}

#ifdef __SSE2__
static inline __m128i
scan_load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* 0xff where lo < c < hi, as signed bytes: never from 0x80 on. */
static inline __m128i
scan_between(__m128i x, char lo, char hi)
{
	return _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8(lo)),
	    _mm_cmplt_epi8(x, _mm_set1_epi8(hi)));
}
#endif

/* The first byte that is no token character. */
static inline const char *
scan_token(const char *p, const char *end)
{
#ifdef __SSE2__
	/* Letters, digits and "-" in bulk; the rarer ones by the table. */
	while (end - p >= 16) {
		__m128i x = scan_load(p);
		__m128i lower = _mm_or_si128(x, _mm_set1_epi8(0x20));
		__m128i good =
		    _mm_or_si128(scan_between(lower, 'a' - 1, 'z' + 1),
			_mm_or_si128(scan_between(x, '0' - 1, '9' + 1),
			    _mm_cmpeq_epi8(x, _mm_set1_epi8('-'))));
		unsigned bad = (unsigned)_mm_movemask_epi8(good) ^ 0xffffu;

		if (bad == 0) {
			p += 16;
			continue;
		}
		p += __builtin_ctz(bad);
		if (!http_token_char[(unsigned char)*p])
			return p;
		p++;
	}
#endif
	while (p != end && http_token_char[(unsigned char)*p])
		p++;
	return p;
}

/* The first control character but HTAB. */
static inline const char *
scan_value(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i top = _mm_set1_epi8(0x1f);
	const __m128i del = _mm_set1_epi8(0x7f);

	while (end - p >= 16) {
		__m128i x = scan_load(p);
		__m128i bad =
		    _mm_or_si128(_mm_cmpeq_epi8(_mm_max_epu8(x, top), top),
			_mm_cmpeq_epi8(x, del));
		unsigned mask = (unsigned)_mm_movemask_epi8(bad);

		if (mask == 0) {
			p += 16;
			continue;
		}
		p += __builtin_ctz(mask);
		if (*p != '\t')
			return p;
		p++;
	}
#endif
	while (p != end && scan_is_value((unsigned char)*p))
		p++;
	return p;
}

/* The first byte that is not visible ASCII, or "#". */
static inline const char *
scan_target(const char *p, const char *end)
{
#ifdef __SSE2__
	while (end - p >= 16) {
		__m128i x = scan_load(p);
		__m128i good =
		    _mm_andnot_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('#')),
			scan_between(x, 0x20, 0x7f));
		unsigned bad = (unsigned)_mm_movemask_epi8(good) ^ 0xffffu;

		if (bad != 0)
			return p + __builtin_ctz(bad);
		p += 16;
	}
#endif
	while (p != end && scan_is_target((unsigned char)*p))
		p++;
	return p;
}

#endif
