/*
 * Tests of tls_kdf.c: the key schedule of RFC 8448 3, and any other input as
 * the default provider has it.
 */
#include "common/net/tls_kdf.h"

#include <check.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/tls.h"

#define OUT_MAX 600

enum {
	EXTRACT = EVP_KDF_HKDF_MODE_EXTRACT_ONLY,
	EXPAND = EVP_KDF_HKDF_MODE_EXPAND_ONLY
};

struct bytes {
	const void *p; /* NULL: not given */
	size_t n;
};

struct want {
	int mode;
	const char *digest;
	struct bytes key, salt, label, data;
	size_t bytes;
};

static EVP_KDF *ours, *theirs;

static void
setup(void)
{
	tls_init();
	ours =
	    EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_3_KDF, "provider=penstock");
	theirs =
	    EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_3_KDF, "provider=default");
	ck_assert_ptr_nonnull(ours);
	ck_assert_ptr_nonnull(theirs);
}

static void
teardown(void)
{
	EVP_KDF_free(ours);
	EVP_KDF_free(theirs);
}

static OSSL_PARAM *
put(OSSL_PARAM *p, const char *name, const struct bytes *b)
{
	if (b->p != NULL)
		*p++ = OSSL_PARAM_construct_octet_string(
		    name, (void *)(uintptr_t)b->p, b->n);
	return p;
}

/* As libssl asks. */
static bool
derive(EVP_KDF *kdf, const struct want *w, unsigned char out[OUT_MAX])
{
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	struct bytes prefix = { "tls13 ", 6 };
	int mode = w->mode;
	OSSL_PARAM params[8], *p = params;
	bool ok;

	*p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
	*p++ = OSSL_PARAM_construct_utf8_string(
	    OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)w->digest, 0);
	p = put(p, OSSL_KDF_PARAM_KEY, &w->key);
	p = put(p, OSSL_KDF_PARAM_SALT, &w->salt);
	p = put(p, OSSL_KDF_PARAM_PREFIX, &prefix);
	p = put(p, OSSL_KDF_PARAM_LABEL, &w->label);
	p = put(p, OSSL_KDF_PARAM_DATA, &w->data);
	*p = OSSL_PARAM_construct_end();
	ck_assert_ptr_nonnull(ctx);
	ok = EVP_KDF_derive(ctx, out, w->bytes, params) == 1;
	EVP_KDF_CTX_free(ctx);
	return ok;
}

static struct bytes
hex(const char *text)
{
	struct bytes b = { NULL, 0 };
	long n = 0;

	if (text != NULL)
		b.p = OPENSSL_hexstr2buf(text, &n);
	b.n = (size_t)n;
	return b;
}

static struct bytes
word(const char *text)
{
	return (struct bytes){ text, text != NULL ? strlen(text) : 0 };
}

/* ---- RFC 8448 3 ---- */

#define EARLY "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a"
#define SHARED \
	"8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d"
#define SHAKE "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"
#define HELLOS \
	"860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8"
#define MASTER \
	"18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919"
#define CLIENT \
	"b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21"
#define SERVER \
	"b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38"

static const struct {
	int mode;
	const char *key, *salt, *label, *data, *out;
} vectors[] = {
	{ EXTRACT, NULL, NULL, "derived", NULL, EARLY },
	{ EXTRACT, SHARED, EARLY, "derived", NULL, SHAKE },
	{ EXTRACT, NULL, SHAKE, "derived", NULL, MASTER },
	{ EXPAND, SHAKE, NULL, "c hs traffic", HELLOS, CLIENT },
	{ EXPAND, SHAKE, NULL, "s hs traffic", HELLOS, SERVER },
	{ EXPAND, SERVER, NULL, "key", NULL,
	    "3fce516009c21727d0f2e4e86ee403bc" },
	{ EXPAND, SERVER, NULL, "iv", NULL, "5d313eb2671276ee13000b30" },
	{ EXPAND, SERVER, NULL, "finished", NULL,
	    "008d3b66f816ea559f96b537e885c31fc068bf492c652f01f288a1d8cdc19fc"
	    "8" },
};

