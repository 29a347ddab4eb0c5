/*
 * json_read_fuzz.c - any bytes as JSON: jansson takes it too, or the reason is
 * one of ours; each value of it is JSON by itself; what strings and numbers say
 * is what jansson says.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "common/base/json_read.h"
#include "common/base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(const struct json_value *v, const json_t *tree);

static void
check_string(const struct json_value *v, const json_t *tree)
{
	struct slice want =
	    slice_make(json_string_value(tree), json_string_length(tree));
	char *room = malloc(v->text.n);

	MUST(room != NULL);
	MUST(slice_eq(json_read_string(v, room), want));
	MUST(json_read_is(v, want));
	MUST(want.n == 0 || !json_read_is(v, slice_skip(want, 1)));
	free(room);
}

static void
check_number(const struct json_value *v, const json_t *tree)
{
	int64_t s;
	double d;
	bool whole = json_read_seconds(v, &s);

	if (!json_read_decimal(v, &d))
		return;
	MUST(fabs(d - json_real_value(tree)) <= 0);
	MUST(whole || fabs(d) >= 9007199254740992.0);
	/* Cut, not rounded: but what is read as a double may have been. */
	if (whole && fabs(d) < 1e15)
		MUST(
		    fabs((double)s - trunc(d)) <= 0 || fabs(d - round(d)) <= 0);
}

static void
check_object(const struct json_value *v, const json_t *tree)
{
	struct json_value name, value, found;
	size_t at = 0, count = 0;

	while (json_read_next_member(v, &at, &name, &value)) {
		char *room = malloc(name.text.n);
		struct slice key;
		const json_t *in;

		MUST(room != NULL);
		key = json_read_string(&name, room);
		in = json_object_getn(tree, key.p, key.n);
		MUST(in != NULL);
		MUST(json_read_member(v, key, &found));
		MUST(found.text.p == value.text.p);
		check_value(&value, in);
		free(room);
		count++;
	}
	MUST(count == json_object_size(tree));
}

static void
check_array(const struct json_value *v, const json_t *tree)
{
	struct json_value value;
	size_t at = 0, count = 0;

	while (json_read_next_element(v, &at, &value))
		check_value(&value, json_array_get(tree, count++));
	MUST(count == json_array_size(tree));
}

static void
check_value(const struct json_value *v, const json_t *tree)
{
	static const enum json_kind kinds[] = {
		[JSON_OBJECT] = JSON_VALUE_OBJECT,
		[JSON_ARRAY] = JSON_VALUE_ARRAY,
		[JSON_STRING] = JSON_VALUE_STRING,
		[JSON_INTEGER] = JSON_VALUE_NUMBER,
		[JSON_REAL] = JSON_VALUE_NUMBER,
		[JSON_TRUE] = JSON_VALUE_TRUE,
		[JSON_FALSE] = JSON_VALUE_FALSE,
		[JSON_NULL] = JSON_VALUE_NULL,
	};

	MUST(tree != NULL && v->kind == kinds[json_typeof(tree)]);
	if (v->kind == JSON_VALUE_OBJECT)
		check_object(v, tree);
	else if (v->kind == JSON_VALUE_ARRAY)
		check_array(v, tree);
	else if (v->kind == JSON_VALUE_STRING)
		check_string(v, tree);
	else if (v->kind == JSON_VALUE_NUMBER)
		check_number(v, tree);
}

/* More of something than is taken here. */
static bool
is_large(const json_t *tree, int depth)
{
	const char *key;
	json_t *value;
	size_t i;

	if (depth > JSON_READ_DEPTH ||
	    json_object_size(tree) > JSON_READ_MEMBERS ||
	    json_array_size(tree) > JSON_READ_ELEMENTS)
		return true;
	for (i = 0; i < json_array_size(tree); i++) {
		value = json_array_get(tree, i);
		if (is_large(value,
			depth +
			    (json_is_array(value) || json_is_object(value))))
			return true;
	}
	json_object_foreach((json_t *)(uintptr_t)tree, key, value)
	{
		if (strlen(key) > JSON_READ_NAME ||
		    is_large(value,
			depth +
			    (json_is_array(value) || json_is_object(value))))
			return true;
	}
	return false;
}

/* A run of a number's characters that is longer than a number may be. */
static bool
has_long_number(struct slice text)
{
	size_t run = 0;

	for (size_t i = 0; i < text.n && run <= JSON_READ_NUMBER; i++)
		run = memchr("0123456789+-.eE", text.p[i], 15) != NULL ? run + 1
								       : 0;
	return run > JSON_READ_NUMBER;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);
	struct slice text = { copy, size };
	struct json_value v;
	json_error_t error;
	json_t *tree;
	bool whole;

	MUST(copy != NULL);
	if (size != 0)
		memcpy(copy, data, size);
	whole = json_read_check(text, &v);
	tree = json_loadb(copy, size,
	    JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL,
	    &error);
	if (whole && tree != NULL)
		check_value(&v, tree);
	else if (whole)
		MUST(json_error_code(&error) == json_error_numeric_overflow);
	else if (tree != NULL)
		MUST(is_large(
			 tree, json_is_array(tree) || json_is_object(tree)) ||
		    has_long_number(text) || memchr(copy, 0, size) != NULL);
	json_decref(tree);
	free(copy);
	return 0;
}
