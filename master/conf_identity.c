/*
 * conf_identity.c - reads, checks and keeps certificates with their keys.
 *
 * Errors are what no client would take, or would be refused by libssl; what
 * time alone changes is a warning, so that a reload for another reason works.
 */
#include "master/conf_identity.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "master/build_table.h"
#include "master/conf_der.h"
#include "master/conf_host.h"
#include "master/conf_ocsp.h"
#include "master/conf_pem.h"

#define STRENGTH_MIN 112 /* bits: RSA 2048, SHA-224 */

struct making {
	const struct conf_identity_files *f;
	struct conf *c;
	STACK_OF(X509) * certs;
	X509 *leaf;
	EVP_PKEY *key;
	struct conf_identity id;
	bool bad;
};

static void
fault(struct making *m, bool certain)
{
	m->bad |= certain;
}

/* ---- the chain ---- */

static const char *
subject_of(struct making *m, int i)
{
	return conf_pem_name(
	    m->c, X509_get_subject_name(sk_X509_value(m->certs, i)));
}

/* Each is signed by the one after it. */
static void
check_order(struct making *m)
{
	for (int i = 0; i + 1 < sk_X509_num(m->certs); i++) {
		X509 *below = sk_X509_value(m->certs, i);
		X509 *above = sk_X509_value(m->certs, i + 1);

		if (X509_check_issued(above, below) == X509_V_OK)
			continue;
		conf_source_error(&m->f->certificate,
		    "is not in order: certificate %d, \"%s\", is not the "
		    "issuer "
		    "of the one before it, \"%s\"",
		    i + 2, subject_of(m, i + 1), subject_of(m, i));
		fault(m, true);
		return;
	}
}

static void
check_dates(struct making *m)
{
	int64_t now = clock_wall().us / 1000000;

	m->id.not_before = INT64_MIN;
	m->id.not_after = INT64_MAX;
	for (int i = 0; i < sk_X509_num(m->certs); i++) {
		const X509 *cert = sk_X509_value(m->certs, i);
		int64_t from = conf_pem_time(X509_get0_notBefore(cert));
		int64_t to = conf_pem_time(X509_get0_notAfter(cert));

		if (from > m->id.not_before)
			m->id.not_before = from;
		if (to < m->id.not_after)
			m->id.not_after = to;
	}
	if (m->id.not_after <= now)
		conf_source_warn(&m->f->certificate, "has expired on %s",
		    conf_pem_date(m->c, m->id.not_after));
	else if (m->id.not_after - now < CONF_EXPIRY_WARN_S)
		conf_source_warn(&m->f->certificate,
		    "expires soon, on %s (%d days left)",
		    conf_pem_date(m->c, m->id.not_after),
		    (int)((m->id.not_after - now) / 86400));
	if (m->id.not_before > now)
		conf_source_warn(&m->f->certificate, "is not valid before %s",
		    conf_pem_date(m->c, m->id.not_before));
}

/* What libssl, at Debian's level of security, does not let pass. */
static void
check_strength(struct making *m)
{
	for (int i = 1; i < sk_X509_num(m->certs); i++) {
		X509 *cert = sk_X509_value(m->certs, i);
		EVP_PKEY *key = X509_get0_pubkey(cert);

		if (key != NULL &&
		    EVP_PKEY_get_security_bits(key) >= STRENGTH_MIN)
			continue;
		conf_source_error(&m->f->certificate,
		    "has a weak key in certificate %d, \"%s\"", i + 1,
		    subject_of(m, i));
		fault(m, true);
	}
	for (int i = 0; i < sk_X509_num(m->certs); i++) {
		X509 *cert = sk_X509_value(m->certs, i);
		int bits = 0;

		/* Nobody looks at how a root is signed. */
		if (X509_check_issued(cert, cert) == X509_V_OK)
			continue;
		if (X509_get_signature_info(cert, NULL, NULL, &bits, NULL) ==
			1 &&
		    bits >= STRENGTH_MIN)
			continue;
		conf_source_error(&m->f->certificate,
		    "has a weak signature in certificate %d, \"%s\"", i + 1,
		    subject_of(m, i));
		fault(m, true);
	}
}

