/*
 * tls_server.c - the accepting side: which name, which certificates, which
 * protocol, and tickets.
 *
 *	hello --> server_on_name (choose) --> server_on_certificate
 *	      \-> server_on_ticket        \-> server_on_alpn, server_on_status
 *
 * A hello that resumes shows no certificate, but its name is asked for too.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include "common/base/must.h"
#include "common/net/addr.h"
#include "common/net/tls_state.h"

#define TICKET_SECONDS 7200

/* ---- the name ---- */

/* Letters, digits, '-', '_' and dots, and no address (RFC 6066 3). */
static bool
name_is_host(struct slice name)
{
	struct addr a;

	if (name.n == 0 || name.n > TLS_NAME_MAX || name.p[0] == '.')
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = ascii_lower(name.p[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-' && c != '_' && c != '.')
			return false;
		if (c == '.' && name.p[i - 1] == '.')
			return false;
	}
	return !addr_parse_ip(name, &a);
}

/* Keeps the name of the hello, lower case. False without memory. */
static bool
server_keep_name(struct tls *t)
{
	struct slice name =
	    slice_str(SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name));

	OPENSSL_free(t->sni);
	t->sni = NULL;
	/* The dot of the root is not part of it. */
	if (name.n > 1 && name.p[name.n - 1] == '.')
		name.n--;
	if (!name_is_host(name))
		return true;
	t->sni = OPENSSL_strndup(name.p, name.n);
	if (t->sni == NULL)
		return false;
	for (char *p = t->sni; *p != '\0'; p++)
		*p = ascii_lower(*p);
	return true;
}

void
tls_server_done(struct tls *t)
{
	/* A session of TLS 1.2 has the name that it was made for. */
	if (SSL_session_reused(t->ssl) == 1)
		(void)server_keep_name(t);
	t->id_count = 0;
}

