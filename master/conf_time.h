/*
 * conf_time.h - points in time as people write them (RFC 3339).
 */
#ifndef MASTER_CONF_TIME_H
#define MASTER_CONF_TIME_H

#include <stdbool.h>
#include <stdint.h>

/*
 * "2027-01-01", which begins at midnight UTC, or "2027-01-01T12:00:00Z" with
 * any offset; a fraction of a second is cut off. Seconds since 1970. False: it
 * is neither, or no such day exists.
 */
bool conf_time_parse(const char *text, int64_t *s);

#endif
