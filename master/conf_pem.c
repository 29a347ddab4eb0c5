/*
 * conf_pem.c - PEM by libcrypto. Its own error texts are for programmers; what
 * is said here is for those who wrote the file.
 */
#include "master/conf_pem.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/must.h"

/* Asked for a password: there is none, and that is what is wrong. */
static int
password_wanted(char *buf, int size, int writing, void *wanted)
{
	(void)buf;
	(void)size;
	(void)writing;
	*(bool *)wanted = true;
	return -1;
}

/* True when the last failure was just the end of the file. */
static bool
at_end(void)
{
	unsigned long e = ERR_peek_last_error();
	bool end = ERR_GET_LIB(e) == ERR_LIB_PEM &&
	    ERR_GET_REASON(e) == PEM_R_NO_START_LINE;

	ERR_clear_error();
	return end;
}

/* The file in memory; NULL: complained. */
static BIO *
source_open(const struct conf_source *s, char **p, size_t *n)
{
	BIO *bio;

	*p = conf_source_read(s, n);
	if (*p == NULL)
		return NULL;
	bio = BIO_new_mem_buf(*p, (int)*n);
	MUST(bio != NULL);
	ERR_clear_error();
	return bio;
}

static void
source_close(BIO *bio, char *p, size_t n)
{
	BIO_free(bio);
	conf_source_wipe(p, n);
	ERR_clear_error();
}

/* What a file may hold many of. */
struct pem_kind {
	void *(*read)(BIO *bio); /* the next one, or NULL */
	void (*free)(void *one);
	const char *what;
};

static void *
certificate_read(BIO *bio)
{
	return PEM_read_bio_X509(bio, NULL, NULL, NULL);
}

static void
certificate_free(void *one)
{
	X509_free(one);
}

static void *
crl_read(BIO *bio)
{
	return PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
}

static void
crl_free(void *one)
{
	X509_CRL_free(one);
}

static const struct pem_kind pem_certificates = { certificate_read,
	certificate_free, "certificate" };
static const struct pem_kind pem_crls = { crl_read, crl_free,
	"revocation list" };

/* False: complained. */
static bool
count_fits(const struct conf_source *s, int count, const char *what)
{
	if (count == 0)
		conf_source_error(s, "holds no %s in PEM", what);
	else if (count > CONF_PEM_MAX)
		conf_source_error(
		    s, "holds more than %d %ss", CONF_PEM_MAX, what);
	return count > 0 && count <= CONF_PEM_MAX;
}

/* All that are in the file, at least one; NULL: complained. */
static OPENSSL_STACK *
source_read_all(const struct conf_source *s, const struct pem_kind *kind)
{
	OPENSSL_STACK *all;
	void *one;
	char *p;
	size_t n;
	BIO *bio = source_open(s, &p, &n);
	bool good;

	if (bio == NULL)
		return NULL;
	all = OPENSSL_sk_new_null();
	MUST(all != NULL);
	while (OPENSSL_sk_num(all) <= CONF_PEM_MAX &&
	    (one = kind->read(bio)) != NULL)
		MUST(OPENSSL_sk_push(all, one) > 0);
	good = OPENSSL_sk_num(all) > CONF_PEM_MAX || at_end();
	if (!good)
		conf_source_error(s, "is damaged: %s %d in it cannot be read",
		    kind->what, OPENSSL_sk_num(all) + 1);
	good = good && count_fits(s, OPENSSL_sk_num(all), kind->what);
	source_close(bio, p, n);
	if (good)
		return all;
	OPENSSL_sk_pop_free(all, kind->free);
	return NULL;
}

STACK_OF(X509) * conf_pem_certificates(const struct conf_source *s)
{
	return (STACK_OF(X509) *)source_read_all(s, &pem_certificates);
}

void
conf_pem_certificates_free(STACK_OF(X509) * certs)
{
	sk_X509_pop_free(certs, X509_free);
}

STACK_OF(X509_CRL) * conf_pem_crls(const struct conf_source *s)
{
	return (STACK_OF(X509_CRL) *)source_read_all(s, &pem_crls);
}

void
conf_pem_crls_free(STACK_OF(X509_CRL) * crls)
{
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
}

EVP_PKEY *
conf_pem_key(const struct conf_source *s)
{
	bool wanted = false;
	EVP_PKEY *key;
	char *p;
	size_t n;
	BIO *bio = source_open(s, &p, &n);

	if (bio == NULL)
		return NULL;
	key = PEM_read_bio_PrivateKey(bio, NULL, password_wanted, &wanted);
	if (key == NULL && wanted)
		conf_source_error(s,
		    "holds a key that is encrypted; it must "
		    "be readable without a password");
	else if (key == NULL && strstr(p, "PRIVATE KEY-----") != NULL)
		conf_source_error(
		    s, "is damaged: the key in it cannot be read");
	else if (key == NULL)
		conf_source_error(s, "holds no private key in PEM");
	source_close(bio, p, n);
	return key;
}

const char *
conf_pem_name(struct conf *c, const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct slice text;
	char *p;
	long n;

	MUST(bio != NULL);
	(void)X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253);
	n = BIO_get_mem_data(bio, &p);
	text = arena_printf(&c->arena, "%.*s", (int)n, p);
	BIO_free(bio);
	return text.p;
}

const char *
conf_pem_key_type(struct conf *c, EVP_PKEY *key)
{
	static const char *const curves[][2] = { { "prime256v1", "P-256" },
		{ "secp384r1", "P-384" }, { "secp521r1", "P-521" } };
	char group[64] = "";

	if (EVP_PKEY_is_a(key, "RSA"))
		return arena_printf(&c->arena, "RSA %d", EVP_PKEY_get_bits(key))
		    .p;
	if (EVP_PKEY_is_a(key, "ED25519"))
		return "Ed25519";
	if (!EVP_PKEY_is_a(key, "EC"))
		return arena_printf(
		    &c->arena, "%s", EVP_PKEY_get0_type_name(key))
		    .p;
	(void)EVP_PKEY_get_utf8_string_param(
	    key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL);
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(group, curves[i][0]) == 0)
			return arena_printf(&c->arena, "ECDSA %s", curves[i][1])
			    .p;
	return arena_printf(&c->arena, "ECDSA %s",
	    group[0] != '\0' ? group : "on a curve without a name")
	    .p;
}

int64_t
conf_pem_time(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : INT64_MAX;
}

const char *
conf_pem_date(struct conf *c, int64_t seconds)
{
	struct tm tm;
	time_t t = (time_t)seconds;

	if (gmtime_r(&t, &tm) == NULL)
		return "a day that never comes";
	return arena_printf(&c->arena, "%04d-%02d-%02d", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday)
	    .p;
}
