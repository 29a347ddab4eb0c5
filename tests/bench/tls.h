#ifndef BENCH_TLS_H
#define BENCH_TLS_H

#include <openssl/ssl.h>

/*
 * tls.h - the client of the benchmark: TLS 1.3 as OpenSSL comes, which believes
 * every certificate; the same for the load and for the handshake in memory.
 */

/* Ends the program, with what OpenSSL has to say. */
_Noreturn void tls_die(const char *doing);

SSL_CTX *tls_client_new(void);

/* A connection of it, that asks for bench.test. */
SSL *tls_client_end(SSL_CTX *ctx);

#endif
