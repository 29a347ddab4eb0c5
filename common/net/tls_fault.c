/*
 * tls_fault.c - why a connection failed, in half a sentence for a person.
 */
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/net/tls_state.h"

/* What a code's upper half says; the number is in its lower half. */
#define FAULT_CERTIFICATE 0x10000u /* X509_V_ERR_* */
#define FAULT_REASON 0x20000u      /* of libssl */
#define FAULT_CLOSED 0x30000u
#define FAULT_OTHER 0x40000u

/* The words for what is wrong with a peer's certificate; NULL: the library's.
 */
static const char *
certificate_fault(long why)
{
	switch (why) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "the certificate has expired";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "the certificate is not valid yet";
	case X509_V_ERR_CERT_REVOKED:
		return "the certificate has been revoked";
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "the certificate is for another name";
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return "the certificate comes from an unknown authority";
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
		return "there is no revocation list for the certificate";
	case X509_V_ERR_CRL_HAS_EXPIRED:
		return "the revocation list for the certificate has expired";
	case X509_V_ERR_CERT_CHAIN_TOO_LONG:
		return "the certificate's chain is too long";
	case X509_V_ERR_INVALID_PURPOSE:
		return "the certificate is not for this purpose";
	default:
		return NULL;
	}
}

void
tls_fault_say(struct tls *t, const char *fmt, ...)
{
	va_list args;

	if (t->fault[0] != '\0')
		return;
	va_start(args, fmt);
	vsnprintf(t->fault, sizeof(t->fault), fmt, args);
	va_end(args);
}

/* OpenSSL 3.0 has no words for two alerts of TLS 1.3 (RFC 8446 6.2). */
static const char *
alert_words(int alert)
{
	if (alert == SSL_AD_CERTIFICATE_REQUIRED)
		return "certificate required";
	if (alert == SSL_AD_MISSING_EXTENSION)
		return "missing extension";
	return SSL_alert_desc_string_long(alert);
}

static void
words_of_certificate(struct text *out, long why)
{
	const char *words = certificate_fault(why);

	if (words != NULL)
		text_add(out, slice_str(words));
	else
		text_printf(out, "the certificate does not hold: %s",
		    X509_verify_cert_error_string(why));
}

static void
words_of_reason(struct text *out, int reason)
{
	const char *words =
	    ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, reason));

	if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		text_add(out, SLICE_LIT("no certificate was shown"));
	else if (reason > SSL_AD_REASON_OFFSET &&
	    reason <= SSL_AD_REASON_OFFSET + UINT8_MAX)
		text_printf(out, "the peer sent the alert \"%s\"",
		    alert_words(reason - SSL_AD_REASON_OFFSET));
	else
		text_add(out,
		    slice_str(
			words != NULL ? words : "the library gives no reason"));
}

void
tls_fault_words(struct text *out, uint32_t code)
{
	uint32_t number = code & UINT16_MAX;

	switch (code - number) {
	case 0:
		break;
	case FAULT_CERTIFICATE:
		words_of_certificate(out, (long)number);
		break;
	case FAULT_REASON:
		words_of_reason(out, (int)number);
		break;
	case FAULT_CLOSED:
		text_add(out,
		    SLICE_LIT("the peer closed the connection in the "
			      "handshake"));
		break;
	case TLS_FAULT_ALPN:
		text_add(
		    out, SLICE_LIT("the peer does not agree to the protocol"));
		break;
	default:
		text_add(out, SLICE_LIT("the library failed"));
		break;
	}
}

/* The first reason of libssl's own is the cause; others lie under it. */
static int
fault_next_reason(void)
{
	unsigned long e;

	while ((e = ERR_get_error()) != 0)
		if (ERR_GET_LIB(e) == ERR_LIB_SSL)
			return ERR_GET_REASON(e);
	return 0;
}

static uint32_t
fault_number(uint32_t kind, long number)
{
	return kind |
	    (number > 0 && number < UINT16_MAX ? (uint32_t)number : UINT16_MAX);
}

static uint32_t
fault_find(const struct tls *t, bool any, int reason)
{
	if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
		return fault_number(
		    FAULT_CERTIFICATE, SSL_get_verify_result(t->ssl));
	if (reason != 0)
		return fault_number(FAULT_REASON, reason);
	return any ? FAULT_OTHER : FAULT_CLOSED;
}

void
tls_fault_set(struct tls *t)
{
	unsigned long first = ERR_peek_error();
	const char *words = ERR_reason_error_string(first);
	uint32_t code = fault_find(t, first != 0, fault_next_reason());
	struct text text;

	ERR_clear_error();
	if (t->fault_code == 0)
		t->fault_code = code;
	text_init_fixed(&text, t->fault, sizeof(t->fault) - 1);
	if (t->fault[0] != '\0')
		return;
	if (code == FAULT_OTHER && words != NULL)
		text_add(&text, slice_str(words));
	else
		tls_fault_words(&text, code);
	t->fault[text.n] = '\0';
}

uint32_t
tls_fault_code(const struct tls *t)
{
	return t->fault_code;
}

bool
tls_fault_is_certificate(const struct tls *t)
{
	return (t->fault_code & ~UINT16_MAX) == FAULT_CERTIFICATE ||
	    t->fault_code ==
	    (FAULT_REASON | SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE);
}
