/*
 * conf_value.c - types, ranges and units of single values.
 */
#include "master/conf_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/environ.h"
#include "common/base/must.h"
#include "common/base/units.h"
#include "master/conf_field.h"

const char *
conf_strdup(struct conf *c, struct slice s)
{
	char *p = arena_alloc(&c->arena, s.n + 1);

	MUST(p != NULL);
	if (s.n != 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

uint32_t
conf_input_origin(const struct conf_input *in, const config_setting_t *s)
{
	return in->text->base + (uint32_t)config_setting_source_line(s);
}

struct conf_place
conf_input_place(const struct conf_input *in, const config_setting_t *s)
{
	return conf_place(in->c, conf_input_origin(in, s));
}

const char *
conf_setting_kind(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_GROUP:
		return "a group";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "an integer";
	case CONFIG_TYPE_FLOAT:
		return "a fraction";
	case CONFIG_TYPE_STRING:
		return "a string";
	case CONFIG_TYPE_BOOL:
		return "a boolean";
	case CONFIG_TYPE_ARRAY:
		return "an array";
	case CONFIG_TYPE_LIST:
		return "a list";
	default:
		return "nothing";
	}
}

static const char *
expectation(const struct conf_row *row)
{
	switch (row->type) {
	case CONF_BOOL:
		return "true or false";
	case CONF_INT:
		return "an integer";
	case CONF_DECIMAL:
		return "a number such as 1.5";
	case CONF_SHARE:
		return "a number such as 0.01";
	case CONF_STRING:
	case CONF_WORD:
		return "a string";
	case CONF_SCALAR:
		return "a string, a number or a boolean";
	case CONF_DURATION:
		return "a duration such as \"30s\"";
	case CONF_SIZE:
		return "a size such as \"16k\"";
	case CONF_RATE:
		return "a rate such as \"1000/min\"";
	case CONF_NAMES:
		return "a string or an array of strings";
	case CONF_GROUP:
		return "a group";
	case CONF_LIST:
		return "a list of groups";
	case CONF_NAMED:
		return "a group of named groups or a list of groups";
	}
	return "";
}

static bool
refuse_kind(const struct conf_input *in, const struct conf_row *row,
    const config_setting_t *s)
{
	struct conf_place at = conf_input_place(in, s);

	diag_error(in->d, at.file, at.line, "%s: expected %s, got %s",
	    row->path, expectation(row), conf_setting_kind(s));
	return false;
}

/* A complaint about a number outside the row's range; `got` as written. */
static bool
refuse_range(const struct conf_input *in, const struct conf_row *row,
    const config_setting_t *s, const char *got)
{
	struct conf_place at = conf_input_place(in, s);
	struct text range = { 0 };

	conf_number_print(row, row->min, &range);
	text_add(&range, SLICE_LIT(" to "));
	conf_number_print(row, row->max, &range);
	if ((row->flags & CONF_ZERO) != 0)
		text_add(&range, SLICE_LIT(", and 0 for no limit"));
	diag_error(in->d, at.file, at.line, "%s: %s is out of range (%.*s)",
	    row->path, got, SLICE_FMT(text_slice(&range)));
	text_fini(&range);
	return false;
}

static bool
in_range(const struct conf_row *row, uint64_t v)
{
	if (v == 0 && (row->flags & CONF_ZERO) != 0)
		return true;
	return v >= row->min && (row->max == 0 || v <= row->max);
}

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

/* The text of a string setting, expanded, in the arena; NULL: complained. */
static const char *
read_string(const struct conf_input *in, const struct conf_row *row,
    const config_setting_t *s)
{
	const char *raw = config_setting_get_string(s), *value = NULL;
	struct conf_place at;
	struct text expanded = { 0 };

	if (strstr(raw, "${") == NULL) {
		value = conf_strdup(in->c, slice_str(raw));
	} else {
		at = conf_input_place(in, s);
		if (environ_expand(
			&expanded, raw, row->path, at.file, at.line, in->d))
			value = conf_strdup(in->c, text_slice(&expanded));
		text_fini(&expanded);
	}
	if (value == NULL || (row->flags & CONF_TEXT) != 0 ||
	    !has_control(value))
		return value;
	at = conf_input_place(in, s);
	diag_error(in->d, at.file, at.line,
	    "%s: the string holds a control character", row->path);
	return NULL;
}

static bool
length_ok(const struct conf_input *in, const struct conf_row *row,
    const config_setting_t *s, const char *value)
{
	struct conf_place at;
	size_t n = strlen(value);

	if (in_range(row, n))
		return true;
	at = conf_input_place(in, s);
	if (n == 0)
		diag_error(in->d, at.file, at.line, "%s: the string is empty",
		    row->path);
	else
		diag_error(in->d, at.file, at.line,
		    "%s: the string has %zu bytes, more than %llu", row->path,
		    n, (unsigned long long)row->max);
	return false;
}

static bool
read_unit(const struct conf_input *in, const struct conf_row *row, uint64_t *to,
    const config_setting_t *s)
{
	const char *value = read_string(in, row, s), *why = "";
	struct conf_place at;
	uint64_t v;
	bool ok;

	if (value == NULL)
		return false;
	ok = row->type == CONF_DURATION ? units_duration(value, &v, &why)
					: units_size(value, &v, &why);
	if (ok && in_range(row, v)) {
		*to = v;
		return true;
	}
	if (ok)
		return refuse_range(in, row, s, value);
	at = conf_input_place(in, s);
	diag_error(in->d, at.file, at.line, "%s: expected %s; \"%s\" %s",
	    row->path, expectation(row), value, why);
	return false;
}

/* The range is that of the count. */
static bool
read_rate(const struct conf_input *in, const struct conf_row *row,
    struct conf_rate *to, const config_setting_t *s)
{
	const char *value, *why = "";
	struct conf_place at;
	struct conf_rate v;

	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return refuse_kind(in, row, s);
	value = read_string(in, row, s);
	if (value == NULL)
		return false;
	if (units_rate(value, &v.count, &v.per_us, &why)) {
		if (!in_range(row, v.count))
			return refuse_range(in, row, s, value);
		*to = v;
		return true;
	}
	at = conf_input_place(in, s);
	diag_error(in->d, at.file, at.line, "%s: expected %s; \"%s\" %s",
	    row->path, expectation(row), value, why);
	return false;
}

/* Thousandths, or millionths: what was written must be some, to the digit. */
static bool
read_decimal(const struct conf_input *in, const struct conf_row *row,
    uint64_t *to, const config_setting_t *s, double v)
{
	struct conf_place at = conf_input_place(in, s);
	bool share = row->type == CONF_SHARE;
	double scale = share ? 1e6 : 1e3;
	char got[32];
	uint64_t parts;

	(void)snprintf(got, sizeof(got), "%.12g", v);
	/* Not a range check: what lies behind it would not fit. */
	if (!(v >= 0.0 && v <= 1e12))
		return refuse_range(in, row, s, got);
	parts = (uint64_t)(v * scale + 0.5);
	if (!in_range(row, parts))
		return refuse_range(in, row, s, got);
	if (v != (double)parts / scale) {
		diag_error(in->d, at.file, at.line,
		    "%s: %s has more than %s digits after the point", row->path,
		    got, share ? "six" : "three");
		return false;
	}
	*to = parts;
	return true;
}

static bool
has_point(const struct conf_row *row)
{
	return row->type == CONF_DECIMAL || row->type == CONF_SHARE;
}

/* An integer; also a bare size, and 0 for a duration without limit. */
static bool
read_integer(const struct conf_input *in, const struct conf_row *row,
    uint64_t *to, const config_setting_t *s)
{
	long long v = config_setting_type(s) == CONFIG_TYPE_INT64
	    ? config_setting_get_int64(s)
	    : config_setting_get_int(s);
	char got[32];

	if (row->type == CONF_DURATION && v != 0)
		return refuse_kind(in, row, s);
	if (has_point(row))
		return read_decimal(in, row, to, s, (double)v);
	if (v >= 0 && in_range(row, (uint64_t)v)) {
		*to = (uint64_t)v;
		return true;
	}
	(void)snprintf(got, sizeof(got), "%lld", v);
	return refuse_range(in, row, s, got);
}

static bool
read_number(const struct conf_input *in, const struct conf_row *row,
    uint64_t *to, const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return read_integer(in, row, to, s);
	case CONFIG_TYPE_FLOAT:
		if (has_point(row))
			return read_decimal(
			    in, row, to, s, config_setting_get_float(s));
		return refuse_kind(in, row, s);
	case CONFIG_TYPE_STRING:
		if (row->type == CONF_DURATION || row->type == CONF_SIZE)
			return read_unit(in, row, to, s);
		return refuse_kind(in, row, s);
	default:
		return refuse_kind(in, row, s);
	}
}

