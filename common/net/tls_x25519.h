/*
 * tls_x25519.h - keys for X25519 whose making is cheap (x25519_base.h), for the
 * provider of tls_kdf.h. The exchange itself is the default provider's, to
 * which they are exported.
 */
#ifndef COMMON_NET_TLS_X25519_H
#define COMMON_NET_TLS_X25519_H

#include <openssl/core_dispatch.h>

/* The functions of the key management "X25519". */
extern const OSSL_DISPATCH tls_x25519_functions[];

/* The provider's capabilities: libssl offers a group only if the provider that
 * it gets the group's keys from says that it has it. */
int tls_x25519_capabilities(
    void *provider, const char *capability, OSSL_CALLBACK *take, void *arg);

#endif
