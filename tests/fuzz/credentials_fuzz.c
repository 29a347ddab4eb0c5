/*
 * credentials_fuzz.c - any bytes where credentials may stand: what is found is
 * what its place can have, and once they are taken out none are left.
 *
 * Input: lines: which places, Authorization, a field, Cookie, the query.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "tests/fuzz/lines.h"
#include "worker/filter/credentials.h"

#define LINES 5
#define FIELDS 3

static struct {
	struct img_head head;
	char texts[32];
} image = { .texts = "X-Keysessionapi_key" };

static struct img_str
text_at(size_t from, size_t n)
{
	return (struct img_str){ (uint32_t)(image.texts + from -
				     (char *)&image.head),
		(uint32_t)n };
}

static void
fields_set(struct head *h, struct field *fields, const struct slice *lines)
{
	h->fields = fields;
	if (lines[1].n != 0)
		head_add(h, FIELD_AUTHORIZATION, slice_trim(lines[1]));
	if (lines[2].n != 0)
		h->fields[h->count++] =
		    (struct field){ .name = SLICE_LIT("x-key"),
			    .value = slice_trim(lines[2]) };
	if (lines[3].n != 0)
		head_add(h, FIELD_COOKIE, slice_trim(lines[3]));
}

static struct img_auth
places_of(uint8_t bits)
{
	struct img_auth a = { 0 };

	if ((bits & 1) != 0)
		a.header = text_at(0, 5);
	if ((bits & 2) != 0)
		a.cookie = text_at(5, 7);
	if ((bits & 4) != 0)
		a.query = text_at(12, 7);
	return a;
}

/* RFC 6750 2.1, written again. */
static bool
is_b64token(struct slice s)
{
	static const char chars[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-._~+/";
	size_t n = 0;

	while (n < s.n && memchr(chars, s.p[n], sizeof(chars) - 1) != NULL)
		n++;
	if (n == 0)
		return false;
	while (n < s.n && s.p[n] == '=')
		n++;
	return n == s.n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice lines[LINES] = { 0 }, text;
	struct field fields[FIELDS], up[FIELDS];
	struct req q = { .image = &image.head };
	uint8_t bits;
	bool token;
	struct img_auth a;

	(void)lines_split(data, size, lines, LINES);
	bits = lines[0].n != 0 ? (uint8_t)lines[0].p[0] : 0;
	token = (bits & 12) == 8; /* none are in queries */
	a = places_of(bits);
	arena_init(&q.arena, NULL, 0, 1u << 20);
	fields_set(&q.head, fields, lines);
	fields_set(&q.up, up, lines);
	q.uri.query = lines[4];
	q.uri.has_query = lines[4].n != 0;
	if (credentials_find(&q, &a, token ? SLICE_LIT("Bearer") : SLICE_NONE,
		&text, NULL) == CREDENTIALS_FOUND) {
		MUST(text.n != 0);
		MUST(!token || is_b64token(text));
	}
	credentials_strip(&q, &a);
	credentials_strip_up(&q);
	MUST(q.up.count <= q.head.count);
	MUST(q.uri.query.n <= lines[4].n);
	q.head = q.up;
	MUST(credentials_find(&q, &a, token ? SLICE_LIT("Bearer") : SLICE_NONE,
		 &text, NULL) == CREDENTIALS_NONE);
	arena_fini(&q.arena);
	return 0;
}
