/*
 * Tests of tls_server.c: names, kinds of key, protocols, certificates of
 * clients, staples and tickets.
 */
#include "tests/unit/common/net/tls_kit.h"

#include <openssl/rand.h>

#include "common/net/tls_state.h"

static struct cert ca, leaf, leaf_rsa;
static struct host host;
static struct tls_server_want sw;
static struct tls_client_want cw;
static unsigned most_version; /* of the client; 0: all */
static const char *raw_name;  /* sent as SNI as it is */
static const char *sigalgs;   /* that the client takes */
static struct tls_resume resume;

static void
setup(void)
{
	kit_setup();
	ca = cert_make(&(struct cert_want){ .cn = "ca", .ca = true });
	leaf = cert_make(&(struct cert_want){
	    .cn = "leaf", .san = "DNS:a.test", .by = &ca });
	leaf_rsa = cert_make(&(struct cert_want){
	    .cn = "leaf", .san = "DNS:a.test", .by = &ca, .rsa = true });
	host =
	    (struct host){ .ids = { cert_identity(&leaf, NULL) }, .count = 1 };
	sw = (struct tls_server_want){ .min_version = 0x0303, .depth = 2 };
	cw = (struct tls_client_want){ .min_version = 0x0303 };
}

static void
teardown(void)
{
	tls_resume_drop(&resume);
	kit_teardown();
	for (size_t i = 0; i < TLS_CHOICES_MAX; i++)
		tls_identity_free(host.ids[i]);
	tls_identity_free(cw.identity);
	tls_trust_free(sw.trust);
	cert_free(&leaf);
	cert_free(&leaf_rsa);
	cert_free(&ca);
}

static struct tls_client *client;

static struct tls *
connect_client(struct slice name)
{
	struct tls *t;

	if (client == NULL)
		client = tls_client_new(&cw);
	t = tls_connect(client, name, &resume);
	ck_assert_ptr_nonnull(t);
	if (most_version != 0)
		SSL_set_max_proto_version(t->ssl, (int)most_version);
	if (sigalgs != NULL)
		ck_assert_int_eq(
		    SSL_set1_sigalgs_list(t->ssl, (uintptr_t)sigalgs), 1);
	if (raw_name != NULL) {
		char text[64];

		strcpy(text, raw_name);
		SSL_set_tlsext_host_name(t->ssl, text);
	}
	return t;
}

/* A handshake with a server of its own. */
static void
shake(const char *name)
{
	struct tls_server *s = tls_server_new(&sw, &host_hooks);

	ck_assert_ptr_nonnull(s);
	pair_close();
	pair_open(tls_accept(s, &host), connect_client(slice_str(name)));
	tls_server_free(s);
	turns(10);
}

static void
assert_well(void)
{
	ck_assert_str_eq(server_end.fault, "");
	ck_assert_str_eq(client_end.fault, "");
	ck_assert_int_eq(client_end.story[0], 'c');
	ck_assert_int_eq(server_end.story[0], 's');
}

static void
assert_refused(const char *fault, const char *alert)
{
	char text[128];

	/* Of TLS 1.3, the client's side may have been well before. */
	ck_assert_ptr_nonnull(strchr(client_end.story, 'f'));
	ck_assert_str_eq(server_end.story, "f");
	ck_assert_int_eq(server_end.error, EPROTO);
	ck_assert_str_eq(server_end.fault, fault);
	snprintf(text, sizeof(text), "the peer sent the alert \"%s\"", alert);
	ck_assert_str_eq(client_end.fault, text);
}

/* {as the client sends it, as the owner is asked} */
static const char *const names[][2] = {
	{ "a.test", "[a.test]" },
	{ "A.TeSt", "[a.test]" },
	{ "xn--bcher-kva.example", "[xn--bcher-kva.example]" },
	{ "under_score.test", "[under_score.test]" },
	{ "a.test.", "[a.test]" },
	{ "127.0.0.1", "[]" },
	{ "::1", "[]" },
	{ "*.test", "[]" },
	{ "a b.test", "[]" },
	{ "a/b", "[]" },
	{ "a\xc3\xa4.test", "[]" },
	{ "a..test", "[]" },
	{ ".test", "[]" },
	{ ".", "[]" },
};

