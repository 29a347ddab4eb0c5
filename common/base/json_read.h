/*
 * json_read.h - a strict tokenizer of JSON (RFC 8259) for texts that strangers
 * send: one pass, no allocation, no tree, nothing built that was not asked for.
 *
 * Refused: depth beyond JSON_READ_DEPTH, bytes that are not UTF-8, a NUL or a
 * lone surrogate in a string (also escaped), numbers outside the grammar,
 * members of one name twice, anything behind the value, more of anything than
 * the limits below.
 *
 * No name here is one of jansson's (see json.h), nor one of its constants.
 */
#ifndef COMMON_BASE_JSON_READ_H
#define COMMON_BASE_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

#define JSON_READ_DEPTH 8
#define JSON_READ_MEMBERS 256 /* of one object; elements of one array: 4096 */
#define JSON_READ_ELEMENTS 4096
#define JSON_READ_NAME 255  /* bytes of a member's name, decoded */
#define JSON_READ_NUMBER 64 /* characters */
#define JSON_READ_BYTES_MAX (1u << 24)

enum json_kind {
	JSON_VALUE_NULL,
	JSON_VALUE_FALSE,
	JSON_VALUE_TRUE,
	JSON_VALUE_NUMBER,
	JSON_VALUE_STRING,
	JSON_VALUE_ARRAY,
	JSON_VALUE_OBJECT,
};

/* A value in the text: `text` is all of it, strings with their quotes. */
struct json_value {
	enum json_kind kind;
	bool escaped; /* a string with a backslash in it */
	struct slice text;
};

/*
 * Checks the whole text, duplicates of members at every depth included (by
 * their decoded names). False: it is not what is said above. After that the
 * functions below cannot meet a wrong text: they take values of it alone.
 */
bool json_read_check(struct slice text, struct json_value *v);

struct json_member {
	struct json_value name, value;
};

/* An object, and what is in it, in its order. */
struct json_members {
	struct json_value all;
	uint32_t count;
	struct json_member member[JSON_READ_MEMBERS]; /* so many are written */
};

/* The same of a text that is an object, whose members are noted on the way. */
bool json_read_members(struct slice text, struct json_members *object);

/*
 * Walks an object or an array that was checked: *at is 0 at first. False: there
 * is no more. `name` is a string as any other, to json_read_is and
 * json_read_string.
 */
bool json_read_next_member(const struct json_value *object, size_t *at,
    struct json_value *name, struct json_value *value);
bool json_read_next_element(
    const struct json_value *array, size_t *at, struct json_value *value);

/* The member of this (decoded) name. False: there is none. */
bool json_read_member(const struct json_value *object, struct slice name,
    struct json_value *value);

/* What is below, for strings with escapes alone. */
struct slice json_read_escaped(const struct json_value *v, char *room);
bool json_read_escaped_is(const struct json_value *v, struct slice text);

/*
 * A string's bytes: those of the text itself when nothing is escaped, else
 * written to room, which has text.n bytes (and may be the text itself, which is
 * then no JSON any more).
 */
static inline struct slice
json_read_string(const struct json_value *v, char *room)
{
	return v->escaped ? json_read_escaped(v, room)
			  : slice_make(v->text.p + 1, v->text.n - 2);
}

/* The string says exactly this. */
static inline bool
json_read_is(const struct json_value *v, struct slice text)
{
	if (v->kind != JSON_VALUE_STRING)
		return false;
	return v->escaped
	    ? json_read_escaped_is(v, text)
	    : slice_eq(slice_make(v->text.p + 1, v->text.n - 2), text);
}

/* The member of this (decoded) name; NULL: there is none. */
static inline const struct json_value *
json_members_find(const struct json_members *object, struct slice name)
{
	for (uint32_t i = 0; i < object->count; i++) {
		const struct json_member *m = &object->member[i];

		if (json_read_is(&m->name, name))
			return &m->value;
	}
	return NULL;
}

/*
 * NumericDate (RFC 7519 2): whole seconds, a fraction is cut off, exponents are
 * understood. False: not a number, or beyond +-2^53.
 */
bool json_read_seconds(const struct json_value *v, int64_t *s);

/* A number as a double, to compare by order. False: not a finite one. */
bool json_read_decimal(const struct json_value *v, double *d);

#endif
