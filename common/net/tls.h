/*
 * tls.h - TLS 1.2 and 1.3 by libssl, for one struct io.
 *
 *	material   tls_identity, tls_trust: parsed once, shared by reference
 *	policy     tls_server, tls_client: SSL_CTX, shared by connections
 *	connection tls, handed to io_secure, which owns it
 *
 * Nothing here opens a file. Certificates are a list of DER blobs, each behind
 * its length (tls_der_next); keys are PKCS #8 DER. All objects are counted
 * references: *_ref takes one more, *_free gives one back (NULL is harmless).
 */
#ifndef COMMON_NET_TLS_H
#define COMMON_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"
#include "common/base/text.h"

struct tls;
struct tls_identity;
struct tls_trust;
struct tls_server;
struct tls_client;

/* Once per process, before anything else; reads no configuration file. */
void tls_init(void);

/* ---- material ---- */

/* The next {uint32_t length, little endian; bytes} of a list; *at begins at 0.
 */
bool tls_der_next(struct slice list, size_t *at, struct slice *der);
void tls_der_add(struct text *list, const void *der, size_t n);

/*
 * A chain, leaf first, with its key, and an OCSP response to staple (empty:
 * none). NULL: not readable, or the key is not the leaf's.
 */
struct tls_identity *
tls_identity_new(struct slice chain, struct slice key, struct slice staple);
struct tls_identity *tls_identity_ref(struct tls_identity *i);
void tls_identity_free(struct tls_identity *i);

/* Certificates that are believed, and lists of those that are not (may be
 * empty; with one, every certificate of a chain needs its list). */
struct tls_trust *tls_trust_new(struct slice cas, struct slice crls);
struct tls_trust *tls_trust_ref(struct tls_trust *t);
void tls_trust_free(struct tls_trust *t);

/* ---- policy ---- */

enum tls_profile { TLS_INTERMEDIATE, TLS_MODERN }; /* Mozilla's, version 5 */
enum tls_verify { TLS_VERIFY_NONE, TLS_VERIFY_OPTIONAL, TLS_VERIFY_REQUIRE };

#define TLS_TICKET_NAME 16
struct tls_ticket_key {
	uint8_t name[TLS_TICKET_NAME];
	uint8_t aes[32], hmac[32];
};

#define TLS_CHOICES_MAX 4 /* identities of one name: kinds of key */

/*
 * What a server context asks its owner, in the middle of a handshake; `ctx` is
 * that of tls_accept. The io must not be closed meanwhile. ticket_key is asked
 * once by tls_accept, too, to know whether there will be tickets at all.
 */
struct tls_hooks {
	/*
	 * The identities for a name (lower case; empty: none was sent, or
	 * none that is a host name), the same kind of key at most once. Asked
	 * when a session is resumed, too. Returns how many, 0: refuse with
	 * unrecognized_name. They stay the owner's, and there to the end of
	 * the turn.
	 */
	size_t (*choose)(void *ctx, struct slice name,
	    struct tls_identity *ids[TLS_CHOICES_MAX]);
	/* The key that tickets are made with; false: make none. */
	bool (*ticket_key)(void *ctx, struct tls_ticket_key *key);
	/* The key of this name, *current: it is the one above. */
	bool (*ticket_find)(void *ctx, const uint8_t name[TLS_TICKET_NAME],
	    struct tls_ticket_key *key, bool *current);
};

struct tls_server_want {
	enum tls_profile profile;
	unsigned min_version; /* 0x0303, 0x0304 */
	struct slice alpn;    /* in order of preference, each behind its length
				 byte; empty: none */
	enum tls_verify verify;
	unsigned depth;          /* of a client's chain */
	struct tls_trust *trust; /* NULL with TLS_VERIFY_NONE */
	/* A ticket counts where this is the same: to be made from all of the
	 * policy, what `trust` holds included. */
	uint8_t ticket_scope[32];
};

/* `hooks` outlives it and its connections. NULL without memory. */
struct tls_server *tls_server_new(
    const struct tls_server_want *want, const struct tls_hooks *hooks);
struct tls_server *tls_server_ref(struct tls_server *s);
void tls_server_free(struct tls_server *s);

struct tls_client_want {
	struct tls_trust *trust;       /* NULL: nothing is verified */
	struct tls_identity *identity; /* NULL: none is shown */
	unsigned min_version;
	struct slice alpn;
};
struct tls_client *tls_client_new(const struct tls_client_want *want);
struct tls_client *tls_client_ref(struct tls_client *c);
void tls_client_free(struct tls_client *c);

/* ---- connections ---- */

/* NULL without memory. */
struct tls *tls_accept(struct tls_server *s, void *ctx);
/*
 * As of a client that has shown no certificate, without any bytes: for those
 * who ask what would become of its request. NULL without memory.
 */
struct tls *tls_pretend(void);

/* A session to resume, kept by the owner of an endpoint; all zero: none. */
struct tls_resume {
	void *session;
	uint64_t maker; /* policy and name that it was made with */
};
void tls_resume_drop(struct tls_resume *r);

/*
 * `name`: sent as SNI (unless it is an address) and checked against the
 * certificate; empty: neither. `resume` (may be NULL) outlives the connection:
 * the session in it is used up, the newest is put there.
 */
struct tls *
tls_connect(struct tls_client *c, struct slice name, struct tls_resume *resume);
void tls_free(struct tls *t);

/* The handshake is over. */
bool tls_ready(const struct tls *t);
bool tls_resumed(const struct tls *t);
/* The protocol that was agreed on by ALPN; empty: none. */
struct slice tls_alpn(const struct tls *t);
/* The name that the client sent, lower case; empty: none. */
struct slice tls_sni(const struct tls *t);
const char *tls_version(const struct tls *t); /* "TLSv1.3" */
const char *tls_cipher(const struct tls *t);

/*
 * How it failed: half a sentence for the log ("the certificate has expired");
 * "" when it did not.
 */
const char *tls_fault(const struct tls *t);
/* It failed because the peer's certificate did not hold, or was not there. */
bool tls_fault_is_certificate(const struct tls *t);

/*
 * The same as a number, which may be kept and be turned into the words
 * elsewhere; 0: it did not fail.
 */
uint32_t tls_fault_code(const struct tls *t);
/* Appends the words of a code; nothing for 0. */
void tls_fault_words(struct text *out, uint32_t code);
/* For owners: the handshake is fine, but the protocol that they need was not
 * agreed on. */
#define TLS_FAULT_ALPN 0x50000u

/*
 * What a peer's certificate says, in printable ASCII. Texts end with the tls.
 * Of names in `san`, a comma, a backslash, a space and what is not printable
 * are written as \xx, so that no name looks like two.
 */
struct tls_peer {
	struct slice subject;     /* RFC 4514: "CN=a,O=b" */
	struct slice san;         /* "DNS:a,URI:b,email:c,IP:d", in order */
	struct slice fingerprint; /* SHA-256 of it, 64 digits */
	struct slice serial;      /* hex, lower case as all here */
	struct slice issuer;
	int64_t not_after; /* seconds of the wall clock */
};
/* False: it showed none (or one that was not asked for). Verified if so. */
bool tls_peer(struct tls *t, struct tls_peer *p);

#endif
