/*
 * uri_escape.h - single percent escapes.
 */
#ifndef COMMON_HTTP_URI_ESCAPE_H
#define COMMON_HTTP_URI_ESCAPE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

/* RFC 3986 2.3: the bytes that need no escape anywhere. */
extern const uint8_t uri_unreserved[256];

/* The byte that the escape at s.p[at] stands for; -1 when it is a bad one. */
int uri_escape_value(struct slice s, size_t at);

/* Writes "%XX" in upper case; returns 3. */
size_t uri_escape_put(unsigned char byte, char *out);

#endif
