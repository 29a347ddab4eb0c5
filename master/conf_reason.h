/*
 * conf_reason.h - the reasons of why.def, as options name them.
 */
#ifndef MASTER_CONF_REASON_H
#define MASTER_CONF_REASON_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/diag.h"
#include "master/conf_place.h"

/* By enum why. */
struct conf_reason {
	const char *word;
	bool client; /* it is what the client did */
};

#define CONF_REASONS_MAX 128 /* a bit for each, in two words */
extern const struct conf_reason conf_reasons[];
extern const unsigned conf_reason_count;

/* Its number; conf_reason_count: there is none. */
unsigned conf_reason_find(const char *word);

/* A bit in `whys` for each name; complains about those that are none. */
void conf_reasons_read(const struct conf_strings *names, const char *option,
    uint64_t whys[2], struct diag *d);

#endif
