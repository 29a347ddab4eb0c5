/*
 * grant_fuzz.c - any bytes as the body of a refresh: a token that is found is
 * not empty, and lies in the body or in the room.
 *
 * Input: the first byte chooses the type, the rest is the body.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "worker/filter/grant_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
inside(struct slice s, struct slice whole)
{
	return s.p >= whole.p && s.p + s.n <= whole.p + whole.n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct slice types[] = {
		{ "application/x-www-form-urlencoded", 33 },
		{ "application/json; charset=utf-8", 31 }, { "text/plain", 10 }
	};
	struct slice body, token = SLICE_NONE, type;
	char *room = malloc(size + 1);

	MUST(room != NULL);
	if (size != 0) {
		type = types[data[0] % 3];
		body = slice_make((const char *)data + 1, size - 1);
		if (grant_form_read(type, body, room, &token))
			MUST(token.n != 0 && data[0] % 3 != 2 &&
			    (inside(token, body) ||
				inside(token, slice_make(room, size))));
	}
	free(room);
	return 0;
}
