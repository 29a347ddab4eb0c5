/*
 * conf_scan.c - tokens of libconfig's grammar, as far as they are needed to
 * find the literals that versions 1.5 to 1.8 read differently.
 */
#include "master/conf_scan.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define HEX_DIGITS_MAX 7 /* of 32 bits, with the sign bit clear */
#define LITERAL_SHOWN 40 /* bytes of a literal that a complaint shows */

struct line {
	struct conf_scan *s;
	struct conf_place at;
	struct diag *d;
	const char *p, *end;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	c = ascii_lower(c);
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool
is_alpha(char c)
{
	c = ascii_lower(c);
	return c >= 'a' && c <= 'z';
}

static bool
is_name(char c)
{
	return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '*';
}

static void
refuse(struct line *l, struct slice literal, const char *why)
{
	if (literal.n > LITERAL_SHOWN)
		literal.n = LITERAL_SHOWN;
	diag_error(
	    l->d, l->at.file, l->at.line, "%.*s: %s", SLICE_FMT(literal), why);
	l->s->refused = true;
}

/* The number without "L" or "LL". */
static bool
long_suffix(struct slice *number)
{
	size_t n = number->n;

	while (number->n != 0 && number->p[number->n - 1] == 'L' &&
	    n - number->n < 2)
		number->n--;
	return number->n != n;
}

static void
scan_hex(struct line *l, struct slice literal, struct slice digits)
{
	bool is_long = long_suffix(&digits);

	for (size_t i = 0; i < digits.n; i++)
		if (!is_hex(digits.p[i]))
			return; /* a syntax error in every version */
	if (!is_long && digits.n > HEX_DIGITS_MAX)
		refuse(l, literal,
		    "a hexadecimal number of more than 7 digits "
		    "needs an L behind it, or is read as a negative one");
	else if (digits.n > 16)
		refuse(l, literal, "the number is too large");
}

static void
scan_decimal(struct line *l, struct slice literal)
{
	struct slice digits = literal;
	bool is_long = long_suffix(&digits);
	char text[32];
	long long value, most = INT_MAX;

	if (!is_digit(digits.p[0])) {
		most += digits.p[0] == '-';
		digits = slice_skip(digits, 1);
	}
	for (size_t i = 0; i < digits.n; i++)
		if (!is_digit(digits.p[i]))
			return; /* a fraction, or a syntax error */
	if (digits.n > 1 && digits.p[0] == '0') {
		refuse(l, literal,
		    "a number must not begin with 0: some "
		    "versions of libconfig read it as octal");
		return;
	}
	errno = 0;
	(void)snprintf(text, sizeof(text), "%.*s", SLICE_FMT(digits));
	value = strtoll(text, NULL, 10);
	if (errno == ERANGE || digits.n >= sizeof(text))
		refuse(l, literal, "the number is too large");
	else if (!is_long && value > most)
		refuse(l, literal,
		    "a number above 2147483647 needs an L behind "
		    "it: some versions of libconfig cut it to 32 bits");
}

/* The i-th byte of s; NUL behind its end. */
static char
byte_at(struct slice s, size_t i)
{
	if (i < s.n)
		return s.p[i];
	return '\0';
}

/* l->p is at a digit, or at a sign before one. */
static void
scan_number(struct line *l)
{
	struct slice literal = { l->p, 0 }, bare;
	char kind = '\0';

	l->p++;
	while (l->p < l->end &&
	    (is_digit(*l->p) || is_alpha(*l->p) || *l->p == '.' ||
		((*l->p == '-' || *l->p == '+') &&
		    ascii_lower(l->p[-1]) == 'e')))
		l->p++;
	literal.n = (size_t)(l->p - literal.p);
	bare = literal;
	if (!is_digit(bare.p[0]))
		bare = slice_skip(bare, 1);
	if (bare.p[0] == '0')
		kind = ascii_lower(byte_at(bare, 1));
	if (kind == 'x')
		scan_hex(l, literal, slice_skip(bare, 2));
	else if (kind == 'b' || kind == 'o' || kind == 'q')
		refuse(l, literal,
		    "binary and octal numbers are not known to "
		    "all versions of libconfig");
	else
		scan_decimal(l, literal);
}

/* l->p is at the backslash. */
static void
scan_escape(struct line *l)
{
	struct slice left = slice_make(l->p, (size_t)(l->end - l->p));
	char c = byte_at(left, 1);

	if ((c == 'x' || c == 'X') && byte_at(left, 2) == '0' &&
	    byte_at(left, 3) == '0')
		refuse(l, slice_make(l->p, 4), "a string cannot hold a NUL");
	else if (c == 'a' || c == 'b' || c == 'v')
		refuse(l, slice_make(l->p, 2),
		    "write the backslash twice: "
		    "not all versions of libconfig keep it");
	/* Only these two are pairs; before others the backslash stays. */
	l->p += c == '"' || c == '\\' ? 2 : 1;
}

static void
scan_set_state(struct line *l, enum conf_scan_state state)
{
	l->s->state = state;
	if (state != CONF_SCAN_PLAIN)
		l->s->began = l->at;
}

/* Inside a string: up to its end, or the line's. */
static void
scan_string(struct line *l)
{
	while (l->p < l->end && *l->p != '"') {
		if (*l->p == '\\')
			scan_escape(l);
		else
			l->p++;
	}
	if (l->p < l->end) {
		l->p++;
		scan_set_state(l, CONF_SCAN_PLAIN);
	} else if (l->s->first_long.file == NULL) {
		l->s->first_long = l->s->began;
	}
}

static void
scan_comment(struct line *l)
{
	for (; l->p < l->end; l->p++) {
		if (*l->p != '*' || l->p + 1 == l->end || l->p[1] != '/')
			continue;
		l->p += 2;
		scan_set_state(l, CONF_SCAN_PLAIN);
		return;
	}
}

static void
scan_begin(struct line *l, enum conf_scan_state state, size_t n)
{
	l->p += n;
	scan_set_state(l, state);
}

static void
scan_mark(struct line *l)
{
	char c = *l->p++;

	if ((c == ')' || c == ']') && l->s->comma)
		refuse(l, slice_make(l->p - 1, 1),
		    "a comma before it is a "
		    "syntax error in some versions of libconfig");
	l->s->comma = c == ',';
}

/* One token, comment or space; l->p < l->end. */
static void
scan_token(struct line *l)
{
	struct slice left = slice_make(l->p, (size_t)(l->end - l->p));
	char c = left.p[0], next = byte_at(left, 1);

	if (c == '#' || (c == '/' && next == '/')) {
		l->p = l->end;
	} else if (c == '/' && next == '*') {
		scan_begin(l, CONF_SCAN_COMMENT, 2);
	} else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
		l->p++;
	} else if (c == '"') {
		l->s->comma = false;
		scan_begin(l, CONF_SCAN_STRING, 1);
	} else if (is_alpha(c) || c == '*') {
		l->s->comma = false;
		while (l->p < l->end && is_name(*l->p))
			l->p++;
	} else if (is_digit(c) || ((c == '-' || c == '+') && is_digit(next))) {
		l->s->comma = false;
		scan_number(l);
	} else {
		scan_mark(l);
	}
}

