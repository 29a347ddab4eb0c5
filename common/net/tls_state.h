/*
 * tls_state.h - the inside of tls.h's objects, for common/net/tls*.c alone.
 */
#ifndef COMMON_NET_TLS_STATE_H
#define COMMON_NET_TLS_STATE_H

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "common/base/buf.h"
#include "common/base/hash.h"
#include "common/net/timer.h"
#include "common/net/tls.h"
#include "common/net/tls_kdf.h"

#define TLS_FAULT_BYTES 128
#define TLS_NAME_MAX 255 /* of a host name, RFC 1035 2.3.4 */

struct io;

struct tls_identity {
	unsigned refs;
	X509 *leaf;
	STACK_OF(X509) * chain; /* without the leaf */
	EVP_PKEY *key;
	unsigned char *staple;
	size_t staple_bytes;
};

struct tls_trust {
	unsigned refs;
	X509_STORE *store;
	STACK_OF(X509_NAME) * names; /* of its certificates */
};

struct tls_server {
	unsigned refs;
	SSL_CTX *ctx;
	const struct tls_hooks *hooks;
	struct slice alpn; /* owned */
};

struct tls_client {
	unsigned refs;
	SSL_CTX *ctx;
	struct hash_key key; /* of `maker` in sessions: policies do not mix */
	bool verifies;
};

struct tls {
	SSL *ssl;
	struct io *io; /* NULL before io_secure */

	struct tls_server *server; /* or NULL */
	void *ctx;                 /* of its hooks */
	/* What `choose` gave, while the hello is looked at. */
	struct tls_identity *ids[TLS_CHOICES_MAX];
	size_t id_count;

	struct tls_client *client; /* or NULL */
	struct tls_resume *resume; /* or NULL */
	uint64_t maker;            /* of the sessions of this connection */

	struct tls_traffic traffic; /* what it writes with, in TLS 1.3 */
	EVP_CIPHER_CTX *sealer;     /* NULL: libssl makes the records */
	uint64_t sealed;            /* records with the key of `traffic` */

	struct buf *in;   /* records that were received and not yet read */
	struct obuf out;  /* records that the socket did not take, or put off */
	struct timer due; /* of what is put off */
	uint64_t sent_us; /* when something was last sent */
	size_t burst;     /* bytes since the last pause in sending */
	uint32_t barren;  /* what the peer's records without data still cost */

	char *sni;  /* lower case, or NULL */
	char *peer; /* the memory of tls_peer's texts, or NULL */
	struct tls_peer peer_says;
	char fault[TLS_FAULT_BYTES];
	uint32_t fault_code; /* tls_fault.c knows; 0: none */

	bool started : 1;     /* the handshake has begun */
	bool ready : 1;       /* it is over */
	bool wrote : 1;       /* data was written */
	bool broken : 1;      /* libssl must not be asked again */
	bool bye : 1;         /* close_notify is on its way */
	bool put_off : 1;     /* out leaves with what is sent next */
	bool may_receive : 1; /* in this step */
	bool dry : 1;         /* libssl wants more, and there is none */
	bool half : 1;        /* libssl reads on before it writes */
};

/* What all contexts have in common. NULL without memory. */
SSL_CTX *tls_context_new(
    const SSL_METHOD *method, unsigned min_version, enum tls_profile profile);

/* A connection of a context, not yet in a role. NULL without memory. */
struct tls *tls_new(SSL_CTX *ctx);

/* The tls of an SSL. */
struct tls *tls_of(const SSL *ssl);

/*
 * The ciphers of tickets: fetched once, because a fetch by name costs more than
 * its use.
 */
const EVP_CIPHER *tls_ticket_cipher(void);

/* Shows an identity: one more kind of key. False without memory. */
bool tls_identity_show(const struct tls_identity *i, SSL *ssl);

/* After the handshake of a client: a session that may be used twice stays. */
void tls_client_done(struct tls *t);
/* After that of a server: the name in a form that can be compared. */
void tls_server_done(struct tls *t);

/* Keeps the words for what failed, if there are none yet. */
void tls_fault_say(struct tls *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Finds the words for the failure of the last call, whose queue it empties. */
void tls_fault_set(struct tls *t);

#endif
