/*
 * jws_fuzz.c - any bytes as a token, or as what is in one: what comes out is
 * what was put in, one token has one text, and claims are of their types.
 *
 * Input: 'T' and a token; or lines: header, payload and signature.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "common/base/text.h"
#include "common/jose/base64url.h"
#include "common/jose/claims.h"
#include "common/jose/jws.h"
#include "tests/fuzz/lines.h"

#define NOW 1700000000

static const struct slice api[] = { { "api", 3 } };
static const struct slice gw[] = { { "gw", 2 } };
static const struct slice required[] = { { "exp", 3 }, { "a.b", 3 } };

static bool
is_within(struct slice in, const char *p, size_t n)
{
	return in.n == 0 || (in.p >= p && in.p + in.n <= p + n);
}

static void
check_claims(struct slice payload)
{
	const struct claims_want want = { .now_s = NOW,
		.leeway_s = 30,
		.issuers = gw,
		.issuer_count = payload.n % 2,
		.audiences = api,
		.audience_count = 1,
		.required = required,
		.required_count = 2 };
	char *room = malloc(payload.n + 1);
	enum claims_result result;
	struct json_value v;
	struct claims c;

	MUST(room != NULL);
	result = claims_read(payload, room, &want, &c);
	if (result != CLAIMS_MALFORMED) {
		MUST(c.members.all.kind == JSON_VALUE_OBJECT);
		MUST(is_within(c.sub, payload.p, payload.n) ||
		    is_within(c.sub, room, payload.n));
		MUST(is_within(c.iss, payload.p, payload.n) ||
		    is_within(c.iss, room, payload.n));
		MUST(is_within(c.jti, payload.p, payload.n) ||
		    is_within(c.jti, room, payload.n));
		MUST(c.exp >= NOW - 29 || result == CLAIMS_EXPIRED);
	}
	if (result == CLAIMS_OK) {
		MUST(c.exp != CLAIMS_NEVER && c.aud.text.n != 0);
		MUST(c.nbf == CLAIMS_NEVER || c.nbf <= NOW + 30);
		MUST(c.iat == CLAIMS_NEVER || c.iat <= NOW + 30);
		MUST(claims_find_in(&c.members, required[1], &v));
	}
	free(room);
}

/* Written again of what came out, it is the same text. */
static void
check_one_text(struct slice token, const struct jws *t)
{
	size_t at = t->input.n - BASE64URL_TEXT(t->payload.n);
	char *again = malloc(token.n + 1);

	MUST(again != NULL);
	MUST(base64url_valid(slice_skip(token, t->input.n + 1)));
	MUST(!base64url_valid(token));
	memcpy(again, token.p, token.n);
	MUST(base64url_encode(t->payload.p, t->payload.n, again + at) ==
	    t->input.n - at);
	MUST(base64url_encode(t->signature.p, t->signature.n,
		 again + t->input.n + 1) == token.n - t->input.n - 1);
	MUST(memcmp(again, token.p, token.n) == 0);
	free(again);
}

static enum jws_result
check_token(struct slice token, struct slice payload)
{
	char *copy = malloc(token.n + 1), *room = malloc(token.n + 1);
	enum jws_result result;
	struct jws t;

	MUST(copy != NULL && room != NULL);
	memcpy(copy, token.p, token.n);
	result = jws_parse(slice_make(copy, token.n), room, &t);
	if (result == JWS_OK) {
		MUST(t.alg < JOSE_COUNT && t.kid.n <= JWS_KID_MAX);
		MUST(is_within(t.kid, room, token.n));
		MUST(is_within(t.typ, room, token.n));
		MUST(t.payload.n != 0 && t.signature.n != 0);
		MUST(payload.n == 0 || slice_eq(t.payload, payload));
		check_one_text(slice_make(copy, token.n), &t);
		check_claims(t.payload);
	}
	free(copy);
	free(room);
	return result;
}

static void
part_add(struct text *t, struct slice part)
{
	char *p = malloc(BASE64URL_TEXT(part.n) + 1);

	MUST(p != NULL);
	text_add(t, slice_make(p, base64url_encode(part.p, part.n, p)));
	free(p);
}

static void
check_parts(const struct slice part[3])
{
	struct json_value v;
	struct text t;
	enum jws_result result;

	text_init(&t);
	part_add(&t, part[0]);
	text_add_char(&t, '.');
	part_add(&t, part[1]);
	text_add_char(&t, '.');
	part_add(&t, part[2]);
	result = check_token(text_slice(&t), part[1]);
	if (!json_read_check(part[0], &v) || v.kind != JSON_VALUE_OBJECT)
		MUST(result == JWS_MALFORMED);
	text_fini(&t);
	check_claims(part[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice lines[3] = { SLICE_NONE };

	if (size > JWS_BYTES_MAX)
		return 0;
	if (size != 0 && data[0] == 'T')
		(void)check_token(
		    slice_make((const char *)data + 1, size - 1), SLICE_NONE);
	else if (lines_split(data, size, lines, 3) != 0)
		check_parts(lines);
	return 0;
}
