/*
 * tls_peer.c - what a peer's certificate says, as text that is safe in a log,
 * a header and a comparison: printable ASCII, made once per connection.
 */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "common/net/tls_state.h"

/* RFC 4514's order and escapes, all that is not ASCII as \XX. */
#define NAME_FLAGS \
	(XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) | ASN1_STRFLGS_ESC_MSB

static void
put_hex(BIO *out, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		BIO_printf(out, "%02x", p[i]);
}

/* A comma parts the names; one inside a name, and what is not text, is \xx. */
static void
put_text(BIO *out, const ASN1_STRING *s)
{
	const unsigned char *p = ASN1_STRING_get0_data(s);
	int n = ASN1_STRING_length(s);

	for (int i = 0; i < n; i++)
		if (p[i] > ' ' && p[i] < 0x7f && p[i] != ',' && p[i] != '\\')
			BIO_write(out, p + i, 1);
		else
			BIO_printf(out, "\\%02x", p[i]);
}

static void
put_address(BIO *out, const ASN1_STRING *s)
{
	char text[INET6_ADDRSTRLEN];
	int n = ASN1_STRING_length(s);

	if ((n == 4 || n == 16) &&
	    inet_ntop(n == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(s),
		text, sizeof(text)) != NULL)
		BIO_puts(out, text);
	else
		put_hex(out, ASN1_STRING_get0_data(s), (size_t)n);
}

/* Names of other kinds are left out. */
static void
put_general_name(BIO *out, const GENERAL_NAME *name, const char *comma)
{
	int kind;
	const void *value = GENERAL_NAME_get0_value(name, &kind);

	if (kind == GEN_DNS) {
		BIO_printf(out, "%sDNS:", comma);
		put_text(out, value);
	} else if (kind == GEN_URI) {
		BIO_printf(out, "%sURI:", comma);
		put_text(out, value);
	} else if (kind == GEN_EMAIL) {
		BIO_printf(out, "%semail:", comma);
		put_text(out, value);
	} else if (kind == GEN_IPADD) {
		BIO_printf(out, "%sIP:", comma);
		put_address(out, value);
	}
}

static void
put_alternatives(BIO *out, X509 *x)
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	size_t begin = BIO_ctrl_pending(out);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		put_general_name(out, sk_GENERAL_NAME_value(names, i),
		    BIO_ctrl_pending(out) != begin ? "," : "");
	GENERAL_NAMES_free(names);
}

static void
put_fingerprint(BIO *out, const X509 *x)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (X509_digest(x, EVP_sha256(), digest, &n) == 1)
		put_hex(out, digest, n);
}

static void
put_serial(BIO *out, X509 *x)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);

	put_hex(out, ASN1_STRING_get0_data(serial),
	    (size_t)ASN1_STRING_length(serial));
}

/* Where each text ends, in the order of struct tls_peer. */
static void
put_all(BIO *out, X509 *x, size_t ends[5])
{
	X509_NAME_print_ex(out, X509_get_subject_name(x), 0, NAME_FLAGS);
	ends[0] = BIO_ctrl_pending(out);
	put_alternatives(out, x);
	ends[1] = BIO_ctrl_pending(out);
	put_fingerprint(out, x);
	ends[2] = BIO_ctrl_pending(out);
	put_serial(out, x);
	ends[3] = BIO_ctrl_pending(out);
	X509_NAME_print_ex(out, X509_get_issuer_name(x), 0, NAME_FLAGS);
	ends[4] = BIO_ctrl_pending(out);
}

static int64_t
peer_not_after(const X509 *x)
{
	struct tm tm;

	return ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1 ? timegm(&tm)
								: 0;
}

static bool
peer_read(struct tls *t, X509 *x)
{
	struct tls_peer *says = &t->peer_says;
	struct slice *texts[] = { &says->subject, &says->san,
		&says->fingerprint, &says->serial, &says->issuer };
	size_t ends[5], begin = 0;
	BIO *out = BIO_new(BIO_s_mem());
	char *p;

	if (out == NULL)
		return false;
	put_all(out, x, ends);
	if (BIO_get_mem_data(out, &p) == (long)ends[4])
		t->peer = OPENSSL_memdup(p, ends[4]);
	BIO_free(out);
	ERR_clear_error();
	if (t->peer == NULL)
		return false;
	says->not_after = peer_not_after(x);
	for (size_t i = 0; i < 5; i++) {
		*texts[i] = slice_make(t->peer + begin, ends[i] - begin);
		begin = ends[i];
	}
	return true;
}

bool
tls_peer(struct tls *t, struct tls_peer *p)
{
	X509 *x = t->ready ? SSL_get0_peer_certificate(t->ssl) : NULL;

	if (x == NULL || (t->peer == NULL && !peer_read(t, x)))
		return false;
	*p = t->peer_says;
	return true;
}
