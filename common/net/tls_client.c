/*
 * tls_client.c - the connecting side: whom to believe, what name to expect, and
 * sessions that are used again.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "common/net/addr.h"
#include "common/net/tls_state.h"

/* ---- sessions ---- */

void
tls_resume_drop(struct tls_resume *r)
{
	if (r->session != NULL)
		SSL_SESSION_free(r->session);
	*r = (struct tls_resume){ 0 };
}

/* Takes the session over. */
static void
resume_keep(struct tls *t, SSL_SESSION *session)
{
	tls_resume_drop(t->resume);
	t->resume->session = session;
	t->resume->maker = t->maker;
}

/* 1: the reference is ours now. */
static int
client_on_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls *t = tls_of(ssl);

	if (t->resume == NULL || SSL_SESSION_is_resumable(session) != 1)
		return 0;
	resume_keep(t, session);
	return 1;
}

/* False: the library has no memory for it. */
static bool
client_resume(struct tls *t)
{
	struct tls_resume *r = t->resume;
	bool ok = true;

	if (r == NULL || r->session == NULL)
		return true;
	/* One that another policy has verified, or for another name, would
	 * make a connection that nobody has checked. */
	if (r->maker == t->maker)
		ok = SSL_set_session(t->ssl, r->session) == 1;
	tls_resume_drop(r);
	return ok;
}

void
tls_client_done(struct tls *t)
{
	/* One of TLS 1.2 lasts; a newer one may have come already. */
	if (t->resume != NULL && t->resume->session == NULL &&
	    SSL_session_reused(t->ssl) == 1 &&
	    SSL_version(t->ssl) != TLS1_3_VERSION)
		resume_keep(t, SSL_get1_session(t->ssl));
}

/* ---- the policy ---- */

static bool
client_set(SSL_CTX *ctx, const struct tls_client_want *want)
{
	const struct tls_identity *i = want->identity;

	SSL_CTX_set_session_cache_mode(
	    ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, client_on_session);
	if (want->trust != NULL) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		if (SSL_CTX_set1_verify_cert_store(ctx, want->trust->store) !=
		    1)
			return false;
	}
	if (want->alpn.n != 0 &&
	    SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)want->alpn.p,
		(unsigned)want->alpn.n) != 0)
		return false;
	return i == NULL ||
	    SSL_CTX_use_cert_and_key(ctx, i->leaf, i->key, i->chain, 1) == 1;
}

struct tls_client *
tls_client_new(const struct tls_client_want *want)
{
	struct tls_client *c = OPENSSL_zalloc(sizeof(*c));

	if (c == NULL)
		return NULL;
	c->refs = 1;
	c->key = hash_key_random();
	c->verifies = want->trust != NULL;
	c->ctx = tls_context_new(
	    TLS_client_method(), want->min_version, TLS_INTERMEDIATE);
	if (c->ctx != NULL && client_set(c->ctx, want))
		return c;
	ERR_clear_error();
	tls_client_free(c);
	return NULL;
}

struct tls_client *
tls_client_ref(struct tls_client *c)
{
	c->refs++;
	return c;
}

void
tls_client_free(struct tls_client *c)
{
	if (c == NULL || --c->refs != 0)
		return;
	SSL_CTX_free(c->ctx);
	OPENSSL_free(c);
}

/* ---- connections ---- */

static bool
client_expect_address(struct tls *t, const struct addr *a)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);
	size_t n = a->is_v6 ? 16 : 4;

	return X509_VERIFY_PARAM_set1_ip(param, a->ip + (16 - n), n) == 1;
}

/* What the certificate must be for, and what the server is told. */
static bool
client_expect(struct tls *t, struct slice name)
{
	char text[TLS_NAME_MAX + 1];
	struct addr a;

	if (name.n == 0)
		return true;
	if (addr_parse_ip(name, &a))
		return !t->client->verifies || client_expect_address(t, &a);
	/* A name with the dot of the root is the same; neither has it. */
	if (name.p[name.n - 1] == '.')
		name.n--;
	if (name.n > TLS_NAME_MAX)
		return false;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	if (SSL_set_tlsext_host_name(t->ssl, text) != 1)
		return false;
	SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return !t->client->verifies || SSL_set1_host(t->ssl, text) == 1;
}

struct tls *
tls_connect(struct tls_client *c, struct slice name, struct tls_resume *resume)
{
	struct tls *t = tls_new(c->ctx);

	if (t == NULL)
		return NULL;
	t->client = tls_client_ref(c);
	t->resume = resume;
	t->maker = hash_bytes(c->key, name.p, name.n);
	SSL_set_connect_state(t->ssl);
	if (client_expect(t, name) && client_resume(t))
		return t;
	ERR_clear_error();
	tls_free(t);
	return NULL;
}
