/*
 * build_pattern.h - a route's path as configured, taken apart: exact path,
 * segments with :param and *rest, or a regular expression.
 */
#ifndef MASTER_BUILD_PATTERN_H
#define MASTER_BUILD_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/diag.h"
#include "common/base/slice.h"
#include "master/conf.h"
#include "shm/image.h"

enum pattern_kind { PATTERN_EXACT, PATTERN_SEGMENTS, PATTERN_REGEX };

enum segment_kind { SEGMENT_LITERAL, SEGMENT_PARAM, SEGMENT_REST };

struct segment {
	enum segment_kind kind;
	struct slice text; /* literal text, or the name */
};

/* Slices point into the configuration. */
struct pattern {
	enum pattern_kind kind;
	struct slice text; /* the whole; a regular expression without "~" */
	uint32_t segment_count;
	struct segment segments[IMG_SEGMENTS_MAX];
	uint32_t param_count;
	struct slice params[IMG_PARAMS_MAX]; /* names, in order */
	uint32_t captures; /* groups of a regular expression */
	uint32_t literal;  /* bytes of literal text, slashes included */
};

/*
 * Takes a route's path apart; false with complaints at its place. A path is
 * refused when no normalised request path can equal it.
 */
bool
pattern_parse(struct pattern *p, const struct conf_route *r, struct diag *d);

/* True for a last segment that takes the rest. */
bool pattern_has_rest(const struct pattern *p);

#endif
