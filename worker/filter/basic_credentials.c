/*
 * basic_credentials.c - see basic_credentials.h.
 */
#include "worker/filter/basic_credentials.h"

#include <string.h>

#include "common/base/base64.h"
#include "common/base/utf8.h"

/* One text has one encoding: what is read must be what would be written. */
static bool
basic_is_canonical(struct slice bytes, struct slice text)
{
	struct base64_writer w = { { 0 }, 0 };
	char again[BASIC_TEXT_MAX];
	size_t n = base64_write(&w, &bytes, again, sizeof(again));

	n += base64_write_end(&w, again + n);
	return slice_eq(slice_make(again, n), text);
}

static bool
basic_decode(struct slice text, char *room, struct slice *bytes)
{
	struct base64_reader r = { 0 };
	struct slice left = text;
	size_t n;

	if (text.n > BASIC_TEXT_MAX || text.n % 4 != 0 ||
	    !base64_read(&r, &left, room, BASIC_TEXT_MAX, &n) ||
	    !base64_read_whole(&r))
		return false;
	*bytes = slice_make(room, n);
	return basic_is_canonical(*bytes, text);
}

static bool
basic_is_text(struct slice s)
{
	while (s.n != 0) {
		unsigned char c = (unsigned char)s.p[0];
		size_t n = utf8_sequence(s);

		if (n == 0 || c < 0x20 || c == 0x7f)
			return false;
		s = slice_skip(s, n);
	}
	return true;
}

bool
basic_credentials_read(
    struct slice text, char *room, struct basic_credentials *c)
{
	struct slice bytes;
	const char *colon;

	if (!basic_decode(text, room, &bytes) || bytes.n == 0 ||
	    !basic_is_text(bytes))
		return false;
	colon = memchr(bytes.p, ':', bytes.n);
	if (colon == NULL)
		return false;
	c->user = slice_make(bytes.p, (size_t)(colon - bytes.p));
	c->password = slice_skip(bytes, c->user.n + 1);
	return c->user.n != 0 && c->user.n <= BASIC_USER_MAX &&
	    c->password.n <= BASIC_PASSWORD_MAX;
}
