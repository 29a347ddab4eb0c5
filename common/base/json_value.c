/*
 * json_value.c - takes apart what json_read_check has let through: here no text
 * is wrong any more, and no end is missing.
 */
#include <math.h>
#include <stdlib.h>

#include "common/base/json_scan.h"

#define EXACT_MAX ((int64_t)1 << 53) /* whole numbers that a double holds */

/* Behind the bracket that closes the one at p. */
static const char *
container_end(const char *p, const char *end)
{
	uint32_t depth = 0;
	bool escaped;

	for (;; p++) {
		switch (*p) {
		case '"':
			p = json_scan_string(p + 1, end, &escaped);
			break;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (--depth == 0)
				return p + 1;
			break;
		default:
			break;
		}
	}
}

static const char *
number_end(const char *p, const char *end)
{
	while (p != end &&
	    ((*p >= '0' && *p <= '9') || *p == '.' || *p == '-' || *p == '+' ||
		*p == 'e' || *p == 'E'))
		p++;
	return p;
}

/* The value at p; returns what is behind it. */
static const char *
value_take(const char *p, const char *end, struct json_value *v)
{
	const char *past = p;

	v->escaped = false;
	v->kind = json_scan_kind(*p);
	switch (v->kind) {
	case JSON_VALUE_NULL:
	case JSON_VALUE_TRUE:
		past = p + 4;
		break;
	case JSON_VALUE_FALSE:
		past = p + 5;
		break;
	case JSON_VALUE_NUMBER:
		past = number_end(p, end);
		break;
	case JSON_VALUE_STRING:
		past = json_scan_string(p + 1, end, &v->escaped) + 1;
		break;
	case JSON_VALUE_ARRAY:
	case JSON_VALUE_OBJECT:
		past = container_end(p, end);
		break;
	}
	v->text = slice_make(p, (size_t)(past - p));
	return past;
}

/* To the next item of the container; NULL: there is none. */
static const char *
item_next(const struct json_value *v, size_t at)
{
	const char *end = v->text.p + v->text.n;
	const char *p = v->text.p + (at != 0 ? at : 1);

	p = json_scan_blank(p, end);
	if (at != 0 && *p == ',')
		return json_scan_blank(p + 1, end);
	return *p == '}' || *p == ']' ? NULL : p;
}

bool
json_read_next_member(const struct json_value *object, size_t *at,
    struct json_value *name, struct json_value *value)
{
	const char *end = object->text.p + object->text.n;
	const char *p = item_next(object, *at);

	if (p == NULL)
		return false;
	p = json_scan_blank(value_take(p, end, name), end);
	p = json_scan_blank(p + 1, end);
	*at = (size_t)(value_take(p, end, value) - object->text.p);
	return true;
}

bool
json_read_next_element(
    const struct json_value *array, size_t *at, struct json_value *value)
{
	const char *p = item_next(array, *at);

	if (p == NULL)
		return false;
	p = value_take(p, array->text.p + array->text.n, value);
	*at = (size_t)(p - array->text.p);
	return true;
}

bool
json_read_member(const struct json_value *object, struct slice name,
    struct json_value *value)
{
	struct json_value n;
	size_t at = 0;

	while (json_read_next_member(object, &at, &n, value))
		if (json_read_is(&n, name))
			return true;
	return false;
}

static uint32_t
hex_value(const char *p)
{
	uint32_t value = 0;

	for (size_t i = 0; i < 4; i++) {
		char c = ascii_lower(p[i]);

		value =
		    value << 4 | (uint32_t)(c >= 'a' ? c - 'a' + 10 : c - '0');
	}
	return value;
}

/* Of \uXXXX, or two of them; *p is at the u. */
static uint32_t
unicode_value(const char **p)
{
	uint32_t unit = hex_value(*p + 1);

	*p += 5;
	if (unit < 0xd800 || unit > 0xdfff)
		return unit;
	unit = 0x10000 + ((unit - 0xd800) << 10 | (hex_value(*p + 2) - 0xdc00));
	*p += 6;
	return unit;
}

