/*
 * conf_rows.h - what the files of rows, and nobody else, need: short forms of
 * what most rows say.
 */
#ifndef MASTER_CONF_ROWS_H
#define MASTER_CONF_ROWS_H

#include "master/conf_table.h"
#include "shm/layout.h"

#define MS UINT64_C(1000)
#define SECOND (1000 * MS)
#define DAY (86400 * SECOND)
#define YEAR (365 * DAY)
#define KIB UINT64_C(1024)

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define AT(owner, member) .offset = offsetof(struct owner, member)
#define MANY(owner, member, counter) \
	AT(owner, member), .count_offset = offsetof(struct owner, counter)
#define TIMEOUT(owner, key, value, text)                                \
	{                                                               \
		.path = "timeouts." #key, .type = CONF_DURATION,        \
		.flags = CONF_ZERO, AT(owner, timeouts.key), .min = MS, \
		.max = YEAR, .def = (value), .help = (text)             \
	}
#define BLOCK(label, list, owner)                              \
	.noun = (label), .rows = (list), .count = COUNT(list), \
	.size = sizeof(struct owner),                          \
	.origins_offset = offsetof(struct owner, origins)

#endif
