/*
 * uri.h - the request target: one reading of the path, the same that is
 * matched and sent on.
 */
#ifndef COMMON_HTTP_URI_H
#define COMMON_HTTP_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/slice.h"

enum uri_error {
	URI_OK,
	URI_NOT_ABSOLUTE,  /* does not start with "/" */
	URI_BAD_ESCAPE,    /* "%" without two hex digits */
	URI_CONTROL,       /* raw or escaped NUL, control, DEL */
	URI_BACKSLASH,     /* "\" or %5c */
	URI_FRAGMENT,      /* "#" */
	URI_NOT_ASCII,     /* raw bytes from 0x80 on */
	URI_DOT_PARAMETER, /* "/..;x/", "/..%2fx/" and the like */
	URI_ABOVE_ROOT,    /* "/../" that would leave the root */
};

struct uri {
	struct slice path;  /* normalised, starts with "/" */
	struct slice query; /* untouched, without "?" */
	bool has_query;     /* "/a?" has an empty one */
	bool encoded_slash; /* %2f stands in the path (kept, upper case) */
};

const char *uri_error_name(enum uri_error e);

/*
 * Splits and normalises an origin-form target: "//" collapsed, dot segments
 * removed (also spelt %2e), escapes of unreserved characters decoded, the
 * hex of other escapes in upper case (RFC 3986 6.2.2). An empty path before
 * "?" is "/". The query may not hold control characters, spaces, "#" or bytes
 * from 0x80 on, raw; nothing else in it is looked at. Nothing to change:
 * u->path points into target. Otherwise it is built in `room`, which must hold
 * target.n bytes at least (normalising never lengthens).
 */
enum uri_error uri_normalise(struct slice target, char *room, struct uri *u);

/*
 * Percent-encodes s for use in a path segment or query value: all but
 * unreserved characters. `slash` keeps "/" (a *rest capture). Escapes that
 * stand in s are kept when `escaped`. Writes at most 3 * s.n bytes; returns
 * how many.
 */
size_t uri_encode(struct slice s, bool slash, bool escaped, char *out);

/* Decodes percent escapes; false on a bad one. out holds s.n bytes. */
bool uri_decode(struct slice s, char *out, size_t *n);

/* True when `text`, decoded, is `name`. */
bool uri_decodes_to(struct slice text, struct slice name);

/*
 * Walks the parameters of a query, undecoded; *at starts at 0. False at the
 * end.
 */
bool uri_query_next(
    struct slice query, size_t *at, struct slice *name, struct slice *value);

/*
 * The value, undecoded, of the first query parameter with this (decoded) name;
 * false when absent. "+" is not a space.
 */
bool uri_query_find(struct slice query, struct slice name, struct slice *value);

#endif
