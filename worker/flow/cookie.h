/*
 * cookie.h - one cookie of a request, by its name.
 */
#ifndef WORKER_FLOW_COOKIE_H
#define WORKER_FLOW_COOKIE_H

#include <stdbool.h>

#include "common/base/slice.h"
#include "common/http/head.h"

/*
 * The value of the first cookie of that name (case-sensitive) in the Cookie
 * fields, as it stands there; false when there is none.
 */
bool cookie_find(const struct head *h, struct slice name, struct slice *value);

#endif
