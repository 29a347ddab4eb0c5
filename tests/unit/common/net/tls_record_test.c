/*
 * Tests of tls_record.c: what is sealed here, libssl opens at the other end, in
 * every suite, from the right record on, and whatever libssl says in between.
 */
#include "tests/unit/common/net/tls_site_kit.h"

#include "common/net/tls_record.h"
#include "common/net/tls_state.h"

#define BULK 300000

static void
setup(void)
{
	site_setup((struct tls_server_want){
	    .min_version = 0x0303, .verify = TLS_VERIFY_OPTIONAL, .depth = 3 });
}

static struct tls *
client_tls(struct tls_resume *resume)
{
	return tls_connect(client, SLICE_LIT("a.test"), resume);
}

static void
open_with(struct tls *t)
{
	pair_open(tls_accept(server, &host), t);
	turns(10);
	ck_assert_str_eq(client_end.story, "c");
	ck_assert_str_eq(server_end.story, "s");
}

/* Says it, and the other end hears this and nothing else. */
static void
says(struct end *from, const char *text)
{
	struct end *to = from == &server_end ? &client_end : &server_end;

	to->n = 0;
	obuf_append(&from->io.out, text, strlen(text));
	io_flush(&from->io);
	turns(3);
	ck_assert_uint_eq(to->n, strlen(text));
	ck_assert_mem_eq(to->got, text, to->n);
}

static void
talk(void)
{
	for (int i = 0; i < 3; i++) {
		says(&client_end, "question");
		says(&server_end, "answer");
	}
}

static void
both_seal(void)
{
	ck_assert_ptr_nonnull(client_end.io.tls->sealer);
	ck_assert_ptr_nonnull(server_end.io.tls->sealer);
}

static void
bye(void)
{
	io_close(&server_end.io, false);
	turns(2);
	ck_assert_ptr_nonnull(strchr(client_end.story, 'e'));
	ck_assert(!client_end.cut);
}

static const char *const suites[] = { "TLS_AES_128_GCM_SHA256",
	"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256" };

START_TEST(each_suite)
{
	struct tls *t = client_tls(NULL);

	ck_assert_int_eq(SSL_set_ciphersuites(t->ssl, suites[_i]), 1);
	open_with(t);
	ck_assert_str_eq(tls_cipher(t), suites[_i]);
	talk();
	both_seal();
	bye();
}
END_TEST

START_TEST(not_for_one_record)
{
	open_with(client_tls(NULL));
	says(&client_end, "question");
	says(&server_end, "answer");
	ck_assert_ptr_null(client_end.io.tls->sealer);
	ck_assert_ptr_null(server_end.io.tls->sealer);
	bye();
}
END_TEST

/* Records of libssl, with the same key, come before. */
START_TEST(behind_tickets)
{
	struct tls_resume resume = { 0 };

	host.key_count = _i == 0 ? 0 : 1;
	for (int round = 0; round < 3; round++) {
		open_with(client_tls(&resume));
		ck_assert_int_eq(
		    tls_resumed(server_end.io.tls), _i != 0 && round != 0);
		talk();
		both_seal();
		pair_close();
	}
	tls_resume_drop(&resume);
}
END_TEST

START_TEST(behind_a_certificate_of_the_client)
{
	struct tls_client_want w = {
		.min_version = 0x0303, .trust = trust, .identity = host.ids[0]
	};
	struct tls_client *c = tls_client_new(&w);

	open_with(tls_connect(c, SLICE_LIT("a.test"), NULL));
	talk();
	both_seal();
	bye();
	tls_client_free(c);
}
END_TEST

START_TEST(long_ones)
{
	char *text = malloc(BULK);

	open_with(client_tls(NULL));
	for (size_t i = 0; i < BULK; i++)
		text[i] = (char)('a' + i * 7 % 26 + i / 4096 % 7);
	for (int i = 0; i < 2; i++) {
		obuf_write(&server_end.io.out, text, BULK);
		io_flush(&server_end.io);
		turns(100);
	}
	ck_assert_uint_eq(client_end.n, 2 * BULK);
	ck_assert_mem_eq(client_end.got, text, BULK);
	ck_assert_mem_eq(client_end.got + BULK, text, BULK);
	ck_assert_ptr_nonnull(server_end.io.tls->sealer);
	free(text);
}
END_TEST

/* ---- what libssl says ---- */

static void
update(struct end *e, int type)
{
	ck_assert_int_eq(SSL_key_update(e->io.tls->ssl, type), 1);
}

/* After so many rounds of talk, by each of them, with an answer and without. */
START_TEST(updates_of_the_key)
{
	struct end *by = _i & 1 ? &client_end : &server_end;

	open_with(client_tls(NULL));
	for (int i = 0; i < _i / 4; i++) {
		says(&client_end, "question");
		says(&server_end, "answer");
	}
	for (int i = 0; i < 3; i++) {
		update(by,
		    _i & 2 ? SSL_KEY_UPDATE_REQUESTED
			   : SSL_KEY_UPDATE_NOT_REQUESTED);
		talk();
	}
	both_seal();
	ck_assert_int_eq(SSL_get_key_update_type(server_end.io.tls->ssl),
	    SSL_KEY_UPDATE_NONE);
	ck_assert_int_eq(SSL_get_key_update_type(client_end.io.tls->ssl),
	    SSL_KEY_UPDATE_NONE);
	bye();
}
END_TEST

