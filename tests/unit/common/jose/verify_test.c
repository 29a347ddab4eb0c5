/*
 * Tests of verify.c: the examples of the RFCs, what must not pass though it
 * nearly would, and that contexts can be used again after anything.
 */
#include "common/jose/verify.h"

#include <openssl/err.h>
#include <stdlib.h>

#include "tests/unit/common/jose/sign_kit.h"
#include "tests/unit/common/jose/vectors.h"

#define BIT(ID) (1u << JOSE_##ID)

static const struct slice secret =
    SLICE_LIT("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
	      "f");

static char room[JWS_BYTES_MAX];

static struct verify_key *
key_of(struct keyset *s)
{
	struct verify_key *v = verify_key_new(s, &s->key[0]);

	keyset_free(s);
	ck_assert_ptr_nonnull(v);
	return v;
}

/* OpenSSL's queue is empty behind it, for TLS is next. */
static bool
passes(struct verify_key *v, struct slice token)
{
	struct jws t;
	bool passed =
	    jws_parse(token, room, &t) == JWS_OK && verify_token(v, &t);

	ck_assert_uint_eq(ERR_peek_error(), 0);
	return passed;
}

/* Takes the token. */
static bool
passes_text(struct verify_key *v, struct text token)
{
	bool passed = passes(v, text_slice(&token));

	text_fini(&token);
	return passed;
}

static void
check_example(const struct vector *e)
{
	struct verify_key *v = key_of(kit_set_of_jwk(e->jwk));

	for (int i = 0; i < 3; i++) {
		ck_assert_msg(passes(v, slice_str(e->token)), "%s", e->name);
		for (int k = 0; k < VECTORS; k++)
			ck_assert(passes(v, slice_str(vectors[k].token)) ==
			    (strcmp(vectors[k].jwk, e->jwk) == 0));
	}
	verify_key_free(v);
}

START_TEST(examples)
{
	check_example(&vectors[_i]);
}
END_TEST

/* Any one character that is another one, or none, or one too many. */
START_TEST(mutations)
{
	static const char put[] = { 'A', '_', '.', '=', ' ', '\n', '!', '\0' };
	const struct vector *e = &vectors[_i];
	struct verify_key *v = key_of(kit_set_of_jwk(e->jwk));
	struct slice token = slice_str(e->token);
	char text[2048];

	ck_assert_uint_lt(token.n + 2, sizeof(text));
	for (size_t at = 0; at < token.n; at++) {
		memcpy(text, token.p, token.n);
		for (int bit = 0; bit < 8; bit++) {
			text[at] = (char)(token.p[at] ^ 1 << bit);
			ck_assert(!passes(v, slice_make(text, token.n)));
		}
		ck_assert(!passes(v, slice_make(text, at)));
		memmove(text + at, token.p + at + 1, token.n - at - 1);
		ck_assert(!passes(v, slice_make(text, token.n - 1)));
		memcpy(text + at + 1, token.p + at, token.n - at);
		for (size_t i = 0; i < sizeof(put); i++) {
			text[at] = put[i];
			ck_assert(!passes(v, slice_make(text, token.n + 1)));
		}
	}
	for (size_t i = 0; i < sizeof(put); i++) {
		memcpy(text, token.p, token.n);
		text[token.n] = text[token.n + 1] = put[i];
		ck_assert(!passes(v, slice_make(text, token.n + 1)));
		ck_assert(!passes(v, slice_make(text, token.n + 2)));
	}
	ck_assert(passes(v, token));
	verify_key_free(v);
}
END_TEST

/* A key for each algorithm; the caller frees it. */
static EVP_PKEY *
pkey_for(enum jose_alg alg)
{
	switch (jose_alg_name(alg).p[0]) {
	case 'H':
		return NULL;
	case 'R':
	case 'P':
		return kit_rsa(2048, 65537);
	default:
		break;
	}
	if (alg == JOSE_EDDSA)
		return kit_ed25519();
	return kit_ec(alg == JOSE_ES256 ? "P-256"
		: alg == JOSE_ES384     ? "P-384"
					: "P-521");
}

