/*
 * credentials.c - see credentials.h.
 */
#include "worker/filter/credentials.h"

#include "common/http/uri.h"
#include "worker/flow/cookie.h"
#include "worker/flow/told.h"

/* What was found so far, in all places; what the first of it is. */
struct found {
	struct slice text;
	unsigned count;
	bool token; /* it has to be one */
	bool in_cookie;
};

static void
found_add(struct found *f, struct slice text, bool token)
{
	if (f->count++ != 0)
		return;
	f->text = text;
	f->token = token;
}

static const uint8_t token_char[256] = {
	['+'] = 1,
	['-'] = 1,
	['.'] = 1,
	['/'] = 1,
	['0' ... '9'] = 1,
	['A' ... 'Z'] = 1,
	['_'] = 1,
	['a' ... 'z'] = 1,
	['~'] = 1,
};

typedef uint8_t chars __attribute__((vector_size(16)));

/* The same of sixteen at once: 255 for each that may be in a token. */
static inline chars
token_chars(chars c)
{
	chars letter = (c | 0x20) - 'a';

	/* "-./" and the digits are neighbours. */
	return (chars)(letter < 26) |
	    (chars)((chars)(c - '-') < '9' - '-' + 1) | (chars)(c == '+') |
	    (chars)(c == '_') | (chars)(c == '~');
}

static bool
is_all_token(const char *p, size_t n)
{
	chars all = ~(chars){ 0 }, some;
	uint64_t half[2];
	uint8_t rest = 1;

	for (; n >= sizeof(some); n -= sizeof(some), p += sizeof(some)) {
		memcpy(&some, p, sizeof(some));
		all &= token_chars(some);
	}
	for (size_t i = 0; i < n; i++)
		rest &= token_char[(unsigned char)p[i]];
	memcpy(half, &all, sizeof(half));
	return (half[0] & half[1]) == UINT64_MAX && rest != 0;
}

bool
credentials_is_token(struct slice s)
{
	size_t n = s.n;

	while (n > 1 && s.p[n - 1] == '=')
		n--;
	return n != 0 && is_all_token(s.p, n);
}

/* What stands behind the scheme and its blanks; false: it is another one. */
static bool
scheme_takes(struct slice value, struct slice scheme, struct slice *rest)
{
	struct slice first = value;

	if (value.n < scheme.n)
		return false;
	first.n = scheme.n;
	if (!slice_eq_nocase(first, scheme) ||
	    (value.n > scheme.n && value.p[scheme.n] != ' '))
		return false;
	*rest = slice_skip(value, scheme.n);
	while (rest->n != 0 && rest->p[0] == ' ')
		*rest = slice_skip(*rest, 1);
	return true;
}

static __attribute__((noinline)) void
look_authorization(const struct head *h, struct slice scheme, struct found *f)
{
	const struct field *at = h->fields, *end = at + h->count;

	for (; at != end; at++) {
		struct slice rest;

		if (at->id == FIELD_AUTHORIZATION &&
		    scheme_takes(at->value, scheme, &rest))
			found_add(f, rest, true);
	}
}

static __attribute__((noinline)) void
look_header(
    const struct req *q, const struct img_auth *a, bool token, struct found *f)
{
	struct slice name = img_slice(q->image, a->header);
	const struct head *h = &q->head;

	for (uint32_t i = 0; i < h->count; i++) {
		const struct field *of = &h->fields[i];

		if (of->id == a->header_id &&
		    (of->id != FIELD_OTHER || slice_eq_nocase(of->name, name)))
			found_add(f, of->value, token);
	}
}

/* An empty one is how a session was ended. */
static __attribute__((noinline)) void
look_cookie(const struct req *q, const struct img_auth *a, struct found *f)
{
	struct slice value;
	unsigned n =
	    cookie_count(&q->head, img_slice(q->image, a->cookie), &value);

	if (n == 0 || (n == 1 && value.n == 0))
		return;
	found_add(f, value, true);
	f->count += n - 1;
	f->in_cookie = true;
}

static __attribute__((noinline)) void
look_query(struct req *q, const struct img_auth *a, struct found *f)
{
	struct slice wanted = img_slice(q->image, a->query), name, value;
	size_t at = 0;

	while (uri_query_next(q->uri.query, &at, &name, &value)) {
		size_t n = 0;
		char *text;

		if (!uri_decodes_to(name, wanted))
			continue;
		text = arena_alloc(&q->arena, value.n + 1);
		if (text == NULL || !uri_decode(value, text, &n))
			n = 0;
		found_add(f, slice_make(text, n), false);
	}
}

static bool
names_authorization(const struct img_auth *a)
{
	return a->header.len != 0 && a->header_id == FIELD_AUTHORIZATION;
}

static bool
reads_authorization(const struct img_auth *a)
{
	return names_authorization(a) ||
	    (a->header.len == 0 && a->cookie.len == 0);
}

static inline void
all_look(struct req *q, const struct img_auth *a, struct slice scheme,
    struct found *f)
{
	bool token = scheme.n != 0;

