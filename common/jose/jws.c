/*
 * jws.c - see jws.h.
 */
#include "common/jose/jws.h"

#include "common/base/json_read.h"
#include "common/jose/base64url.h"

/* What is asked of a header; text.n 0: it is not there. */
struct header {
	struct json_value alg, kid, typ;
	bool critical;
};

struct parts {
	struct slice header, payload, signature;
};

/* Three, and no more: five are JWE. */
static bool
parts_split(struct slice text, struct parts *s)
{
	const char *end = text.p + text.n;
	const char *first = memchr(text.p, '.', text.n), *second;

	if (first == NULL)
		return false;
	second = memchr(first + 1, '.', (size_t)(end - first) - 1);
	if (second == NULL)
		return false;
	s->header = slice_make(text.p, (size_t)(first - text.p));
	s->payload = slice_make(first + 1, (size_t)(second - first) - 1);
	s->signature = slice_make(second + 1, (size_t)(end - second) - 1);
	/* A dot behind that is no base64url. */
	return s->header.n != 0 && s->payload.n != 0 && s->signature.n != 0;
}

/* Into *room, which is moved on. */
static bool
part_decode(struct slice part, char **room, struct slice *out)
{
	out->p = *room;
	if (!base64url_decode(part, (uint8_t *)*room, &out->n))
		return false;
	*room += out->n;
	return true;
}

static void
header_member(struct header *h, const struct json_value *name,
    const struct json_value *value)
{
	if (json_read_is(name, SLICE_LIT("alg")))
		h->alg = *value;
	else if (json_read_is(name, SLICE_LIT("kid")))
		h->kid = *value;
	else if (json_read_is(name, SLICE_LIT("typ")))
		h->typ = *value;
	else if (json_read_is(name, SLICE_LIT("crit")) ||
	    json_read_is(name, SLICE_LIT("b64")) ||
	    json_read_is(name, SLICE_LIT("zip")))
		h->critical = true;
}

static bool
header_read(struct slice text, struct header *h)
{
	struct json_members all;

	*h = (struct header){ 0 };
	if (!json_read_members(text, &all))
		return false;
	for (uint32_t i = 0; i < all.count; i++)
		header_member(h, &all.member[i].name, &all.member[i].value);
	return h->alg.text.n != 0;
}

/*
 * A string without control characters, decoded where it stands: the header is
 * our own copy, and has been walked to its end.
 */
static bool
header_string(const struct json_value *v, struct slice header, char *copy,
    struct slice *out)
{
	*out = SLICE_NONE;
	if (v->text.n == 0)
		return true;
	if (v->kind != JSON_VALUE_STRING)
		return false;
	*out = json_read_string(v, copy + (v->text.p - header.p));
	for (size_t i = 0; i < out->n; i++)
		if ((unsigned char)out->p[i] < ' ' || out->p[i] == 0x7f)
			return false;
	return true;
}

static enum jws_result
header_use(
    const struct header *h, struct slice text, char *copy, struct jws *out)
{
	struct slice alg;

	if (!header_string(&h->alg, text, copy, &alg) ||
	    !header_string(&h->kid, text, copy, &out->kid) ||
	    !header_string(&h->typ, text, copy, &out->typ) ||
	    out->kid.n > JWS_KID_MAX)
		return JWS_MALFORMED;
	if (h->critical)
		return JWS_CRITICAL;
	return jose_alg_find(alg, &out->alg) ? JWS_OK : JWS_ALGORITHM;
}

enum jws_result
jws_parse(struct slice text, char *room, struct jws *out)
{
	struct slice header;
	struct parts parts;
	struct header h;
	char *left = room;

	if (text.n == 0 || text.n > JWS_BYTES_MAX ||
	    !parts_split(text, &parts) ||
	    !part_decode(parts.header, &left, &header) ||
	    !part_decode(parts.payload, &left, &out->payload) ||
	    !part_decode(parts.signature, &left, &out->signature) ||
	    !header_read(header, &h))
		return JWS_MALFORMED;
	out->input = slice_make(text.p, parts.header.n + 1 + parts.payload.n);
	out->sha256 = NULL;
	return header_use(&h, header, room, out);
}
