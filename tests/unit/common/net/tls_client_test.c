/*
 * Tests of tls_client.c: who is believed, and sessions that are used again.
 */
#include "tests/unit/common/net/tls_kit.h"

#include <openssl/rand.h>

#include "common/net/tls_state.h"

static struct cert ca;
static struct host host;
static struct tls_server *server;
static struct tls_client *client;
static struct tls_trust *trust;
static struct tls_resume resume;
static unsigned most_version;

static void
setup(void)
{
	struct tls_server_want want = { .min_version = 0x0303 };
	struct tls_client_want cw = { .min_version = 0x0303 };

	kit_setup();
	ca = cert_make(&(struct cert_want){ .cn = "ca", .ca = true });
	trust = cert_trust(&ca, NULL);
	host = (struct host){ .count = 1, .key_count = 1 };
	RAND_bytes((void *)&host.keys[0], sizeof(host.keys[0]));
	server = tls_server_new(&want, &host_hooks);
	cw.trust = trust;
	client = tls_client_new(&cw);
}

static void
teardown(void)
{
	tls_resume_drop(&resume);
	kit_teardown();
	tls_identity_free(host.ids[0]);
	tls_server_free(server);
	tls_client_free(client);
	tls_trust_free(trust);
	cert_free(&ca);
}

static void
serve(const struct cert_want *want)
{
	struct cert c = cert_make(want);

	tls_identity_free(host.ids[0]);
	host.ids[0] = cert_identity(&c, NULL);
	cert_free(&c);
}

static void
shake(struct tls_client *c, const char *name)
{
	struct tls *t = tls_connect(c, slice_str(name), &resume);

	if (most_version != 0)
		SSL_set_max_proto_version(t->ssl, (int)most_version);
	pair_close();
	server_end.greeting = "x";
	pair_open(tls_accept(server, &host), t);
	turns(10);
}

#define BAD_NAME "the certificate is for another name"
#define BAD_DATE "the certificate has expired"
#define BAD_CA "the certificate comes from an unknown authority"

/* {name that is expected, names of the certificate, the fault, SNI} */
static const struct {
	const char *name, *san, *fault, *sni;
} checks[] = {
	{ "a.test", "DNS:a.test", "", "[a.test]" },
	{ "A.test", "DNS:a.TEST", "", "[a.test]" },
	{ "a.test.", "DNS:a.test", "", "[a.test]" },
	{ "a.test", "DNS:b.test,DNS:a.test", "", "[a.test]" },
	{ "a.test", "DNS:*.test", BAD_NAME, "[a.test]" },
	{ "a.b.test", "DNS:*.b.test", "", "[a.b.test]" },
	{ "a.b.test", "DNS:*.test", BAD_NAME, "[a.b.test]" },
	{ "abc.b.test", "DNS:a*.b.test", BAD_NAME, "[abc.b.test]" },
	{ "b.test", "DNS:a.test", BAD_NAME, "[b.test]" },
	{ "127.0.0.1", "IP:127.0.0.1", "", "[]" },
	{ "127.0.0.1", "IP:127.0.0.2", BAD_NAME, "[]" },
	{ "127.0.0.1", "DNS:127.0.0.1", BAD_NAME, "[]" },
	{ "::1", "IP:::1", "", "[]" },
	{ "::1", "IP:127.0.0.1", BAD_NAME, "[]" },
	{ "", "DNS:a.test", "", "[]" },
};

START_TEST(names)
{
	bool ok = checks[_i].fault[0] == '\0';

	serve(&(struct cert_want){
	    .cn = "cn", .san = checks[_i].san, .by = &ca });
	shake(client, checks[_i].name);
	ck_assert_str_eq(client_end.fault, checks[_i].fault);
	ck_assert_str_eq(client_end.story, ok ? "ci" : "f");
	ck_assert(client_end.fault_is_certificate == !ok);
	ck_assert_str_eq(host.asked, checks[_i].sni);
	if (!ok) {
		/* And the server hears why. */
		ck_assert_int_eq(client_end.error, EPROTO);
		ck_assert_str_eq(server_end.fault,
		    "the peer sent the alert \"bad certificate\"");
	}
}
END_TEST

START_TEST(the_common_name_is_no_name)
{
	serve(&(struct cert_want){
	    .cn = "a.test", .san = "DNS:b.test", .by = &ca });
	shake(client, "a.test");
	ck_assert_str_eq(client_end.fault, BAD_NAME);
}
END_TEST

