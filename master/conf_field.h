/*
 * conf_field.h - the field of a struct that a row stands for: its default, and
 * its value as text.
 */
#ifndef MASTER_CONF_FIELD_H
#define MASTER_CONF_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/text.h"
#include "master/conf.h"
#include "master/conf_table.h"

/* In place of a secret. */
#define CONF_SECRET_SHOWN "(set)"

union conf_field {
	bool *boolean;
	uint64_t *number;
	const char **string;
	struct conf_strings *names;
	struct conf_rate *rate;
	void *list;
};

/* The field of `thing`, which may be written only where thing may. */
union conf_field conf_field(const struct conf_row *row, const void *thing);

/* The elements of a CONF_LIST or CONF_NAMED row, and how many. */
const char *
conf_field_list(const struct conf_row *row, const void *thing, size_t *count);

/*
 * Stores the row's default (CONF_UNSET, NULL, 0 or none without one); what it
 * needs of memory is c's.
 */
void
conf_field_default(struct conf *c, const struct conf_row *row, void *thing);

/*
 * False for a string or duration that is absent, and for no names, unless there
 * would be some by default and none were asked for.
 */
bool conf_field_present(const struct conf_row *row, const void *thing);

/* Adds the value as libconfig would read it again; secrets are not shown. */
void conf_field_print(
    const struct conf_row *row, const void *thing, struct text *out);

/* Adds the value in the one spelling that the digest is made of. */
void conf_field_canonical(
    const struct conf_row *row, const void *thing, struct text *out);

/* True for a row whose value is one. */
bool conf_row_is_number(const struct conf_row *row);

/* The value v of such a row, for people. */
void
conf_number_print(const struct conf_row *row, uint64_t v, struct text *out);

#endif
