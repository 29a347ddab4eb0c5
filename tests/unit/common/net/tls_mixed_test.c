/*
 * Tests of TLS's io with libssl itself at the other end: what is said comes
 * through, whatever comes when. Two connections share the areas, one of a
 * server and one of a client; the peer of each cuts its bytes anywhere, changes
 * keys and the size of its records, sends tickets, and reads when it likes.
 */
#include "tests/unit/common/net/tls_site_kit.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>

#include "common/net/tls_state.h"

#define ROUNDS 12
#define STEPS 3000
#define SAID_MAX 40000 /* bytes at once */
#define UNSENT_MAX 200000
#define HALF 900 /* a record and a half */

/* The other end of a connection. */
struct peer {
	struct end *of;
	SSL *ssl;
	BIO *in, *out;
	int fd;
	char *held; /* records that the socket did not take yet */
	size_t held_n, held_at;
	size_t said, heard; /* bytes of data */
	size_t told;        /* to it */
	unsigned silent;    /* steps before it is told anything */
	bool ended;         /* by close_notify */
};

static struct peer peers[2];
static SSL_CTX *contexts[2]; /* of a client, of a server */
static uint64_t chance;

static uint32_t
below(uint32_t n)
{
	chance = hash_u64(chance + 1);
	return (uint32_t)(chance >> 32) % n;
}

/* What is said: byte i of it. */
static char
said(size_t i)
{
	return (char)(i * 7 + i / 251 + i / 70001);
}

static size_t
said_write(char *to, size_t from)
{
	size_t n = below(4) == 0 ? below(SAID_MAX) + 1 : below(300) + 1;

	for (size_t i = 0; i < n; i++)
		to[i] = said(from + i);
	return n;
}

static void
assert_said(const char *p, size_t n, size_t from)
{
	size_t i = 0;

	while (i < n && p[i] == said(from + i))
		i++;
	ck_assert_uint_eq(i, n);
}

/* ---- the peer ---- */

/* So much that it is several records, where they are short. */
static int
ticket_make(SSL *ssl, void *arg)
{
	static const char more[2000];

	(void)arg;
	return SSL_SESSION_set1_ticket_appdata(
	    SSL_get0_session(ssl), more, sizeof(more) / 2 + below(1000));
}

static SSL_TICKET_RETURN
ticket_take(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t n,
    SSL_TICKET_STATUS status, void *arg)
{
	(void)ssl;
	(void)session;
	(void)name;
	(void)n;
	(void)status;
	(void)arg;
	return SSL_TICKET_RETURN_IGNORE;
}

static void
peer_open(struct peer *p, struct end *of, bool serves)
{
	static const char *const suites[] = { "TLS_AES_128_GCM_SHA256",
		"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256" };
	int fds[2];

	ck_assert_int_eq(
	    socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
	    0);
	*p = (struct peer){ .of = of, .fd = fds[1] };
	p->ssl = SSL_new(contexts[serves]);
	p->in = BIO_new(BIO_s_mem());
	p->out = BIO_new(BIO_s_mem());
	SSL_set_bio(p->ssl, p->in, p->out);
	SSL_set_ciphersuites(p->ssl, suites[below(3)]);
	if (below(8) == 0)
		SSL_set_max_proto_version(p->ssl, TLS1_2_VERSION);
	if (below(8) == 0)
		SSL_set_block_padding(p->ssl, 64);
	if (serves)
		SSL_set_accept_state(p->ssl);
	else
		SSL_set_connect_state(p->ssl);
	end_open(of, fds[0]);
	of->most = below(3) == 0 ? 1 + below(3000) : 0;
	of->resume = true;
	p->silent = below(2) * 300;
	io_secure(&of->io,
	    serves ? tls_connect(client, SLICE_LIT("a.test"), NULL)
		   : tls_accept(server, &host));
}

static void
peer_close(struct peer *p)
{
	SSL_free(p->ssl);
	close(p->fd);
	free(p->held);
}

