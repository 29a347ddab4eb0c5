/*
 * cookie.c - reads Cookie fields: "a=1; b=2" (RFC 6265 4.2.1).
 */
#include "worker/flow/cookie.h"

bool
cookie_next(struct slice field, size_t *at, struct slice *pair)
{
	const char *end;

	if (*at >= field.n)
		return false;
	*pair = slice_skip(field, *at);
	end = memchr(pair->p, ';', pair->n);
	if (end != NULL)
		pair->n = (size_t)(end - pair->p);
	*at += pair->n + 1;
	*pair = slice_trim(*pair);
	return true;
}

bool
cookie_is(struct slice pair, struct slice name)
{
	return pair.n > name.n && pair.p[name.n] == '=' &&
	    slice_starts(pair, name) && memchr(name.p, '=', name.n) == NULL;
}

unsigned
cookie_count(const struct head *h, struct slice name, struct slice *value)
{
	unsigned count = 0;

	if (!head_has(h, FIELD_COOKIE))
		return 0;
	/* HTTP/2 splits the field (RFC 9113 8.2.3): look at all of them. */
	for (uint32_t i = 0; i < h->count; i++) {
		struct slice pair;
		size_t at = 0;

		if (h->fields[i].id != FIELD_COOKIE)
			continue;
		while (cookie_next(h->fields[i].value, &at, &pair))
			if (cookie_is(pair, name) && count++ == 0)
				*value = slice_skip(pair, name.n + 1);
	}
	return count;
}

bool
cookie_find(const struct head *h, struct slice name, struct slice *value)
{
	return cookie_count(h, name, value) != 0;
}
