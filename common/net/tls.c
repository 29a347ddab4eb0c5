/*
 * tls.c - the library's start, what contexts share, and what a connection can
 * be asked. How its bytes move is in tls_io.c.
 */
#include "common/net/tls.h"

#include <openssl/err.h>
#include <string.h>

#include "common/base/must.h"
#include "common/net/tls_kdf.h"
#include "common/net/tls_record.h"
#include "common/net/tls_state.h"
#include "common/net/tls_wire.h"

/*
 * In Mozilla's order, and the order counts: a handshake with SHA-256 costs a
 * server a tenth less than one with SHA-384, which many clients name first. A
 * client without AES in hardware names ChaCha20 first, and gets it.
 */
#define CIPHERS_1_3                                      \
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:" \
	"TLS_CHACHA20_POLY1305_SHA256"
/*
 * Without the DHE suites of that list: they cost the server ten times as much,
 * for no client that has TLS 1.2 and not ECDHE.
 */
#define CIPHERS_1_2                                                  \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:" \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

static const EVP_CIPHER *ticket_cipher;

void
tls_init(void)
{
	/* A worker opens no files, its library's configuration neither. */
	MUST(OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1);
	if (ticket_cipher != NULL)
		return;
	(void)tls_kdf_init();
	ticket_cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	MUST(ticket_cipher != NULL);
	tls_record_init();
}

const EVP_CIPHER *
tls_ticket_cipher(void)
{
	return ticket_cipher;
}

SSL_CTX *
tls_context_new(
    const SSL_METHOD *method, unsigned min_version, enum tls_profile profile)
{
	char groups[] = "X25519:P-256:P-384";
	SSL_CTX *ctx;

	ERR_clear_error();
	ctx = SSL_CTX_new_ex(NULL, TLS_KDF_QUERY, method);
	if (ctx == NULL)
		return NULL;
	if (profile == TLS_MODERN)
		min_version = TLS1_3_VERSION;
	SSL_CTX_set_options(ctx,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
		SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	/* One record at a step, so that a peer's empty ones end the step. */
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_mode(ctx,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS |
		SSL_MODE_NO_AUTO_CHAIN);
	if (SSL_CTX_set_min_proto_version(ctx, (int)min_version) == 1 &&
	    SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	    SSL_CTX_set_ciphersuites(ctx, CIPHERS_1_3) == 1 &&
	    SSL_CTX_set_cipher_list(ctx, CIPHERS_1_2) == 1 &&
	    SSL_CTX_set1_groups_list(ctx, groups) == 1)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

struct tls *
tls_new(SSL_CTX *ctx)
{
	struct tls *t = OPENSSL_zalloc(sizeof(*t));

	if (t == NULL)
		return NULL;
	obuf_init(&t->out, NULL);
	ERR_clear_error();
	t->ssl = SSL_new(ctx);
	if (t->ssl != NULL && SSL_set_app_data(t->ssl, t) == 1)
		return t;
	tls_free(t);
	return NULL;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	tls_wire_forget(t);
	/* Whatever way it ended, the session may be used again; what really
	 * went wrong has spoilt it already. */
	if (t->ssl != NULL)
		SSL_set_shutdown(
		    t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(t->ssl);
	tls_record_end(t);
	tls_server_free(t->server);
	tls_client_free(t->client);
	if (t->in != NULL)
		buf_give(t->in);
	obuf_fini(&t->out);
	OPENSSL_free(t->sni);
	OPENSSL_free(t->peer);
	OPENSSL_free(t);
}

struct tls *
tls_of(const SSL *ssl)
{
	return SSL_get_app_data(ssl);
}

bool
tls_ready(const struct tls *t)
{
	return t->ready;
}

bool
tls_resumed(const struct tls *t)
{
	return t->ready && SSL_session_reused(t->ssl) == 1;
}

struct slice
tls_alpn(const struct tls *t)
{
	const unsigned char *p;
	unsigned n;

	SSL_get0_alpn_selected(t->ssl, &p, &n);
	return slice_make((const char *)p, n);
}

struct slice
tls_sni(const struct tls *t)
{
	return slice_str(t->sni);
}

const char *
tls_version(const struct tls *t)
{
	return SSL_get_version(t->ssl);
}

const char *
tls_cipher(const struct tls *t)
{
	return SSL_get_cipher_name(t->ssl);
}

const char *
tls_fault(const struct tls *t)
{
	return t->fault;
}

/* ---- lists of DER ---- */

bool
tls_der_next(struct slice list, size_t *at, struct slice *der)
{
	uint32_t n;
	const uint8_t *p;

	if (*at > list.n || list.n - *at < 4)
		return false;
	p = (const uint8_t *)list.p + *at;
	n = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
	if (n > list.n - *at - 4)
		return false;
	*der = slice_make(list.p + *at + 4, n);
	*at += 4 + (size_t)n;
	return true;
}

void
tls_der_add(struct text *list, const void *der, size_t n)
{
	MUST(n <= UINT32_MAX);
	for (int shift = 0; shift < 32; shift += 8)
		text_add_char(list, (char)(n >> shift));
	text_add(list, slice_make(der, n));
}