START_TEST(names_are_asked_for)
{
	raw_name = names[_i][0];
	shake("");
	assert_well();
	ck_assert_str_eq(host.asked, names[_i][1]);
	ck_assert_uint_eq(
	    tls_sni(server_end.io.tls).n + 2, strlen(names[_i][1]));
}
END_TEST

START_TEST(no_name)
{
	shake("");
	assert_well();
	ck_assert_str_eq(host.asked, "[]");
	ck_assert_uint_eq(tls_sni(server_end.io.tls).n, 0);
}
END_TEST

START_TEST(unknown_name)
{
	most_version = _i == 0 ? 0x0303 : 0x0304;
	host.count = 0;
	shake("b.test");
	assert_refused("there is no certificate for the name \"b.test\"",
	    "unrecognized name");
}
END_TEST

static int
shown_kind(void)
{
	X509 *x = SSL_get0_peer_certificate(client_end.io.tls->ssl);

	return EVP_PKEY_get_base_id(X509_get0_pubkey(x));
}

/* {what the client takes, version, the kind that it gets} */
static const struct {
	const char *sigalgs;
	unsigned version;
	int kind;
} kinds[] = {
	{ NULL, 0x0304, EVP_PKEY_EC },
	{ "RSA-PSS+SHA256", 0x0304, EVP_PKEY_RSA },
	{ "ECDSA+SHA256", 0x0304, EVP_PKEY_EC },
	{ "RSA+SHA256", 0x0303, EVP_PKEY_RSA },
	{ "ECDSA+SHA256", 0x0303, EVP_PKEY_EC },
};

START_TEST(kinds_of_key)
{
	host.ids[1] = cert_identity(&leaf_rsa, &ca);
	host.count = 2;
	sigalgs = kinds[_i].sigalgs;
	most_version = kinds[_i].version;
	shake("a.test");
	assert_well();
	ck_assert_int_eq(shown_kind(), kinds[_i].kind);
}
END_TEST

/* {what the client names first, what it gets} */
static const char *const ciphers[][2] = {
	{ "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256",
	    "TLS_AES_128_GCM_SHA256" },
	{ "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384" },
	{ "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
	    "TLS_CHACHA20_POLY1305_SHA256" },
	{ "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256",
	    "TLS_AES_128_GCM_SHA256" },
};

START_TEST(cheap_ciphers_first)
{
	client = tls_client_new(&cw);
	SSL_CTX_set_ciphersuites(client->ctx, ciphers[_i][0]);
	shake("a.test");
	assert_well();
	ck_assert_str_eq(tls_cipher(server_end.io.tls), ciphers[_i][1]);
}
END_TEST

START_TEST(kind_that_is_not_there)
{
	sigalgs = "RSA-PSS+SHA256";
	shake("a.test");
	ck_assert_str_eq(server_end.story, "f");
	ck_assert_str_eq(server_end.fault, "no suitable signature algorithm");
}
END_TEST

START_TEST(the_chain_is_sent)
{
	tls_identity_free(host.ids[0]);
	host.ids[0] = cert_identity(&leaf, &ca);
	shake("a.test");
	assert_well();
	ck_assert_int_eq(
	    sk_X509_num(SSL_get_peer_cert_chain(client_end.io.tls->ssl)), 2);
}
END_TEST

/* {the server's, the client's, what comes of it (NULL: nothing)} */
static const struct {
	struct slice server, client;
	const char *agreed;
} protocols[] = {
	{ SLICE_LIT("\2h2\10http/1.1"), SLICE_LIT("\10http/1.1\2h2"), "h2" },
	{ SLICE_LIT("\10http/1.1\2h2"), SLICE_LIT("\2h2\10http/1.1"),
	    "http/1.1" },
	{ SLICE_LIT("\2h2\10http/1.1"), SLICE_LIT("\3foo\10http/1.1"),
	    "http/1.1" },
	{ SLICE_LIT("\2h2"), SLICE_NONE, "" },
	{ SLICE_NONE, SLICE_LIT("\2h2"), "" },
	{ SLICE_LIT("\2h2"), SLICE_LIT("\10http/1.1"), NULL },
	{ SLICE_LIT("\2h2"), SLICE_LIT("\3h2c"), NULL },
};

