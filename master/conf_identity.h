/*
 * conf_identity.h - a certificate with its key, as files have them, checked and
 * made ready for the image.
 */
#ifndef MASTER_CONF_IDENTITY_H
#define MASTER_CONF_IDENTITY_H

#include "common/base/text.h"
#include "master/conf.h"
#include "master/conf_source.h"

#define CONF_EXPIRY_WARN_S (14 * 86400)

/* What TLS has one certificate each of: kinds of key. */
enum conf_key_kind { CONF_KEY_RSA, CONF_KEY_EC, CONF_KEY_ED25519 };

/* One for each content, however often and under whatever name it stands in
 * files. Text is in the conf's arena, the material on the heap. */
struct conf_identity {
	uint8_t hash[32]; /* of chain, key and staple */
	struct text chain, staple;
	unsigned char *key; /* PKCS #8 */
	size_t key_bytes;
	const char *file; /* of the certificate, as first named */
	const char *key_file, *ocsp_file; /* likewise; the latter or NULL */
	const char *subject, *issuer, *key_type;
	enum conf_key_kind kind;
	const char **names; /* lower case */
	size_t name_count;
	int64_t not_before, not_after; /* of the chain */
};

/* What an identity is made of. */
struct conf_identity_files {
	struct conf_source certificate, key;
	struct conf_source ocsp; /* path NULL: none */
	bool client;             /* it is shown to endpoints, not to clients */
};

/* Its index in conf.identities; IMG_NONE: complained. */
uint32_t conf_identity_read(const struct conf_identity_files *f);

/* Wipes and frees all. */
void conf_identities_free(struct conf *c);

#endif