static struct verify_key *
verifier(EVP_PKEY *pkey, uint32_t algs)
{
	return key_of(pkey != NULL ? kit_set_of(pkey, algs)
				   : kit_set_of_secret(secret, algs));
}

/* Each algorithm by its key; the same key bound to others does not take it. */
START_TEST(algorithms)
{
	enum jose_alg alg = (enum jose_alg)_i;
	EVP_PKEY *pkey = pkey_for(alg);
	struct verify_key *v = verifier(pkey, 0);
	struct text token = kit_token(alg, pkey, secret);
	uint32_t others = 0;

	for (int i = 0; i <= JOSE_KEY_ED25519; i++)
		if ((jose_key_algs((enum jose_key)i) & 1u << alg) != 0)
			others = jose_key_algs((enum jose_key)i) & ~(1u << alg);
	for (int i = 0; i < 20; i++)
		ck_assert(passes(v, text_slice(&token)));
	verify_key_free(v);
	v = verifier(pkey, 1u << alg);
	ck_assert(passes(v, text_slice(&token)));
	verify_key_free(v);
	if (others != 0) {
		v = verifier(pkey, others);
		ck_assert(!passes(v, text_slice(&token)));
		verify_key_free(v);
	}
	text_fini(&token);
	EVP_PKEY_free(pkey);
}
END_TEST

/* Algorithms of one key, in turn and with failures between them. */
START_TEST(in_turn)
{
	EVP_PKEY *pkey = kit_rsa(2048, 65537);
	struct verify_key *v = verifier(pkey, 0);
	struct text tokens[6];

	for (int i = 0; i < 6; i++)
		tokens[i] =
		    kit_token((enum jose_alg)(JOSE_RS256 + i), pkey, secret);
	srandom(7);
	for (int i = 0; i < 300; i++) {
		struct slice s = text_slice(&tokens[random() % 6]);
		char text[1024];

		ck_assert(passes(v, s));
		memcpy(text, s.p, s.n);
		text[s.n - 1 - (size_t)random() % 300] ^= 3;
		ck_assert(!passes(v, slice_make(text, s.n)));
	}
	for (int i = 0; i < 6; i++)
		text_fini(&tokens[i]);
	verify_key_free(v);
	EVP_PKEY_free(pkey);
}
END_TEST

/* CVE-2015-9235 and all that: the public key as a secret. */
START_TEST(confusion)
{
	EVP_PKEY *pkey = kit_rsa(2048, 65537);
	struct verify_key *v = verifier(pkey, 0);
	struct text pem = kit_public_pem(pkey);
	struct text token = kit_token(JOSE_HS256, NULL, text_slice(&pem));
	struct jws t;

	ck_assert(!passes(v, text_slice(&token)));
	/* The token alone never chooses, not even through us. */
	ck_assert_int_eq(jws_parse(text_slice(&token), room, &t), JWS_OK);
	for (int i = 0; i <= JOSE_COUNT; i++) {
		t.alg = (enum jose_alg)i;
		ck_assert(!verify_token(v, &t));
	}
	text_fini(&token);
	text_fini(&pem);
	verify_key_free(v);
	EVP_PKEY_free(pkey);
}
END_TEST

/*
 * ES256 is P-256 only: what the others sign does not even have the length, and
 * secp256k1 is no key.
 */
START_TEST(curves)
{
	static const char *const names[] = { "P-384", "P-521", "secp256k1" };
	EVP_PKEY *p256 = kit_ec("P-256");
	struct verify_key *v = verifier(p256, 0);

	for (size_t i = 0; i < 3; i++) {
		EVP_PKEY *pkey = kit_ec(names[i]);
		struct text input = kit_input("ES256");
		unsigned char sig[256];
		size_t n = kit_sign_raw(pkey, "SHA256", false, 0, NULL,
		    text_slice(&input), sig, sizeof(sig));
		size_t size = i == 0 ? 96 : i == 1 ? 132 : 64;
		struct keyset *s = kit_set_of(p256, 0);

		n = kit_ecdsa_raw(sig, n, size);
		ck_assert(!passes_text(v, kit_signed(input, sig, n)));
		/* A set that lies about its kind. */
		s->key[0].kind = JOSE_KEY_P384;
		s->key[0].algs = BIT(ES384);
		ck_assert_ptr_null(verify_key_new(s, &s->key[0]));
		keyset_free(s);
		EVP_PKEY_free(pkey);
	}
	verify_key_free(v);
	EVP_PKEY_free(p256);
}
END_TEST

