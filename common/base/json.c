/*
 * json.c - see json.h.
 */
#include "common/base/json.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/chunk.h"
#include "common/base/utf8.h"

void
json_init(struct json *j, struct text *out)
{
	j->out = out;
	j->comma = false;
}

#ifdef CHUNK_BYTES
/* Bit i: the byte i is not plain; as signed bytes, those of more than ASCII
 * are below it. */
static inline unsigned
json_odd(__m128i x)
{
	__m128i odd = _mm_or_si128(_mm_cmplt_epi8(x, _mm_set1_epi8(' ')),
	    _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f)),
		_mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
		    _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')))));

	return (unsigned)_mm_movemask_epi8(odd);
}

size_t
json_plain(struct slice s)
{
	size_t n = 0;
	unsigned odd = 0;

	for (; odd == 0 && s.n - n >= CHUNK_BYTES; n += CHUNK_BYTES)
		odd = json_odd(
		    _mm_loadu_si128((const __m128i *)(const void *)(s.p + n)));
	if (odd != 0)
		return n - CHUNK_BYTES + (size_t)__builtin_ctz(odd);
	/* So are the zeroes behind the end. */
	return n == s.n
	    ? n
	    : n + (size_t)__builtin_ctz(json_odd(chunk_load(slice_skip(s, n))));
}
#else
size_t
json_plain(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= ' ' && s.p[n] < 0x7f && s.p[n] != '"' &&
	    s.p[n] != '\\')
		n++;
	return n;
}
#endif

char *
json_put_escape(char *to, uint32_t c)
{
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	static const char digits[] = "0123456789abcdef";

	*to++ = '\\';
	for (size_t i = 0; i + 1 < sizeof(letters); i += 2) {
		if ((unsigned char)letters[i] != c)
			continue;
		*to++ = letters[i + 1];
		return to;
	}
	*to++ = 'u';
	for (int shift = 12; shift >= 0; shift -= 4)
		*to++ = digits[c >> shift & 15];
	return to;
}

static __attribute__((noinline)) char *
put_odd(char *to, struct slice *s)
{
	unsigned char c = (unsigned char)s->p[0];
	size_t n = utf8_sequence(*s);

	if (n == 0)
		to = slice_put(to, SLICE_LIT("\xef\xbf\xbd"));
	else if (c < 0x20 || c == 0x7f)
		to = json_put_escape(to, c);
	else
		to = slice_put(to, slice_make(s->p, n));
	*s = slice_skip(*s, n != 0 ? n : 1);
	return to;
}

/* The character that s begins with, of whatever kind, and takes it off. */
static inline char *
put_char(char *to, struct slice *s)
{
	char c = s->p[0];

	if (c != '"' && c != '\\')
		return put_odd(to, s);
	*s = slice_skip(*s, 1);
	*to++ = '\\';
	*to++ = c;
	return to;
}

char *
json_put(char *to, struct slice s)
{
	for (;;) {
		size_t plain = json_plain(s);

		to = slice_put(to, slice_make(s.p, plain));
		if (plain == s.n)
			return to;
		s = slice_skip(s, plain);
		to = put_char(to, &s);
	}
}

/* As far as there is room for it. */
static void
json_quote_odd(struct text *out, struct slice s, size_t plain)
{
	char one[JSON_CHAR_MAX];

	text_add_char(out, '"');
	for (;;) {
		text_add(out, slice_make(s.p, plain));
		if (plain == s.n)
			break;
		s = slice_skip(s, plain);
		text_add(
		    out, slice_make(one, (size_t)(put_char(one, &s) - one)));
		plain = json_plain(s);
	}
	text_add_char(out, '"');
}

void
json_quote(struct text *out, struct slice s)
{
	size_t plain = json_plain(s);
	char *to = plain == s.n ? text_reserve(out, s.n + 2) : NULL;

	if (to == NULL) {
		json_quote_odd(out, s, plain);
		return;
	}
	*to = '"';
	*slice_put(to + 1, s) = '"';
	out->n += s.n + 2;
}

/* What stands in front of every value. */
static void
json_lead(struct json *j, const char *key)
{
	if (j->comma)
		text_add_char(j->out, ',');
	j->comma = true;
	if (key == NULL)
		return;
	text_add_char(j->out, '"');
	text_add(j->out, slice_str(key));
	text_add(j->out, SLICE_LIT("\":"));
}

static void
json_open(struct json *j, const char *key, char bracket)
{
	json_lead(j, key);
	text_add_char(j->out, bracket);
	j->comma = false;
}

static void
json_close(struct json *j, char bracket)
{
	text_add_char(j->out, bracket);
	j->comma = true;
}

void
json_object_begin(struct json *j, const char *key)
{
	json_open(j, key, '{');
}

void
json_object_begin_named(struct json *j, struct slice key)
{
	json_lead(j, NULL);
	json_quote(j->out, key);
	text_add(j->out, SLICE_LIT(":{"));
	j->comma = false;
}

void
json_object_end(struct json *j)
{
	json_close(j, '}');
}

void
json_array_begin(struct json *j, const char *key)
{
	json_open(j, key, '[');
}

void
json_array_end(struct json *j)
{
	json_close(j, ']');
}

void
json_add_string(struct json *j, const char *key, struct slice value)
{
	json_lead(j, key);
	json_quote(j->out, value);
}

void
json_add_uint(struct json *j, const char *key, uint64_t value)
{
	json_lead(j, key);
	text_add_u64(j->out, value);
}

void
json_add_int(struct json *j, const char *key, int64_t value)
{
	json_lead(j, key);
	text_printf(j->out, "%" PRId64, value);
}

void
json_add_bool(struct json *j, const char *key, bool value)
{
	json_lead(j, key);
	text_add(j->out, value ? SLICE_LIT("true") : SLICE_LIT("false"));
}

void
json_add_null(struct json *j, const char *key)
{
	json_lead(j, key);
	text_add(j->out, SLICE_LIT("null"));
}

void
json_add_thousandths(struct json *j, const char *key, uint64_t thousandths)
{
	json_lead(j, key);
	text_printf(j->out, "%" PRIu64 ".%03u", thousandths / 1000,
	    (unsigned)(thousandths % 1000));
}

void
json_add_seconds(struct json *j, const char *key, uint64_t us)
{
	json_add_thousandths(j, key, us / 1000);
}