/* What it has to send; 0: nothing. */
static size_t
peer_has(struct peer *p)
{
	if (p->held_at == p->held_n) {
		p->held_n = BIO_ctrl_pending(p->out);
		p->held_at = 0;
		free(p->held);
		p->held = malloc(p->held_n + 1);
		if (p->held_n != 0)
			ck_assert_int_eq(
			    BIO_read(p->out, p->held, (int)p->held_n),
			    (int)p->held_n);
	}
	return p->held_n - p->held_at;
}

static void
peer_send(struct peer *p, size_t n)
{
	ssize_t sent = send(p->fd, p->held + p->held_at, n, MSG_NOSIGNAL);

	if (sent > 0)
		p->held_at += (size_t)sent;
}

/* Some of it, cut anywhere. */
static void
peer_send_some(struct peer *p)
{
	size_t n = peer_has(p);

	if (below(2) == 0 && n > 40)
		n = 1 + below(40);
	peer_send(p, n);
}

static void
peer_receive(struct peer *p)
{
	char some[30000];
	size_t most = below(2) == 0 ? sizeof(some) : 1 + below(2000);
	ssize_t n = recv(p->fd, some, most, 0);

	if (n > 0)
		ck_assert_int_eq(BIO_write(p->in, some, (int)n), (int)n);
}

/* What libssl says is no failure, but for the end. */
static void
peer_assert(struct peer *p, int r)
{
	int error = SSL_get_error(p->ssl, r);

	p->ended |= error == SSL_ERROR_ZERO_RETURN;
	if (error != SSL_ERROR_NONE && !p->ended)
		ck_assert_int_eq(error, SSL_ERROR_WANT_READ);
	ERR_clear_error();
}

static void
peer_hear(struct peer *p)
{
	char some[30000];
	int n;

	while ((n = SSL_read(p->ssl, some, (int)sizeof(some))) > 0) {
		assert_said(some, (size_t)n, p->heard);
		p->heard += (size_t)n;
	}
	peer_assert(p, n);
}

static void
peer_say(struct peer *p)
{
	char some[SAID_MAX];
	size_t n = said_write(some, p->said);
	int r;

	if (BIO_ctrl_pending(p->out) > UNSENT_MAX)
		return;
	r = SSL_write(p->ssl, some, (int)n);
	peer_assert(p, r);
	if (r > 0)
		p->said += (size_t)r;
}

/* What is no data; as rarely as a peer may. */
static void
peer_fuss(struct peer *p)
{
	SSL_set_max_send_fragment(p->ssl, 512 + below(15873));
	if (SSL_version(p->ssl) != TLS1_3_VERSION)
		return;
	if (SSL_is_server(p->ssl) && below(2) == 0)
		(void)SSL_new_session_ticket(p->ssl);
	else
		(void)SSL_key_update(p->ssl,
		    below(2) == 0 ? SSL_KEY_UPDATE_REQUESTED
				  : SSL_KEY_UPDATE_NOT_REQUESTED);
	if (below(2) == 0)
		peer_assert(p, SSL_do_handshake(p->ssl));
}

static void
peer_step(struct peer *p, bool talks)
{
	peer_receive(p);
	if (SSL_is_init_finished(p->ssl) == 0)
		peer_assert(p, SSL_do_handshake(p->ssl));
	else if (below(4) != 0)
		peer_hear(p);
	if (talks && SSL_is_init_finished(p->ssl) == 1) {
		peer_say(p);
		if (below(40) == 0)
			peer_fuss(p);
	}
	peer_send_some(p);
}

/* ---- this end ---- */

static void
end_step(struct peer *p, bool talks)
{
	struct io *io = &p->of->io;
	char some[SAID_MAX];
	size_t n = said_write(some, p->told);

	ck_assert_str_eq(p->of->fault, "");
	if (p->silent != 0)
		p->silent--;
	else if (talks && io_unsent(io) < UNSENT_MAX) {
		obuf_write(&io->out, some, n);
		p->told += n;
	}
	switch (below(4)) {
	case 0:
		break;
	case 1:
		io_flush_soon(io, below(2) == 0);
		break;
	default:
		io_flush(io);
		break;
	}
	io_pause(io, talks && below(4) == 0);
	io_resume(io);
}

static bool
is_through(const struct peer *p)
{
	return p->heard == p->told && p->of->n == p->said;
}

