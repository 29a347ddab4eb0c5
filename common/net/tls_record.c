/*
 * tls_record.c - see tls_record.h.
 *
 *	| 23 | 3.3 | length |  data | type  |  tag  |
 *	   authenticated       encrypted
 *
 * The key is what libssl has derived for itself (tls_kdf.c), and the number of
 * the first record follows on those that it has made with it. To be wrong about
 * either would use a nonce twice, so a record that libssl has made is made here
 * as well, and not sent: only who makes the same goes on.
 */
#include "common/net/tls_record.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

#include "common/base/must.h"
#include "common/net/io.h"
#include "common/net/io_tls.h"
#include "common/net/tls_state.h"
#include "common/net/tls_wire.h"

#define HEADER 5
#define TAG 16
#define NONCE sizeof(((struct tls_traffic *)NULL)->iv)
/* Of libssl, that have been seen to do what is counted on here once the records
 * are ours. */
#define MAJOR_KNOWN 3
#define MINOR_KNOWN 5

/* Fetched once, because a fetch by name costs more than a record; NULL: this
 * OpenSSL does without. */
static struct suite {
	const char *name;
	uint16_t id; /* RFC 8446 B.4 */
	EVP_CIPHER *cipher;
} suites[] = {
	{ "AES-128-GCM", 0x1301, NULL },
	{ "AES-256-GCM", 0x1302, NULL },
	{ "ChaCha20-Poly1305", 0x1303, NULL },
};
#define SUITES (sizeof(suites) / sizeof(suites[0]))

void
tls_record_init(void)
{
	if (OPENSSL_version_major() != MAJOR_KNOWN ||
	    OPENSSL_version_minor() > MINOR_KNOWN)
		return;
	for (size_t i = 0; i < SUITES; i++)
		suites[i].cipher = EVP_CIPHER_fetch(NULL, suites[i].name, NULL);
	ERR_clear_error();
}

static const EVP_CIPHER *
record_cipher(const struct tls *t)
{
	const SSL_CIPHER *c = SSL_get_current_cipher(t->ssl);

	for (size_t i = 0; i < SUITES; i++)
		if (SSL_CIPHER_get_protocol_id(c) == suites[i].id)
			return suites[i].cipher;
	return NULL;
}

static bool
record_set_key(struct tls *t)
{
	return EVP_EncryptInit_ex2(
		   t->sealer, NULL, t->traffic.key, NULL, NULL) == 1;
}

/* What is known here is what libssl would do. It also heeds a peer that wants
 * short records. */
static bool
record_is_ours(const struct tls *t, const EVP_CIPHER *cipher)
{
	const SSL_SESSION *session = SSL_get0_session(t->ssl);

	return SSL_version(t->ssl) == TLS1_3_VERSION && cipher != NULL &&
	    (size_t)EVP_CIPHER_get_key_length(cipher) == t->traffic.key_bytes &&
	    SSL_SESSION_get_max_fragment_length(session) == 0;
}

void
tls_record_end(struct tls *t)
{
	EVP_CIPHER_CTX_free(t->sealer);
	t->sealer = NULL;
	OPENSSL_cleanse(&t->traffic, sizeof(t->traffic));
}

/* ---- one record ---- */

/* RFC 8446 5.3 */
static void
record_nonce(const struct tls *t, unsigned char nonce[NONCE])
{
	memcpy(nonce, t->traffic.iv, NONCE);
	for (unsigned i = 0; i < 8; i++)
		nonce[NONCE - 1 - i] ^= (unsigned char)(t->sealed >> 8 * i);
}

/* In place: p[0..n), behind its header and in front of its tag. */
static bool
record_encrypt(struct tls *t, unsigned char *p, int n)
{
	OSSL_PARAM tag[] = { OSSL_PARAM_construct_octet_string(
				 OSSL_CIPHER_PARAM_AEAD_TAG, p + n, TAG),
		OSSL_PARAM_construct_end() };
	unsigned char nonce[NONCE];
	int m;

	record_nonce(t, nonce);
	return EVP_EncryptInit_ex2(t->sealer, NULL, NULL, nonce, NULL) == 1 &&
	    EVP_EncryptUpdate(t->sealer, NULL, &m, p - HEADER, HEADER) == 1 &&
	    EVP_EncryptUpdate(t->sealer, p, &m, p, n) == 1 && m == n &&
	    EVP_EncryptFinal_ex(t->sealer, p + n, &m) == 1 &&
	    EVP_CIPHER_CTX_get_params(t->sealer, tag) == 1;
}

static bool
record_make(struct tls *t, unsigned char *to, uint8_t type, struct slice data)
{
	size_t inner = data.n + 1, sent = inner + TAG;

	to[0] = SSL3_RT_APPLICATION_DATA;
	to[1] = to[2] = 3;
	to[3] = (unsigned char)(sent >> 8);
	to[4] = (unsigned char)sent;
	memcpy(to + HEADER, data.p, data.n);
	to[HEADER + data.n] = type;
	return record_encrypt(t, to + HEADER, (int)inner);
}