START_TEST(protocol)
{
	struct slice want = slice_str(protocols[_i].agreed);

	sw.alpn = protocols[_i].server;
	cw.alpn = protocols[_i].client;
	shake("a.test");
	if (protocols[_i].agreed == NULL) {
		assert_refused(
		    "no application protocol", "no application protocol");
		return;
	}
	assert_well();
	ck_assert(slice_eq(tls_alpn(server_end.io.tls), want));
	ck_assert(slice_eq(tls_alpn(client_end.io.tls), want));
}
END_TEST

/* ---- certificates of clients ---- */

static void
show(const struct cert *c)
{
	tls_identity_free(cw.identity);
	cw.identity = c != NULL ? cert_identity(c, NULL) : NULL;
	tls_client_free(client);
	client = NULL;
	tls_resume_drop(&resume);
}

START_TEST(client_certificates)
{
	struct cert mine =
	    cert_make(&(struct cert_want){ .cn = "me", .by = &ca });
	struct cert stranger = cert_make(&(struct cert_want){ .cn = "other" });
	struct cert old = cert_make(&(struct cert_want){
	    .cn = "old", .by = &ca, .from_days = -9, .to_days = -2 });
	struct tls_peer peer;

	most_version = _i == 0 ? 0x0303 : 0x0304;
	sw.trust = cert_trust(&ca, NULL);

	sw.verify = TLS_VERIFY_NONE;
	show(&mine);
	shake("a.test");
	assert_well();
	ck_assert(!tls_peer(server_end.io.tls, &peer));

	sw.verify = TLS_VERIFY_OPTIONAL;
	shake("a.test");
	assert_well();
	ck_assert(tls_peer(server_end.io.tls, &peer));
	ck_assert(slice_starts(peer.subject, SLICE_LIT("CN=me,O=")));
	show(NULL);
	shake("a.test");
	assert_well();
	ck_assert(!tls_peer(server_end.io.tls, &peer));
	/* A bad one is not as good as none. */
	show(&stranger);
	shake("a.test");
	assert_refused(
	    "the certificate comes from an unknown authority", "unknown CA");
	ck_assert(server_end.fault_is_certificate);

	sw.verify = TLS_VERIFY_REQUIRE;
	shake("a.test");
	assert_refused(
	    "the certificate comes from an unknown authority", "unknown CA");
	show(&old);
	shake("a.test");
	assert_refused("the certificate has expired", "certificate expired");
	show(&mine);
	shake("a.test");
	assert_well();
	ck_assert(tls_peer(server_end.io.tls, &peer));
	show(NULL);
	shake("a.test");
	assert_refused("no certificate was shown",
	    _i == 0 ? "handshake failure" : "certificate required");
	ck_assert(server_end.fault_is_certificate);

	cert_free(&mine);
	cert_free(&stranger);
	cert_free(&old);
}
END_TEST

START_TEST(authorities_are_named)
{
	sw.trust = cert_trust(&ca, NULL);
	sw.verify = TLS_VERIFY_OPTIONAL;
	shake("a.test");
	ck_assert_int_eq(
	    sk_X509_NAME_num(SSL_get0_peer_CA_list(client_end.io.tls->ssl)), 1);
}
END_TEST

START_TEST(revoked)
{
	struct cert mine = cert_make(
	    &(struct cert_want){ .cn = "me", .by = &ca, .serial = 7 });
	struct cert other = cert_make(
	    &(struct cert_want){ .cn = "him", .by = &ca, .serial = 8 });
	struct text crls;

	text_init(&crls);
	cert_put_crl(&crls, &ca, &other, 7);
	sw.trust = cert_trust(&ca, &crls);
	sw.verify = TLS_VERIFY_REQUIRE;
	show(&mine);
	shake("a.test");
	assert_well();
	show(&other);
	shake("a.test");
	assert_refused(
	    "the certificate has been revoked", "certificate revoked");

	/* A list that is too old says nothing, and that is not enough. */
	tls_trust_free(sw.trust);
	text_clear(&crls);
	cert_put_crl(&crls, &ca, &other, -1);
	sw.trust = cert_trust(&ca, &crls);
	show(&mine);
	shake("a.test");
	ck_assert_str_eq(server_end.fault,
	    "the revocation list for the certificate has expired");

	/* Neither is one of somebody else. */
	tls_trust_free(sw.trust);
	text_clear(&crls);
	cert_put_crl(&crls, &mine, NULL, 7);
	sw.trust = cert_trust(&ca, &crls);
	shake("a.test");
	ck_assert_str_eq(server_end.fault,
	    "there is no revocation list for the certificate");
	text_fini(&crls);
	cert_free(&mine);
	cert_free(&other);
}
END_TEST

