/*
 * http_field.h - the table of known fields, and the look-up in it, inline for
 * the loops that read and write heads. Others ask http.h.
 */
#ifndef COMMON_HTTP_HTTP_FIELD_H
#define COMMON_HTTP_HTTP_FIELD_H

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "common/http/http.h"

#define FIELD_NAME_MIN 2u
#define FIELD_NAME_MAX 30u  /* "Access-Control-Request-Headers" */
#define FIELD_LINE_BYTES 32 /* the longest name, ": " */

struct http_field {
	char line[FIELD_LINE_BYTES]; /* the name, ": ", and NULs */
};

/* Behind the fields with an id, in the table. */
enum http_told {
	TOLD_BEFORE = FIELD_COUNT - 1,
#define HTTP_TOLD(id, text) TOLD_##id,
#include "common/http/http.def"
	TOLD_END
};

extern const struct http_field http_fields[TOLD_END];
extern const uint8_t http_field_slots[256];

/* Bytes of the name. */
#define HTTP_BYTES(i, text) [i] = sizeof(text) - 1,
#define HTTP_FIELD(id, text, flags) HTTP_BYTES(FIELD_##id, text)
#define HTTP_TOLD(id, text) HTTP_BYTES(TOLD_##id, text)
static const uint8_t http_field_bytes[TOLD_END] = {
#include "common/http/http.def"
};
#undef HTTP_BYTES

/* Bit i: the field with id i has one of these flags. */
#define HTTP_FIELD(id, name, flags) \
	| (((flags)&FIELD_HOP) != 0 ? UINT64_C(1) << FIELD_##id : 0)
static const uint64_t http_hop_fields = 0
#include "common/http/http.def"
    ;
#define HTTP_FIELD(id, name, flags) \
	| (((flags)&FIELD_FRAMING) != 0 ? UINT64_C(1) << FIELD_##id : 0)
static const uint64_t http_framing_fields = 0
#include "common/http/http.def"
    ;

/* One of the table, of enum field_id or http_told. */
static inline struct slice
http_name(unsigned i)
{
	return slice_make(http_fields[i].line, http_field_bytes[i]);
}

/* n bytes, of 1, 2, 4 and 8. */
static inline uint64_t
field_load(const char *p, size_t n)
{
	uint64_t word = 0;

	memcpy(&word, p, n);
	return word;
}

/* Where a name of n bytes, two at least, has its place, if it is a known one:
 * by its ends, where no two of them are alike. */
static inline uint8_t
http_field_slot(const char *p, size_t n)
{
	uint64_t key = n >= 4
	    ? field_load(p, 4) | field_load(p + n - 4, 4) << 32
	    : (field_load(p, 2) | field_load(p + n - 2, 2) << 16) *
		UINT64_C(0x100000001);

	key = (key | 0x2020202020202020u) + n;
	return (uint8_t)(key * 0x1b889418128db8f3u >> 56);
}

/* A canonical letter has bit 0x40, a digit or "-" has not. */
static inline bool
field_fold_eq(uint64_t text, uint64_t canon)
{
	uint64_t fold = (canon & 0x4040404040404040u) >> 1;

	return ((text ^ canon) & ~fold) == 0;
}

static inline bool
field_words_eq(const char *text, const char *canon, size_t n, size_t word)
{
	return field_fold_eq(field_load(text, word), field_load(canon, word)) &&
	    field_fold_eq(field_load(text + n - word, word),
		field_load(canon + n - word, word));
}

#ifdef __SSE2__
static inline bool
field_block_eq(const char *text, const char *canon)
{
	__m128i a = _mm_loadu_si128((const __m128i *)(const void *)text);
	__m128i b = _mm_loadu_si128((const __m128i *)(const void *)canon);
	__m128i fold = _mm_srli_epi16(_mm_and_si128(b, _mm_set1_epi8(0x40)), 1);
	__m128i differ = _mm_andnot_si128(fold, _mm_xor_si128(a, b));

	return _mm_movemask_epi8(_mm_cmpeq_epi8(differ, _mm_setzero_si128())) ==
	    0xffff;
}
#else
static inline bool
field_block_eq(const char *text, const char *canon)
{
	return field_words_eq(text, canon, 16, 8);
}
#endif

/* Both are n bytes long, compared by pieces that overlap. */
static inline bool
field_name_eq(const char *text, const char *canon, size_t n)
{
	if (n >= 16)
		return field_block_eq(text, canon) &&
		    field_block_eq(text + n - 16, canon + n - 16);
	if (n >= 8)
		return field_words_eq(text, canon, n, 8);
	if (n >= 4)
		return field_words_eq(text, canon, n, 4);
	return field_words_eq(text, canon, n, 2);
}

/* http_field_find for n bytes at p. */
static inline enum field_id
http_field_match(const char *p, size_t n)
{
	unsigned id;

	if (n - FIELD_NAME_MIN > FIELD_NAME_MAX - FIELD_NAME_MIN)
		return FIELD_OTHER;
	id = http_field_slots[http_field_slot(p, n)];
	return http_field_bytes[id] == n &&
		field_name_eq(p, http_fields[id].line, n)
	    ? (enum field_id)id
	    : FIELD_OTHER;
}

#endif
