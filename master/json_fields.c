/*
 * json_fields.c - see json_fields.h.
 */
#include "master/json_fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/must.h"
#include "common/base/units.h"
#include "master/conf_time.h"

#define SECONDS_MAX INT64_C(253402300799) /* the end of the year 9999 */

void
json_fields_say(struct json_fields *f, const char *fmt, ...)
{
	va_list ap;

	if (!json_fields_ok(f))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(f->wrong, sizeof(f->wrong), fmt, ap);
	va_end(ap);
}

static bool
is_among(const struct json_value *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (json_read_is(name, slice_str(*names)))
			return true;
	return false;
}

static void
fields_check_names(struct json_fields *f, const char *const *names)
{
	struct json_value name, value;
	size_t at = 0;

	while (json_read_next_member(&f->object, &at, &name, &value))
		if (!is_among(&name, names))
			json_fields_say(
			    f, "unknown member %.*s", SLICE_FMT(name.text));
}

void
json_fields_init(
    struct json_fields *f, struct slice text, const char *const *names)
{
	*f = (struct json_fields){ 0 };
	/* A list is as long as its text, and each text is read once. */
	f->room = malloc(text.n + 1);
	MUST(f->room != NULL);
	if (!json_read_check(text, &f->object))
		json_fields_say(f, "this is no JSON, or too much of it");
	else if (f->object.kind != JSON_VALUE_OBJECT)
		json_fields_say(f, "this is no JSON object");
	else
		fields_check_names(f, names);
}

void
json_fields_fini(struct json_fields *f)
{
	free(f->room);
}

/* False: it is not there, or all is wrong already. */
static bool
fields_find(struct json_fields *f, const char *name, struct json_value *v)
{
	return json_fields_ok(f) &&
	    json_read_member(&f->object, slice_str(name), v) &&
	    v->kind != JSON_VALUE_NULL;
}

void
json_fields_need(struct json_fields *f, const char *name)
{
	struct json_value v;

	if (json_fields_ok(f) && !fields_find(f, name, &v))
		json_fields_say(f, "%s is missing", name);
}

static bool
has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

static struct slice
fields_take_text(struct json_fields *f, const char *name,
    const struct json_value *v, size_t max)
{
	struct slice s;

	if (v->kind != JSON_VALUE_STRING) {
		json_fields_say(f, "%s must be a string", name);
		return SLICE_NONE;
	}
	s = json_read_string(v, f->room + f->used);
	if (s.p == f->room + f->used)
		f->used += s.n;
	if (s.n > max)
		json_fields_say(f, "%s is longer than %zu bytes", name, max);
	else if (has_control(s))
		json_fields_say(f, "%s has a control character", name);
	return json_fields_ok(f) ? s : SLICE_NONE;
}

struct slice
json_fields_text(struct json_fields *f, const char *name, size_t max)
{
	struct json_value v;

	return fields_find(f, name, &v) ? fields_take_text(f, name, &v, max)
					: SLICE_NONE;
}

/* The element goes to where the list ends. */
static void
list_add(struct json_fields *f, const char *name, const struct json_value *v,
    struct text *list)
{
	struct slice s = fields_take_text(f, name, v, SIZE_MAX);

	if (!json_fields_ok(f))
		return;
	if (s.n == 0 || memchr(s.p, ',', s.n) != NULL) {
		json_fields_say(
		    f, "%s has an element that is empty or has a comma", name);
		return;
	}
	if (list->n != 0)
		text_add_char(list, ',');
	text_add(list, s);
}

struct slice
json_fields_list(struct json_fields *f, const char *name, size_t max)
{
	struct json_value v, element;
	struct slice s = SLICE_NONE;
	struct text list;
	size_t at = 0, used = f->used;

	if (!fields_find(f, name, &v))
		return SLICE_NONE;
	if (v.kind != JSON_VALUE_ARRAY)
		json_fields_say(f, "%s must be an array of strings", name);
	text_init(&list);
	while (json_fields_ok(f) && json_read_next_element(&v, &at, &element)) {
		list_add(f, name, &element, &list);
		f->used = used;
	}
	if (list.n > max)
		json_fields_say(f, "%s is longer than %zu bytes", name, max);
	if (json_fields_ok(f) && list.n != 0) {
		s = slice_make(f->room + used, list.n);
		memcpy(f->room + used, list.p, list.n);
		f->used = used + list.n;
	}
	text_fini(&list);
	return s;
}

int64_t
json_fields_int(struct json_fields *f, const char *name, int64_t min,
    int64_t max, int64_t otherwise)
{
	struct json_value v;
	int64_t n;

	if (!fields_find(f, name, &v))
		return otherwise;
	if (v.kind == JSON_VALUE_NUMBER && json_read_seconds(&v, &n) &&
	    n >= min && n <= max)
		return n;
	json_fields_say(f, "%s must be a number from %lld to %lld", name,
	    (long long)min, (long long)max);
	return otherwise;
}

int64_t
json_fields_time(struct json_fields *f, const char *name, int64_t otherwise)
{
	char text[64];
	struct json_value v;
	struct slice s;
	int64_t at;

	if (!fields_find(f, name, &v))
		return otherwise;
	if (v.kind != JSON_VALUE_STRING)
		return json_fields_int(f, name, 0, SECONDS_MAX, otherwise);
	s = json_fields_text(f, name, sizeof(text) - 1);
	(void)snprintf(text, sizeof(text), "%.*s", SLICE_FMT(s));
	if (json_fields_ok(f) && !conf_time_parse(text, &at))
		json_fields_say(f,
		    "%s must be a time such as 2027-01-01 or "
		    "2027-01-01T12:00:00Z",
		    name);
	return json_fields_ok(f) ? at : otherwise;
}

int64_t
json_fields_duration(struct json_fields *f, const char *name)
{
	struct slice s = json_fields_text(f, name, 63);
	const char *why = "";
	char text[64];
	uint64_t us = 0;

	if (s.n == 0)
		return 0;
	(void)snprintf(text, sizeof(text), "%.*s", SLICE_FMT(s));
	if (!units_duration(text, &us, &why))
		json_fields_say(f, "%s \"%s\" %s", name, text, why);
	else if (us < 1000000 || us / 1000000 > SECONDS_MAX / 10)
		json_fields_say(f, "%s must be 1s or more", name);
	return json_fields_ok(f) ? (int64_t)(us / 1000000) : 0;
}