START_TEST(of_the_rfc)
{
	struct bytes out = hex(vectors[_i].out);
	struct want w = { vectors[_i].mode, "SHA2-256", hex(vectors[_i].key),
		hex(vectors[_i].salt), word(vectors[_i].label),
		hex(vectors[_i].data), out.n };
	unsigned char got[OUT_MAX];

	ck_assert(derive(ours, &w, got));
	ck_assert_mem_eq(got, out.p, out.n);
	OPENSSL_free((void *)(uintptr_t)out.p);
	OPENSSL_free((void *)(uintptr_t)w.key.p);
	OPENSSL_free((void *)(uintptr_t)w.salt.p);
	OPENSSL_free((void *)(uintptr_t)w.data.p);
}
END_TEST

/* ---- anything ---- */

/* `most` bytes at most; sometimes none at all. */
static struct bytes
any(unsigned char *room, unsigned least, unsigned most)
{
	size_t n = least + (unsigned)rand() % (most - least + 1);

	RAND_bytes(room, (int)most);
	return (struct bytes){ room, n };
}

START_TEST(as_the_default)
{
	static const char *const names[] = { "SHA2-256", "SHA2-384", "SHA256",
		"sha384" };
	unsigned char key[64], salt[64], label[249], data[255];
	unsigned char a[OUT_MAX], b[OUT_MAX];

	srand((unsigned)_i);
	for (int turn = 0; turn < 500; turn++) {
		size_t size = turn % 2 ? 48 : 32;
		struct want w = { rand() % 2 ? EXTRACT : EXPAND,
			names[turn % 4], any(key, 1, 64), any(salt, 1, 64),
			any(label, 0, 249), any(data, 0, 255),
			1 + (unsigned)rand() % OUT_MAX };

		/* What a salt is made of is a secret. */
		w.salt.n = size;
		if (w.mode == EXTRACT) {
			w.bytes = size;
			w.data.p = NULL;
			if (rand() % 4 == 0)
				w.key.p = NULL;
		}
		if (w.mode == EXPAND || rand() % 4 == 0)
			w.salt.p = NULL;
		if (rand() % 4 == 0)
			w.data.p = NULL;
		ck_assert(derive(theirs, &w, a));
		ck_assert(derive(ours, &w, b));
		ck_assert_mem_eq(a, b, w.bytes);
	}
}
END_TEST

/* ---- what is watched ---- */

static void
expand(const char *key, const char *label, size_t bytes)
{
	struct want w = { EXPAND, "SHA2-256", hex(key), { 0 }, word(label),
		{ 0 }, bytes };
	unsigned char out[OUT_MAX];

	ck_assert(derive(ours, &w, out));
	OPENSSL_free((void *)(uintptr_t)w.key.p);
}

static void
is_hex(const unsigned char *p, const char *want)
{
	struct bytes b = hex(want);

	ck_assert_mem_eq(p, b.p, b.n);
	OPENSSL_free((void *)(uintptr_t)b.p);
}

/* All that libssl derives of that secret, and nothing of another one. */
START_TEST(notes_the_secret)
{
	struct tls_traffic t = { 0 };

	ck_assert(!tls_kdf_update(&t));
	tls_kdf_watch(&t, SLICE_LIT("s ap traffic"));
	expand(SERVER, "key", 16);
	expand(SHAKE, "c ap traffic", 32);
	ck_assert_ptr_null(t.digest);
	expand(SHAKE, "s ap traffic", 32);
	ck_assert_ptr_nonnull(t.digest);
	expand(SERVER, "key", 16);
	expand(SERVER, "iv", 12);
	ck_assert_uint_eq(t.key_bytes, 0);
	ck_assert(!tls_kdf_update(&t));
	tls_kdf_watch(NULL, SLICE_NONE);
	expand(SHAKE, "s ap traffic", 32);
}
END_TEST