static bool
refuse_word(const struct conf_input *in, const struct conf_row *row,
    const config_setting_t *s, const char *value)
{
	struct conf_place at = conf_input_place(in, s);
	struct text words = { 0 };

	for (const char *p = row->words; *p != '\0'; p++) {
		if (*p == ' ')
			text_add(&words, SLICE_LIT("\", \""));
		else
			text_add_char(&words, *p);
	}
	diag_error(in->d, at.file, at.line,
	    "%s: there is no \"%s\" (there is \"%.*s\")", row->path, value,
	    SLICE_FMT(text_slice(&words)));
	text_fini(&words);
	return false;
}

static bool
read_text(const struct conf_input *in, const struct conf_row *row,
    const char **to, const config_setting_t *s)
{
	const char *value;

	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return refuse_kind(in, row, s);
	value = read_string(in, row, s);
	if (value == NULL)
		return false;
	if (row->type == CONF_WORD && !conf_word_among(row->words, value))
		return refuse_word(in, row, s, value);
	if (row->type != CONF_WORD && !length_ok(in, row, s, value))
		return false;
	*to = value;
	return true;
}

/* A fraction in as few digits as bring it back. */
static const char *
fraction_text(struct conf *c, double v)
{
	char text[32];

	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	return conf_strdup(c, slice_str(text));
}