/* Nobody makes so many records here: as if it had. The last one with a key says
 * that there is another, which the next one has. */
START_TEST(no_key_for_ever)
{
	struct tls *t;
	struct tls_traffic next;

	open_with(client_tls(NULL));
	talk();
	t = server_end.io.tls;
	next = t->traffic;
	ck_assert(tls_kdf_update(&next));
	t->sealed = TLS_RECORDS_PER_KEY - 1;
	ck_assert_uint_eq(tls_record_write(t, SLICE_LIT("the last")), 8);
	ck_assert_mem_ne(t->traffic.key, next.key, sizeof(next.key));
	ck_assert_uint_eq(tls_record_write(t, SLICE_LIT("the first")), 9);
	ck_assert_mem_eq(t->traffic.secret, next.secret, sizeof(next.secret));
	ck_assert_mem_eq(t->traffic.key, next.key, sizeof(next.key));
	ck_assert_mem_eq(t->traffic.iv, next.iv, sizeof(next.iv));
	ck_assert_uint_eq(t->sealed, 1);
}
END_TEST

START_TEST(updates_do_not_pile_up)
{
	open_with(client_tls(NULL));
	talk();
	for (int i = 0; i < 12; i++) {
		server_end.io.writable = false;
		update(&client_end, SSL_KEY_UPDATE_REQUESTED);
		says(&client_end, "x");
		ck_assert_uint_le(server_end.io.wire_bytes, 100);
	}
	server_end.io.writable = true;
	talk();
}
END_TEST

START_TEST(alerts)
{
	open_with(client_tls(NULL));
	talk();
	ck_assert_int_eq((int)write(client_end.io.watch.fd,
			     "\x17\3\3\0\x20"
			     "01234567890123456789012345678901",
			     37),
	    37);
	turns(3);
	ck_assert_str_eq(
	    server_end.fault, "decryption failed or bad record mac");
	ck_assert_str_eq(
	    client_end.fault, "the peer sent the alert \"bad record mac\"");
}
END_TEST

/* ---- libssl goes on ---- */

START_TEST(small_ones_that_are_wanted)
{
	struct tls *t = client_tls(NULL);

	ck_assert_int_eq(SSL_set_tlsext_max_fragment_length(
			     t->ssl, TLSEXT_max_fragment_length_512),
	    1);
	open_with(t);
	talk();
	ck_assert_ptr_null(server_end.io.tls->sealer);
	update(&client_end, SSL_KEY_UPDATE_REQUESTED);
	talk();
	bye();
}
END_TEST

/* What it makes is not what would be made here. */
START_TEST(padded_ones)
{
	struct tls *t = client_tls(NULL);

	ck_assert_int_eq(SSL_set_block_padding(t->ssl, 64), 1);
	open_with(t);
	talk();
	ck_assert_ptr_null(client_end.io.tls->sealer);
	ck_assert_ptr_nonnull(server_end.io.tls->sealer);
	bye();
}
END_TEST

/* As a libssl would that does not tell of each record: the number is not
 * known, and must not be guessed. */
START_TEST(uncounted_ones)
{
	open_with(client_tls(NULL));
	SSL_set_msg_callback(server_end.io.tls->ssl, NULL);
	talk();
	ck_assert_ptr_null(server_end.io.tls->sealer);
	ck_assert_ptr_nonnull(client_end.io.tls->sealer);
	bye();
}
END_TEST

START_TEST(an_older_version)
{
	struct tls *t = client_tls(NULL);

	SSL_set_max_proto_version(t->ssl, TLS1_2_VERSION);
	open_with(t);
	talk();
	ck_assert_ptr_null(client_end.io.tls->sealer);
	ck_assert_ptr_null(server_end.io.tls->sealer);
	bye();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls_record");
	TCase *tc = tcase_create("tls_record");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, site_teardown);
	tcase_add_loop_test(tc, each_suite, 0, 3);
	tcase_add_test(tc, not_for_one_record);
	tcase_add_loop_test(tc, behind_tickets, 0, 2);
	tcase_add_test(tc, behind_a_certificate_of_the_client);
	tcase_add_test(tc, long_ones);
	tcase_add_loop_test(tc, updates_of_the_key, 0, 16);
	tcase_add_test(tc, no_key_for_ever);
	tcase_add_test(tc, updates_do_not_pile_up);
	tcase_add_test(tc, alerts);
	tcase_add_test(tc, small_ones_that_are_wanted);
	tcase_add_test(tc, padded_ones);
	tcase_add_test(tc, uncounted_ones);
	tcase_add_test(tc, an_older_version);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
