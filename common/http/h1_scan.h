/*
 * h1_scan.h - the inner loops of the head parser: how far does a name, a value
 * or a target reach?
 *
 * Sixteen bytes at a time with SSE2, which every x86-64 has. Fewer than that in
 * all, and other processors, take the scalar loop of the same function.
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
#define SCAN_BYTES 16

/* Bit i: the byte i of a load is one that is looked for. */
typedef unsigned scan_mask(__m128i x);

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

/* Neither letter nor digit nor "-": the rarer ones are left to the table. */
static inline unsigned
scan_no_token(__m128i x)
{
	__m128i lower = _mm_or_si128(x, _mm_set1_epi8(0x20));
	__m128i good = _mm_or_si128(scan_between(lower, 'a' - 1, 'z' + 1),
	    _mm_or_si128(scan_between(x, '0' - 1, '9' + 1),
		_mm_cmpeq_epi8(x, _mm_set1_epi8('-'))));

	return (unsigned)_mm_movemask_epi8(good) ^ 0xffffu;
}

/* The same without capitals. */
static inline unsigned
scan_no_lower(__m128i x)
{
	__m128i good = _mm_or_si128(scan_between(x, 'a' - 1, 'z' + 1),
	    _mm_or_si128(scan_between(x, '0' - 1, '9' + 1),
		_mm_cmpeq_epi8(x, _mm_set1_epi8('-'))));

	return (unsigned)_mm_movemask_epi8(good) ^ 0xffffu;
}

/* A control character, HTAB among them. */
static inline unsigned
scan_no_value(__m128i x)
{
	const __m128i top = _mm_set1_epi8(0x1f);

	return (unsigned)_mm_movemask_epi8(
	    _mm_or_si128(_mm_cmpeq_epi8(_mm_max_epu8(x, top), top),
		_mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f))));
}

static inline unsigned
scan_no_target(__m128i x)
{
	__m128i good = _mm_andnot_si128(
	    _mm_cmpeq_epi8(x, _mm_set1_epi8('#')), scan_between(x, 0x20, 0x7f));

	return (unsigned)_mm_movemask_epi8(good) ^ 0xffffu;
}

static inline unsigned
scan_is_colon(__m128i x)
{
	return (unsigned)_mm_movemask_epi8(
	    _mm_cmpeq_epi8(x, _mm_set1_epi8(':')));
}

/* Whether there are enough bytes for a load. */
static inline bool
scan_fits(const char *end, const char *floor)
{
	return end - floor >= SCAN_BYTES;
}

/*
 * The first byte that is looked for, or end. Fewer than a load has are seen in
 * one that ends where they do; so before `end` there must be enough for one.
 */
static inline __attribute__((always_inline)) const char *
scan_run(scan_mask *mask, const char *p, const char *end)
{
	const char *last = end - SCAN_BYTES;
	unsigned found;

	for (; p <= last; p += SCAN_BYTES) {
		found = mask(scan_load(p));
		if (found != 0)
			return p + __builtin_ctz(found);
	}
	found = mask(scan_load(last)) >> (p - last);
	return found != 0 ? p + __builtin_ctz(found) : end;
}
#endif

/*
 * Each of these looks at [p, end) and may read from `floor` on, which is p or
 * before it.
 */

/* The first byte that is no token character. */
static inline const char *
scan_token(const char *p, const char *end, const char *floor)
{
#ifdef __SSE2__
	if (scan_fits(end, floor)) {
		while ((p = scan_run(scan_no_token, p, end)) != end &&
		    http_token_char[(unsigned char)*p])
			p++;
		return p;
	}
#endif
	(void)floor;
	while (p != end && http_token_char[(unsigned char)*p])
		p++;
	return p;
}

static inline bool
scan_is_lower(unsigned char c)
{
	return (c < 'A' || c > 'Z') && http_token_char[c];
}

/* The first byte that is a capital letter, or no token character. */
static inline const char *
scan_lower(const char *p, const char *end, const char *floor)
{
#ifdef __SSE2__
	if (scan_fits(end, floor)) {
		while ((p = scan_run(scan_no_lower, p, end)) != end &&
		    scan_is_lower((unsigned char)*p))
			p++;
		return p;
	}
#endif
	(void)floor;
	while (p != end && scan_is_lower((unsigned char)*p))
		p++;
	return p;
}

/* The first control character but HTAB. */
static inline const char *
scan_value(const char *p, const char *end, const char *floor)
{
#ifdef __SSE2__
	if (scan_fits(end, floor)) {
		while (
		    (p = scan_run(scan_no_value, p, end)) != end && *p == '\t')
			p++;
		return p;
	}
#endif
	(void)floor;
	while (p != end && scan_is_value((unsigned char)*p))
		p++;
	return p;
}

/* The first byte that is not visible ASCII, or "#". */
static inline const char *
scan_target(const char *p, const char *end, const char *floor)
{
#ifdef __SSE2__
	if (scan_fits(end, floor))
		return scan_run(scan_no_target, p, end);
#endif
	(void)floor;
	while (p != end && scan_is_target((unsigned char)*p))
		p++;
	return p;
}

/* The first colon. */
static inline const char *
scan_colon(const char *p, const char *end, const char *floor)
{
#ifdef __SSE2__
	if (scan_fits(end, floor))
		return scan_run(scan_is_colon, p, end);
#endif
	(void)floor;
	while (p != end && *p != ':')
		p++;
	return p;
}

#endif