	*f = (struct found){ 0 };
	if (a->header.len != 0 && !(token && names_authorization(a)))
		look_header(q, a, token, f);
	if (a->cookie.len != 0)
		look_cookie(q, a, f);
	if (a->query.len != 0)
		look_query(q, a, f);
	/* Where it is not ours to read, an upstream might: not beside ours. */
	if (token && head_has(&q->head, FIELD_AUTHORIZATION) &&
	    (f->count != 0 || reads_authorization(a)))
		look_authorization(&q->head, scheme, f);
}

static enum credentials
found_say(const struct found *f, struct slice *text, bool *in_cookie)
{
	if (in_cookie != NULL)
		*in_cookie = f->in_cookie;
	*text = f->text;
	if (f->count == 0)
		return CREDENTIALS_NONE;
	if (f->count > 1)
		return CREDENTIALS_TWO;
	return f->text.n != 0 ? CREDENTIALS_FOUND : CREDENTIALS_BAD;
}

enum credentials
credentials_look(struct req *q, const struct img_auth *a, struct slice scheme,
    struct slice *text, bool *in_cookie)
{
	struct found f;

	all_look(q, a, scheme, &f);
	return found_say(&f, text, in_cookie);
}

enum credentials
credentials_find(struct req *q, const struct img_auth *a, struct slice scheme,
    struct slice *text, bool *in_cookie)
{
	struct found f;
	enum credentials c;

	all_look(q, a, scheme, &f);
	c = found_say(&f, text, in_cookie);
	return c == CREDENTIALS_FOUND && f.token && !credentials_is_token(*text)
	    ? CREDENTIALS_BAD
	    : c;
}

/* ---- taking them out ---- */

static void
strip_field(struct head *h, enum field_id id, struct slice name)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < h->count; i++) {
		const struct field *f = &h->fields[i];

		if (f->id != id ||
		    (id == FIELD_OTHER && !told_same(f->name, name)))
			h->fields[kept++] = *f;
	}
	h->count = kept;
	if (id != FIELD_OTHER)
		h->present &= ~(UINT64_C(1) << id);
}

/*
 * The field's value without pairs of that name. A ";" alone becomes "; ": for
 * each two bytes, a pair and its end, there may be one more.
 */
static struct slice
cookie_without(struct slice field, struct slice name, struct arena *a)
{
	char *p = arena_alloc(a, field.n + field.n / 2 + 1);
	size_t at = 0, n = 0;
	struct slice pair;

	while (p != NULL && cookie_next(field, &at, &pair)) {
		if (pair.n == 0 || cookie_is(pair, name))
			continue;
		if (n != 0) {
			memcpy(p + n, "; ", 2);
			n += 2;
		}
		memcpy(p + n, pair.p, pair.n);
		n += pair.n;
	}
	return slice_make(p, n);
}

static void
strip_cookie(struct req *q, struct slice name)
{
	struct head *h = &q->up;
	uint32_t kept = 0;

	if (!head_has(h, FIELD_COOKIE))
		return;
	h->present &= ~(UINT64_C(1) << FIELD_COOKIE);
	for (uint32_t i = 0; i < h->count; i++) {
		struct field f = h->fields[i];

		if (f.id == FIELD_COOKIE)
			f.value = cookie_without(f.value, name, &q->arena);
		if (f.id == FIELD_COOKIE && f.value.n == 0)
			continue;
		h->fields[kept++] = f;
		h->present |= UINT64_C(1) << f.id;
	}
	h->count = kept;
}

static void
strip_query(struct req *q, struct slice wanted)
{
	struct slice query = q->uri.query, name, value;
	char *p = arena_alloc(&q->arena, query.n + 1);
	size_t at = 0, n = 0;

	if (p == NULL)
		return;
	while (uri_query_next(query, &at, &name, &value)) {
		size_t length = name.n + (value.p != NULL ? 1 + value.n : 0);

		if (uri_decodes_to(name, wanted))
			continue;
		if (n != 0)
			p[n++] = '&';
		memcpy(p + n, name.p, length);
		n += length;
	}
	q->uri.query = slice_make(p, n);
	q->uri.has_query = n != 0;
}

void
credentials_strip(struct req *q, const struct img_auth *a)
{
	q->stripped = a;
	if (a->query.len != 0 && q->uri.query.n != 0)
		strip_query(q, img_slice(q->image, a->query));
}

void
credentials_strip_up(struct req *q)
{
	const struct img_head *img = q->image;
	const struct img_auth *a = q->stripped;

	if (a->header.len != 0)
		strip_field(&q->up, (enum field_id)a->header_id,
		    img_slice(img, a->header));
	if (a->cookie.len != 0)
		strip_cookie(q, img_slice(img, a->cookie));
	if (a->header.len == 0 && a->cookie.len == 0 && a->query.len == 0)
		strip_field(&q->up, FIELD_AUTHORIZATION, SLICE_NONE);
}
