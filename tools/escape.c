/*
 * escape.c - see escape.h. Nearly all text is plain ASCII, and is copied as a
 * whole.
 */
#include "tools/escape.h"

#include <stdbool.h>
#include <stdint.h>

#include "common/base/utf8.h"

/* Copies what is plain at the beginning; how much that was. */
static size_t
plain_copy(char *to, struct slice s)
{
	size_t n = json_plain(s);

	(void)slice_put(to, slice_make(s.p, n));
	return n;
}

static uint32_t
code_point(const char *p, size_t n)
{
	const unsigned char *b = (const unsigned char *)p;

	switch (n) {
	case 1:
		return b[0];
	case 2:
		return (b[0] & 0x1fu) << 6 | (b[1] & 0x3fu);
	case 3:
		return (b[0] & 0x0fu) << 12 | (b[1] & 0x3fu) << 6 |
		    (b[2] & 0x3fu);
	default:
		return UINT32_MAX; /* none above 0xffff matters here */
	}
}

/* C0, DEL, C1; separators of lines; marks, embeddings, overrides and isolates
 * of direction. */
static bool
code_controls(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c ||
	    c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069);
}

char *
escape_json_odd(char *to, struct slice s)
{
	for (;;) {
		size_t n = plain_copy(to, s);
		uint32_t c;

		to += n;
		if (n == s.n)
			return to;
		s = slice_skip(s, n);
		n = utf8_sequence(s);
		c = code_point(s.p, n);
		if (n == 0) {
			memcpy(to, "\xef\xbf\xbd", 3);
			to += 3;
			n = 1;
		} else if (c == '"' || c == '\\' || code_controls(c)) {
			to = json_put_escape(to, c);
		} else {
			memcpy(to, s.p, n);
			to += n;
		}
		s = slice_skip(s, n);
	}
}

static char *
byte_hex(char *to, char c)
{
	static const char digits[] = "0123456789ABCDEF";

	*to++ = '\\';
	*to++ = 'x';
	*to++ = digits[(unsigned char)c >> 4];
	*to++ = digits[c & 15];
	return to;
}

char *
escape_hex(char *to, struct slice s)
{
	for (;;) {
		size_t n = plain_copy(to, s);

		to += n;
		if (n == s.n)
			return to;
		to = byte_hex(to, s.p[n]);
		s = slice_skip(s, n + 1);
	}
}

char *
escape_shown(char *to, struct slice s, size_t *columns)
{
	for (;;) {
		size_t n = plain_copy(to, s);

		to += n;
		*columns += n;
		if (n == s.n)
			return to;
		s = slice_skip(s, n);
		n = utf8_sequence(s);
		if (n == 0 || code_controls(code_point(s.p, n))) {
			n = n != 0 ? n : 1;
			for (size_t i = 0; i < n; i++)
				to = byte_hex(to, s.p[i]);
			*columns += 4 * n;
		} else {
			memcpy(to, s.p, n);
			to += n;
			*columns += 1;
		}
		s = slice_skip(s, n);
	}
}
