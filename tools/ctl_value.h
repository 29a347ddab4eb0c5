/*
 * ctl_value.h - members of the admin API's documents, in words for people.
 */
#ifndef TOOLS_CTL_VALUE_H
#define TOOLS_CTL_VALUE_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/text.h"

/* A member that is missing, or of another type, is "" or 0. */
const char *ctl_word(const json_t *o, const char *key);
long long ctl_number(const json_t *o, const char *key);

/* "3d 4h", "5m 6s", "7s" */
const char *ctl_span(long long s, char *buf, size_t size);

/* Date and time in UTC, as the admin API has those of events; "never" of 0. */
const char *ctl_when(long long at, char *buf, size_t size);

/* The elements of an array of strings, with `between`. */
void ctl_join(struct text *out, const json_t *array, const char *between);

#endif