static bool
record_seal(struct tls *t, uint8_t type, struct slice data)
{
	size_t all = HEADER + data.n + 1 + TAG;
	unsigned char *to = tls_wire_room(t, all);

	MUST(data.n <= TLS_RECORD_MAX);
	if (to == NULL || t->sealed == UINT64_MAX ||
	    !record_make(t, to, type, data))
		return false;
	t->sealed++;
	tls_wire_add(all);
	return true;
}

/* What libssl has just made of this is what we would have made. */
static bool
record_same(struct tls *t, struct slice data)
{
	size_t all = HEADER + data.n + 1 + TAG;
	unsigned char *theirs = tls_wire_last(all);
	bool same;

	if (theirs == NULL || t->sealed == 0)
		return false;
	t->sealed--;
	same = record_make(t, theirs + all, SSL3_RT_APPLICATION_DATA, data) &&
	    memcmp(theirs, theirs + all, all) == 0;
	t->sealed++;
	return same;
}

/* The peer has asked for an update of our key, which libssl would answer when
 * it is to write next, or does when it is told so; or it is time for one. */
static bool
record_keep_key(struct tls *t)
{
	int type = SSL_get_key_update_type(t->ssl);

	if (type == SSL_KEY_UPDATE_NONE && t->sealed >= TLS_RECORDS_PER_KEY)
		type = SSL_KEY_UPDATE_NOT_REQUESTED;
	if (type == SSL_KEY_UPDATE_NONE)
		return true;
	return (SSL_in_init(t->ssl) == 1 ||
		   SSL_key_update(t->ssl, type) == 1) &&
	    SSL_do_handshake(t->ssl) == 1 && !t->broken &&
	    SSL_get_key_update_type(t->ssl) == SSL_KEY_UPDATE_NONE;
}

/* From the next record on, they are sealed here; or never. */
static void
record_begin(struct tls *t, struct slice data)
{
	const EVP_CIPHER *cipher = record_cipher(t);

	if (record_is_ours(t, cipher)) {
		t->sealer = EVP_CIPHER_CTX_new();
		if (t->sealer != NULL &&
		    EVP_EncryptInit_ex2(t->sealer, cipher, NULL, NULL, NULL) ==
			1 &&
		    record_set_key(t) && record_same(t, data))
			return;
	}
	tls_record_end(t);
}

/* The second one is made by both. */
static size_t
record_by_libssl(struct tls *t, struct slice data)
{
	size_t n;
	int r = SSL_write_ex(t->ssl, data.p, data.n, &n);

	if (r != 1) {
		t->half = SSL_get_error(t->ssl, r) == SSL_ERROR_WANT_READ;
		return 0;
	}
	if (t->wrote && t->traffic.key_bytes != 0)
		record_begin(t, slice_make(data.p, n));
	t->wrote = true;
	return n;
}

size_t
tls_record_write(struct tls *t, struct slice data)
{
	if (t->sealer == NULL)
		return record_by_libssl(t, data);
	if (!record_keep_key(t) ||
	    !record_seal(t, SSL3_RT_APPLICATION_DATA, data))
		return 0;
	return data.n;
}

/* ---- what libssl says ---- */

/* Behind the message that says so, the next key is in use: RFC 8446 7.2. */
static bool
record_update(struct tls *t)
{
	t->sealed = 0;
	if (t->traffic.key_bytes == 0)
		return true; /* libssl alone makes records */
	return tls_kdf_update(&t->traffic) &&
	    (t->sealer == NULL || record_set_key(t));
}

static bool
record_say(struct tls *t, uint8_t type, struct slice message)
{
	bool update =
	    type == SSL3_RT_HANDSHAKE && message.p[0] == SSL3_MT_KEY_UPDATE;

	if (t->sealer != NULL && !record_seal(t, type, message))
		return false;
	return !update || record_update(t);
}

/* Its message callback: headers of records, and what is in them. */
static void
record_on_message(int write, int version, int type, const void *p, size_t n,
    SSL *ssl, void *arg)
{
	struct tls *t = arg;

	(void)version;
	(void)ssl;
	if (write == 0)
		return;
	if (type == SSL3_RT_HEADER && t->sealer == NULL)
		t->sealed++;
	if (type != SSL3_RT_ALERT && type != SSL3_RT_HANDSHAKE)
		return;
	if (!record_say(t, (uint8_t)type, slice_make(p, n))) {
		t->broken = true;
		io_error_set(t->io, EPROTO);
	}
}

/* ---- the handshake ---- */

/*
 * A server has its key before its last step, which only has tickets to send; a
 * client has it in the last one, and has sent nothing with it then. The
 * callback is there from the start: libssl 3.2 and later hand it to those who
 * write records when these are made.
 */
void
tls_record_watch(struct tls *t)
{
	SSL_set_msg_callback(t->ssl, record_on_message);
	SSL_set_msg_callback_arg(t->ssl, t);
	if (t->traffic.key_bytes != 0)
		t->sealed = 0;
	tls_kdf_watch(&t->traffic,
	    t->client != NULL ? SLICE_LIT("c ap traffic")
			      : SLICE_LIT("s ap traffic"));
}

void
tls_record_watched(struct tls *t, bool done)
{
	tls_kdf_watch(NULL, SLICE_NONE);
	if (done && t->client != NULL)
		t->sealed = 0;
}
