/*
 * Tests of tls.c: handshakes of both versions, what was agreed on, and lists of
 * DER.
 */
#include "tests/unit/common/net/tls_kit.h"

#include <dlfcn.h>
#include <openssl/kdf.h>

#include "common/net/tls_kdf.h"
#include "common/net/tls_state.h"

/* How libssl asks for key derivations. */
static unsigned kdfs, other_kdfs;

EVP_KDF *
EVP_KDF_fetch(OSSL_LIB_CTX *ctx, const char *name, const char *query)
{
	static EVP_KDF *(*real)(OSSL_LIB_CTX *, const char *, const char *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "EVP_KDF_fetch");
	kdfs++;
	other_kdfs += query == NULL || strcmp(query, TLS_KDF_QUERY) != 0;
	return real(ctx, name, query);
}

static struct cert ca, leaf;
static struct host host;
static struct tls_trust *trust;

static void
setup(void)
{
	kit_setup();
	ca = cert_make(&(struct cert_want){ .cn = "ca", .ca = true });
	leaf = cert_make(&(struct cert_want){
	    .cn = "leaf", .san = "DNS:a.test", .by = &ca });
	host =
	    (struct host){ .ids = { cert_identity(&leaf, NULL) }, .count = 1 };
	trust = cert_trust(&ca, NULL);
}

static void
teardown(void)
{
	kit_teardown();
	tls_identity_free(host.ids[0]);
	tls_trust_free(trust);
	cert_free(&leaf);
	cert_free(&ca);
}

static void
open_with(const struct tls_server_want *sw, unsigned max_version,
    unsigned min_version)
{
	struct tls_client_want cw = { .trust = trust,
		.min_version = min_version };
	struct tls_server *s = tls_server_new(sw, &host_hooks);
	struct tls_client *c = tls_client_new(&cw);
	struct tls *ct;

	ck_assert_ptr_nonnull(s);
	ck_assert_ptr_nonnull(c);
	ct = tls_connect(c, SLICE_LIT("a.test"), NULL);
	SSL_set_max_proto_version(ct->ssl, (int)max_version);
	pair_open(tls_accept(s, &host), ct);
	tls_server_free(s);
	tls_client_free(c);
	turns(10);
}

static void
assert_version(const char *version, const char *cipher)
{
	ck_assert_str_eq(client_end.fault, "");
	ck_assert_str_eq(server_end.fault, "");
	ck_assert_str_eq(client_end.story, "ci");
	ck_assert_str_eq(server_end.story, "si");
	ck_assert_uint_eq(server_end.n, 5);
	ck_assert(memcmp(server_end.got, "hello", 5) == 0);
	ck_assert_uint_eq(client_end.n, 7);
	ck_assert(memcmp(client_end.got, "welcome", 7) == 0);
	ck_assert_str_eq(tls_version(client_end.io.tls), version);
	ck_assert_str_eq(tls_version(server_end.io.tls), version);
	ck_assert_str_eq(tls_cipher(server_end.io.tls), cipher);
	ck_assert(!tls_resumed(server_end.io.tls));
	ck_assert(slice_eq(tls_sni(server_end.io.tls), SLICE_LIT("a.test")));
	ck_assert_uint_eq(tls_alpn(server_end.io.tls).n, 0);
}

START_TEST(both_versions)
{
	struct tls_server_want want = { .min_version = 0x0303 };

	client_end.greeting = "hello";
	server_end.greeting = "welcome";
	open_with(&want, 0x0304, 0x0303);
	assert_version("TLSv1.3", "TLS_AES_128_GCM_SHA256");
	pair_close();
	open_with(&want, 0x0303, 0x0303);
	assert_version("TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256");
}
END_TEST

START_TEST(keys_are_ours)
{
	struct tls_server_want want = { .min_version = 0x0304 };

	kdfs = other_kdfs = 0;
	client_end.greeting = "hello";
	server_end.greeting = "welcome";
	open_with(&want, 0x0304, 0x0304);
	assert_version("TLSv1.3", "TLS_AES_128_GCM_SHA256");
	ck_assert_uint_gt(kdfs, 30);
	ck_assert_uint_eq(other_kdfs, 0);
}
END_TEST

