/*
 * tls.c - the TLS client of the benchmark.
 */
#include "tests/bench/tls.h"

#include <openssl/err.h>
#include <stdlib.h>

void
tls_die(const char *doing)
{
	fprintf(stderr, "%s: ", doing);
	ERR_print_errors_fp(stderr);
	exit(1);
}

SSL_CTX *
tls_client_new(void)
{
	static const unsigned char alpn[] = "\x08http/1.1";
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_alpn_protos(ctx, alpn, sizeof(alpn) - 1) != 0)
		tls_die("the client's TLS");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_mode(ctx,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	return ctx;
}

SSL *
tls_client_end(SSL_CTX *ctx)
{
	static char name[] = "bench.test";
	SSL *ssl = SSL_new(ctx);

	if (ssl == NULL || SSL_set_tlsext_host_name(ssl, name) != 1)
		tls_die("SSL_new");
	SSL_set_connect_state(ssl);
	return ssl;
}
