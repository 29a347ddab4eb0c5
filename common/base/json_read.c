/*
 * json_read.c - the one pass that says whether a text is JSON of the strict
 * kind; json_value.c takes it apart afterwards.
 */
#include "common/base/json_read.h"

#include "common/base/hash.h"
#include "common/base/json_scan.h"
#include "common/base/utf8.h"
#include "common/base/word.h"

#define ESCAPE_BYTES 6 /* of \uXXXX, which is the longest for its character */

/* A member's name in an object that is still open. */
struct name {
	uint32_t tag;
	uint32_t at; /* of its quote */
};

struct reader {
	const char *start, *p, *end;
	uint64_t seed;
	uint32_t depth;
	uint32_t count; /* of names, in all objects that are open */
	struct json_members *members; /* of the outermost; NULL: not noted */
	struct name names[JSON_READ_DEPTH * JSON_READ_MEMBERS];
};

static bool read_value(struct reader *r, struct json_value *v);

static bool
take(struct reader *r, char c)
{
	if (r->p == r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

/* Mostly there is none. */
static inline void
skip_blank(struct reader *r)
{
	if (r->p != r->end && (unsigned char)*r->p <= ' ')
		r->p = json_scan_blank(r->p, r->end);
}

static bool
read_hex(struct reader *r, uint32_t *value)
{
	*value = 0;
	if (r->end - r->p < 4)
		return false;
	for (const char *past = r->p + 4; r->p != past; r->p++) {
		char c = ascii_lower(*r->p);

		if (c >= '0' && c <= '9')
			*value = *value << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*value = *value << 4 | (uint32_t)(c - 'a' + 10);
		else
			return false;
	}
	return true;
}

/* Surrogates come in pairs (RFC 8259 7). */
static bool
read_unicode(struct reader *r)
{
	uint32_t unit;

	if (!read_hex(r, &unit) || unit == 0)
		return false;
	if (unit < 0xd800 || unit > 0xdfff)
		return true;
	return unit < 0xdc00 && take(r, '\\') && take(r, 'u') &&
	    read_hex(r, &unit) && unit >= 0xdc00 && unit <= 0xdfff;
}

static bool
read_escape(struct reader *r)
{
	r->p++;
	if (r->p == r->end)
		return false;
	switch (*r->p++) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return true;
	case 'u':
		return read_unicode(r);
	default:
		return false;
	}
}

static bool
read_sequence(struct reader *r)
{
	size_t n = (unsigned char)*r->p < ' '
	    ? 0
	    : utf8_sequence(slice_make(r->p, (size_t)(r->end - r->p)));

	r->p += n;
	return n != 0;
}

/* From its quote. */
static bool
read_string(struct reader *r, struct json_value *v)
{
	const char *start = r->p++;

	v->kind = JSON_VALUE_STRING;
	v->escaped = false;
	for (;;) {
		r->p = json_scan_plain(r->p, r->end);
		if (r->p == r->end)
			return false;
		if (*r->p == '"')
			break;
		if (*r->p == '\\') {
			v->escaped = true;
			if (!read_escape(r))
				return false;
		} else if (!read_sequence(r)) {
			return false;
		}
	}
	r->p++;
	v->text = slice_make(start, (size_t)(r->p - start));
	return true;
}

/* One or more. */
static bool
read_digits(struct reader *r)
{
	const char *start = r->p;

	while (r->p != r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	return r->p != start;
}

static bool
read_number(struct reader *r)
{
	const char *start = r->p;

	(void)take(r, '-');
	if (!take(r, '0') && !read_digits(r))
		return false;
	if (take(r, '.') && !read_digits(r))
		return false;
	if (take(r, 'e') || take(r, 'E')) {
		if (!take(r, '+'))
			(void)take(r, '-');
		if (!read_digits(r))
			return false;
	}
	return r->p - start <= JSON_READ_NUMBER;
}

static bool
read_word(struct reader *r, struct slice word)
{
	if (!slice_starts(slice_make(r->p, (size_t)(r->end - r->p)), word))
		return false;
	r->p += word.n;
	return true;
}

/*
 * The seed differs from process to process, so that nobody finds names that
 * share a tag without asking us.
 */
static uint64_t
name_tag(uint64_t seed, struct slice name)
{
	uint64_t tag = seed + name.n;

	for (; name.n >= 8; name = slice_skip(name, 8)) {
		uint64_t word;

		memcpy(&word, name.p, 8);
		tag = hash_u64(tag ^ word);
	}
	return hash_u64(tag ^ word_few(name.p, name.n));
}

static bool
name_same(const struct reader *r, const struct name *n, struct slice text)
{
	const char *p = r->start + n->at, *quote;
	struct json_value v = { .kind = JSON_VALUE_STRING };

	quote = json_scan_string(p + 1, r->end, &v.escaped);
	v.text = slice_make(p, (size_t)(quote - p) + 1);
	return json_read_is(&v, text);
}

/*
 * Notes a name of the object whose first one is r->names[first]. `seen` has a
 * bit for some of the tag: most names are new at a glance.
 */
static bool
name_note(struct reader *r, uint32_t first, uint64_t *seen, uint32_t at,
    struct slice text)
{
	uint64_t tag = name_tag(r->seed, text);
	uint64_t bit = (uint64_t)1 << (tag >> 58);

	if (text.n > JSON_READ_NAME || r->count - first == JSON_READ_MEMBERS)
		return false;
	for (uint32_t i = first; (*seen & bit) != 0 && i != r->count; i++)
		if (r->names[i].tag == (uint32_t)tag &&
		    name_same(r, &r->names[i], text))
			return false;
	*seen |= bit;
	r->names[r->count++] = (struct name){ .tag = (uint32_t)tag, .at = at };
	return true;
}

static bool
read_name(
    struct reader *r, uint32_t first, uint64_t *seen, struct json_value *name)
{
	char room[JSON_READ_NAME * ESCAPE_BYTES + 2];

	skip_blank(r);
	if (r->p == r->end || *r->p != '"' || !read_string(r, name) ||
	    name->text.n > sizeof(room))
		return false;
	return name_note(r, first, seen, (uint32_t)(name->text.p - r->start),
	    json_read_string(name, room));
}

static bool
read_member(struct reader *r, uint32_t first, uint64_t *seen)
{
	struct json_member m;

	if (!read_name(r, first, seen, &m.name))
		return false;
	skip_blank(r);
	if (!take(r, ':') || !read_value(r, &m.value))
		return false;
	if (r->members != NULL && r->depth == 1)
		r->members->member[r->members->count++] = m;
	return true;
}

/* Behind its brace. */
static bool
read_object(struct reader *r)
{
	uint32_t first = r->count;
	uint64_t seen = 0;

	skip_blank(r);
	if (take(r, '}'))
		return true;
	do {
		if (!read_member(r, first, &seen))
			return false;
		skip_blank(r);
	} while (take(r, ','));
	r->count = first;
	return take(r, '}');
}

/* Behind its bracket. */
static bool
read_array(struct reader *r)
{
	struct json_value value;
	uint32_t count = 0;

	skip_blank(r);
	if (take(r, ']'))
		return true;
	do {
		if (++count > JSON_READ_ELEMENTS || !read_value(r, &value))
			return false;
		skip_blank(r);
	} while (take(r, ','));
	return take(r, ']');
}

static bool
read_container(struct reader *r, enum json_kind kind)
{
	bool whole;

	if (r->depth == JSON_READ_DEPTH)
		return false;
	r->depth++;
	r->p++;
	whole = kind == JSON_VALUE_OBJECT ? read_object(r) : read_array(r);
	r->depth--;
	return whole;
}

static bool
read_by_kind(struct reader *r, struct json_value *v)
{
	v->kind = json_scan_kind(*r->p);
	switch (v->kind) {
	case JSON_VALUE_NULL:
		return read_word(r, SLICE_LIT("null"));
	case JSON_VALUE_FALSE:
		return read_word(r, SLICE_LIT("false"));
	case JSON_VALUE_TRUE:
		return read_word(r, SLICE_LIT("true"));
	case JSON_VALUE_NUMBER:
		return read_number(r);
	case JSON_VALUE_STRING:
		return read_string(r, v);
	case JSON_VALUE_ARRAY:
	case JSON_VALUE_OBJECT:
		return read_container(r, v->kind);
	}
	return false;
}

static bool
read_value(struct reader *r, struct json_value *v)
{
	const char *start;

	*v = (struct json_value){ 0 };
	skip_blank(r);
	if (r->p == r->end)
		return false;
	start = r->p;
	if (!read_by_kind(r, v))
		return false;
	v->text = slice_make(start, (size_t)(r->p - start));
	return true;
}

static bool
text_read(struct slice text, struct json_value *v, struct json_members *members)
{
	struct reader r;

	if (text.n == 0 || text.n > JSON_READ_BYTES_MAX)
		return false;
	r.start = r.p = text.p;
	r.end = text.p + text.n;
	r.seed = hash_u64((uintptr_t)&r);
	r.depth = r.count = 0;
	r.members = members;
	if (!read_value(&r, v))
		return false;
	skip_blank(&r);
	return r.p == r.end;
}

bool
json_read_check(struct slice text, struct json_value *v)
{
	return text_read(text, v, NULL);
}

bool
json_read_members(struct slice text, struct json_members *members)
{
	members->count = 0;
	return text_read(text, &members->all, members) &&
	    members->all.kind == JSON_VALUE_OBJECT;
}
