/*
 * conf_scan.h - a look at each line before libconfig reads it: literals that
 * its versions read differently are refused, so that one file means one thing
 * everywhere.
 */
#ifndef MASTER_CONF_SCAN_H
#define MASTER_CONF_SCAN_H

#include <stdbool.h>

#include "common/base/diag.h"
#include "common/base/slice.h"
#include "master/conf.h"

enum conf_scan_state { CONF_SCAN_PLAIN, CONF_SCAN_COMMENT, CONF_SCAN_STRING };

/* Starts as all zero. */
struct conf_scan {
	enum conf_scan_state state;   /* between two lines */
	struct conf_place began;      /* the open comment or string */
	struct conf_place first_long; /* first string to go over a line's end */
	bool comma;                   /* the last token was one */
	bool refused;                 /* something was */
};

/* Looks at one line, without its line feed. Complaints go to d. */
void conf_scan_line(struct conf_scan *s, struct conf_place at,
    struct slice line, struct diag *d);

/* True when `line`, the next one, is an "@include"; *path points into it. */
bool conf_scan_include(
    const struct conf_scan *s, struct slice line, struct slice *path);

#endif