static void
check_purpose(struct making *m)
{
	int purpose =
	    m->f->client ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER;

	if (X509_check_purpose(m->leaf, purpose, 0) != 1)
		conf_source_warn(&m->f->certificate, "is not meant for TLS %s",
		    m->f->client ? "clients" : "servers");
}

/* ---- the key ---- */

static void
check_key_type(struct making *m)
{
	EVP_PKEY *key = X509_get0_pubkey(m->leaf);
	const char *type;

	if (key == NULL) {
		conf_source_error(&m->f->certificate,
		    "has a key of a kind that nobody knows");
		fault(m, true);
		return;
	}
	type = conf_pem_key_type(m->c, key);
	m->id.key_type = type;
	if (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= 2048) {
		m->id.kind = CONF_KEY_RSA;
	} else if (strcmp(type, "ECDSA P-256") == 0 ||
	    strcmp(type, "ECDSA P-384") == 0 ||
	    strcmp(type, "ECDSA P-521") == 0) {
		m->id.kind = CONF_KEY_EC;
	} else if (EVP_PKEY_is_a(key, "ED25519")) {
		m->id.kind = CONF_KEY_ED25519;
	} else {
		conf_source_error(&m->f->certificate,
		    "has a key of the kind %s; it must be RSA with 2048 bits "
		    "or more, ECDSA on P-256, P-384 or P-521, or Ed25519",
		    type);
		fault(m, true);
	}
}

static void
check_key(struct making *m)
{
	for (int i = 0; i < sk_X509_num(m->certs); i++) {
		if (X509_check_private_key(
			sk_X509_value(m->certs, i), m->key) != 1)
			continue;
		if (i == 0)
			return;
		conf_source_error(&m->f->certificate,
		    "is not in order: the key is that of certificate %d, "
		    "\"%s\", which must come first",
		    i + 1, subject_of(m, i));
		fault(m, true);
		return;
	}
	conf_source_error(&m->f->key,
	    "is not the key of the certificate "
	    "\"%s\"",
	    m->f->certificate.path);
	fault(m, true);
}

static void
take_key(struct making *m)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(m->key);
	int n;

	n = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &m->id.key) : -1;
	PKCS8_PRIV_KEY_INFO_free(info);
	if (n > 0) {
		m->id.key_bytes = (size_t)n;
		return;
	}
	conf_source_error(&m->f->key, "holds a key that cannot be used");
	fault(m, true);
}

/* ---- names ---- */

static void
name_add(struct making *m, const ASN1_STRING *s, bool certain)
{
	struct slice name = { (const char *)ASN1_STRING_get0_data(s),
		(size_t)ASN1_STRING_length(s) };
	struct slice host = name;

	if (host.n > 2 && host.p[0] == '*' && host.p[1] == '.')
		host = slice_skip(host, 2);
	if (host.n != 0 && conf_host_fault(host) == NULL) {
		m->id.names[m->id.name_count++] = conf_host_lower(m->c, name);
		return;
	}
	if (certain && memchr(name.p, '\0', name.n) != NULL) {
		conf_source_error(
		    &m->f->certificate, "has a name with a NUL byte in it");
		fault(m, true);
	}
}

/* A common name counts only without a DNS name (RFC 6125 6.4.4). */
static void
take_common_name(struct making *m)
{
	const X509_NAME *name = X509_get_subject_name(m->leaf);
	int i = X509_NAME_get_index_by_NID(name, NID_commonName, -1);

	if (i >= 0)
		name_add(m,
		    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)),
		    false);
}

static void
take_names(struct making *m)
{
	GENERAL_NAMES *all =
	    X509_get_ext_d2i(m->leaf, NID_subject_alt_name, NULL, NULL);
	int n = all != NULL ? sk_GENERAL_NAME_num(all) : 0;
	bool dns = false;

	m->id.names =
	    arena_alloc(&m->c->arena, ((size_t)n + 1) * sizeof(*m->id.names));
	MUST(m->id.names != NULL);
	for (int i = 0; i < n; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);

		if (name->type != GEN_DNS)
			continue;
		dns = true;
		name_add(m, name->d.dNSName, true);
	}
	GENERAL_NAMES_free(all);
	if (!dns)
		take_common_name(m);
}