static void
step(struct peer *p, bool talks)
{
	host.asked[0] = '\0';
	if (below(2) == 0)
		peer_step(p, talks);
	else
		end_step(p, talks);
	turns(1);
}

static void
setup(void)
{
	site_setup((struct tls_server_want){ .min_version = 0x0303 });
	contexts[0] = SSL_CTX_new(TLS_client_method());
	contexts[1] = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate(contexts[1], leaf.x);
	SSL_CTX_use_PrivateKey(contexts[1], leaf.key);
	SSL_CTX_set_session_ticket_cb(
	    contexts[1], ticket_make, ticket_take, NULL);
	for (int i = 0; i < 2; i++)
		SSL_CTX_set_mode(contexts[i], SSL_MODE_ENABLE_PARTIAL_WRITE);
}

static void
teardown(void)
{
	for (int i = 0; i < 2; i++)
		SSL_CTX_free(contexts[i]);
	site_teardown();
}

START_TEST(comes_through)
{
	chance = (uint64_t)_i;
	peer_open(&peers[0], &server_end, false);
	peer_open(&peers[1], &client_end, true);
	for (int i = 0; i < STEPS; i++)
		step(&peers[below(2)], true);
	for (int i = 0; i < 100 * STEPS &&
	     (!is_through(&peers[0]) || !is_through(&peers[1]));
	     i++)
		step(&peers[below(2)], false);
	for (int i = 0; i < 2; i++) {
		struct peer *p = &peers[i];

		ck_assert(is_through(p));
		ck_assert_uint_gt(p->said, 0);
		assert_said(p->of->got, p->of->n, 0);
		io_close(&p->of->io, false);
		for (int k = 0; k < 1000 && !p->ended; k++)
			peer_step(p, false);
		ck_assert(p->ended);
		peer_close(p);
	}
}
END_TEST

static void
settle(struct peer *p)
{
	for (int i = 0; i < 100; i++) {
		peer_step(p, false);
		turns(1);
	}
}

static void
end_says(struct peer *p)
{
	struct io *io = &p->of->io;
	char c = said(p->told++);

	obuf_append(&io->out, &c, 1);
	io_flush(io);
	turns(2);
}

/* Before the rest of it has come, libssl writes nothing: what is said waits,
 * but for what is sealed here. With an update of the key in front of it. */
