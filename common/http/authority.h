/*
 * authority.h - host and port as Host and absolute targets bear them.
 */
#ifndef COMMON_HTTP_AUTHORITY_H
#define COMMON_HTTP_AUTHORITY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/slice.h"

struct authority {
	struct slice host; /* an IPv6 address with its brackets */
	uint16_t port;     /* 0: none given */
};

/*
 * Reads host [":" port]. Stricter than RFC 3986 3.2: a name is 1 to 255
 * unreserved characters (no escapes, no sub-delims), an address in brackets is
 * IPv6, a port 1 to 65535 in at most five digits; userinfo has no place. The
 * result points into s.
 */
bool authority_parse(struct slice s, struct authority *a);

/* The same place, when an absent port means default_port; case is ignored. */
bool authority_eq(const struct authority *a, const struct authority *b,
    uint16_t default_port);

#endif