START_TEST(depth)
{
	struct cert via = cert_make(
	    &(struct cert_want){ .cn = "via", .by = &ca, .ca = true });
	struct cert mine =
	    cert_make(&(struct cert_want){ .cn = "me", .by = &via });

	sw.trust = cert_trust(&ca, NULL);
	sw.verify = TLS_VERIFY_REQUIRE;
	sw.depth = 1;
	show(&mine);
	tls_identity_free(cw.identity);
	cw.identity = cert_identity(&mine, &via);
	shake("a.test");
	assert_well();
	sw.depth = 0;
	shake("a.test");
	ck_assert_str_eq(
	    server_end.fault, "the certificate's chain is too long");
	cert_free(&via);
	cert_free(&mine);
}
END_TEST

/* ---- staples ---- */

static struct slice
stapled(void)
{
	const unsigned char *p;
	long n = SSL_get_tlsext_status_ocsp_resp(client_end.io.tls->ssl, &p);

	return n < 0 ? SLICE_NONE : slice_make((const char *)p, (size_t)n);
}

START_TEST(staples)
{
	struct tls_server *s;
	struct tls *t;

	most_version = _i == 0 ? 0x0303 : 0x0304;
	host.ids[1] =
	    cert_identity_stapled(&leaf_rsa, NULL, SLICE_LIT("of rsa"));
	host.count = 2;
	shake("a.test");
	ck_assert_uint_eq(stapled().n, 0);
	for (int rsa = 0; rsa < 2; rsa++) {
		sigalgs = rsa ? "RSA-PSS+SHA256" : "ECDSA+SHA256";
		pair_close();
		tls_resume_drop(&resume);
		s = tls_server_new(&sw, &host_hooks);
		t = connect_client(SLICE_LIT("a.test"));
		SSL_set_tlsext_status_type(t->ssl, TLSEXT_STATUSTYPE_ocsp);
		pair_open(tls_accept(s, &host), t);
		tls_server_free(s);
		turns(10);
		assert_well();
		ck_assert(slice_eq(
		    stapled(), rsa ? SLICE_LIT("of rsa") : SLICE_NONE));
	}
}
END_TEST

/* ---- tickets ---- */

static void
keys_new(size_t count)
{
	host.key_count = count;
	for (size_t i = 0; i < count; i++)
		RAND_bytes((void *)&host.keys[i], sizeof(host.keys[i]));
}

/* Another server object each time: as in another worker. */
static void
shake_resuming(bool resumes)
{
	client_end.greeting = "x";
	/* The ticket leaves with it. */
	server_end.greeting = "y";
	shake("a.test");
	assert_well();
	ck_assert_int_eq(tls_resumed(server_end.io.tls), resumes);
	ck_assert_int_eq(tls_resumed(client_end.io.tls), resumes);
	ck_assert(slice_eq(tls_sni(server_end.io.tls), SLICE_LIT("a.test")));
}

START_TEST(tickets)
{
	most_version = _i == 0 ? 0x0303 : 0x0304;
	sw.trust = cert_trust(&ca, NULL);
	keys_new(1);
	shake_resuming(false);
	ck_assert_ptr_nonnull(resume.session);
	shake_resuming(true);
	shake_resuming(true);

	/* The key is an old one: it counts, and a new ticket comes. */
	host.keys[1] = host.keys[0];
	RAND_bytes((void *)&host.keys[0], sizeof(host.keys[0]));
	host.key_count = 2;
	shake_resuming(true);
	host.key_count = 1;
	shake_resuming(true);

	/* It is gone. */
	keys_new(1);
	shake_resuming(false);
	shake_resuming(true);

	/* Others' tickets do not count here, and the next are ours. */
	sw.ticket_scope[31] = 1;
	shake_resuming(false);
	shake_resuming(true);

	/* None are made. */
	host.key_count = 0;
	shake_resuming(false);
	ck_assert(resume.session == NULL);
	shake_resuming(false);
}
END_TEST