/* CVE-2022-21449, and numbers that are none of the group's. */
START_TEST(psychic)
{
	static const unsigned char order[32] = { 0xff, 0xff, 0xff, 0xff, 0, 0,
		0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
		0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca,
		0xc2, 0xfc, 0x63, 0x25, 0x51 };
	static const unsigned char zero[32], one[32] = { [31] = 1 },
					     ones[32] = { [0 ... 31] = 0xff };
	const unsigned char *const numbers[] = { zero, one, order, ones };
	EVP_PKEY *pkey = kit_ec("P-256");
	struct verify_key *v = verifier(pkey, 0);

	for (size_t r = 0; r < 4; r++)
		for (size_t s = 0; s < 4; s++) {
			unsigned char sig[64];

			memcpy(sig, numbers[r], 32);
			memcpy(sig + 32, numbers[s], 32);
			ck_assert(!passes_text(
			    v, kit_signed(kit_input("ES256"), sig, 64)));
		}
	verify_key_free(v);
	EVP_PKEY_free(pkey);
}
END_TEST

/* The same signature in other lengths and forms. */
START_TEST(ecdsa_forms)
{
	EVP_PKEY *pkey = kit_ec("P-256");
	struct verify_key *v = verifier(pkey, 0);
	struct text input = kit_input("ES256");
	unsigned char der[80], raw[80] = { 0 }, wide[80] = { 0 };
	size_t n = kit_sign_raw(pkey, "SHA256", false, 0, NULL,
	    text_slice(&input), der, sizeof(der));

	ck_assert(!passes_text(v, kit_signed(kit_input("ES256"), der, n)));
	memcpy(raw, der, n);
	n = kit_ecdsa_raw(raw, n, 64);
	ck_assert(passes_text(v, kit_signed(kit_input("ES256"), raw, 64)));
	ck_assert(!passes_text(v, kit_signed(kit_input("ES256"), raw, 63)));
	ck_assert(!passes_text(v, kit_signed(kit_input("ES256"), raw, 65)));
	ck_assert(!passes_text(v, kit_signed(kit_input("ES256"), raw, 32)));
	memcpy(wide + 1, raw, 32);
	memcpy(wide + 34, raw + 32, 32);
	ck_assert(!passes_text(v, kit_signed(kit_input("ES256"), wide, 66)));
	text_fini(&input);
	verify_key_free(v);
	EVP_PKEY_free(pkey);
}
END_TEST

/* Many, so that r and s come with zeros in front and with high bits. */
START_TEST(ecdsa_many)
{
	static const enum jose_alg algs[] = { JOSE_ES256, JOSE_ES384,
		JOSE_ES512 };
	EVP_PKEY *pkey = pkey_for(algs[_i]);
	struct verify_key *v = verifier(pkey, 0);

	for (int i = 0; i < 300; i++)
		ck_assert(
		    passes_text(v, kit_token(algs[_i], pkey, SLICE_NONE)));
	verify_key_free(v);
	EVP_PKEY_free(pkey);
}
END_TEST

