/*
 * http_date.h - dates as HTTP fields have them (RFC 9110 5.6.7). wall_date
 * writes them.
 */
#ifndef COMMON_HTTP_HTTP_DATE_H
#define COMMON_HTTP_HTTP_DATE_H

#include <stdbool.h>

#include "common/base/clock.h"
#include "common/base/slice.h"

/*
 * In each of the three forms, to the letter, and a day that there is, of years
 * from 1970: false for anything else. `now` tells which century the second form
 * means: the one whose date is not more than 50 years ahead.
 */
bool http_date_read(struct slice text, struct wall now, struct wall *t);

#endif
