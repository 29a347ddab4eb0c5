/*
 * Tests of keyset.c, keyset_public.c and key_form.c: what is taken as a key,
 * what for, what is refused and why; and the bounds of the block.
 */
#include "common/jose/keyset.h"

#include <stdlib.h>

#include "tests/unit/common/jose/key_kit.h"

#define BIT(ID) (1u << JOSE_##ID)
#define NO_KID SLICE_NONE

static struct keyset_build build;

static void
setup(void)
{
	keyset_build_init(&build);
}

static void
teardown(void)
{
	keyset_build_fini(&build);
}

static void
check_why(const char *why, const char *want)
{
	ck_assert_msg(why != NULL, "nothing was said of %s", want);
	ck_assert_msg(strstr(why, want) != NULL, "%s: %s", want, why);
	ck_assert_uint_eq(build.count, 0);
}

static const char *
add_pkey(EVP_PKEY *pkey, uint32_t algs)
{
	struct text pem = kit_public_pem(pkey);
	const char *why =
	    keyset_add_public(&build, NO_KID, algs, text_slice(&pem));

	text_fini(&pem);
	EVP_PKEY_free(pkey);
	return why;
}

static struct text
some_pem(void)
{
	EVP_PKEY *pkey = kit_ec("P-256");
	struct text pem = kit_public_pem(pkey);

	EVP_PKEY_free(pkey);
	return pem;
}

static const char secret[] = "0123456789abcdef0123456789abcdef"
			     "0123456789abcdef0123456789abcdef";

static const struct {
	size_t n;
	uint32_t want; /* what is asked for */
	uint32_t algs; /* 0: refused */
	const char *why;
} secrets[] = {
	{ 64, 0, BIT(HS256) | BIT(HS384) | BIT(HS512), NULL },
	{ 63, 0, BIT(HS256) | BIT(HS384), NULL },
	{ 48, 0, BIT(HS256) | BIT(HS384), NULL },
	{ 47, 0, BIT(HS256), NULL },
	{ 32, 0, BIT(HS256), NULL },
	{ 31, 0, 0, "is a secret of 31 bytes: 32 are the least" },
	{ 0, 0, 0, "is a secret of 0 bytes" },
	{ 64, BIT(HS512) | BIT(RS256), BIT(HS512), NULL },
	{ 64, BIT(RS256) | BIT(ES256), 0, "none of the algorithms" },
	{ 47, BIT(HS384), 0, "HS384 needs 48" },
	{ 63, BIT(HS512) | BIT(RS256), 0, "HS512 64" },
	{ 40, BIT(HS256) | BIT(HS512), BIT(HS256), NULL },
};

START_TEST(secret_rows)
{
	const char *why = keyset_add_secret(&build, NO_KID, secrets[_i].want,
	    slice_make(secret, secrets[_i].n));

	if (secrets[_i].algs == 0) {
		check_why(why, secrets[_i].why);
		return;
	}
	ck_assert_msg(why == NULL, "%s", why);
	ck_assert_uint_eq(build.keys[0].algs, secrets[_i].algs);
	ck_assert_uint_eq(build.keys[0].kind, JOSE_KEY_HMAC);
}
END_TEST

START_TEST(secret_is_pem)
{
	struct text pem = some_pem();

	check_why(keyset_add_secret(&build, NO_KID, 0, text_slice(&pem)),
	    "is a key in PEM");
	text_fini(&pem);
}
END_TEST

static const struct {
	const char *group;
	enum jose_key kind;
	uint32_t algs; /* 0: refused */
} curves[] = {
	{ "P-256", JOSE_KEY_P256, BIT(ES256) },
	{ "P-384", JOSE_KEY_P384, BIT(ES384) },
	{ "P-521", JOSE_KEY_P521, BIT(ES512) },
	{ "secp256k1", JOSE_KEY_P256, 0 },
	{ "P-224", JOSE_KEY_P256, 0 },
	{ "brainpoolP256r1", JOSE_KEY_P256, 0 },
};

