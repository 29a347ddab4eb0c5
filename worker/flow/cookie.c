/*
 * cookie.c - reads Cookie fields: "a=1; b=2" (RFC 6265 4.2.1).
 */
#include "worker/flow/cookie.h"

static bool
pairs_find(struct slice left, struct slice name, struct slice *value)
{
	while (left.n != 0) {
		const char *end = memchr(left.p, ';', left.n);
		struct slice pair = left;
		const char *eq;

		if (end != NULL)
			pair.n = (size_t)(end - left.p);
		left = slice_skip(left, pair.n + (end != NULL));
		pair = slice_trim(pair);
		eq = pair.n != 0 ? memchr(pair.p, '=', pair.n) : NULL;
		if (eq == NULL ||
		    !slice_eq(slice_make(pair.p, (size_t)(eq - pair.p)), name))
			continue;
		*value = slice_skip(pair, name.n + 1);
		return true;
	}
	return false;
}

bool
cookie_find(const struct head *h, struct slice name, struct slice *value)
{
	if (!head_has(h, FIELD_COOKIE))
		return false;
	/* HTTP/2 splits the field (RFC 9113 8.2.3): look at all of them. */
	for (uint32_t i = 0; i < h->count; i++)
		if (h->fields[i].id == FIELD_COOKIE &&
		    pairs_find(h->fields[i].value, name, value))
			return true;
	return false;
}
