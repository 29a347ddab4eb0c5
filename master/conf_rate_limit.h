/*
 * conf_rate_limit.h - the typed values of rate_limits.
 */
#ifndef MASTER_CONF_RATE_LIMIT_H
#define MASTER_CONF_RATE_LIMIT_H

#include <stdbool.h>

#include "master/conf_place.h"
#include "shm/img_protect.h"

struct conf_limit_part {
	uint32_t part;    /* enum img_limit_part */
	const char *name; /* HEADER: of it; else NULL */
};

struct conf_rate_limit {
	struct conf_place place;
	uint32_t *origins;
	const char *name;
	struct conf_strings key;
	const char *algorithm; /* a word: what `kind` is made of */
	struct conf_rate rate; /* per_us 0: none was given */
	uint64_t burst;        /* 0: none was given; made: the rate's count */
	uint64_t limit;        /* "concurrency"; 0: none was given */
	uint64_t multiplier[IMG_CLASS_COUNT]; /* thousandths */
	bool adaptive;
	/* Made of the words: */
	uint32_t kind; /* enum img_limit_kind */
	struct conf_limit_part parts[IMG_LIMIT_PARTS_MAX];
	size_t part_count; /* 0: all together */
	bool late;         /* it is about whom requests are from */
};

#endif
