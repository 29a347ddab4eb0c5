/*
 * build_names.h - the names that templates know besides a path's parameters.
 */
#ifndef MASTER_BUILD_NAMES_H
#define MASTER_BUILD_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/slice.h"
#include "master/conf_suggest.h"

struct template_name {
	const char *name;
	uint16_t kind; /* enum img_tmpl_kind */
	bool argument; /* "{header:NAME}" */
};

/* NULL when there is none. */
const struct template_name *template_name_find(struct slice name);

/* Offers all of them. */
void template_names_offer(struct conf_suggest *suggest);

/* True for names that a path parameter must not bear. */
bool template_name_reserved(struct slice name);

/* Letters, digits, "_" and "-". */
bool template_name_char(char c);

#endif
