/*
 * conf_place.h - what all parts of a configuration are made of: places in files
 * and lists of names.
 */
#ifndef MASTER_CONF_PLACE_H
#define MASTER_CONF_PLACE_H

#include <stddef.h>
#include <stdint.h>

/* file NULL: a default. */
struct conf_place {
	const char *file;
	int line;
};

/*
 * Strings are NUL-terminated here, after ${NAME} was replaced. items NULL: none
 * were given, and there are none by default.
 */
struct conf_strings {
	const char **items;
	struct conf_place *places;
	size_t count;
};

/* per_us 0: none. */
struct conf_rate {
	uint64_t count, per_us;
};

#endif