START_TEST(tickets_keep_the_client)
{
	struct cert mine = cert_make(&(struct cert_want){
	    .cn = "me", .by = &ca, .san = "URI:spiffe://a/b" });
	struct tls_peer peer;

	most_version = _i == 0 ? 0x0303 : 0x0304;
	sw.trust = cert_trust(&ca, NULL);
	sw.verify = TLS_VERIFY_REQUIRE;
	keys_new(1);
	show(&mine);
	shake_resuming(false);
	shake_resuming(true);
	ck_assert(tls_peer(server_end.io.tls, &peer));
	ck_assert(slice_eq(peer.san, SLICE_LIT("URI:spiffe://a/b")));
	cert_free(&mine);
}
END_TEST

/* A session says no more, and no less, than a new handshake would. */
START_TEST(tickets_of_another_policy)
{
	struct cert mine =
	    cert_make(&(struct cert_want){ .cn = "me", .by = &ca });
	struct tls_peer peer;

	most_version = _i == 0 ? 0x0303 : 0x0304;
	sw.trust = cert_trust(&ca, NULL);
	keys_new(1);
	shake_resuming(false);
	sw.verify = TLS_VERIFY_OPTIONAL;
	shake_resuming(true);
	sw.verify = TLS_VERIFY_REQUIRE;
	client_end.greeting = "x";
	shake("a.test");
	ck_assert_str_eq(server_end.fault, "no certificate was shown");
	show(&mine);
	shake_resuming(false);
	shake_resuming(true);
	sw.verify = TLS_VERIFY_NONE;
	shake_resuming(false);
	ck_assert(!tls_peer(server_end.io.tls, &peer));
	cert_free(&mine);
}
END_TEST

/* A ticket must not outlive the certificate that is in it. */
START_TEST(tickets_end_with_the_certificate)
{
	struct cert mine =
	    cert_make(&(struct cert_want){ .cn = "me", .by = &ca });

	most_version = _i == 0 ? 0x0303 : 0x0304;
	sw.trust = cert_trust(&ca, NULL);
	sw.verify = TLS_VERIFY_OPTIONAL;
	keys_new(1);
	X509_gmtime_adj(X509_getm_notAfter(mine.x), 3);
	X509_sign(mine.x, ca.key, EVP_sha256());
	show(&mine);
	shake_resuming(false);
	while (X509_cmp_current_time(X509_get0_notAfter(mine.x)) > 0)
		usleep(10000);
	client_end.greeting = "x";
	shake("a.test");
	ck_assert_str_eq(server_end.fault, "the certificate has expired");
	cert_free(&mine);
}
END_TEST

START_TEST(names_of_resumed_ones_are_asked_for)
{
	most_version = _i == 0 ? 0x0303 : 0x0304;
	keys_new(1);
	shake_resuming(false);
	host.count = 0;
	shake("a.test");
	ck_assert_str_eq(server_end.story, "f");
	ck_assert_str_eq(server_end.fault,
	    "there is no certificate for the name \"a.test\"");
}
END_TEST

static void
teardown_client(void)
{
	tls_client_free(client);
	client = NULL;
	teardown();
}

int
main(void)
{
	Suite *suite = suite_create("tls_server");
	TCase *tc = tcase_create("tls_server");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown_client);
	tcase_add_loop_test(
	    tc, names_are_asked_for, 0, sizeof(names) / sizeof(names[0]));
	tcase_add_test(tc, no_name);
	tcase_add_loop_test(tc, unknown_name, 0, 2);
	tcase_add_loop_test(
	    tc, kinds_of_key, 0, sizeof(kinds) / sizeof(kinds[0]));
	tcase_add_loop_test(
	    tc, cheap_ciphers_first, 0, sizeof(ciphers) / sizeof(ciphers[0]));
	tcase_add_test(tc, kind_that_is_not_there);
	tcase_add_test(tc, the_chain_is_sent);
	tcase_add_loop_test(
	    tc, protocol, 0, sizeof(protocols) / sizeof(protocols[0]));
	tcase_add_loop_test(tc, client_certificates, 0, 2);
	tcase_add_test(tc, authorities_are_named);
	tcase_add_test(tc, revoked);
	tcase_add_test(tc, depth);
	tcase_add_loop_test(tc, staples, 0, 2);
	tcase_add_loop_test(tc, tickets, 0, 2);
	tcase_add_loop_test(tc, tickets_keep_the_client, 0, 2);
	tcase_add_loop_test(tc, tickets_of_another_policy, 0, 2);
	tcase_add_loop_test(tc, tickets_end_with_the_certificate, 1, 2);
	tcase_add_loop_test(tc, names_of_resumed_ones_are_asked_for, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
