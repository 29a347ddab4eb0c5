/*
 * tls_x25519.c - see tls_x25519.h: what libssl and libcrypto ask of a key that
 * is used once.
 */
#include "common/net/tls_x25519.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <string.h>

#include "common/net/x25519_base.h"

#define BITS 253          /* as the default provider says */
#define SECURITY_BITS 128 /* likewise */

struct key {
	unsigned char public[X25519_BYTES], secret[X25519_BYTES];
	bool has_public, has_secret;
};

static void *
key_new(void *provider)
{
	(void)provider;
	return OPENSSL_zalloc(sizeof(struct key));
}

static void
key_free(void *p)
{
	OPENSSL_clear_free(p, sizeof(struct key));
}

static int
key_has(const void *p, int selection)
{
	const struct key *k = p;

	return k != NULL &&
	    ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) == 0 ||
		k->has_public) &&
	    ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 ||
		k->has_secret);
}

/* Two keys are the same if their public ones are. */
static int
key_match(const void *a, const void *b, int selection)
{
	const struct key *k = a, *l = b;

	if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
		return 1;
	return k->has_public && l->has_public &&
	    CRYPTO_memcmp(k->public, l->public, X25519_BYTES) == 0;
}

static void *
key_dup(const void *from, int selection)
{
	const struct key *k = from;
	struct key *to = key_new(NULL);

	if (to == NULL)
		return NULL;
	if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0) {
		memcpy(to->public, k->public, X25519_BYTES);
		to->has_public = k->has_public;
	}
	if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) {
		memcpy(to->secret, k->secret, X25519_BYTES);
		to->has_secret = k->has_secret;
	}
	return to;
}

/* ---- parameters ---- */

/* True where it is not asked for, too. */
static bool
param_put(OSSL_PARAM params[], const char *name, int value)
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

	return p == NULL || OSSL_PARAM_set_int(p, value) == 1;
}

static int
key_get_params(void *p, OSSL_PARAM params[])
{
	const struct key *k = p;
	OSSL_PARAM *public =
	    OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);

	if (public != NULL &&
	    (!k->has_public ||
		OSSL_PARAM_set_octet_string(public, k->public, X25519_BYTES) !=
		    1))
		return 0;
	return param_put(params, OSSL_PKEY_PARAM_BITS, BITS) &&
	    param_put(params, OSSL_PKEY_PARAM_SECURITY_BITS, SECURITY_BITS) &&
	    param_put(params, OSSL_PKEY_PARAM_MAX_SIZE, X25519_BYTES);
}

static const OSSL_PARAM *
key_gettable(void *provider)
{
	static const OSSL_PARAM all[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_octet_string(
		    OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)provider;
	return all;
}

/* What the peer has sent: a public key, and then nothing else. */
static int
key_set_params(void *p, const OSSL_PARAM params[])
{
	struct key *k = p;
	const OSSL_PARAM *public =
	    OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);

	if (public == NULL)
		return 1;
	if (public->data_type != OSSL_PARAM_OCTET_STRING ||
	    public->data_size != X25519_BYTES)
		return 0;
	memcpy(k->public, public->data, X25519_BYTES);
	k->has_public = true;
	OPENSSL_cleanse(k->secret, X25519_BYTES);
	k->has_secret = false;
	return 1;
}

static const OSSL_PARAM *
key_settable(void *provider)
{
	static const OSSL_PARAM all[] = {
		OSSL_PARAM_octet_string(
		    OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)provider;
	return all;
}

/* ---- to the default provider, and from it ---- */

static int
key_export(void *p, int selection, OSSL_CALLBACK *take, void *arg)
{
	struct key *k = p;
	OSSL_PARAM params[3], *at = params;

	if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 && k->has_public)
		*at++ = OSSL_PARAM_construct_octet_string(
		    OSSL_PKEY_PARAM_PUB_KEY, k->public, X25519_BYTES);
	if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && k->has_secret)
		*at++ = OSSL_PARAM_construct_octet_string(
		    OSSL_PKEY_PARAM_PRIV_KEY, k->secret, X25519_BYTES);
	*at = OSSL_PARAM_construct_end();
	return at != params && take(params, arg);
}

static const OSSL_PARAM *
key_types(int selection)
{
	static const OSSL_PARAM all[] = {
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0),
		OSSL_PARAM_END,
	};

	return (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0 ? all : NULL;
}

static bool
param_take(const OSSL_PARAM params[], const char *name, unsigned char *to)
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, name);

	if (p == NULL || p->data_type != OSSL_PARAM_OCTET_STRING ||
	    p->data_size != X25519_BYTES)
		return false;
	memcpy(to, p->data, X25519_BYTES);
	return true;
}

static int
key_import(void *p, int selection, const OSSL_PARAM params[])
{
	struct key *k = p;

	if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0)
		k->has_secret =
		    param_take(params, OSSL_PKEY_PARAM_PRIV_KEY, k->secret);
	k->has_public = param_take(params, OSSL_PKEY_PARAM_PUB_KEY, k->public);
	if (!k->has_public && k->has_secret) {
		x25519_public(k->public, k->secret);
		k->has_public = true;
	}
	return k->has_public;
}