/* RFC 7518 3.5: the salt is as long as the hash, MGF1 is of the same one. */
START_TEST(pss_parameters)
{
	static const struct {
		int salt;
		const char *mgf1;
		bool passes;
	} rows[] = {
		{ 32, "SHA256", true },
		{ 0, "SHA256", false },
		{ 20, "SHA256", false },
		{ 31, "SHA256", false },
		{ 33, "SHA256", false },
		{ 222, "SHA256", false },
		{ 32, "SHA1", false },
		{ 32, "SHA512", false },
	};
	EVP_PKEY *pkey = kit_rsa(2048, 65537);
	struct verify_key *v = verifier(pkey, 0);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text input = kit_input("PS256");
		unsigned char sig[256];
		size_t n = kit_sign_raw(pkey, "SHA256", true, rows[i].salt,
		    rows[i].mgf1, text_slice(&input), sig, sizeof(sig));

		ck_assert_msg(
		    passes_text(v, kit_signed(input, sig, n)) == rows[i].passes,
		    "row %zu", i);
	}
	verify_key_free(v);
	EVP_PKEY_free(pkey);
}
END_TEST

/* Exactly as long as the modulus; other hashes and paddings are not its own. */
START_TEST(rsa_forms)
{
	EVP_PKEY *pkey = kit_rsa(2048, 65537);
	struct verify_key *v = verifier(pkey, 0);
	struct text input = kit_input("RS256");
	unsigned char sig[260] = { 0 };
	size_t n = kit_sign_raw(
	    pkey, "SHA256", false, 0, NULL, text_slice(&input), sig + 1, 256);

	ck_assert(passes_text(v, kit_signed(kit_input("RS256"), sig + 1, n)));
	ck_assert(!passes_text(v, kit_signed(kit_input("RS256"), sig, n + 1)));
	ck_assert(
	    !passes_text(v, kit_signed(kit_input("RS256"), sig + 1, n + 1)));
	ck_assert(
	    !passes_text(v, kit_signed(kit_input("RS256"), sig + 1, n - 1)));
	ck_assert(!passes_text(v, kit_signed(kit_input("PS256"), sig + 1, n)));
	ck_assert(!passes_text(v, kit_signed(kit_input("RS384"), sig + 1, n)));
	n = kit_sign_raw(
	    pkey, "SHA1", false, 0, NULL, text_slice(&input), sig, 256);
	ck_assert(!passes_text(v, kit_signed(kit_input("RS256"), sig, n)));
	n = kit_sign_raw(
	    pkey, "SHA256", true, 32, "SHA256", text_slice(&input), sig, 256);
	ck_assert(!passes_text(v, kit_signed(kit_input("RS256"), sig, n)));
	memset(sig, 0, 256);
	ck_assert(!passes_text(v, kit_signed(kit_input("RS256"), sig, 256)));
	sig[255] = 1;
	ck_assert(!passes_text(v, kit_signed(kit_input("RS256"), sig, 256)));
	memset(sig, 0xff, 256);
	ck_assert(!passes_text(v, kit_signed(kit_input("RS256"), sig, 256)));
	text_fini(&input);
	verify_key_free(v);
	EVP_PKEY_free(pkey);
}
END_TEST

/* The first half of RFC 2104's truncation, and nothing at all. */
START_TEST(hmac_forms)
{
	struct verify_key *v = verifier(NULL, 0);
	struct text token = kit_token(JOSE_HS256, NULL, secret);
	struct jws t;

	ck_assert_int_eq(jws_parse(text_slice(&token), room, &t), JWS_OK);
	ck_assert(verify_token(v, &t));
	for (size_t n = 0; n < 32; n++) {
		t.signature.n = n;
		ck_assert(!verify_token(v, &t));
	}
	t.signature.n = 33;
	ck_assert(!verify_token(v, &t));
	t.signature.n = 32;
	t.alg = JOSE_HS512;
	ck_assert(!verify_token(v, &t));
	text_fini(&token);
	verify_key_free(v);
}
END_TEST