/* ES256 is P-256 and nothing else, whatever is asked for. */
START_TEST(curve_rows)
{
	uint32_t all = BIT(ES256) | BIT(ES384) | BIT(ES512) | BIT(HS256);
	const char *why;

	if (curves[_i].algs == 0) {
		check_why(add_pkey(kit_ec(curves[_i].group), 0),
		    "which no algorithm goes with");
		check_why(add_pkey(kit_ec(curves[_i].group), BIT(ES256)),
		    "which no algorithm goes with");
		return;
	}
	check_why(add_pkey(kit_ec(curves[_i].group), all & ~curves[_i].algs),
	    "none of the algorithms");
	why = add_pkey(kit_ec(curves[_i].group), all);
	ck_assert_msg(why == NULL, "%s", why);
	ck_assert_uint_eq(build.keys[0].algs, curves[_i].algs);
	ck_assert_uint_eq(build.keys[0].kind, curves[_i].kind);
}
END_TEST

START_TEST(other_kinds)
{
	check_why(add_pkey(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), 0),
	    "no algorithm goes with");
	check_why(add_pkey(EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), 0),
	    "no algorithm goes with");
	ck_assert_ptr_null(add_pkey(kit_ed25519(), 0));
	ck_assert_uint_eq(build.keys[0].algs, BIT(EDDSA));
	ck_assert_uint_eq(build.keys[0].kind, JOSE_KEY_ED25519);
}
END_TEST

START_TEST(rsa_sizes)
{
	check_why(add_pkey(kit_rsa(1024, 65537), 0),
	    "is an RSA key of 1024 bits: 2048 are the least");
	check_why(add_pkey(kit_rsa(2047, 65537), 0), "of 2047 bits");
	ck_assert_ptr_null(add_pkey(kit_rsa(2048, 3), BIT(PS256) | BIT(HS256)));
	ck_assert_uint_eq(build.keys[0].algs, BIT(PS256));
	ck_assert_ptr_null(add_pkey(kit_rsa(2048, 65537), 0));
	ck_assert_uint_eq(build.keys[1].algs, jose_key_algs(JOSE_KEY_RSA));
}
END_TEST

/* A modulus and an exponent as they come. */
static const char *
add_numbers(int bits, bool even, const char *exponent)
{
	BIGNUM *n = BN_new(), *e = NULL;
	OSSL_PARAM params[3];
	uint8_t n_bytes[2048], e_bytes[64];
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *pkey = NULL;

	ck_assert_int_ne(BN_dec2bn(&e, exponent), 0);
	ck_assert_int_eq(
	    BN_rand(n, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD), 1);
	if (even)
		BN_clear_bit(n, 0);
	BN_bn2nativepad(n, n_bytes, (bits + 7) / 8);
	BN_bn2nativepad(e, e_bytes, (int)sizeof(e_bytes));
	params[0] =
	    OSSL_PARAM_construct_BN("n", n_bytes, (size_t)(bits + 7) / 8);
	params[1] = OSSL_PARAM_construct_BN("e", e_bytes, sizeof(e_bytes));
	params[2] = OSSL_PARAM_construct_end();
	ck_assert_int_eq(EVP_PKEY_fromdata_init(ctx), 1);
	ck_assert_int_eq(
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(e);
	return add_pkey(pkey, 0);
}

START_TEST(rsa_numbers)
{
	check_why(add_numbers(2048, false, "1"), "even or 1");
	check_why(add_numbers(2048, false, "65536"), "even or 1");
	check_why(add_numbers(2048, true, "65537"), "even modulus");
	check_why(add_numbers(2048, false, "18446744073709551617"),
	    "exponent of 65 bits");
	check_why(add_numbers(8193, false, "65537"),
	    "is an RSA key of 8193 bits: 8192 are the most");
	ck_assert_ptr_null(add_numbers(2048, false, "18446744073709551615"));
	ck_assert_ptr_null(add_numbers(8192, false, "65537"));
}
END_TEST

/* Points of small order (RFC 8032 has none of them for a key). */
static const char *const small[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

START_TEST(ed25519_small)
{
	long n;
	unsigned char *point = OPENSSL_hexstr2buf(small[_i], &n);

	check_why(add_pkey(EVP_PKEY_new_raw_public_key(
			       EVP_PKEY_ED25519, NULL, point, (size_t)n),
		      0),
	    "small order");
	OPENSSL_free(point);
}
END_TEST

/* A curve with its parameters written out may be any curve. */
START_TEST(explicit_curve)
{
	EVP_PKEY *pkey = kit_ec("P-256");

	ck_assert_int_eq(
	    EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING,
		OSSL_PKEY_EC_ENCODING_EXPLICIT),
	    1);
	check_why(add_pkey(pkey, 0), "does not name its curve");
}
END_TEST

START_TEST(point_off_curve)
{
	EVP_PKEY *pkey = kit_ec("P-256");
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(pkey, &der);

	der[n - 1] ^= 1;
	check_why(keyset_add_public(
		      &build, NO_KID, 0, slice_make((char *)der, (size_t)n)),
	    "is neither");
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
}
END_TEST

static X509 *
certificate_of(EVP_PKEY *pkey, EVP_PKEY *signer)
{
	X509 *x = X509_new();

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 60);
	X509_set_pubkey(x, pkey);
	ck_assert_int_gt(X509_sign(x, signer, EVP_sha256()), 0);
	return x;
}