/* A string, or what a number or boolean is in JSON. */
static bool
read_scalar(const struct conf_input *in, const struct conf_row *row,
    const char **to, const config_setting_t *s)
{
	char text[32];

	switch (config_setting_type(s)) {
	case CONFIG_TYPE_STRING:
		return read_text(in, row, to, s);
	case CONFIG_TYPE_INT:
		(void)snprintf(
		    text, sizeof(text), "%d", config_setting_get_int(s));
		break;
	case CONFIG_TYPE_INT64:
		(void)snprintf(
		    text, sizeof(text), "%lld", config_setting_get_int64(s));
		break;
	case CONFIG_TYPE_FLOAT:
		*to = fraction_text(in->c, config_setting_get_float(s));
		return true;
	case CONFIG_TYPE_BOOL:
		(void)snprintf(text, sizeof(text), "%s",
		    config_setting_get_bool(s) != 0 ? "true" : "false");
		break;
	default:
		return refuse_kind(in, row, s);
	}
	*to = conf_strdup(in->c, slice_str(text));
	return true;
}

static bool
read_name(const struct conf_input *in, const struct conf_row *row,
    struct conf_strings *to, const config_setting_t *s)
{
	const char *value;

	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return refuse_kind(in, row, s);
	value = read_string(in, row, s);
	if (value == NULL || !length_ok(in, row, s, value))
		return false;
	to->items[to->count] = value;
	to->places[to->count] = conf_input_place(in, s);
	to->count++;
	return true;
}

static bool
read_names(const struct conf_input *in, const struct conf_row *row,
    struct conf_strings *to, const config_setting_t *s)
{
	bool one = config_setting_type(s) == CONFIG_TYPE_STRING, ok = true;
	unsigned n = one ? 1 : 0;

	if (!one && !config_setting_is_array(s) && !config_setting_is_list(s))
		return refuse_kind(in, row, s);
	if (!one)
		n = (unsigned)config_setting_length(s);
	*to = (struct conf_strings){ 0 };
	to->items = arena_alloc(&in->c->arena, (n + 1) * sizeof(*to->items));
	to->places = arena_alloc(&in->c->arena, (n + 1) * sizeof(*to->places));
	MUST(to->items != NULL && to->places != NULL);
	for (unsigned i = 0; i < n; i++)
		ok &= read_name(
		    in, row, to, one ? s : config_setting_get_elem(s, i));
	return ok;
}

bool
conf_value_read(const struct conf_input *in, const struct conf_row *row,
    void *thing, const config_setting_t *s)
{
	union conf_field f = conf_field(row, thing);

	switch (row->type) {
	case CONF_BOOL:
		if (config_setting_type(s) != CONFIG_TYPE_BOOL)
			return refuse_kind(in, row, s);
		*f.boolean = config_setting_get_bool(s) != 0;
		return true;
	case CONF_INT:
	case CONF_DECIMAL:
	case CONF_SHARE:
	case CONF_DURATION:
	case CONF_SIZE:
		return read_number(in, row, f.number, s);
	case CONF_RATE:
		return read_rate(in, row, f.rate, s);
	case CONF_STRING:
	case CONF_WORD:
		return read_text(in, row, f.string, s);
	case CONF_SCALAR:
		return read_scalar(in, row, f.string, s);
	case CONF_NAMES:
		return read_names(in, row, f.names, s);
	case CONF_GROUP:
	case CONF_LIST:
	case CONF_NAMED:
		break;
	}
	return refuse_kind(in, row, s);
}
