/*
 * handshake.c - the floor of new TLS connections: full handshakes of a server
 * and a client of OpenSSL in one process, over memory, as OpenSSL comes. Only
 * the server's part is counted, from SSL_new to SSL_free, tickets included.
 *
 * usage: handshake CERTIFICATE KEY HANDSHAKES TICKETS
 * Prints a line of JSON.
 */
#include <stdio.h>
#include <time.h>

#include "tests/bench/net.h"
#include "tests/bench/tls.h"

static uint64_t
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int
alpn_choose(SSL *ssl, const unsigned char **out, unsigned char *length,
    const unsigned char *in, unsigned int in_length, void *unused)
{
	(void)ssl;
	(void)unused;
	if (in_length < 2)
		return SSL_TLSEXT_ERR_NOACK;
	*out = in + 1;
	*length = in[0];
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *
server_new(const char *certificate, const char *key, size_t tickets)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL ||
	    SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_set_num_tickets(ctx, tickets) != 1)
		tls_die("the server's TLS");
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(ctx, alpn_choose, NULL);
	return ctx;
}

static SSL *
end_join(SSL *ssl, BIO *in, BIO *out)
{
	if (ssl == NULL || BIO_up_ref(in) != 1 || BIO_up_ref(out) != 1)
		tls_die("SSL_new");
	SSL_set_bio(ssl, in, out);
	return ssl;
}

/* One handshake; what the server took of it, in nanoseconds. */
static uint64_t
handshake(SSL_CTX *server_ctx, SSL_CTX *client_ctx)
{
	BIO *up = BIO_new(BIO_s_mem()), *down = BIO_new(BIO_s_mem());
	uint64_t spent = 0, began;
	SSL *server, *client;
	int accepted = 0, connected = 0;

	if (up == NULL || down == NULL)
		tls_die("BIO_new");
	client = end_join(tls_client_end(client_ctx), down, up);
	began = cpu_ns();
	server = end_join(SSL_new(server_ctx), up, down);
	spent += cpu_ns() - began;
	for (int i = 0; i < 8 && (accepted != 1 || connected != 1); i++) {
		connected = SSL_connect(client);
		began = cpu_ns();
		accepted = SSL_accept(server);
		spent += cpu_ns() - began;
	}
	if (accepted != 1 || connected != 1)
		tls_die("handshake");
	began = cpu_ns();
	(void)SSL_shutdown(server);
	SSL_free(server);
	spent += cpu_ns() - began;
	SSL_free(client);
	BIO_free(up);
	BIO_free(down);
	return spent;
}

int
main(int argc, char **argv)
{
	SSL_CTX *server, *client;
	uint64_t count, spent = 0;

	if (argc != 5) {
		fputs("usage: handshake CERTIFICATE KEY HANDSHAKES TICKETS\n",
		    stderr);
		return 2;
	}
	count = net_number(argv[3]);
	server = server_new(argv[1], argv[2], net_number(argv[4]));
	client = tls_client_new();
	for (int i = 0; i < 20; i++)
		(void)handshake(server, client);
	for (uint64_t i = 0; i < count; i++)
		spent += handshake(server, client);
	printf(
	    "{\"requests\":%lu,\"cpu_us\":%.1f}\n", count, (double)spent / 1e3);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	return 0;
}
