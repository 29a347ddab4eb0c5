/*
 * conf_trust.c - reads, checks and keeps authorities.
 */
#include "master/conf_trust.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "master/build_table.h"
#include "master/conf_der.h"
#include "master/conf_identity.h"
#include "master/conf_pem.h"

/* ---- authorities ---- */

static void
check_expiry(const struct conf_source *s, X509 *cert, struct conf_trust *t)
{
	int64_t now = clock_wall().us / 1000000;
	int64_t until = conf_pem_time(X509_get0_notAfter(cert));
	const char *name = conf_pem_name(s->c, X509_get_subject_name(cert));

	if (t->not_after == 0 || until < t->not_after)
		t->not_after = until;
	if (until <= now)
		conf_source_warn(s, "holds \"%s\", which has expired on %s",
		    name, conf_pem_date(s->c, until));
	else if (until - now < CONF_EXPIRY_WARN_S)
		conf_source_warn(s,
		    "holds \"%s\", which expires soon, on %s (%d days left)",
		    name, conf_pem_date(s->c, until),
		    (int)((until - now) / 86400));
}

static void
take_cas(const struct conf_source *s, STACK_OF(X509) * cas, bool system,
    struct conf_trust *t)
{
	for (int i = 0; i < sk_X509_num(cas); i++) {
		X509 *cert = sk_X509_value(cas, i);

		if (!system)
			check_expiry(s, cert, t);
		conf_der_add_certificate(&t->cas, cert);
	}
	t->file = system ? NULL : s->path;
}

/* ---- revocation lists ---- */

static bool
signed_by(X509_CRL *crl, X509 *ca)
{
	bool good = X509_NAME_cmp(X509_CRL_get_issuer(crl),
			X509_get_subject_name(ca)) == 0 &&
	    X509_CRL_verify(crl, X509_get0_pubkey(ca)) == 1;

	ERR_clear_error();
	return good;
}

static bool
signed_by_one(X509_CRL *crl, STACK_OF(X509) * cas)
{
	for (int i = 0; i < sk_X509_num(cas); i++)
		if (signed_by(crl, sk_X509_value(cas, i)))
			return true;
	return false;
}

static bool
check_crl(const struct conf_source *s, X509_CRL *crl, STACK_OF(X509) * cas,
    const char *ca_file)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
	int64_t now = clock_wall().us / 1000000;
	const char *issuer = conf_pem_name(s->c, X509_CRL_get_issuer(crl));

	if (!signed_by_one(crl, cas)) {
		conf_source_error(s,
		    "holds a list of \"%s\", which is no authority of \"%s\"",
		    issuer, ca_file);
		return false;
	}
	if (next != NULL && conf_pem_time(next) <= now)
		conf_source_warn(s,
		    "holds a list of \"%s\" that has expired on %s: its "
		    "clients are refused",
		    issuer, conf_pem_date(s->c, conf_pem_time(next)));
	return true;
}

/* With lists, a chain holds only where each authority in it has one. */
static void
check_coverage(const struct conf_source *s, STACK_OF(X509) * cas,
    STACK_OF(X509_CRL) * crls)
{
	for (int i = 0; i < sk_X509_num(cas); i++) {
		X509 *ca = sk_X509_value(cas, i);
		bool found = false;

		for (int k = 0; k < sk_X509_CRL_num(crls); k++)
			found |= X509_NAME_cmp(X509_CRL_get_issuer(
						   sk_X509_CRL_value(crls, k)),
				     X509_get_subject_name(ca)) == 0;
		if (!found)
			conf_source_warn(s,
			    "holds no list of \"%s\": its clients are refused",
			    conf_pem_name(s->c, X509_get_subject_name(ca)));
	}
}

/* False: complained. */
static bool
take_crls(const struct conf_source *s, const struct conf_source *ca,
    STACK_OF(X509) * cas, struct conf_trust *t)
{
	STACK_OF(X509_CRL) *crls = conf_pem_crls(s);
	bool good = crls != NULL;

	if (!good)
		return false;
	for (int i = 0; i < sk_X509_CRL_num(crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(crls, i);

		good &= check_crl(s, crl, cas, ca->path);
		conf_der_add_crl(&t->crls, crl);
	}
	if (good)
		check_coverage(s, cas, crls);
	conf_pem_crls_free(crls);
	return good;
}

/* ---- all of it ---- */

static void
trust_fini(struct conf_trust *t)
{
	text_fini(&t->cas);
	text_fini(&t->crls);
}

static uint32_t
trust_keep(struct conf *c, struct conf_trust *t)
{
	struct slice parts[] = { text_slice(&t->cas), text_slice(&t->crls) };

	conf_der_hash(parts, 2, t->hash);
	for (size_t i = 0; i < c->trust_count; i++) {
		if (memcmp(c->trusts[i].hash, t->hash, sizeof(t->hash)) != 0)
			continue;
		trust_fini(t);
		return (uint32_t)i;
	}
	build_grow(
	    &c->trusts, &c->trust_room, c->trust_count, sizeof(*c->trusts));
	c->trusts[c->trust_count] = *t;
	return (uint32_t)c->trust_count++;
}

static bool
same_file(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* One that was read from these files already, or IMG_NONE. */
static uint32_t
trust_find(const struct conf *c, const char *file, const char *crl_file)
{
	for (size_t i = 0; i < c->trust_count; i++)
		if (same_file(c->trusts[i].file, file) &&
		    same_file(c->trusts[i].crl_file, crl_file))
			return (uint32_t)i;
	return IMG_NONE;
}

uint32_t
conf_trust_read(
    const struct conf_source *ca, const struct conf_source *crl, bool system)
{
	uint32_t index = trust_find(ca->c, system ? NULL : ca->path, crl->path);
	struct conf_trust t = { .crl_file = crl->path };
	STACK_OF(X509) * cas;

	if (index != IMG_NONE)
		return index;
	cas = conf_pem_certificates(ca);
	if (cas == NULL)
		return IMG_NONE;
	take_cas(ca, cas, system, &t);
	if (crl->path == NULL || take_crls(crl, ca, cas, &t))
		index = trust_keep(ca->c, &t);
	else
		trust_fini(&t);
	conf_pem_certificates_free(cas);
	ERR_clear_error();
	return index;
}

void
conf_trusts_free(struct conf *c)
{
	for (size_t i = 0; i < c->trust_count; i++)
		trust_fini(&c->trusts[i]);
	free(c->trusts);
	c->trusts = NULL;
	c->trust_count = 0;
}
