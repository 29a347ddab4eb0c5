/*
 * conf_ocsp.c - see conf_ocsp.h.
 */
#include "master/conf_ocsp.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "master/conf_pem.h"

/* The hash in a certificate's id is that of these bytes. */
static bool
hash_fits(
    const ASN1_OCTET_STRING *hash, const EVP_MD *md, const void *p, size_t n)
{
	unsigned char own[EVP_MAX_MD_SIZE];
	unsigned bytes;

	return EVP_Digest(p, n, own, &bytes, md, NULL) == 1 &&
	    ASN1_STRING_length(hash) == (int)bytes &&
	    memcmp(ASN1_STRING_get0_data(hash), own, bytes) == 0;
}

/* By serial number, name of the issuer and, where it is there, its key. */
static bool
is_about(const OCSP_SINGLERESP *single, X509 *leaf, X509 *issuer)
{
	/* libcrypto takes what it only reads without const. */
	OCSP_CERTID *id = OCSP_CERTID_dup(OCSP_SINGLERESP_get0_id(single));
	ASN1_OCTET_STRING *name, *key;
	ASN1_OBJECT *algorithm;
	ASN1_INTEGER *serial;
	const EVP_MD *md;
	unsigned char *der = NULL;
	bool fits;
	int n;

	MUST(id != NULL);
	MUST(OCSP_id_get0_info(&name, &algorithm, &key, &serial, id) == 1);
	md = EVP_get_digestbyobj(algorithm);
	n = i2d_X509_NAME(X509_get_issuer_name(leaf), &der);
	fits = md != NULL && n > 0 &&
	    ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(leaf)) == 0 &&
	    hash_fits(name, md, der, (size_t)n);
	if (fits && issuer != NULL) {
		const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(issuer);

		fits = hash_fits(key, md, ASN1_STRING_get0_data(bits),
		    (size_t)ASN1_STRING_length(bits));
	}
	OPENSSL_free(der);
	OCSP_CERTID_free(id);
	return fits;
}

static const OCSP_SINGLERESP *
single_find(OCSP_BASICRESP *basic, STACK_OF(X509) * chain)
{
	X509 *leaf = sk_X509_value(chain, 0);
	X509 *issuer = sk_X509_num(chain) > 1 ? sk_X509_value(chain, 1) : NULL;

	for (int i = 0; i < OCSP_resp_count(basic); i++)
		if (is_about(OCSP_resp_get0(basic, i), leaf, issuer))
			return OCSP_resp_get0(basic, i);
	return NULL;
}

/* Good and of today; *wanted: it is worth sending. False: complained. */
static bool
single_check(
    const struct conf_source *s, const OCSP_SINGLERESP *single, bool *wanted)
{
	ASN1_GENERALIZEDTIME *next = NULL;
	int64_t now = clock_wall().us / 1000000, until;
	/* It only reads. */
	int status = OCSP_single_get0_status(
	    (OCSP_SINGLERESP *)(uintptr_t)single, NULL, NULL, NULL, &next);

	if (status != V_OCSP_CERTSTATUS_GOOD) {
		conf_source_error(s, "says that the certificate is %s",
		    status == V_OCSP_CERTSTATUS_REVOKED ? "revoked"
							: "unknown");
		return false;
	}
	until = next != NULL ? conf_pem_time(next) : INT64_MAX;
	*wanted = until > now;
	if (!*wanted)
		conf_source_warn(s,
		    "has expired on %s: it is not given to clients",
		    conf_pem_date(s->c, until));
	return true;
}

static bool
response_check(const struct conf_source *s, OCSP_RESPONSE *response,
    STACK_OF(X509) * chain, bool *wanted)
{
	OCSP_BASICRESP *basic = NULL;
	const OCSP_SINGLERESP *single = NULL;
	bool good = false;

	if (OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL)
		basic = OCSP_response_get1_basic(response);
	if (basic == NULL) {
		conf_source_error(s, "is the responder's refusal to answer");
		return false;
	}
	single = single_find(basic, chain);
	if (single == NULL)
		conf_source_error(s, "is about another certificate");
	else
		good = single_check(s, single, wanted);
	OCSP_BASICRESP_free(basic);
	return good;
}

bool
conf_ocsp_take(
    const struct conf_source *s, STACK_OF(X509) * chain, struct text *staple)
{
	size_t n;
	char *p = conf_source_read(s, &n);
	const unsigned char *at = (const unsigned char *)p;
	OCSP_RESPONSE *response;
	bool good = false, wanted = false;

	if (p == NULL)
		return false;
	response = d2i_OCSP_RESPONSE(NULL, &at, (long)n);
	if (response == NULL || at != (const unsigned char *)p + n)
		conf_source_error(s, "is no OCSP response in DER");
	else
		good = response_check(s, response, chain, &wanted);
	if (good && wanted)
		text_add(staple, slice_make(p, n));
	OCSP_RESPONSE_free(response);
	ERR_clear_error();
	conf_source_wipe(p, n);
	return good;
}