/* ---- all of it ---- */

static void
take_chain(struct making *m)
{
	for (int i = 0; i < sk_X509_num(m->certs); i++)
		conf_der_add_certificate(
		    &m->id.chain, sk_X509_value(m->certs, i));
	m->id.file = m->f->certificate.path;
	m->id.key_file = m->f->key.path;
	m->id.ocsp_file = m->f->ocsp.path;
	m->id.subject = conf_pem_name(m->c, X509_get_subject_name(m->leaf));
	m->id.issuer = conf_pem_name(m->c, X509_get_issuer_name(m->leaf));
}

static void
hash_take(struct making *m)
{
	struct slice parts[] = { text_slice(&m->id.chain),
		slice_make((const char *)m->id.key, m->id.key_bytes),
		text_slice(&m->id.staple) };

	conf_der_hash(parts, 3, m->id.hash);
}

static void
check_all(struct making *m)
{
	check_key_type(m);
	check_key(m);
	check_order(m);
	check_strength(m);
	if (m->bad)
		return;
	check_dates(m);
	check_purpose(m);
	take_chain(m);
	take_names(m);
	take_key(m);
	if (m->f->ocsp.path != NULL &&
	    !conf_ocsp_take(&m->f->ocsp, m->certs, &m->id.staple))
		fault(m, true);
	hash_take(m);
}

static void
identity_fini(struct conf_identity *id)
{
	text_fini(&id->chain);
	text_fini(&id->staple);
	OPENSSL_clear_free(id->key, id->key_bytes);
}

/* Keeps it, unless there is one like it. */
static uint32_t
identity_keep(struct conf *c, struct conf_identity *id)
{
	for (size_t i = 0; i < c->identity_count; i++) {
		if (memcmp(c->identities[i].hash, id->hash, sizeof(id->hash)) !=
		    0)
			continue;
		identity_fini(id);
		return (uint32_t)i;
	}
	build_grow(&c->identities, &c->identity_room, c->identity_count,
	    sizeof(*c->identities));
	c->identities[c->identity_count] = *id;
	return (uint32_t)c->identity_count++;
}

static bool
same_file(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* One that was read from these files already, or IMG_NONE. */
static uint32_t
identity_find(const struct conf_identity_files *f)
{
	const struct conf *c = f->certificate.c;

	for (size_t i = 0; i < c->identity_count; i++)
		if (same_file(c->identities[i].file, f->certificate.path) &&
		    same_file(c->identities[i].key_file, f->key.path) &&
		    same_file(c->identities[i].ocsp_file, f->ocsp.path))
			return (uint32_t)i;
	return IMG_NONE;
}

uint32_t
conf_identity_read(const struct conf_identity_files *f)
{
	struct making m = { .f = f, .c = f->certificate.c };
	uint32_t index = identity_find(f);

	if (index != IMG_NONE)
		return index;
	m.certs = conf_pem_certificates(&f->certificate);
	/* What cannot be read is said once. */
	if (m.certs != NULL || !same_file(f->certificate.path, f->key.path))
		m.key = conf_pem_key(&f->key);
	if (m.certs != NULL && m.key != NULL) {
		m.leaf = sk_X509_value(m.certs, 0);
		check_all(&m);
		if (!m.bad)
			index = identity_keep(m.c, &m.id);
		else
			identity_fini(&m.id);
	}
	conf_pem_certificates_free(m.certs);
	EVP_PKEY_free(m.key);
	ERR_clear_error();
	return index;
}

void
conf_identities_free(struct conf *c)
{
	for (size_t i = 0; i < c->identity_count; i++)
		identity_fini(&c->identities[i]);
	free(c->identities);
	c->identities = NULL;
	c->identity_count = 0;
}
