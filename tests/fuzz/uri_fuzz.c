/*
 * uri_fuzz.c - any bytes as a request target: what is accepted is normal, and
 * normalising it again changes nothing.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "common/http/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_path(struct slice path)
{
	MUST(path.n != 0 && path.p[0] == '/');
	for (size_t i = 0; i < path.n; i++) {
		struct slice rest = slice_skip(path, i);
		bool ends = rest.n == 2 || (rest.n > 2 && rest.p[2] == '/');

		MUST(path.p[i] > 0x20 && path.p[i] < 0x7f);
		MUST(path.p[i] != '\\' && path.p[i] != '#' && path.p[i] != '?');
		MUST(!slice_starts(rest, SLICE_LIT("//")));
		MUST(!slice_starts(rest, SLICE_LIT("/.")) || !ends);
		MUST(!slice_starts(rest, SLICE_LIT("/..")) ||
		    (rest.n > 3 && rest.p[3] != '/' && rest.p[3] != ';'));
	}
}

static void
check_twice(const struct uri *u)
{
	char *room = malloc(u->path.n);
	struct uri again;

	MUST(uri_normalise(u->path, room, &again) == URI_OK);
	MUST(slice_eq(again.path, u->path));
	MUST(again.encoded_slash == u->encoded_slash && !again.has_query);
	free(room);
}

static void
check_encoding(struct slice s)
{
	char *encoded = malloc(3 * s.n + 1);
	char *decoded = malloc(3 * s.n + 1);
	size_t n = uri_encode(s, false, false, encoded);
	size_t back;

	MUST(n <= 3 * s.n);
	MUST(uri_decode(slice_make(encoded, n), decoded, &back));
	MUST(slice_eq(slice_make(decoded, back), s));
	(void)uri_decode(s, decoded, &back);
	free(encoded);
	free(decoded);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice target = { (const char *)data, size };
	char *room = malloc(size + 1);
	struct slice value;
	struct uri u;

	MUST(room != NULL);
	if (uri_normalise(target, room, &u) == URI_OK) {
		MUST(u.path.n <= size || size == 0 || data[0] == '?');
		check_path(u.path);
		check_twice(&u);
		(void)uri_query_find(u.query, SLICE_LIT("a"), &value);
	}
	check_encoding(target);
	free(room);
	return 0;
}
