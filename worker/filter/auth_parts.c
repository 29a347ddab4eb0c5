/*
 * auth_parts.c - see auth_parts.h.
 */
#include "worker/filter/auth_parts.h"

#include "common/base/utf8.h"
#include "common/base/word.h"
#include "common/jose/claims.h"

/* Also those from U+0080 to U+009F. */
static bool
is_control(struct slice sequence)
{
	const unsigned char *p = (const unsigned char *)sequence.p;

	return p[0] < 0x20 || p[0] == 0x7f ||
	    (sequence.n == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

/* Eight characters of ASCII, none of which is a control. */
static bool
word_is_plain(struct slice s)
{
	uint64_t x;

	if (s.n < sizeof(x))
		return false;
	memcpy(&x, s.p, sizeof(x));
	return ((x | (x - WORD_OF(' ')) | ((x ^ WORD_OF(0x7f)) - WORD_OF(1))) &
		   WORD_OF(0x80)) == 0;
}

bool
auth_parts_fit(struct slice value)
{
	struct slice left = value;

	if (value.n == 0 || value.p[0] == ' ' || value.p[value.n - 1] == ' ')
		return false;
	while (left.n != 0) {
		size_t n;

		if (word_is_plain(left)) {
			left = slice_skip(left, sizeof(uint64_t));
			continue;
		}
		n = utf8_sequence(left);

		if (n == 0 || is_control(slice_make(left.p, n)))
			return false;
		left = slice_skip(left, n);
	}
	return true;
}

/* ---- claims ---- */

static bool
claim_is_list(enum img_claim claim)
{
	return claim == IMG_CLAIM_ROLES || claim == IMG_CLAIM_PERMISSIONS;
}

static bool
claim_element(
    const struct json_value *v, struct arena *arena, struct slice *out)
{
	char *room = NULL;

	if (v->kind != JSON_VALUE_STRING)
		return false;
	if (v->escaped) {
		room = arena_alloc(arena, v->text.n);
		if (room == NULL)
			return false;
	}
	*out = json_read_string(v, room);
	return auth_parts_fit(*out);
}

static bool
claim_without_comma(struct slice s)
{
	return memchr(s.p, ',', s.n) == NULL;
}

static bool
claim_join(
    const struct json_value *list, struct arena *arena, struct slice *out)
{
	char *begin = arena_alloc(arena, list->text.n), *to = begin;
	struct json_value v;
	struct slice s;
	size_t at = 0;

	if (begin == NULL)
		return false;
	while (json_read_next_element(list, &at, &v)) {
		if (to != begin)
			*to++ = ',';
		if (v.kind != JSON_VALUE_STRING)
			return false;
		s = json_read_string(&v, to);
		if (!auth_parts_fit(s) || !claim_without_comma(s))
			return false;
		memmove(to, s.p, s.n);
		to += s.n;
	}
	*out = slice_make(begin, (size_t)(to - begin));
	return true;
}

/* "a b" is "a,b". */
static bool
claim_split(struct slice s, struct arena *arena, struct slice *out)
{
	char *begin = arena_alloc(arena, s.n), *to = begin;

	if (begin == NULL || !claim_without_comma(s))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == ' ' && s.p[i + 1] == ' ')
			continue;
		*to++ = s.p[i] == ' ' ? ',' : s.p[i];
	}
	*out = slice_make(begin, (size_t)(to - begin));
	return true;
}

static bool
claim_read(const struct json_value *v, enum img_claim claim, bool scope,
    struct arena *arena, struct slice *out)
{
	if (!claim_is_list(claim))
		return claim_element(v, arena, out);
	if (v->kind == JSON_VALUE_ARRAY)
		return claim_join(v, arena, out);
	if (!claim_element(v, arena, out))
		return false;
	if (scope)
		return claim_split(*out, arena, out);
	return claim_without_comma(*out);
}

bool
auth_parts_claims(const struct img_head *img, const struct img_auth *a,
    const struct json_members *all, struct arena *arena,
    struct identity_parts *parts)
{
	struct json_value v;

	parts->claims = all->all.text;
	for (unsigned i = 0; i < IMG_CLAIMS; i++) {
		struct slice path = img_slice(img, a->claims[i]);

		parts->claim[i] = SLICE_NONE;
		if (path.n != 0 && claims_find_in(all, path, &v) &&
		    !claim_read(&v, (enum img_claim)i,
			slice_eq(path, SLICE_LIT("scope")), arena,
			&parts->claim[i]))
			return false;
	}
	return true;
}

/* ---- holders ---- */

static struct slice
holder_text(const void *base, struct img_str s)
{
	return slice_make((const char *)base + s.off, s.len);
}

bool
auth_parts_holder(
    const void *base, const struct img_holder *h, struct identity_parts *parts)
{
	parts->token_id = holder_text(base, h->name);
	parts->expires_s = h->expires_s;
	for (unsigned i = 0; i < IMG_CLAIMS; i++) {
		parts->claim[i] = holder_text(base, h->claims[i]);
		if (parts->claim[i].n != 0 && !auth_parts_fit(parts->claim[i]))
			return false;
	}
	return true;
}
