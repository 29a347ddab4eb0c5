/*
 * claim_text.c - see claim_text.h.
 */
#include "worker/flow/claim_text.h"

#include "common/jose/claims.h"

/* Into out, which has the value's length of room; returns how much it is. */
static size_t
value_write(const struct json_value *v, char *out)
{
	struct slice s = v->text;

	switch (v->kind) {
	case JSON_VALUE_STRING:
		s = json_read_string(v, out);
		break;
	case JSON_VALUE_FALSE:
	case JSON_VALUE_TRUE:
	case JSON_VALUE_NUMBER:
		break;
	case JSON_VALUE_NULL:
	case JSON_VALUE_ARRAY:
	case JSON_VALUE_OBJECT:
		return 0;
	}
	if (s.n != 0 && s.p != out)
		memcpy(out, s.p, s.n);
	return s.n;
}

/* What is joined is no longer than the list itself. */
static size_t
list_write(const struct json_value *list, char *out)
{
	struct json_value v;
	size_t at = 0, n = 0;

	while (json_read_next_element(list, &at, &v)) {
		if (n != 0)
			out[n++] = ',';
		n += value_write(&v, out + n);
	}
	return n;
}

struct slice
claim_text(const struct identity *id, struct slice name, struct arena *a)
{
	struct json_value all = { .kind = JSON_VALUE_OBJECT }, v;
	char *room;

	if (id == NULL || id->claims.n == 0)
		return SLICE_NONE;
	all.text = id->claims;
	if (!claims_find(&all, name, &v))
		return SLICE_NONE;
	room = arena_alloc(a, v.text.n);
	if (room == NULL)
		return SLICE_NONE;
	return slice_make(room,
	    v.kind == JSON_VALUE_ARRAY ? list_write(&v, room)
				       : value_write(&v, room));
}