START_TEST(certificates_that_do_not_hold)
{
	struct cert stranger =
	    cert_make(&(struct cert_want){ .cn = "ca", .ca = true });
	struct cert mere = cert_make(&(struct cert_want){
	    .cn = "mere", .san = "DNS:a.test", .by = &ca });

	most_version = _i == 0 ? 0x0303 : 0x0304;
	serve(&(struct cert_want){ .cn = "x",
	    .san = "DNS:a.test",
	    .by = &ca,
	    .from_days = -9,
	    .to_days = -2 });
	shake(client, "a.test");
	ck_assert_str_eq(client_end.fault, BAD_DATE);
	serve(&(struct cert_want){ .cn = "x",
	    .san = "DNS:a.test",
	    .by = &ca,
	    .from_days = 2,
	    .to_days = 9 });
	shake(client, "a.test");
	ck_assert_str_eq(client_end.fault, "the certificate is not valid yet");
	serve(&(struct cert_want){
	    .cn = "x", .san = "DNS:a.test", .by = &stranger });
	shake(client, "a.test");
	ck_assert_ptr_nonnull(strstr(client_end.fault, "the certificate "));
	serve(&(struct cert_want){ .cn = "x", .san = "DNS:a.test" });
	shake(client, "a.test");
	ck_assert_str_eq(client_end.fault, BAD_CA);
	/* One that may not sign. */
	serve(
	    &(struct cert_want){ .cn = "x", .san = "DNS:a.test", .by = &mere });
	shake(client, "a.test");
	ck_assert_str_eq(client_end.fault, BAD_CA);
	ck_assert_str_eq(client_end.story, "f");
	ck_assert(resume.session == NULL);
	cert_free(&stranger);
	cert_free(&mere);
}
END_TEST

START_TEST(nothing_is_verified)
{
	struct tls_client_want want = { .min_version = 0x0303 };
	struct tls_client *c = tls_client_new(&want);

	serve(&(struct cert_want){ .cn = "x", .to_days = -1, .from_days = -5 });
	shake(c, "a.test");
	ck_assert_str_eq(client_end.story, "ci");
	ck_assert_str_eq(host.asked, "[a.test]");
	tls_client_free(c);
}
END_TEST

START_TEST(a_name_too_long)
{
	char name[300];

	memset(name, 'a', sizeof(name));
	ck_assert_ptr_null(
	    tls_connect(client, slice_make(name, sizeof(name)), NULL));
	ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

/* ---- sessions ---- */

static void
assert_resumed(bool resumed)
{
	ck_assert_str_eq(client_end.fault, "");
	ck_assert_str_eq(client_end.story, "ci");
	ck_assert_int_eq(tls_resumed(client_end.io.tls), resumed);
}

START_TEST(sessions)
{
	struct tls_client_want want = { .trust = trust, .min_version = 0x0303 };
	struct tls_client *other = tls_client_new(&want);

	most_version = _i == 0 ? 0x0303 : 0x0304;
	serve(&(struct cert_want){
	    .cn = "x", .san = "DNS:a.test,DNS:b.test", .by = &ca });
	for (int i = 0; i < 4; i++) {
		shake(client, "a.test");
		assert_resumed(i != 0);
		ck_assert_ptr_nonnull(resume.session);
	}
	/* It is not for another name, nor for another policy. */
	shake(client, "b.test");
	assert_resumed(false);
	shake(client, "b.test");
	assert_resumed(true);
	shake(other, "b.test");
	assert_resumed(false);
	tls_client_free(other);
}
END_TEST

START_TEST(sessions_are_used_once)
{
	void *first;
	struct tls *t;

	serve(&(struct cert_want){ .cn = "x", .san = "DNS:a.test", .by = &ca });
	shake(client, "a.test");
	first = resume.session;
	ck_assert_ptr_nonnull(first);
	t = tls_connect(client, SLICE_LIT("a.test"), &resume);
	ck_assert(resume.session == NULL);
	tls_free(t);
}
END_TEST

/* Whatever way the connection ended, the session is good. */
START_TEST(sessions_outlive_rough_ends)
{
	serve(&(struct cert_want){ .cn = "x", .san = "DNS:a.test", .by = &ca });
	shake(client, "a.test");
	io_close(&client_end.io, _i == 0);
	turns(2);
	shake(client, "a.test");
	assert_resumed(true);
	io_close(&server_end.io, true);
	turns(2);
	shake(client, "a.test");
	assert_resumed(true);
}
END_TEST

START_TEST(no_room_for_sessions)
{
	struct tls *t;

	serve(&(struct cert_want){ .cn = "x", .san = "DNS:a.test", .by = &ca });
	t = tls_connect(client, SLICE_LIT("a.test"), NULL);
	pair_open(tls_accept(server, &host), t);
	turns(10);
	ck_assert_str_eq(client_end.story, "c");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls_client");
	TCase *tc = tcase_create("tls_client");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, names, 0, sizeof(checks) / sizeof(checks[0]));
	tcase_add_test(tc, the_common_name_is_no_name);
	tcase_add_loop_test(tc, certificates_that_do_not_hold, 0, 2);
	tcase_add_test(tc, nothing_is_verified);
	tcase_add_test(tc, a_name_too_long);
	tcase_add_loop_test(tc, sessions, 0, 2);
	tcase_add_test(tc, sessions_are_used_once);
	tcase_add_loop_test(tc, sessions_outlive_rough_ends, 0, 2);
	tcase_add_test(tc, no_room_for_sessions);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