static void
der_add(BIO *bio, EVP_PKEY *pkey)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(pkey, &der);

	BIO_write(bio, der, n);
	OPENSSL_free(der);
}

/* How one key is written, or several. */
enum form {
	PEM,
	PEM_WITH_WORDS,
	PEM_CRLF,
	DER,
	CERTIFICATE,
	CERTIFICATE_DER,
	CHAIN,
	LAST_GOOD,
	PRIVATE = LAST_GOOD,
	PRIVATE_DER,
	PUBLIC_AND_PRIVATE,
	CERTIFICATE_AND_PRIVATE,
	TWO,
	CERTIFICATE_AND_KEY,
	KEY_AND_CERTIFICATE,
	DER_AND_MORE,
	REQUEST,
	CUT,
	FORMS
};

static const char *const form_why[FORMS] = {
	[PRIVATE] = "is a private key",
	[PRIVATE_DER] = "is a private key",
	[PUBLIC_AND_PRIVATE] = "is a private key",
	[CERTIFICATE_AND_PRIVATE] = "is a private key",
	[TWO] = "more than one",
	[CERTIFICATE_AND_KEY] = "more than one",
	[KEY_AND_CERTIFICATE] = "more than one",
	[DER_AND_MORE] = "is neither",
	[REQUEST] = "neither a public key nor",
	[CUT] = "damaged",
};