START_TEST(half_a_ticket)
{
	struct peer *p = &peers[1];
	bool update = _i >= 3;

	peer_open(p, &client_end, true);
	SSL_set_max_proto_version(p->ssl, TLS1_3_VERSION);
	SSL_set_num_tickets(p->ssl, 0);
	settle(p);
	for (int i = 0; i < _i % 3; i++)
		end_says(p);
	settle(p);
	SSL_set_max_send_fragment(p->ssl, 512);
	if (update)
		ck_assert_int_eq(
		    SSL_key_update(p->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
	ck_assert_int_eq(SSL_do_handshake(p->ssl), 1);
	ck_assert_int_eq(SSL_new_session_ticket(p->ssl), 1);
	ck_assert_int_eq(SSL_do_handshake(p->ssl), 1);
	peer_say(p);
	ck_assert_uint_gt(peer_has(p), HALF);
	peer_send(p, HALF);
	turns(2);
	end_says(p);
	end_says(p);
	ck_assert_str_eq(p->of->fault, "");
	ck_assert_uint_eq(p->of->io.out.bytes, _i % 3 == 2 ? 0 : 2);
	peer_send(p, peer_has(p));
	turns(2);
	ck_assert_uint_eq(p->of->io.out.bytes, 0);
	settle(p);
	ck_assert_str_eq(p->of->fault, "");
	ck_assert(is_through(p));
	peer_close(p);
}
END_TEST

/* ---- records that libssl does not make ---- */

static unsigned char secret[32]; /* that the peer writes with */
static char messages[8000];      /* that it made */
static size_t messages_n;

static void
secret_keep(const SSL *ssl, const char *line)
{
	const char *hex = strrchr(line, ' ') + 1;

	(void)ssl;
	if (strncmp(line, "SERVER_TRAFFIC_SECRET_0 ", 24) != 0)
		return;
	for (size_t i = 0; i < sizeof(secret); i++)
		sscanf(hex + 2 * i, "%2hhx", &secret[i]);
}

static void
message_keep(int write, int version, int type, const void *bytes, size_t n,
    SSL *ssl, void *arg)
{
	(void)version;
	(void)ssl;
	(void)arg;
	if (write == 0 || type != SSL3_RT_HANDSHAKE)
		return;
	ck_assert_uint_le(messages_n + n, sizeof(messages));
	memcpy(messages + messages_n, bytes, n);
	messages_n += n;
}

/* RFC 8446 7.3 */
static void
secret_expand(const char *label, unsigned char *out, size_t n)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_3_KDF, NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	char digest[] = "SHA2-256", prefix[] = "tls13 ", text[8];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
		OSSL_PARAM_construct_utf8_string(
		    OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(
		    OSSL_KDF_PARAM_KEY, secret, sizeof(secret)),
		OSSL_PARAM_construct_octet_string(
		    OSSL_KDF_PARAM_PREFIX, prefix, 6),
		OSSL_PARAM_construct_octet_string(
		    OSSL_KDF_PARAM_LABEL, text, strlen(label)),
		OSSL_PARAM_construct_end(),
	};

	memcpy(text, label, strlen(label) + 1);
	ck_assert_int_eq(EVP_KDF_derive(ctx, out, n, params), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

/* Record `number` of the peer's, of TLS_AES_128_GCM_SHA256. */
static void
record_send(
    struct peer *p, uint8_t number, uint8_t type, const void *data, size_t n)
{
	unsigned char key[16], iv[12], out[9000] = { 0x17, 3, 3 };
	size_t sent = n + 1 + 16;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int m;

	secret_expand("key", key, sizeof(key));
	secret_expand("iv", iv, sizeof(iv));
	iv[11] ^= number;
	out[3] = (unsigned char)(sent >> 8);
	out[4] = (unsigned char)sent;
	memcpy(out + 5, data, n);
	out[5 + n] = type;
	EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, iv);
	EVP_EncryptUpdate(ctx, NULL, &m, out, 5);
	EVP_EncryptUpdate(ctx, out + 5, &m, out + 5, (int)n + 1);
	EVP_EncryptFinal_ex(ctx, out + 6 + n, &m);
	EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out + 6 + n);
	EVP_CIPHER_CTX_free(ctx);
	ck_assert_int_eq(
	    (int)send(p->fd, out, 5 + sent, MSG_NOSIGNAL), (int)(5 + sent));
	turns(2);
}

/* As BoringSSL and rustls do: libssl stops behind each of them, and has asked
 * for nothing when it does so behind the second. */
START_TEST(tickets_in_one_record)
{
	struct peer *p = &peers[1];

	SSL_CTX_set_keylog_callback(contexts[1], secret_keep);
	peer_open(p, &client_end, true);
	SSL_set_ciphersuites(p->ssl, "TLS_AES_128_GCM_SHA256");
	SSL_set_max_proto_version(p->ssl, TLS1_3_VERSION);
	SSL_set_num_tickets(p->ssl, 0);
	settle(p);
	end_says(p);
	messages_n = 0;
	SSL_set_msg_callback(p->ssl, message_keep);
	for (int i = 0; i < 1 + _i; i++)
		ck_assert_int_eq(SSL_new_session_ticket(p->ssl), 1);
	ck_assert_int_eq(SSL_do_handshake(p->ssl), 1);
	record_send(p, 0, SSL3_RT_HANDSHAKE, messages, messages_n);
	record_send(p, 1, SSL3_RT_APPLICATION_DATA, "answer", 6);
	ck_assert_str_eq(p->of->fault, "");
	ck_assert_uint_eq(p->of->n, 6);
	ck_assert_mem_eq(p->of->got, "answer", 6);
	peer_close(p);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls_mixed");
	TCase *tc = tcase_create("tls_mixed");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, comes_through, 0, ROUNDS);
	tcase_add_loop_test(tc, half_a_ticket, 0, 6);
	tcase_add_loop_test(tc, tickets_in_one_record, 0, 4);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
