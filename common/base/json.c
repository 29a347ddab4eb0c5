/*
 * json.c - see json.h.
 */
#include "common/base/json.h"

#include <inttypes.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "common/base/utf8.h"
#include "common/base/word.h"

void
json_init(struct json *j, struct text *out)
{
	j->out = out;
	j->comma = false;
}

static void
json_escape(struct text *out, unsigned char c)
{
	static const char plain[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (size_t i = 0; i + 1 < sizeof(plain); i += 2) {
		if ((unsigned char)plain[i] != c)
			continue;
		text_add_char(out, '\\');
		text_add_char(out, plain[i + 1]);
		return;
	}
	text_printf(out, "\\u%04x", c);
}

/* Has the high bit of some byte where one of w is 0; elsewhere none. */
static uint64_t
zero_byte(uint64_t w)
{
	return (w - WORD_OF(1)) & ~w & WORD_OF(0x80);
}

/* Eight bytes are printable ASCII, as they are in a string. */
static bool
json_plain_word(uint64_t w)
{
	uint64_t control = (w - WORD_OF(' ')) & ~w;

	return ((w | control) & WORD_OF(0x80)) == 0 &&
	    (zero_byte(w ^ WORD_OF(0x7f)) | zero_byte(w ^ WORD_OF('"')) |
		zero_byte(w ^ WORD_OF('\\'))) == 0;
}

#ifdef __SSE2__
/* Bit i: the byte i of sixteen is not; as signed bytes, those of more than
 * ASCII are below it. */
static inline unsigned
json_odd_16(const char *p)
{
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i odd = _mm_or_si128(_mm_cmplt_epi8(x, _mm_set1_epi8(' ')),
	    _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f)),
		_mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
		    _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')))));

	return (unsigned)_mm_movemask_epi8(odd);
}

/* Of at least sixteen bytes; the last load may overlap. */
static inline size_t
json_plain_wide(struct slice s, size_t n)
{
	unsigned odd = 0;

	for (; s.n - n >= 16; n += 16) {
		odd = json_odd_16(s.p + n);
		if (odd != 0)
			return n + (size_t)__builtin_ctz(odd);
	}
	odd = json_odd_16(s.p + s.n - 16) >> (16 - (s.n - n));
	return odd != 0 ? n + (size_t)__builtin_ctz(odd) : s.n;
}
#endif

/* The first byte of s from n on that is not that; s.n: there is none. */
static size_t
json_plain(struct slice s, size_t n)
{
	uint64_t w;

#ifdef __SSE2__
	if (s.n >= 16)
		return json_plain_wide(s, n);
#endif
	for (; s.n - n >= sizeof(w); n += sizeof(w)) {
		memcpy(&w, s.p + n, sizeof(w));
		if (!json_plain_word(w))
			break;
	}
	while (n < s.n && s.p[n] >= ' ' && s.p[n] < 0x7f && s.p[n] != '"' &&
	    s.p[n] != '\\')
		n++;
	return n;
}

/* One more character, of whatever kind; how many bytes it was. */
static size_t
json_char(struct text *out, struct slice s)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = utf8_sequence(s);

	if (n == 0)
		text_add(out, SLICE_LIT("\xef\xbf\xbd"));
	else if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
		json_escape(out, c);
	else
		text_add(out, slice_make(s.p, n));
	return n != 0 ? n : 1;
}

static void
json_quote_odd(struct text *out, struct slice s, size_t plain)
{
	size_t from = 0;

	text_add_char(out, '"');
	for (;;) {
		text_add(out, slice_make(s.p + from, plain - from));
		if (plain == s.n)
			break;
		from = plain + json_char(out, slice_skip(s, plain));
		plain = json_plain(s, from);
	}
	text_add_char(out, '"');
}

void
json_quote(struct text *out, struct slice s)
{
	size_t plain = json_plain(s, 0);
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