static int
server_on_name(SSL *ssl, int *alert, void *arg)
{
	struct tls *t = tls_of(ssl);

	(void)arg;
	*alert = SSL_AD_INTERNAL_ERROR;
	if (!server_keep_name(t))
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*alert = SSL_AD_UNRECOGNIZED_NAME;
	t->id_count = t->server->hooks->choose(t->ctx, tls_sni(t), t->ids);
	MUST(t->id_count <= TLS_CHOICES_MAX);
	if (t->id_count == 0) {
		tls_fault_say(t,
		    "there is no certificate for the name \"%.60s\"",
		    t->sni != NULL ? t->sni : "");
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	return t->sni != NULL ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static int
server_on_certificate(SSL *ssl, void *arg)
{
	struct tls *t = tls_of(ssl);

	(void)arg;
	for (size_t i = 0; i < t->id_count; i++)
		if (!tls_identity_show(t->ids[i], ssl))
			return 0;
	return 1;
}

/* Staples what belongs to the certificate that was picked. */
static int
server_on_status(SSL *ssl, void *arg)
{
	struct tls *t = tls_of(ssl);
	const X509 *leaf = SSL_get_certificate(ssl);
	unsigned char *copy;

	(void)arg;
	for (size_t i = 0; i < t->id_count; i++) {
		const struct tls_identity *id = t->ids[i];

		if (id->leaf != leaf || id->staple == NULL)
			continue;
		copy = OPENSSL_memdup(id->staple, id->staple_bytes);
		if (copy == NULL)
			return SSL_TLSEXT_ERR_NOACK;
		SSL_set_tlsext_status_ocsp_resp(ssl, copy, id->staple_bytes);
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}

/* ---- the protocol ---- */

/* RFC 7301 3.2: the server's order decides, and nothing in common ends it. */
static int
server_on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
    const unsigned char *in, unsigned in_n, void *arg)
{
	const struct tls_server *s = arg;
	unsigned char *found;

	(void)ssl;
	if (SSL_select_next_proto(&found, out_n,
		(const unsigned char *)s->alpn.p, (unsigned)s->alpn.n, in,
		in_n) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = found;
	return SSL_TLSEXT_ERR_OK;
}

/* ---- tickets ---- */

static bool
ticket_key_set(EVP_MAC_CTX *mac, struct tls_ticket_key *key)
{
	char sha256[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(
		    OSSL_MAC_PARAM_KEY, key->hmac, sizeof(key->hmac)),
		OSSL_PARAM_construct_utf8_string(
		    OSSL_MAC_PARAM_DIGEST, sha256, 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

static int
ticket_seal(struct tls *t, struct tls_ticket_key *key, unsigned char *name,
    unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	if (!t->server->hooks->ticket_key(t->ctx, key))
		return 0;
	memcpy(name, key->name, TLS_TICKET_NAME);
	if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(tls_ticket_cipher())) !=
		1 ||
	    EVP_EncryptInit_ex2(
		cipher, tls_ticket_cipher(), key->aes, iv, NULL) != 1 ||
	    !ticket_key_set(mac, key))
		return -1;
	return 1;
}

static int
ticket_open(struct tls *t, struct tls_ticket_key *key,
    const unsigned char *name, const unsigned char *iv, EVP_CIPHER_CTX *cipher,
    EVP_MAC_CTX *mac)
{
	bool current = false;

	if (!t->server->hooks->ticket_find(t->ctx, name, key, &current))
		return 0;
	if (EVP_DecryptInit_ex2(
		cipher, tls_ticket_cipher(), key->aes, iv, NULL) != 1 ||
	    !ticket_key_set(mac, key))
		return -1;
	/*
	 * 2: and a new one is made. Tickets of TLS 1.3 are used once, and
	 * without a new one the client could not come back a third time.
	 */
	return current && SSL_version(t->ssl) != TLS1_3_VERSION ? 1 : 2;
}

static int
server_on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal)
{
	struct tls *t = tls_of(ssl);
	struct tls_ticket_key key;
	int verdict;

	if (seal == 1)
		verdict = ticket_seal(t, &key, name, iv, cipher, mac);
	else
		verdict = ticket_open(t, &key, name, iv, cipher, mac);
	OPENSSL_cleanse(&key, sizeof(key));
	return verdict;
}

/*
 * A session must say what a new handshake would: a certificate where one is
 * required, none where none is asked for, and none that has expired since.
 */
static bool
session_fits(const SSL *ssl, SSL_SESSION *session)
{
	int mode = SSL_get_verify_mode(ssl);
	const X509 *peer = SSL_SESSION_get0_peer(session);

	if (peer == NULL)
		return !(mode & SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
	return (mode & SSL_VERIFY_PEER) &&
	    X509_cmp_current_time(X509_get0_notAfter(peer)) > 0;
}

static SSL_TICKET_RETURN
server_on_session(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
    size_t name_n, SSL_TICKET_STATUS status, void *arg)
{
	(void)name;
	(void)name_n;
	(void)arg;
	if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	if (!session_fits(ssl, session))
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE
					    : SSL_TICKET_RETURN_USE_RENEW;
}

static int
server_on_session_made(SSL *ssl, void *arg)
{
	(void)ssl;
	(void)arg;
	return 1;
}

static bool
server_set_tickets(SSL_CTX *ctx, const struct tls_server_want *want)
{
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ctx, TICKET_SECONDS);
	/* One: each costs the server 15 us, and clients get one more at each
	 * resumption. */
	return SSL_CTX_set_num_tickets(ctx, 1) == 1 &&
	    SSL_CTX_set_session_id_context(
		ctx, want->ticket_scope, sizeof(want->ticket_scope)) == 1 &&
	    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, server_on_ticket) == 1 &&
	    SSL_CTX_set_session_ticket_cb(
		ctx, server_on_session_made, server_on_session, NULL) == 1;
}

/* ---- the policy ---- */

/* Whose certificates are taken; the client is told the names. */
static bool
server_set_verify(SSL_CTX *ctx, const struct tls_server_want *want)
{
	int mode = SSL_VERIFY_PEER;
	STACK_OF(X509_NAME) * names;

	if (want->verify == TLS_VERIFY_NONE)
		return true;
	if (want->verify == TLS_VERIFY_REQUIRE)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(ctx, mode, NULL);
	SSL_CTX_set_verify_depth(ctx, (int)want->depth);
	names = SSL_dup_CA_list(want->trust->names);
	if (names == NULL)
		return false;
	SSL_CTX_set0_CA_list(ctx, names);
	return SSL_CTX_set1_verify_cert_store(ctx, want->trust->store) == 1;
}

static bool
server_set_alpn(struct tls_server *s, struct slice alpn)
{
	if (alpn.n == 0)
		return true;
	s->alpn = slice_make(OPENSSL_memdup(alpn.p, alpn.n), alpn.n);
	if (s->alpn.p == NULL)
		return false;
	SSL_CTX_set_alpn_select_cb(s->ctx, server_on_alpn, s);
	return true;
}

struct tls_server *
tls_server_new(
    const struct tls_server_want *want, const struct tls_hooks *hooks)
{
	struct tls_server *s = OPENSSL_zalloc(sizeof(*s));

	MUST(want->verify == TLS_VERIFY_NONE || want->trust != NULL);
	if (s == NULL)
		return NULL;
	s->refs = 1;
	s->hooks = hooks;
	s->ctx = tls_context_new(
	    TLS_server_method(), want->min_version, want->profile);
	if (s->ctx == NULL || !server_set_alpn(s, want->alpn) ||
	    !server_set_tickets(s->ctx, want) ||
	    !server_set_verify(s->ctx, want)) {
		tls_server_free(s);
		return NULL;
	}
	SSL_CTX_set_tlsext_servername_callback(s->ctx, server_on_name);
	SSL_CTX_set_cert_cb(s->ctx, server_on_certificate, NULL);
	SSL_CTX_set_tlsext_status_cb(s->ctx, server_on_status);
	return s;
}

struct tls_server *
tls_server_ref(struct tls_server *s)
{
	s->refs++;
	return s;
}

void
tls_server_free(struct tls_server *s)
{
	if (s == NULL || --s->refs != 0)
		return;
	SSL_CTX_free(s->ctx);
	OPENSSL_free((void *)(uintptr_t)s->alpn.p);
	OPENSSL_free(s);
}

struct tls *
tls_accept(struct tls_server *s, void *ctx)
{
	struct tls *t = tls_new(s->ctx);
	struct tls_ticket_key key;

	if (t == NULL)
		return NULL;
	t->server = tls_server_ref(s);
	t->ctx = ctx;
	t->started = true;
	SSL_set_accept_state(t->ssl);
	if (!s->hooks->ticket_key(ctx, &key)) {
		/* Without the second, the library makes stateful ones. */
		SSL_set_options(t->ssl, SSL_OP_NO_TICKET);
		SSL_set_num_tickets(t->ssl, 0);
	}
	OPENSSL_cleanse(&key, sizeof(key));
	return t;
}

struct tls *
tls_pretend(void)
{
	SSL_CTX *ctx = tls_context_new(
	    TLS_server_method(), TLS1_2_VERSION, TLS_INTERMEDIATE);
	struct tls *t = ctx != NULL ? tls_new(ctx) : NULL;

	SSL_CTX_free(ctx); /* t has it as well */
	return t;
}
