/*
 * hex.h - bytes as digits of base 16.
 */
#ifndef COMMON_BASE_HEX_H
#define COMMON_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/slice.h"

/* In lower case, into out, which has 2 * n of room. */
void hex_write(const void *bytes, size_t n, char *out);

/* Exactly n bytes, of digits in either case; of others out is void. */
bool hex_read(struct slice text, void *out, size_t n);

/* The same, but upper case is none. */
bool hex_read_lower(struct slice text, void *out, size_t n);

#endif
