/*
 * claims.c - see claims.h.
 */
#include "common/jose/claims.h"

/* What reads one registered claim. */
struct reading {
	struct claims *c;
	char *room; /* what is left of it */
};

static bool
string_read(
    struct reading *r, const struct json_value *value, struct slice *out)
{
	if (value->kind != JSON_VALUE_STRING)
		return false;
	*out = json_read_string(value, r->room);
	if (value->escaped)
		r->room += out->n;
	return true;
}

/* A string, or an array of nothing else (RFC 7519 4.1.3). */
static bool
audience_read(struct claims *c, const struct json_value *value)
{
	struct json_value element;
	size_t at = 0;

	c->aud = *value;
	if (value->kind == JSON_VALUE_STRING)
		return true;
	if (value->kind != JSON_VALUE_ARRAY)
		return false;
	while (json_read_next_element(value, &at, &element))
		if (element.kind != JSON_VALUE_STRING)
			return false;
	return true;
}

/* False: it is registered and of the wrong type. */
static bool
claim_read(struct reading *r, const struct json_value *name,
    const struct json_value *value)
{
	struct claims *c = r->c;

	/* Those have three letters: most others end here. */
	if (!name->escaped && name->text.n != sizeof("\"exp\"") - 1)
		return true;
	if (json_read_is(name, SLICE_LIT("exp")))
		return json_read_seconds(value, &c->exp);
	if (json_read_is(name, SLICE_LIT("nbf")))
		return json_read_seconds(value, &c->nbf);
	if (json_read_is(name, SLICE_LIT("iat")))
		return json_read_seconds(value, &c->iat);
	if (json_read_is(name, SLICE_LIT("iss")))
		return string_read(r, value, &c->iss);
	if (json_read_is(name, SLICE_LIT("sub")))
		return string_read(r, value, &c->sub);
	if (json_read_is(name, SLICE_LIT("jti")))
		return string_read(r, value, &c->jti);
	if (json_read_is(name, SLICE_LIT("aud")))
		return audience_read(c, value);
	return true;
}

static bool
all_read(struct slice payload, char *room, struct claims *c)
{
	const struct json_members *all = &c->members;
	struct reading r = { .c = c, .room = room };

	c->exp = c->nbf = c->iat = CLAIMS_NEVER;
	c->iss = c->sub = c->jti = c->aud.text = SLICE_NONE;
	if (!json_read_members(payload, &c->members))
		return false;
	for (uint32_t i = 0; i < all->count; i++)
		if (!claim_read(
			&r, &all->member[i].name, &all->member[i].value))
			return false;
	return true;
}

/* Claims are within 2^53; the sum stays in order with them. */
static int64_t
add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

static bool
later_than(int64_t start_s, const struct claims_want *want)
{
	return start_s != CLAIMS_NEVER &&
	    want->now_s < add(start_s, -want->leeway_s);
}

static bool
is_one_of(struct slice s, const struct slice *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq(s, list[i]))
			return true;
	return false;
}

static bool
string_is_one_of(
    const struct json_value *v, const struct slice *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (json_read_is(v, list[i]))
			return true;
	return false;
}

static bool
audience_fits(const struct json_value *aud, const struct claims_want *want)
{
	struct json_value element;
	size_t at = 0;

	if (want->audience_count == 0)
		return true;
	if (aud->text.n == 0)
		return false;
	if (aud->kind == JSON_VALUE_STRING)
		return string_is_one_of(
		    aud, want->audiences, want->audience_count);
	while (json_read_next_element(aud, &at, &element))
		if (string_is_one_of(
			&element, want->audiences, want->audience_count))
			return true;
	return false;
}

enum claims_result
claims_read(struct slice payload, char *room, const struct claims_want *want,
    struct claims *out)
{
	struct json_value v;

	if (!all_read(payload, room, out))
		return CLAIMS_MALFORMED;
	if (out->exp != CLAIMS_NEVER &&
	    want->now_s >= add(out->exp, want->leeway_s))
		return CLAIMS_EXPIRED;
	if (later_than(out->nbf, want) || later_than(out->iat, want))
		return CLAIMS_EARLY;
	if (want->issuer_count != 0 &&
	    !is_one_of(out->iss, want->issuers, want->issuer_count))
		return CLAIMS_ISSUER;
	if (!audience_fits(&out->aud, want))
		return CLAIMS_AUDIENCE;
	for (size_t i = 0; i < want->required_count; i++)
		if (!claims_find_in(&out->members, want->required[i], &v))
			return CLAIMS_MISSING;
	return CLAIMS_OK;
}

/* Members may have dots in their own names, at each step. */
static bool
dotted_find(
    const struct json_value *all, struct slice path, struct json_value *v)
{
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] == '.' &&
		    json_read_member(all, slice_make(path.p, i), v) &&
		    v->kind == JSON_VALUE_OBJECT) {
			struct json_value in = *v;

			if (claims_find(&in, slice_skip(path, i + 1), v))
				return true;
		}
	return false;
}

bool
claims_find(
    const struct json_value *all, struct slice path, struct json_value *v)
{
	if (json_read_member(all, path, v))
		return v->kind != JSON_VALUE_NULL;
	return dotted_find(all, path, v);
}

bool
claims_find_in(
    const struct json_members *all, struct slice path, struct json_value *v)
{
	const struct json_value *found = json_members_find(all, path);

	if (found == NULL)
		return dotted_find(&all->all, path, v);
	*v = *found;
	return v->kind != JSON_VALUE_NULL;
}