/* ---- making one ---- */

struct maker {
	bool pair; /* or an empty one, that a public key is put into */
};

static void *
maker_new(void *provider, int selection, const OSSL_PARAM params[])
{
	struct maker *m = OPENSSL_zalloc(sizeof(*m));

	(void)provider;
	(void)params;
	if (m != NULL)
		m->pair = (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0;
	return m;
}

static void
maker_free(void *p)
{
	OPENSSL_free(p);
}

static int
maker_set_params(void *p, const OSSL_PARAM params[])
{
	const OSSL_PARAM *group =
	    OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME);

	(void)p;
	return group == NULL ||
	    (group->data_type == OSSL_PARAM_UTF8_STRING &&
		OPENSSL_strcasecmp(group->data, "x25519") == 0);
}

static const OSSL_PARAM *
maker_settable(void *p, void *provider)
{
	static const OSSL_PARAM all[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)p;
	(void)provider;
	return all;
}

static void *
maker_make(void *p, OSSL_CALLBACK *progress, void *arg)
{
	const struct maker *m = p;
	struct key *k = key_new(NULL);

	(void)progress;
	(void)arg;
	if (k == NULL || !m->pair)
		return k;
	if (RAND_priv_bytes(k->secret, X25519_BYTES) != 1) {
		key_free(k);
		return NULL;
	}
	/* As RFC 7748 5 wants it, for whoever it is exported to. */
	k->secret[0] &= 248;
	k->secret[X25519_BYTES - 1] &= 127;
	k->secret[X25519_BYTES - 1] |= 64;
	x25519_public(k->public, k->secret);
	k->has_public = k->has_secret = true;
	return k;
}

/* ---- the group ---- */

int
tls_x25519_capabilities(
    void *provider, const char *capability, OSSL_CALLBACK *take, void *arg)
{
	static char name[] = "x25519", algorithm[] = "X25519";
	unsigned id = 29; /* RFC 8446 4.2.7 */
	unsigned bits = SECURITY_BITS;
	int min_tls = TLS1_VERSION, any = 0, never = -1;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(
		    OSSL_CAPABILITY_TLS_GROUP_NAME, name, sizeof(name)),
		OSSL_PARAM_construct_utf8_string(
		    OSSL_CAPABILITY_TLS_GROUP_NAME_INTERNAL, algorithm,
		    sizeof(algorithm)),
		OSSL_PARAM_construct_utf8_string(OSSL_CAPABILITY_TLS_GROUP_ALG,
		    algorithm, sizeof(algorithm)),
		OSSL_PARAM_construct_uint(OSSL_CAPABILITY_TLS_GROUP_ID, &id),
		OSSL_PARAM_construct_uint(
		    OSSL_CAPABILITY_TLS_GROUP_SECURITY_BITS, &bits),
		OSSL_PARAM_construct_int(
		    OSSL_CAPABILITY_TLS_GROUP_MIN_TLS, &min_tls),
		OSSL_PARAM_construct_int(
		    OSSL_CAPABILITY_TLS_GROUP_MAX_TLS, &any),
		OSSL_PARAM_construct_int(
		    OSSL_CAPABILITY_TLS_GROUP_MIN_DTLS, &never),
		OSSL_PARAM_construct_int(
		    OSSL_CAPABILITY_TLS_GROUP_MAX_DTLS, &never),
		OSSL_PARAM_construct_end(),
	};

	(void)provider;
	return strcmp(capability, "TLS-GROUP") != 0 || take(params, arg);
}

typedef void any_fn(void);
#define FN(f) ((any_fn *)(f))

const OSSL_DISPATCH tls_x25519_functions[] = {
	{ OSSL_FUNC_KEYMGMT_NEW, FN(key_new) },
	{ OSSL_FUNC_KEYMGMT_FREE, FN(key_free) },
	{ OSSL_FUNC_KEYMGMT_HAS, FN(key_has) },
	{ OSSL_FUNC_KEYMGMT_MATCH, FN(key_match) },
	{ OSSL_FUNC_KEYMGMT_DUP, FN(key_dup) },
	{ OSSL_FUNC_KEYMGMT_GET_PARAMS, FN(key_get_params) },
	{ OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, FN(key_gettable) },
	{ OSSL_FUNC_KEYMGMT_SET_PARAMS, FN(key_set_params) },
	{ OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, FN(key_settable) },
	{ OSSL_FUNC_KEYMGMT_EXPORT, FN(key_export) },
	{ OSSL_FUNC_KEYMGMT_EXPORT_TYPES, FN(key_types) },
	{ OSSL_FUNC_KEYMGMT_IMPORT, FN(key_import) },
	{ OSSL_FUNC_KEYMGMT_IMPORT_TYPES, FN(key_types) },
	{ OSSL_FUNC_KEYMGMT_GEN_INIT, FN(maker_new) },
	{ OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, FN(maker_set_params) },
	{ OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, FN(maker_settable) },
	{ OSSL_FUNC_KEYMGMT_GEN, FN(maker_make) },
	{ OSSL_FUNC_KEYMGMT_GEN_CLEANUP, FN(maker_free) },
	{ 0, NULL },
};
