/*
 * conf_value.h - one option's value out of libconfig: type, range, unit and
 * environment.
 */
#ifndef MASTER_CONF_VALUE_H
#define MASTER_CONF_VALUE_H

#include <libconfig.h>
#include <stdbool.h>

#include "common/base/diag.h"
#include "common/base/text.h"
#include "master/conf.h"
#include "master/conf_table.h"
#include "master/conf_text.h"

/* A file being read. */
struct conf_input {
	struct conf *c;
	struct diag *d;
	const struct conf_text *text;
	bool main;    /* not one that `include` named */
	bool *broken; /* set: too little could be read to look for more */
};

uint32_t
conf_input_origin(const struct conf_input *in, const config_setting_t *s);
struct conf_place
conf_input_place(const struct conf_input *in, const config_setting_t *s);

/* "a string", "an integer", ...: what a setting is. */
const char *conf_setting_kind(const config_setting_t *s);

/*
 * Stores the value of a row that is neither group nor list. False with a
 * complaint; the field then keeps its default.
 */
bool conf_value_read(const struct conf_input *in, const struct conf_row *row,
    void *thing, const config_setting_t *s);

/* A NUL-terminated copy in the conf's arena. */
const char *conf_strdup(struct conf *c, struct slice s);

#endif
