/*
 * cookie.h - one cookie of a request, by its name.
 */
#ifndef WORKER_FLOW_COOKIE_H
#define WORKER_FLOW_COOKIE_H

#include <stdbool.h>

#include "common/base/slice.h"
#include "common/http/head.h"

/*
 * Walks the pairs of a Cookie field, without blanks around them; *at starts at
 * 0. False at the end.
 */
bool cookie_next(struct slice field, size_t *at, struct slice *pair);

/* The pair is a cookie of that name (case-sensitive), which is not empty. */
bool cookie_is(struct slice pair, struct slice name);

/*
 * How many cookies of that name are in the Cookie fields; *value: that of the
 * first, as it stands there.
 */
unsigned
cookie_count(const struct head *h, struct slice name, struct slice *value);

/* That value; false when there is none. */
bool cookie_find(const struct head *h, struct slice name, struct slice *value);

#endif