void
conf_scan_line(struct conf_scan *s, struct conf_place at, struct slice line,
    struct diag *d)
{
	struct line l = { s, at, d, line.p, line.p + line.n };

	/* Once round also for an empty line within a string. */
	do {
		switch (s->state) {
		case CONF_SCAN_PLAIN:
			if (l.p < l.end)
				scan_token(&l);
			break;
		case CONF_SCAN_COMMENT:
			scan_comment(&l);
			break;
		case CONF_SCAN_STRING:
			scan_string(&l);
			break;
		}
	} while (l.p < l.end);
}

bool
conf_scan_include(
    const struct conf_scan *s, struct slice line, struct slice *path)
{
	static const struct slice word = { "@include", 8 };
	const char *end;

	line = slice_trim(line);
	if (s->state != CONF_SCAN_PLAIN || !slice_starts(line, word))
		return false;
	line = slice_skip(line, word.n);
	if (line.n == 0 || (line.p[0] != ' ' && line.p[0] != '\t'))
		return false;
	line = slice_trim(line);
	if (line.n < 2 || line.p[0] != '"')
		return false;
	line = slice_skip(line, 1);
	end = memchr(line.p, '"', line.n);
	if (end == NULL)
		return false;
	*path = slice_make(line.p, (size_t)(end - line.p));
	line = slice_trim(slice_skip(line, path->n + 1));
	return line.n == 0 || line.p[0] == '#' || line.p[0] == '\r' ||
	    slice_starts(line, SLICE_LIT("//"));
}
