/*
 * uri_escape.c - percent escapes (RFC 3986 2.1), one by one and in text.
 */
#include "common/http/uri_escape.h"
#include "common/http/uri.h"

const uint8_t uri_unreserved[256] = {
	['-'] = 1,
	['.'] = 1,
	['0' ... '9'] = 1,
	['A' ... 'Z'] = 1,
	['_'] = 1,
	['a' ... 'z'] = 1,
	['~'] = 1,
};

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
uri_escape_value(struct slice s, size_t at)
{
	int high, low;

	if (s.n - at < 3)
		return -1;
	high = hex_value(s.p[at + 1]);
	low = hex_value(s.p[at + 2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

size_t
uri_escape_put(unsigned char byte, char *out)
{
	static const char digits[] = "0123456789ABCDEF";

	out[0] = '%';
	out[1] = digits[byte >> 4];
	out[2] = digits[byte & 15];
	return 3;
}

size_t
uri_encode(struct slice s, bool slash, bool escaped, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (uri_unreserved[c] || (slash && c == '/') ||
		    (escaped && c == '%' && uri_escape_value(s, i) >= 0))
			out[n++] = (char)c;
		else
			n += uri_escape_put(c, out + n);
	}
	return n;
}

bool
uri_decode(struct slice s, char *out, size_t *n)
{
	size_t done = 0;

	for (size_t i = 0; i < s.n; i++) {
		int byte = (unsigned char)s.p[i];

		if (byte == '%') {
			byte = uri_escape_value(s, i);
			if (byte < 0)
				return false;
			i += 2;
		}
		out[done++] = (char)byte;
	}
	*n = done;
	return true;
}

bool
uri_decodes_to(struct slice text, struct slice name)
{
	size_t at = 0;

	for (size_t i = 0; i < text.n; i++, at++) {
		int byte = (unsigned char)text.p[i];

		if (byte == '%') {
			byte = uri_escape_value(text, i);
			i += 2;
		}
		if (at == name.n || byte != (unsigned char)name.p[at])
			return false;
	}
	return at == name.n;
}

bool
uri_query_next(
    struct slice query, size_t *at, struct slice *name, struct slice *value)
{
	struct slice pair;
	const char *amp, *equals;

	if (*at >= query.n)
		return false;
	pair = slice_skip(query, *at);
	amp = memchr(pair.p, '&', pair.n);
	if (amp != NULL)
		pair.n = (size_t)(amp - pair.p);
	*at += pair.n + 1;
	equals = pair.n != 0 ? memchr(pair.p, '=', pair.n) : NULL;
	*name = pair;
	*value = SLICE_NONE;
	if (equals != NULL) {
		name->n = (size_t)(equals - pair.p);
		*value = slice_skip(pair, name->n + 1);
	}
	return true;
}

bool
uri_query_find(struct slice query, struct slice name, struct slice *value)
{
	struct slice one;
	size_t at = 0;

	while (uri_query_next(query, &at, &one, value))
		if (uri_decodes_to(one, name))
			return true;
	return false;
}
