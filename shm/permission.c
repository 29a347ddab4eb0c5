/*
 * permission.c - see permission.h.
 */
#include "shm/permission.h"

/* The first word of s, which becomes the rest; false: there was none. */
static bool
word_next(struct slice *s, struct slice *word)
{
	const char *colon;

	if (s->p == NULL)
		return false;
	colon = s->n != 0 ? memchr(s->p, ':', s->n) : NULL;
	if (colon == NULL) {
		*word = *s;
		*s = SLICE_NONE;
	} else {
		*word = slice_make(s->p, (size_t)(colon - s->p));
		*s = slice_skip(*s, word->n + 1);
	}
	return true;
}

bool
permission_covers(struct slice granted, struct slice wanted)
{
	struct slice have, want;

	while (word_next(&granted, &have)) {
		bool any = slice_eq(have, SLICE_LIT("*"));

		if (any && granted.p == NULL)
			return true;
		if (!word_next(&wanted, &want))
			return false;
		if (!any && !slice_eq(have, want))
			return false;
	}
	return wanted.p == NULL;
}
