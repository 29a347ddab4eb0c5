/*
 * jwks_fuzz.c - any bytes as a JWK Set: what is refused leaves nothing behind;
 * of what is taken each key can be used, and the set that is written of them is
 * read again as the same keys.
 */
#include <openssl/err.h>
#include <stdlib.h>

#include "common/base/must.h"
#include "common/jose/keyset.h"
#include "common/jose/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_keys(const struct keyset *s)
{
	MUST(keyset_check(s, s->bytes));
	for (uint32_t i = 0; i < s->count; i++) {
		struct verify_key *v = verify_key_new(s, &s->key[i]);
		struct jws t = { .alg = (enum jose_alg)__builtin_ctz(
				     s->key[i].algs),
			.input = SLICE_LIT("x"),
			.signature = SLICE_LIT("x") };

		MUST(v != NULL);
		MUST(!verify_token(v, &t));
		verify_key_free(v);
	}
}

static void
check_same(const struct keyset *s, const struct keyset *again)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		if (s->key[i].kind == JOSE_KEY_HMAC)
			continue;
		MUST(at < again->count);
		MUST(memcmp(s->key[i].hash, again->key[at].hash, 32) == 0);
		MUST(slice_eq(keyset_kid(s, &s->key[i]),
		    keyset_kid(again, &again->key[at])));
		at++;
	}
	MUST(at == again->count);
}

/* Algorithms of a key are one or all: "alg" says no more. */
static void
check_way_back(const struct keyset *s)
{
	struct keyset_build b;
	struct keyset *again;
	struct text t;
	const char *why;
	uint32_t skipped;

	text_init(&t);
	keyset_write_jwks(s, &t);
	keyset_build_init(&b);
	why = keyset_add_jwks(&b, text_slice(&t), 0, false, &skipped);
	MUST(skipped == 0 && (why == NULL || b.count == 0));
	again = keyset_make(&b);
	check_same(s, again);
	keyset_free(again);
	keyset_build_fini(&b);
	text_fini(&t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);
	struct keyset_build b;
	struct keyset *s;
	uint32_t skipped;

	MUST(copy != NULL);
	if (size != 0)
		memcpy(copy, data, size);
	keyset_build_init(&b);
	if (keyset_add_jwks(&b, slice_make(copy, size), 0, true, &skipped) !=
	    NULL) {
		MUST(b.count == 0 && b.bytes.n == 0 && b.why[0] != '\0');
	} else {
		s = keyset_make(&b);
		MUST(s->count != 0);
		check_keys(s);
		check_way_back(s);
		keyset_free(s);
	}
	MUST(ERR_peek_error() == 0);
	keyset_build_fini(&b);
	free(copy);
	return 0;
}