static void
form_write(BIO *bio, enum form form, EVP_PKEY *a, EVP_PKEY *b)
{
	X509 *x = certificate_of(a, b), *y = certificate_of(b, b);

	switch (form) {
	case PEM_WITH_WORDS:
		BIO_puts(bio, "key of the issuer\n");
		PEM_write_bio_PUBKEY(bio, a);
		break;
	case PEM:
	case PEM_CRLF:
	case CUT:
		PEM_write_bio_PUBKEY(bio, a);
		break;
	case DER:
		der_add(bio, a);
		break;
	case CERTIFICATE:
		PEM_write_bio_X509(bio, x);
		break;
	case CERTIFICATE_DER:
		i2d_X509_bio(bio, x);
		break;
	case CHAIN:
		PEM_write_bio_X509(bio, x);
		PEM_write_bio_X509(bio, y);
		break;
	case PRIVATE:
		PEM_write_bio_PrivateKey(bio, a, NULL, NULL, 0, NULL, NULL);
		break;
	case PRIVATE_DER:
		i2d_PrivateKey_bio(bio, a);
		break;
	case PUBLIC_AND_PRIVATE:
		PEM_write_bio_PUBKEY(bio, a);
		PEM_write_bio_PrivateKey(bio, a, EVP_aes_128_cbc(),
		    (const unsigned char *)"word", 4, NULL, NULL);
		break;
	case CERTIFICATE_AND_PRIVATE:
		PEM_write_bio_X509(bio, x);
		PEM_write_bio_PrivateKey_traditional(
		    bio, a, NULL, NULL, 0, NULL, NULL);
		break;
	case TWO:
		PEM_write_bio_PUBKEY(bio, a);
		PEM_write_bio_PUBKEY(bio, a);
		break;
	case CERTIFICATE_AND_KEY:
		PEM_write_bio_X509(bio, x);
		PEM_write_bio_PUBKEY(bio, a);
		break;
	case KEY_AND_CERTIFICATE:
		PEM_write_bio_PUBKEY(bio, a);
		PEM_write_bio_X509(bio, x);
		break;
	case DER_AND_MORE:
		der_add(bio, a);
		BIO_write(bio, "", 1);
		break;
	case REQUEST:
		PEM_write_bio(bio, "CERTIFICATE REQUEST", "",
		    (const unsigned char *)"x", 1);
		break;
	case FORMS:
		break;
	}
	X509_free(x);
	X509_free(y);
}

START_TEST(forms)
{
	EVP_PKEY *a = kit_ec("P-256"), *b = kit_ec("P-384");
	BIO *bio = BIO_new(BIO_s_mem());
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(a, &der);
	struct text t;
	const char *why;

	form_write(bio, (enum form)_i, a, b);
	t = kit_bio_text(bio);
	if (_i == CUT)
		t.n -= 40;
	if (_i == PEM_CRLF) {
		struct text crlf;

		text_init(&crlf);
		for (size_t i = 0; i < t.n; i++) {
			if (t.p[i] == '\n')
				text_add_char(&crlf, '\r');
			text_add_char(&crlf, t.p[i]);
		}
		text_fini(&t);
		t = crlf;
	}
	why = keyset_add_public(&build, NO_KID, 0, text_slice(&t));
	if (form_why[_i] != NULL) {
		check_why(why, form_why[_i]);
	} else {
		ck_assert_msg(why == NULL, "%s", why);
		ck_assert(slice_eq(text_slice(&build.bytes),
		    slice_make((char *)der, (size_t)n)));
	}
	text_fini(&t);
	OPENSSL_free(der);
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
}
END_TEST

/* RFC 7515 A.2 as PKCS #1. */
START_TEST(pkcs1)
{
	EVP_PKEY *a = kit_rsa(2048, 65537);
	unsigned char *der = NULL;
	int n = i2d_PublicKey(a, &der);
	BIO *bio = BIO_new(BIO_s_mem());
	struct text t;

	PEM_write_bio(bio, "RSA PUBLIC KEY", "", der, n);
	t = kit_bio_text(bio);
	ck_assert_ptr_null(
	    keyset_add_public(&build, NO_KID, 0, text_slice(&t)));
	ck_assert_uint_eq(build.keys[0].kind, JOSE_KEY_RSA);
	text_fini(&t);
	OPENSSL_free(der);
	EVP_PKEY_free(a);
}
END_TEST

START_TEST(no_keys)
{
	static const char *const texts[] = { "", "x", "{\"keys\":[]}",
		"-----BEGIN PUBLIC KEY-----",
		"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
		"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
		"-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----\n",
		"-----BEGIN  PUBLIC KEY-----\nAAAA\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check_why(
		    keyset_add_public(&build, NO_KID, 0, slice_str(texts[i])),
		    "");
}
END_TEST

