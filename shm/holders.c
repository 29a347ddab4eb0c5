/*
 * holders.c - see holders.h.
 */
#include "shm/holders.h"

#include <string.h>

static bool
text_inside(const struct holders *h, struct img_str s)
{
	return (uint64_t)s.off + s.len <= h->bytes;
}

static bool
entry_check(const struct holders *h, const struct holders_entry *e)
{
	if (!text_inside(h, e->is.name))
		return false;
	for (size_t i = 0; i < IMG_CLAIMS; i++)
		if (!text_inside(h, e->is.claims[i]))
			return false;
	return true;
}

static int
entry_order(const struct holders_entry *e, const uint8_t sha256[32])
{
	return memcmp(e->is.sha256, sha256, sizeof(e->is.sha256));
}

bool
holders_check(const struct holders *h, size_t n)
{
	if (n < sizeof(*h) || h->magic != HOLDERS_MAGIC || h->bytes > n ||
	    h->count > HOLDERS_MAX ||
	    sizeof(*h) + h->count * sizeof(h->entry[0]) > h->bytes ||
	    !text_inside(h, h->authenticator))
		return false;
	for (uint32_t i = 0; i < h->count; i++)
		if (!entry_check(h, &h->entry[i]) ||
		    (i != 0 &&
			entry_order(&h->entry[i - 1], h->entry[i].is.sha256) >=
			    0))
			return false;
	return true;
}

const struct holders_entry *
holders_find(const struct holders *h, const uint8_t sha256[32])
{
	uint32_t from = 0, to = h->count;

	while (from < to) {
		uint32_t at = from + (to - from) / 2;
		int by = entry_order(&h->entry[at], sha256);

		if (by == 0)
			return &h->entry[at];
		if (by < 0)
			from = at + 1;
		else
			to = at;
	}
	return NULL;
}
