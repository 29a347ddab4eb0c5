/*
 * Tests of tls_peer.c: the texts of a certificate, and that no name can look
 * like two, or like something else.
 */
#include "tests/unit/common/net/tls_kit.h"

#include <openssl/err.h>
#include <openssl/sha.h>

#include "common/net/tls_state.h"

static struct cert ca, leaf;
static struct host host;
static struct tls_peer peer;

static void
setup(void)
{
	kit_setup();
	ca = cert_make(&(struct cert_want){ .cn = "ca", .ca = true });
}

static void
teardown(void)
{
	kit_teardown();
	tls_identity_free(host.ids[0]);
	host.ids[0] = NULL;
	cert_free(&leaf);
	cert_free(&ca);
}

/* What a client reads of the server's certificate, which is `leaf`. */
static void
look(void)
{
	struct tls_server_want sw = { .min_version = 0x0304 };
	struct tls_client_want cw = { .min_version = 0x0304 };
	struct tls_server *s = tls_server_new(&sw, &host_hooks);
	struct tls_client *c = tls_client_new(&cw);

	host =
	    (struct host){ .ids = { cert_identity(&leaf, NULL) }, .count = 1 };
	pair_open(tls_accept(s, &host), tls_connect(c, SLICE_NONE, NULL));
	tls_server_free(s);
	tls_client_free(c);
	ck_assert(!tls_peer(client_end.io.tls, &peer));
	turns(10);
	ck_assert(tls_peer(client_end.io.tls, &peer));
	ck_assert_uint_eq(ERR_peek_error(), 0);
}

static void
assert_text(struct slice s, const char *want)
{
	ck_assert_msg(slice_eq(s, slice_str(want)), "%.*s", SLICE_FMT(s));
}

START_TEST(texts)
{
	unsigned char *der = NULL, digest[SHA256_DIGEST_LENGTH];
	struct tls_peer again;
	char hex[65];
	int n;

	leaf = cert_make(&(struct cert_want){ .cn = "a, b=c",
	    .san = "DNS:a.test,URI:spiffe://a/b,email:a@b.test,"
		   "IP:127.0.0.1,IP:2001:db8::1,RID:1.2.3",
	    .by = &ca,
	    .serial = 0x1234abcd });
	look();
	assert_text(peer.subject, "CN=a\\, b=c,O=penstock\\, tests");
	assert_text(peer.issuer, "CN=ca,O=penstock\\, tests");
	assert_text(peer.san,
	    "DNS:a.test,URI:spiffe://a/b,email:a@b.test,"
	    "IP:127.0.0.1,IP:2001:db8::1");
	assert_text(peer.serial, "1234abcd");
	n = i2d_X509(leaf.x, &der);
	SHA256(der, (size_t)n, digest);
	OPENSSL_free(der);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	assert_text(peer.fingerprint, hex);
	/* They are made once. */
	ck_assert(tls_peer(client_end.io.tls, &again));
	ck_assert_ptr_eq(again.subject.p, peer.subject.p);
	/* A server that asks for none sees none. */
	ck_assert(!tls_peer(server_end.io.tls, &again));
}
END_TEST

static void
add_name(GENERAL_NAMES *names, int kind, const char *value, int n)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *s = ASN1_IA5STRING_new();

	ASN1_STRING_set(s, value, n);
	GENERAL_NAME_set0_value(name, kind, s);
	sk_GENERAL_NAME_push(names, name);
}

static void
add_address(GENERAL_NAMES *names, const char *value, int n)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();

	ASN1_STRING_set(s, value, n);
	GENERAL_NAME_set0_value(name, GEN_IPADD, s);
	sk_GENERAL_NAME_push(names, name);
}

START_TEST(names_that_pretend)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();

	leaf = cert_make(
	    &(struct cert_want){ .cn = "x\r\ny\x01\xc3\xa4", .by = &ca });
	add_name(names, GEN_URI, "a,URI:b", 7);
	add_name(names, GEN_DNS, "a.test\0.evil.test", 17);
	add_name(names, GEN_DNS, "a\r\nb c\\2c\xff", 10);
	add_address(names, "\1\2\3", 3);
	X509_add1_ext_i2d(leaf.x, NID_subject_alt_name, names, 0, 0);
	X509_sign(leaf.x, ca.key, EVP_sha256());
	sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
	look();
	assert_text(peer.san,
	    "URI:a\\2cURI:b,DNS:a.test\\00.evil.test,"
	    "DNS:a\\0d\\0ab\\20c\\5c2c\\ff,IP:010203");
	assert_text(peer.subject,
	    "CN=x\\0D\\0Ay\\01\\C3\\A4,"
	    "O=penstock\\, tests");
	assert_text(peer.serial, "00");
}
END_TEST

START_TEST(no_alternatives)
{
	leaf = cert_make(&(struct cert_want){ .cn = "x", .by = &ca });
	look();
	ck_assert_uint_eq(peer.san.n, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls_peer");
	TCase *tc = tcase_create("tls_peer");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, texts);
	tcase_add_test(tc, names_that_pretend);
	tcase_add_test(tc, no_alternatives);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
