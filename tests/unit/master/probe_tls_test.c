/*
 * probe_tls_test.c - what is made of TLS between a probe and its endpoint.
 */
#include "tests/unit/master/probe_peer.h"

#include "tests/unit/common/net/cert_kit.h"

static struct tls_identity *shown;
static struct cert ca;
static struct kit_service k;

static size_t
choose(void *ctx, struct slice name, struct tls_identity *ids[TLS_CHOICES_MAX])
{
	(void)ctx;
	peer_put(name);
	peer_put(SLICE_LIT(": "));
	ids[0] = shown;
	return 1;
}

static bool
no_key(void *ctx, struct tls_ticket_key *key)
{
	(void)ctx;
	(void)key;
	return false;
}

static bool
no_find(void *ctx, const uint8_t name[TLS_TICKET_NAME],
    struct tls_ticket_key *key, bool *current)
{
	(void)ctx;
	(void)name;
	(void)key;
	(void)current;
	return false;
}

static const struct tls_hooks hooks = { choose, no_key, no_find };

/* The endpoint shows a certificate for this name, and k believes in its
 * authority. */
static void
secure(const char *san, const char *alpn, int from_days, int to_days)
{
	struct cert leaf;
	struct tls_trust *trust;
	struct tls_server_want server = { .min_version = 0x0303,
		.alpn = slice_str(alpn) };
	struct tls_client_want client = { .min_version = 0x0303,
		.alpn = SLICE_LIT("\x02h2") };

	ca = cert_make(&(struct cert_want){ "ca", .ca = true, .serial = 1 });
	leaf = cert_make(&(struct cert_want){ "leaf", .san = san, .by = &ca,
	    .serial = 2, .from_days = from_days, .to_days = to_days });
	shown = cert_identity(&leaf, NULL);
	peer_tls = tls_server_new(&server, &hooks);
	trust = cert_trust(&ca, NULL);
	client.trust = trust;
	k = (struct kit_service){ .name = "s",
		.type = IMG_CHECK_HTTP,
		.h2 = true,
		.tls = tls_client_new(&client) };
	ck_assert(peer_tls != NULL && k.tls != NULL);
	tls_trust_free(trust);
	cert_free(&leaf);
	says = (struct says){ .status = 200, .body = SLICE_LIT("ok") };
}

static void
done(void)
{
	teardown();
	tls_identity_free(shown);
	tls_client_free(k.tls);
	cert_free(&ca);
}

static void
fault_is(const char *want)
{
	struct text words = { 0 };

	ck_assert_int_eq(probe.result, PROBE_BAD);
	ck_assert_int_eq(probe.cause, CAUSE_PROBE_TLS);
	tls_fault_words(&words, probe.detail);
	ck_assert_msg(slice_eq(text_slice(&words), slice_str(want)), "%.*s",
	    SLICE_FMT(text_slice(&words)));
	text_fini(&words);
}

START_TEST(good)
{
	secure("DNS:e.test", "\x02h2", 0, 0);
	run(&k);
	GOOD();
	asked("e.test: GET https e:1 /|" AGENT);
}
END_TEST

START_TEST(another_name)
{
	secure("DNS:other.test", "\x02h2", 0, 0);
	run(&k);
	fault_is("the certificate is for another name");
	ck_assert_int_eq(peer.error, EPROTO);
}
END_TEST

START_TEST(expired)
{
	secure("DNS:e.test", "\x02h2", -9, -1);
	run(&k);
	fault_is("the certificate has expired");
}
END_TEST

START_TEST(no_agreement)
{
	secure("DNS:e.test", "", 0, 0);
	run(&k);
	fault_is("the peer does not agree to the protocol");
}
END_TEST

START_TEST(none_at_all)
{
	secure("DNS:e.test", "", 0, 0);
	tls_server_free(peer_tls);
	peer_tls = NULL;
	says = (struct says){ .raw = "220 mail.test ESMTP\r\n" };
	run(&k);
	fault_is("wrong version number");
}
END_TEST

START_TEST(closed_in_the_handshake)
{
	secure("DNS:e.test", "", 0, 0);
	tls_server_free(peer_tls);
	peer_tls = NULL;
	says = (struct says){ .raw = "", .close = true };
	run(&k);
	fault_is("the peer closed the connection in the handshake");
}
END_TEST

/* The handshake takes its time out of the same deadline. */
START_TEST(hangs_in_the_handshake)
{
	secure("DNS:e.test", "", 0, 0);
	tls_server_free(peer_tls);
	peer_tls = NULL;
	says = (struct says){ .raw = "" };
	k.timeout_us = 50000;
	run(&k);
	came_to(PROBE_BAD, CAUSE_PROBE_TIMEOUT, 0);
}
END_TEST

START_TEST(refused)
{
	secure("DNS:e.test", "", 0, 0);
	close(listener);
	listener = -1;
	run(&k);
	came_to(PROBE_BAD, CAUSE_PROBE_CONNECT, ECONNREFUSED);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("probe_tls");

	tcase_add_checked_fixture(tc, setup, done);
	tcase_add_test(tc, good);
	tcase_add_test(tc, another_name);
	tcase_add_test(tc, expired);
	tcase_add_test(tc, no_agreement);
	tcase_add_test(tc, none_at_all);
	tcase_add_test(tc, closed_in_the_handshake);
	tcase_add_test(tc, hangs_in_the_handshake);
	tcase_add_test(tc, refused);
	return fixture_run(tc, "probe_tls");
}