static size_t
utf8_write(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* What an escape stands for; *p is behind its backslash. */
static size_t
escape_value(const char **p, char out[4])
{
	static const char plain[] = "\"\"\\\\//b\bf\fn\nr\rt\t";

	if (**p == 'u')
		return utf8_write(unicode_value(p), out);
	for (size_t i = 0; i + 1 < sizeof(plain); i += 2)
		if (plain[i] == **p)
			out[0] = plain[i + 1];
	(*p)++;
	return 1;
}

/* The next byte, or bytes, of a string; *p moves on. */
static size_t
char_take(const char **p, char out[4])
{
	if (**p == '\\') {
		(*p)++;
		return escape_value(p, out);
	}
	out[0] = *(*p)++;
	return 1;
}

struct slice
json_read_escaped(const struct json_value *v, char *room)
{
	const char *p = v->text.p + 1, *end = v->text.p + v->text.n - 1;
	size_t n = 0;

	while (p != end) {
		char some[4];
		size_t count = char_take(&p, some);

		memcpy(room + n, some, count);
		n += count;
	}
	return slice_make(room, n);
}

bool
json_read_escaped_is(const struct json_value *v, struct slice text)
{
	const char *p = v->text.p + 1, *end = v->text.p + v->text.n - 1;

	while (p != end) {
		char some[4];
		size_t count = char_take(&p, some);

		if (!slice_starts(text, slice_make(some, count)))
			return false;
		text = slice_skip(text, count);
	}
	return text.n == 0;
}

/* A number's digits without its point, and how many of them are whole. */
struct decimal {
	char digits[JSON_READ_NUMBER];
	int count, whole;
	bool negative;
};

static void
decimal_read(struct slice text, struct decimal *d)
{
	const char *p = text.p, *end = text.p + text.n;
	bool fraction = false;

	*d = (struct decimal){ .negative = *p == '-' };
	for (p += d->negative; p != end && *p != 'e' && *p != 'E'; p++) {
		if (*p == '.') {
			fraction = true;
			continue;
		}
		d->whole += !fraction;
		/* Leading zeros are no digits. */
		if (d->count == 0 && *p == '0') {
			d->whole--;
			continue;
		}
		d->digits[d->count++] = *p;
	}
	if (p != end) {
		char exponent[JSON_READ_NUMBER + 1] = { 0 };
		long e;

		memcpy(exponent, p + 1, (size_t)(end - p - 1));
		e = strtol(exponent, NULL, 10);
		d->whole += (int)(e > 1000 ? 1000 : e < -1000 ? -1000 : e);
	}
}

/* Those whose digits are a whole number below 2^53, and nothing else. */
#define PLAIN_DIGITS 15

static bool
plain_read(struct slice text, int64_t *s)
{
	if (text.n > PLAIN_DIGITS)
		return false;
	*s = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		*s = *s * 10 + (text.p[i] - '0');
	}
	return true;
}

bool
json_read_seconds(const struct json_value *v, int64_t *s)
{
	struct decimal d;

	if (v->kind != JSON_VALUE_NUMBER)
		return false;
	if (plain_read(v->text, s))
		return true;
	decimal_read(v->text, &d);
	*s = 0;
	if (d.count == 0)
		return true;
	for (int i = 0; i < d.whole; i++) {
		*s = *s * 10 + (i < d.count ? d.digits[i] - '0' : 0);
		if (*s > EXACT_MAX)
			return false;
	}
	if (d.negative)
		*s = -*s;
	return true;
}

bool
json_read_decimal(const struct json_value *v, double *d)
{
	char text[JSON_READ_NUMBER + 1] = { 0 };

	if (v->kind != JSON_VALUE_NUMBER)
		return false;
	memcpy(text, v->text.p, v->text.n);
	*d = strtod(text, NULL);
	return isfinite(*d);
}
