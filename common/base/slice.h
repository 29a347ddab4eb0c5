/*
 * slice.h - a view of bytes that somebody else owns.
 *
 * Text from the network is never NUL-terminated and never `char *`.
 */
#ifndef COMMON_BASE_SLICE_H
#define COMMON_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *p; /* may be NULL when n is 0 */
	size_t n;      /* bytes */
};

#define SLICE_LIT(s) ((struct slice){ (s), sizeof(s) - 1 })
#define SLICE_NONE ((struct slice){ NULL, 0 })
/* For printf's "%.*s". */
#define SLICE_FMT(s) (int)(s).n, (s).n != 0 ? (s).p : ""

static inline struct slice
slice_make(const char *p, size_t n)
{
	return (struct slice){ p, n };
}

/* NULL gives an empty slice. */
static inline struct slice
slice_str(const char *s)
{
	return (struct slice){ s, s != NULL ? strlen(s) : 0 };
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline char
ascii_lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* The same n bytes when ASCII case is ignored; n is not 0. */
bool slice_same_nocase(const char *a, const char *b, size_t n);

/* Equal when ASCII case is ignored. */
static inline bool
slice_eq_nocase(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || slice_same_nocase(a.p, b.p, a.n));
}

static inline bool
slice_starts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n &&
	    (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/* The slice without its first n bytes; n must not exceed s.n. */
static inline struct slice
slice_skip(struct slice s, size_t n)
{
	return (struct slice){ s.p + n, s.n - n };
}

/* slice_put, in place: where hardly anything else is done. */
static inline __attribute__((always_inline)) char *
slice_put_here(char *to, struct slice s)
{
	const char *p = s.p;
	size_t n = s.n;

	if (n > 64)
		return mempcpy(to, p, n);
	if (n >= 16) {
		if (n > 32) {
			memcpy(to + 16, p + 16, 16);
			memcpy(to + n - 32, p + n - 32, 16);
		}
		memcpy(to, p, 16);
		memcpy(to + n - 16, p + n - 16, 16);
	} else if (n >= 8) {
		memcpy(to, p, 8);
		memcpy(to + n - 8, p + n - 8, 8);
	} else if (n >= 4) {
		memcpy(to, p, 4);
		memcpy(to + n - 4, p + n - 4, 4);
	} else if (n >= 2) {
		memcpy(to, p, 2);
		memcpy(to + n - 2, p + n - 2, 2);
	} else if (n != 0) {
		*to = *p;
	}
	return to + n;
}

/*
 * Writes s to where there is room for it; returns its end there. By pieces that
 * overlap: most texts are too short for memcpy.
 */
static inline char *
slice_put(char *to, struct slice s)
{
	return slice_put_here(to, s);
}

/*
 * Takes the first part of a list whose parts `sep` stands between off its
 * beginning; false: it is empty.
 */
static inline bool
slice_cut(struct slice *list, char sep, struct slice *part)
{
	const char *at;

	if (list->n == 0)
		return false;
	at = memchr(list->p, sep, list->n);
	*part =
	    slice_make(list->p, at != NULL ? (size_t)(at - list->p) : list->n);
	*list = slice_skip(*list, part->n + (at != NULL));
	return true;
}

/* Without leading and trailing SP and HTAB (RFC 9110 5.6.3, OWS). */
static inline struct slice
slice_trim(struct slice s)
{
	while (s.n != 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n != 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

#endif
