/*
 * tls_kdf.h - TLS 1.3's key schedule for libssl, as a provider of its own.
 *
 * libssl asks the default provider for TLS13-KDF some twenty times in a
 * handshake, and each time that fetches a digest by name, makes an HMAC and
 * forgets both.
 */
#ifndef COMMON_NET_TLS_KDF_H
#define COMMON_NET_TLS_KDF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/slice.h"

/* The property query of contexts that want it; without it, the default. */
#define TLS_KDF_QUERY "?provider=penstock"

/*
 * Loads it, and the default provider, into the default library context; once
 * per process. Opens no file. False: it is not there, and all works as without.
 */
bool tls_kdf_init(void);

struct digest;

/* A traffic secret of RFC 8446 7.2, and what is made from it (7.3). */
struct tls_traffic {
	const struct digest *digest; /* of the suite; NULL: none is known */
	unsigned char secret[48], key[32], iv[12];
	size_t key_bytes; /* 0: it is not known */
};

/*
 * From here on, the secret that is derived with this label, its key and its iv
 * are put there, too; NULL: no longer.
 */
void tls_kdf_watch(struct tls_traffic *to, struct slice label);

/* The secret, key and iv behind an update of the key. False: there is none. */
bool tls_kdf_update(struct tls_traffic *t);

#endif