START_TEST(ids)
{
	struct slice s = slice_make(secret, 64);
	static char many[256];

	memset(many, 'k', sizeof(many));
	check_why(keyset_add_secret(&build, SLICE_LIT("a\nb"), 0, s), "an id");
	check_why(keyset_add_secret(&build, SLICE_LIT("\x7f"), 0, s), "an id");
	check_why(
	    keyset_add_secret(&build, slice_make(many, 256), 0, s), "an id");
	ck_assert_ptr_null(
	    keyset_add_secret(&build, slice_make(many, 255), 0, s));
	ck_assert_ptr_null(keyset_add_secret(&build, SLICE_LIT("a"), 0, s));
	ck_assert_ptr_nonnull(keyset_add_secret(&build, SLICE_LIT("a"), 0, s));
	ck_assert_ptr_null(keyset_add_secret(&build, SLICE_LIT("A"), 0, s));
	ck_assert_ptr_null(keyset_add_secret(&build, NO_KID, 0, s));
	ck_assert_ptr_null(keyset_add_secret(&build, NO_KID, 0, s));
	ck_assert_uint_eq(build.count, 5);
}
END_TEST

/* The same id may stand for keys of two kinds. */
START_TEST(id_of_two_kinds)
{
	struct text pem = some_pem();

	ck_assert_ptr_null(keyset_add_secret(
	    &build, SLICE_LIT("a"), 0, slice_make(secret, 64)));
	ck_assert_ptr_null(
	    keyset_add_public(&build, SLICE_LIT("a"), 0, text_slice(&pem)));
	ck_assert_ptr_nonnull(
	    keyset_add_public(&build, SLICE_LIT("a"), 0, text_slice(&pem)));
	text_fini(&pem);
}
END_TEST

START_TEST(too_many)
{
	struct slice s = slice_make(secret, 32);
	const char *why;

	for (int i = 0; i < KEYSET_KEYS_MAX; i++)
		ck_assert_ptr_null(keyset_add_secret(&build, NO_KID, 0, s));
	why = keyset_add_secret(&build, NO_KID, 0, s);
	ck_assert_ptr_nonnull(why);
	ck_assert_uint_eq(build.count, KEYSET_KEYS_MAX);
}
END_TEST

START_TEST(too_large)
{
	char *large = calloc(1, KEYSET_BYTES_MAX / 2);
	struct slice s = { large, KEYSET_BYTES_MAX / 2 };
	struct keyset *set;

	ck_assert_ptr_null(keyset_add_secret(&build, NO_KID, 0, s));
	ck_assert_ptr_nonnull(keyset_add_secret(&build, NO_KID, 0, s));
	set = keyset_make(&build);
	ck_assert_uint_le(set->bytes, KEYSET_BYTES_MAX);
	ck_assert(keyset_check(set, set->bytes));
	keyset_free(set);
	free(large);
}
END_TEST

/* Which key a cache means depends on its use as well as on its bytes. */
START_TEST(hashes)
{
	struct slice s = slice_make(secret, 64);

	ck_assert_ptr_null(keyset_add_secret(&build, SLICE_LIT("a"), 0, s));
	ck_assert_ptr_null(keyset_add_secret(&build, SLICE_LIT("b"), 0, s));
	ck_assert_ptr_null(keyset_add_secret(&build, NO_KID, BIT(HS256), s));
	ck_assert_ptr_null(
	    keyset_add_secret(&build, NO_KID, 0, slice_make(secret, 63)));
	ck_assert_mem_eq(build.keys[0].hash, build.keys[1].hash, 32);
	ck_assert_mem_ne(build.keys[0].hash, build.keys[2].hash, 32);
	ck_assert_mem_ne(build.keys[0].hash, build.keys[3].hash, 32);
}
END_TEST

static struct keyset *
some_set(void)
{
	struct text pem = some_pem();

	ck_assert_ptr_null(keyset_add_secret(
	    &build, SLICE_LIT("first"), 0, slice_make(secret, 64)));
	ck_assert_ptr_null(
	    keyset_add_public(&build, NO_KID, 0, text_slice(&pem)));
	text_fini(&pem);
	return keyset_make(&build);
}