/* s + L is the same number to who does not look (RFC 8032 5.1.7). */
START_TEST(ed25519_malleable)
{
	static const unsigned char order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a,
		0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
		0x14, [31] = 0x10 };
	EVP_PKEY *pkey = kit_ed25519();
	struct verify_key *v = verifier(pkey, 0);
	struct text input = kit_input("EdDSA");
	unsigned char sig[64];
	unsigned carry = 0;

	ck_assert_uint_eq(kit_sign_raw(pkey, NULL, false, 0, NULL,
			      text_slice(&input), sig, sizeof(sig)),
	    64);
	ck_assert(passes_text(v, kit_signed(kit_input("EdDSA"), sig, 64)));
	for (size_t i = 0; i < 32; i++) {
		carry += sig[32 + i] + order[i];
		sig[32 + i] = (unsigned char)carry;
		carry >>= 8;
	}
	ck_assert(!passes_text(v, kit_signed(kit_input("EdDSA"), sig, 64)));
	memset(sig, 0, sizeof(sig));
	ck_assert(!passes_text(v, kit_signed(kit_input("EdDSA"), sig, 64)));
	text_fini(&input);
	verify_key_free(v);
	EVP_PKEY_free(pkey);
}
END_TEST

/* Bytes that are no key, or no key of what they are said to be. */
START_TEST(no_keys)
{
	EVP_PKEY *pkey = kit_rsa(2048, 65537);
	struct keyset *s = kit_set_of(pkey, 0);
	struct keyset_key *k = &s->key[0], good = *k;

	k->len--;
	ck_assert_ptr_null(verify_key_new(s, k));
	*k = good;
	k->kind = JOSE_KEY_P256;
	ck_assert_ptr_null(verify_key_new(s, k));
	k->algs = BIT(ES256);
	ck_assert_ptr_null(verify_key_new(s, k));
	*k = good;
	k->algs = BIT(HS256);
	ck_assert_ptr_null(verify_key_new(s, k));
	k->kind = JOSE_KEY_HMAC;
	k->len = 31;
	ck_assert_ptr_null(verify_key_new(s, k));
	k->len = 32;
	k->algs = BIT(HS512);
	ck_assert_ptr_null(verify_key_new(s, k));
	*k = good;
	memset((char *)s + k->at, 0xff, k->len);
	ck_assert_ptr_null(verify_key_new(s, k));
	ck_assert_uint_eq(ERR_peek_error(), 0);
	verify_key_free(NULL);
	keyset_free(s);
	EVP_PKEY_free(pkey);
}
END_TEST

/* Without memory nothing passes that should not, and nothing else breaks. */
START_TEST(out_of_memory)
{
	const struct vector *e = &vectors[_i];
	struct keyset *s = kit_set_of_jwk(e->jwk);
	struct slice token = slice_str(e->token);
	char wrong[2048];
	bool passed = false;

	memcpy(wrong, token.p, token.n);
	wrong[token.n - 8] = wrong[token.n - 8] == 'A' ? 'B' : 'A';
	/* What OpenSSL makes once is there. */
	check_example(e);
	for (int left = 1; !passed; left += 1 + left / 50) {
		struct verify_key *v;

		ck_assert_int_lt(left, 50000);
		kit_memory_left = left;
		v = verify_key_new(s, &s->key[0]);
		if (v != NULL) {
			ck_assert(!passes(v, slice_make(wrong, token.n)));
			passed = passes(v, token);
			kit_memory_left = -1;
			ck_assert(passes(v, token));
		}
		verify_key_free(v);
		kit_memory_left = -1;
	}
	keyset_free(s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("verify");
	TCase *tc = tcase_create("verify");
	SRunner *runner;
	int failed;

	kit_memory_watch();
	tcase_add_loop_test(tc, examples, 0, VECTORS);
	tcase_add_loop_test(tc, mutations, 0, VECTORS);
	tcase_add_loop_test(tc, algorithms, 0, JOSE_COUNT);
	tcase_add_test(tc, in_turn);
	tcase_add_test(tc, confusion);
	tcase_add_test(tc, curves);
	tcase_add_test(tc, psychic);
	tcase_add_test(tc, ecdsa_forms);
	tcase_add_loop_test(tc, ecdsa_many, 0, 3);
	tcase_add_test(tc, pss_parameters);
	tcase_add_test(tc, rsa_forms);
	tcase_add_test(tc, hmac_forms);
	tcase_add_test(tc, ed25519_malleable);
	tcase_add_test(tc, no_keys);
	tcase_add_loop_test(tc, out_of_memory, 0, VECTORS);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
