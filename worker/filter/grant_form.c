/*
 * grant_form.c - see grant_form.h.
 */
#include "worker/filter/grant_form.h"

#include "common/base/json_read.h"
#include "common/http/uri.h"

/* "+" is a space (application/x-www-form-urlencoded), which no token has. */
static bool
form_decode(struct slice raw, char *room, struct slice *value)
{
	size_t n;

	if (raw.n == 0 || memchr(raw.p, '+', raw.n) != NULL ||
	    !uri_decode(raw, room, &n))
		return false;
	*value = slice_make(room, n);
	return true;
}

/* One "name=value"; true while there are more. */
static bool
form_next(struct slice *body, struct slice *name, struct slice *value)
{
	const char *end, *is;
	size_t n;

	if (body->n == 0)
		return false;
	end = memchr(body->p, '&', body->n);
	n = end != NULL ? (size_t)(end - body->p) : body->n;
	is = memchr(body->p, '=', n);
	*name = slice_make(body->p, is != NULL ? (size_t)(is - body->p) : n);
	*value = is != NULL ? slice_make(is + 1, n - name->n - 1) : SLICE_NONE;
	*body = slice_skip(*body, n + (end != NULL));
	return true;
}

static bool
form_read(struct slice body, char *room, struct slice *token)
{
	struct slice name, value;
	unsigned tokens = 0;

	while (form_next(&body, &name, &value)) {
		if (slice_eq(name, SLICE_LIT("grant_type")) &&
		    !slice_eq(value, SLICE_LIT("refresh_token")))
			return false;
		if (!slice_eq(name, SLICE_LIT("refresh_token")))
			continue;
		if (tokens++ != 0 || !form_decode(value, room, token))
			return false;
	}
	return tokens == 1 && token->n != 0;
}

static bool
json_form_read(struct slice body, char *room, struct slice *token)
{
	struct json_value all, v;

	if (!json_read_check(body, &all) || all.kind != JSON_VALUE_OBJECT)
		return false;
	if (json_read_member(&all, SLICE_LIT("grant_type"), &v) &&
	    !(v.kind == JSON_VALUE_STRING &&
		json_read_is(&v, SLICE_LIT("refresh_token"))))
		return false;
	if (!json_read_member(&all, SLICE_LIT("refresh_token"), &v) ||
	    v.kind != JSON_VALUE_STRING)
		return false;
	*token = json_read_string(&v, room);
	return token->n != 0;
}

/* The type without its parameters. */
static bool
type_is(struct slice type, struct slice want)
{
	const char *end = type.n != 0 ? memchr(type.p, ';', type.n) : NULL;

	if (end != NULL)
		type.n = (size_t)(end - type.p);
	return slice_eq_nocase(slice_trim(type), want);
}

bool
grant_form_read(
    struct slice type, struct slice body, char *room, struct slice *token)
{
	if (type_is(type, SLICE_LIT("application/x-www-form-urlencoded")))
		return form_read(body, room, token);
	return type_is(type, SLICE_LIT("application/json")) &&
	    json_form_read(body, room, token);
}
