/*
 * json_scan.h - strings and blanks of JSON, for json_read.c and json_value.c
 * alone.
 */
#ifndef COMMON_BASE_JSON_SCAN_H
#define COMMON_BASE_JSON_SCAN_H

#include <endian.h>

#include "common/base/json_read.h"

#define JSON_SCAN_ONES 0x0101010101010101u
#define JSON_SCAN_HIGH 0x8080808080808080u

/*
 * High bits where a byte of x is a quote, a backslash, a control character or
 * not ASCII; bits above the lowest one may lie.
 */
static inline uint64_t
json_scan_special(uint64_t x)
{
	uint64_t quote = x ^ JSON_SCAN_ONES * '"';
	uint64_t slash = x ^ JSON_SCAN_ONES * '\\';

	return ((x - JSON_SCAN_ONES * ' ') | (quote - JSON_SCAN_ONES) |
		   (slash - JSON_SCAN_ONES) | x) &
	    JSON_SCAN_HIGH;
}

/* To the first byte at or behind p that is special, or to the end. */
static inline const char *
json_scan_plain(const char *p, const char *end)
{
	while (end - p >= 8) {
		uint64_t x, special;

		memcpy(&x, p, 8);
		special = json_scan_special(le64toh(x));
		if (special != 0)
			return p + __builtin_ctzll(special) / 8;
		p += 8;
	}
	while (p != end && (unsigned char)*p >= ' ' &&
	    (unsigned char)*p < 0x80 && *p != '"' && *p != '\\')
		p++;
	return p;
}

static inline const char *
json_scan_blank(const char *p, const char *end)
{
	while (
	    p != end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

/* What a value is that begins with c, if it is one. */
static inline enum json_kind
json_scan_kind(char c)
{
	switch (c) {
	case '"':
		return JSON_VALUE_STRING;
	case '{':
		return JSON_VALUE_OBJECT;
	case '[':
		return JSON_VALUE_ARRAY;
	case 't':
		return JSON_VALUE_TRUE;
	case 'f':
		return JSON_VALUE_FALSE;
	case 'n':
		return JSON_VALUE_NULL;
	default:
		return JSON_VALUE_NUMBER;
	}
}

/* To the quote that ends a checked string of which p is behind the first. */
static inline const char *
json_scan_string(const char *p, const char *end, bool *escaped)
{
	*escaped = false;
	for (;;) {
		p = json_scan_plain(p, end);
		if (*p == '"')
			return p;
		if (*p == '\\') {
			*escaped = true;
			p++;
		}
		p++;
	}
}

#endif
