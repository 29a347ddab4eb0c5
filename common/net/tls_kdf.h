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

/* The property query of contexts that want it; without it, the default. */
#define TLS_KDF_QUERY "?provider=penstock"

/*
 * Loads it, and the default provider, into the default library context; once
 * per process. Opens no file. False: it is not there, and all works as without.
 */
bool tls_kdf_init(void);

#endif