/* {profile, the server's least, what the client offers at most, well?} */
static const struct {
	enum tls_profile profile;
	unsigned least, most;
	bool ends_well;
} bounds[] = {
	{ TLS_INTERMEDIATE, 0x0303, 0x0303, true },
	{ TLS_INTERMEDIATE, 0x0304, 0x0303, false },
	{ TLS_INTERMEDIATE, 0x0304, 0x0304, true },
	{ TLS_MODERN, 0x0303, 0x0303, false },
	{ TLS_MODERN, 0x0303, 0x0304, true },
};

START_TEST(least_version)
{
	struct tls_server_want want = { .profile = bounds[_i].profile,
		.min_version = bounds[_i].least };

	open_with(&want, bounds[_i].most, 0x0303);
	if (bounds[_i].ends_well) {
		ck_assert_str_eq(client_end.story, "c");
		ck_assert_str_eq(server_end.story, "s");
		return;
	}
	ck_assert_str_eq(client_end.story, "f");
	ck_assert_str_eq(server_end.story, "f");
	ck_assert_int_eq(server_end.error, EPROTO);
	ck_assert_int_eq(client_end.error, EPROTO);
	ck_assert_str_eq(server_end.fault, "unsupported protocol");
	ck_assert_str_eq(
	    client_end.fault, "the peer sent the alert \"protocol version\"");
	ck_assert(!server_end.fault_is_certificate);
}
END_TEST

START_TEST(old_versions)
{
	struct tls_server_want want = { .min_version = 0x0303 };
	struct tls_server *s = tls_server_new(&want, &host_hooks);
	struct tls_client_want cw = { .min_version = 0x0303 };
	struct tls_client *c = tls_client_new(&cw);
	struct tls *ct = tls_connect(c, SLICE_NONE, NULL);

	SSL_set_security_level(ct->ssl, 0);
	SSL_set_min_proto_version(ct->ssl, TLS1_VERSION);
	SSL_set_max_proto_version(ct->ssl, TLS1_1_VERSION);
	SSL_set_cipher_list(ct->ssl, "ALL");
	pair_open(tls_accept(s, &host), ct);
	tls_server_free(s);
	tls_client_free(c);
	turns(10);
	ck_assert_str_eq(server_end.story, "f");
	ck_assert_str_eq(server_end.fault, "unsupported protocol");
}
END_TEST

START_TEST(lists_of_der)
{
	struct text list;
	struct slice der;
	size_t at = 0;

	text_init(&list);
	ck_assert(!tls_der_next(text_slice(&list), &at, &der));
	tls_der_add(&list, "abc", 3);
	tls_der_add(&list, "", 0);
	tls_der_add(&list, "defg", 4);
	ck_assert(tls_der_next(text_slice(&list), &at, &der));
	ck_assert(slice_eq(der, SLICE_LIT("abc")));
	ck_assert(tls_der_next(text_slice(&list), &at, &der));
	ck_assert_uint_eq(der.n, 0);
	ck_assert(tls_der_next(text_slice(&list), &at, &der));
	ck_assert(slice_eq(der, SLICE_LIT("defg")));
	ck_assert(!tls_der_next(text_slice(&list), &at, &der));
	ck_assert_uint_eq(at, list.n);
	/* A length beyond the end, and one that is not whole. */
	at = 0;
	list.n = 6;
	ck_assert(!tls_der_next(text_slice(&list), &at, &der));
	list.n = 3;
	ck_assert(!tls_der_next(text_slice(&list), &at, &der));
	at = SIZE_MAX;
	ck_assert(!tls_der_next(text_slice(&list), &at, &der));
	text_fini(&list);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls");
	TCase *tc = tcase_create("tls");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, both_versions);
	tcase_add_test(tc, keys_are_ours);
	tcase_add_loop_test(
	    tc, least_version, 0, sizeof(bounds) / sizeof(bounds[0]));
	tcase_add_test(tc, old_versions);
	tcase_add_test(tc, lists_of_der);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