START_TEST(block)
{
	struct keyset *s = some_set(), *other;

	ck_assert(keyset_check(s, s->bytes));
	ck_assert(keyset_check(s, s->bytes + 1));
	ck_assert_uint_eq(s->count, 2);
	ck_assert(slice_eq(keyset_kid(s, &s->key[0]), SLICE_LIT("first")));
	ck_assert(
	    slice_eq(keyset_bytes(s, &s->key[0]), slice_make(secret, 64)));
	ck_assert_uint_eq(keyset_kid(s, &s->key[1]).n, 0);
	other = keyset_make(&build);
	ck_assert_mem_eq(s->hash, other->hash, 32);
	keyset_free(other);
	ck_assert_ptr_null(keyset_add_secret(
	    &build, SLICE_LIT("more"), 0, slice_make(secret, 64)));
	other = keyset_make(&build);
	ck_assert_mem_ne(s->hash, other->hash, 32);
	keyset_free(other);
	keyset_free(s);
	keyset_free(NULL);
}
END_TEST

/* Each word that could lead outside does not. */
START_TEST(block_bounds)
{
	struct keyset *s = some_set();
	struct keyset_key good = s->key[1];
	uint32_t bytes = s->bytes,
		 bad[] = { 0, bytes + 1, UINT32_MAX, UINT32_MAX - 8 };

	for (size_t n = 0; n < bytes; n++)
		ck_assert(!keyset_check(s, n));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		s->key[1].kid = bad[i];
		ck_assert(!keyset_check(s, bytes));
		s->key[1] = good;
		s->key[1].at = bad[i];
		ck_assert(!keyset_check(s, bytes));
		s->key[1] = good;
		if (bad[i] != 0) {
			s->key[1].len = bad[i];
			ck_assert(!keyset_check(s, bytes));
			s->key[1].len = good.len;
			s->key[1].kid_len = bad[i];
			ck_assert(!keyset_check(s, bytes));
		}
		s->key[1] = good;
	}
	s->key[1].len++;
	ck_assert(!keyset_check(s, bytes));
	s->key[1].len--;
	s->key[0].kid = bytes - 1;
	ck_assert(!keyset_check(s, bytes));
	s->key[0].kid = s->key[1].at;
	ck_assert(keyset_check(s, bytes));
	s->key[1].kind = JOSE_KEY_ED25519 + 1;
	ck_assert(!keyset_check(s, bytes));
	s->key[1] = good;
	s->key[1].algs = 0;
	ck_assert(!keyset_check(s, bytes));
	s->key[1].algs = BIT(ES256) | BIT(ES384);
	ck_assert(!keyset_check(s, bytes));
	s->key[1] = good;
	s->count = KEYSET_KEYS_MAX;
	ck_assert(!keyset_check(s, bytes));
	s->count = UINT32_MAX;
	ck_assert(!keyset_check(s, bytes));
	s->count = 2;
	s->magic++;
	ck_assert(!keyset_check(s, bytes));
	s->magic--;
	ck_assert(keyset_check(s, bytes));
	keyset_free(s);
}
END_TEST

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

int
main(void)
{
	Suite *suite = suite_create("keyset");
	TCase *tc = tcase_create("keyset");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, secret_rows, 0, ROWS(secrets));
	tcase_add_test(tc, secret_is_pem);
	tcase_add_loop_test(tc, curve_rows, 0, ROWS(curves));
	tcase_add_test(tc, other_kinds);
	tcase_add_test(tc, rsa_sizes);
	tcase_add_test(tc, rsa_numbers);
	tcase_add_loop_test(tc, ed25519_small, 0, ROWS(small));
	tcase_add_test(tc, explicit_curve);
	tcase_add_test(tc, point_off_curve);
	tcase_add_loop_test(tc, forms, 0, FORMS);
	tcase_add_test(tc, pkcs1);
	tcase_add_test(tc, no_keys);
	tcase_add_test(tc, ids);
	tcase_add_test(tc, id_of_two_kinds);
	tcase_add_test(tc, too_many);
	tcase_add_test(tc, too_large);
	tcase_add_test(tc, hashes);
	tcase_add_test(tc, block);
	tcase_add_test(tc, block_bounds);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