/* With the handshake's secret, of which the RFC tells key and iv. */
START_TEST(notes_key_and_iv)
{
	struct tls_traffic t = { 0 };
	struct want w = { EXPAND, "SHA2-256", hex(SHAKE), { 0 },
		word("s hs traffic"), hex(HELLOS), 32 };
	unsigned char out[OUT_MAX], next[OUT_MAX];

	tls_kdf_watch(&t, SLICE_LIT("s hs traffic"));
	ck_assert(derive(ours, &w, out));
	expand(SERVER, "key", 16);
	expand(SERVER, "iv", 12);
	expand(SERVER, "finished", 32);
	tls_kdf_watch(NULL, SLICE_NONE);
	expand(SERVER, "key", 16);
	is_hex(t.secret, SERVER);
	is_hex(t.key, "3fce516009c21727d0f2e4e86ee403bc");
	is_hex(t.iv, "5d313eb2671276ee13000b30");
	ck_assert_uint_eq(t.key_bytes, 16);
	OPENSSL_free((void *)(uintptr_t)w.key.p);
	OPENSSL_free((void *)(uintptr_t)w.data.p);
	/* RFC 8446 7.2 */
	w = (struct want){ EXPAND, "SHA2-256", { out, 32 }, { 0 },
		word("traffic upd"), { "", 0 }, 32 };
	ck_assert(derive(theirs, &w, next));
	ck_assert(tls_kdf_update(&t));
	ck_assert_mem_eq(t.secret, next, 32);
	w = (struct want){ EXPAND, "SHA2-256", { next, 32 }, { 0 }, word("key"),
		{ "", 0 }, 16 };
	ck_assert(derive(theirs, &w, out));
	ck_assert_mem_eq(t.key, out, 16);
}
END_TEST

/* ---- what is refused ---- */

static const struct want refused[] = {
	{ EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, "SHA2-256", { "key", 3 }, { 0 },
	    { "l", 1 }, { 0 }, 32 },
	{ 77, "SHA2-256", { "key", 3 }, { 0 }, { "l", 1 }, { 0 }, 32 },
	/* Another digest. */
	{ EXPAND, "SHA2-512", { "key", 3 }, { 0 }, { "l", 1 }, { 0 }, 32 },
	/* No secret. */
	{ EXPAND, "SHA2-256", { 0 }, { 0 }, { "l", 1 }, { 0 }, 32 },
	/* Not a secret's length. */
	{ EXTRACT, "SHA2-256", { "key", 3 }, { 0 }, { "l", 1 }, { 0 }, 31 },
};

START_TEST(refuses)
{
	unsigned char out[OUT_MAX];

	ck_assert(!derive(ours, &refused[_i], out));
}
END_TEST

START_TEST(refuses_long_parts)
{
	unsigned char room[300], out[OUT_MAX];
	struct want w = { EXPAND, "SHA2-256", { room, 32 }, { 0 },
		{ room, 249 }, { room, 255 }, 32 };

	memset(room, 'x', sizeof(room));
	ck_assert(derive(ours, &w, out));
	w.label.n++;
	ck_assert(!derive(ours, &w, out));
	w.label.n--;
	w.data.n++;
	ck_assert(!derive(ours, &w, out));
	w.data.n--;
	w.key.n = 65;
	ck_assert(!derive(ours, &w, out));
}
END_TEST

/* Nothing is kept for a later derivation, so nothing may seem to be. */
START_TEST(refuses_what_comes_ahead)
{
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(ours);
	int mode = EXPAND;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
		OSSL_PARAM_construct_end(),
	};

	ck_assert_int_eq(EVP_KDF_CTX_set_params(ctx, params), 0);
	ck_assert_int_eq(EVP_KDF_CTX_set_params(ctx, params + 1), 1);
	EVP_KDF_CTX_free(ctx);
}
END_TEST

/* ---- who is asked ---- */

START_TEST(contexts_get_it)
{
	EVP_KDF *kdf =
	    EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_3_KDF, TLS_KDF_QUERY);
	EVP_MD *md = EVP_MD_fetch(NULL, "SHA2-256", TLS_KDF_QUERY);

	ck_assert_str_eq(
	    OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), "penstock");
	/* All that it does not have is the default's. */
	ck_assert_str_eq(
	    OSSL_PROVIDER_get0_name(EVP_MD_get0_provider(md)), "default");
	EVP_KDF_free(kdf);
	EVP_MD_free(md);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls_kdf");
	TCase *tc = tcase_create("tls_kdf");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, of_the_rfc, 0, sizeof(vectors) / sizeof(vectors[0]));
	tcase_add_loop_test(tc, as_the_default, 0, 4);
	tcase_add_test(tc, notes_the_secret);
	tcase_add_test(tc, notes_key_and_iv);
	tcase_add_loop_test(
	    tc, refuses, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(tc, refuses_long_parts);
	tcase_add_test(tc, refuses_what_comes_ahead);
	tcase_add_test(tc, contexts_get_it);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
