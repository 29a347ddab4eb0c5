/*
 * tls_kdf.c - see tls_kdf.h: HKDF with the labels of RFC 8446 7.1, for the two
 * digests of its suites, whose contexts are made once.
 *
 *	libssl -- EVP_KDF_derive --> kdf_derive -> kdf_extract -\
 *	                                        \-> kdf_expand --> hmac
 *
 * What libssl does not do, set parameters ahead of the derivation, fails.
 */
#include "common/net/tls_kdf.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <string.h>

#include "common/base/slice.h"

#define PROVIDER "penstock"
#define BLOCK_MAX 128 /* of SHA-384 */
#define DIGEST_MAX 48
#define DIGESTS 2
#define LABEL_MAX (2 + 1 + 255 + 1 + 255) /* RFC 8446 7.1: HkdfLabel */

struct digest {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
	size_t block, bytes;
	unsigned char empty[DIGEST_MAX]; /* of no message */
};

struct provider {
	struct digest digests[DIGESTS];
};

/* ---- HMAC, RFC 2104 ---- */

/* A digest over a key of BLOCK_MAX bytes, padded, and what follows it. */
static bool
hash_padded(const struct digest *d, const unsigned char *key, uint8_t pad,
    const struct slice *parts, size_t count, unsigned char *out)
{
	unsigned char block[BLOCK_MAX];
	bool ok;

	for (int i = 0; i < BLOCK_MAX; i++)
		block[i] = key[i] ^ pad;
	ok = EVP_DigestInit_ex2(d->ctx, d->md, NULL) == 1 &&
	    EVP_DigestUpdate(d->ctx, block, d->block) == 1;
	for (size_t i = 0; ok && i < count; i++)
		ok = EVP_DigestUpdate(d->ctx, parts[i].p, parts[i].n) == 1;
	OPENSSL_cleanse(block, sizeof(block));
	return ok && EVP_DigestFinal_ex(d->ctx, out, NULL) == 1;
}

/* A key is a secret or a salt, never longer than a block. `out` may be one of
 * the parts. */
static bool
hmac(const struct digest *d, struct slice key, const struct slice *parts,
    size_t count, unsigned char *out)
{
	unsigned char block[BLOCK_MAX] = { 0 };
	struct slice inner = slice_make((const char *)out, d->bytes);
	bool ok = key.n <= d->block;

	if (ok && key.n != 0)
		memcpy(block, key.p, key.n);
	ok = ok && hash_padded(d, block, 0x36, parts, count, out) &&
	    hash_padded(d, block, 0x5c, &inner, 1, out);
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}

/* ---- HKDF, RFC 5869 and RFC 8446 7.1 ---- */

enum part { KEY, SALT, PREFIX, LABEL, DATA, PARTS };

/* What a derivation is made from; a part that is not given has no address. */
struct ask {
	int mode;
	const struct digest *digest;
	struct slice parts[PARTS];
};

static struct slice
bytes_of(const unsigned char *p, size_t n)
{
	return slice_make((const char *)p, n);
}

static unsigned char *
put(unsigned char *to, struct slice s)
{
	return s.n != 0 ? mempcpy(to, s.p, s.n) : to;
}

/* HkdfLabel for `bytes` of output; empty: its parts are too long. */
static struct slice
label_write(unsigned char to[LABEL_MAX], const struct ask *a, struct slice data,
    size_t bytes)
{
	size_t n = a->parts[PREFIX].n + a->parts[LABEL].n;
	unsigned char *p = to;

	if (n > UINT8_MAX || data.n > UINT8_MAX || bytes > UINT16_MAX)
		return SLICE_NONE;
	*p++ = (unsigned char)(bytes >> 8);
	*p++ = (unsigned char)bytes;
	*p++ = (unsigned char)n;
	p = put(put(p, a->parts[PREFIX]), a->parts[LABEL]);
	*p++ = (unsigned char)data.n;
	p = put(p, data);
	return bytes_of(to, (size_t)(p - to));
}

static bool
kdf_expand(const struct ask *a, struct slice secret, struct slice data,
    unsigned char *out, size_t bytes)
{
	const struct digest *d = a->digest;
	unsigned char label[LABEL_MAX], block[DIGEST_MAX], turn = 0;
	struct slice parts[] = { SLICE_NONE, label_write(label, a, data, bytes),
		bytes_of(&turn, 1) };
	bool ok = parts[1].n != 0 && bytes <= UINT8_MAX * d->bytes;

	for (size_t at = 0; ok && at < bytes; at += d->bytes) {
		size_t n = bytes - at;

		turn++;
		ok = hmac(d, secret, parts, 3, block);
		memcpy(out + at, block, n < d->bytes ? n : d->bytes);
		parts[0] = bytes_of(block, d->bytes);
	}
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}

/* The salt is a secret of the stage before, and a label comes between. */
static bool
kdf_extract(const struct ask *a, unsigned char *out, size_t bytes)
{
	static const unsigned char zeros[DIGEST_MAX];
	const struct digest *d = a->digest;
	struct slice in = a->parts[KEY], before = SLICE_NONE;
	unsigned char salt[DIGEST_MAX];
	bool ok = bytes == d->bytes;

	if (in.p == NULL)
		in = bytes_of(zeros, d->bytes);
	if (ok && a->parts[SALT].p != NULL) {
		ok = kdf_expand(a, a->parts[SALT], bytes_of(d->empty, d->bytes),
		    salt, d->bytes);
		before = bytes_of(salt, d->bytes);
	}
	ok = ok && hmac(d, before, &in, 1, out);
	OPENSSL_cleanse(salt, sizeof(salt));
	return ok;
}

/* ---- what is asked ---- */

static const struct digest *
digest_named(const struct provider *p, const char *name)
{
	for (int i = 0; i < DIGESTS; i++)
		if (strcmp(EVP_MD_get0_name(p->digests[i].md), name) == 0)
			return &p->digests[i];
	for (int i = 0; i < DIGESTS; i++)
		if (EVP_MD_is_a(p->digests[i].md, name))
			return &p->digests[i];
	return NULL;
}

static enum part
part_named(const char *name)
{
	static const char *const names[PARTS] = {
		[KEY] = OSSL_KDF_PARAM_KEY,
		[SALT] = OSSL_KDF_PARAM_SALT,
		[PREFIX] = OSSL_KDF_PARAM_PREFIX,
		[LABEL] = OSSL_KDF_PARAM_LABEL,
		[DATA] = OSSL_KDF_PARAM_DATA,
	};
	unsigned i = 0;

	while (i < PARTS && strcmp(names[i], name) != 0)
		i++;
	return (enum part)i;
}

/* False: a parameter that is not known, or not of its type. */
static bool
ask_take(struct ask *a, const struct provider *p, const OSSL_PARAM *param)
{
	enum part part = part_named(param->key);

	if (part != PARTS) {
		a->parts[part] = bytes_of(param->data, param->data_size);
		return param->data_type == OSSL_PARAM_OCTET_STRING;
	}
	if (strcmp(param->key, OSSL_KDF_PARAM_MODE) == 0)
		return OSSL_PARAM_get_int(param, &a->mode) == 1;
	if (strcmp(param->key, OSSL_KDF_PARAM_DIGEST) != 0 ||
	    param->data_type != OSSL_PARAM_UTF8_STRING)
		return false;
	a->digest = digest_named(p, param->data);
	return a->digest != NULL;
}

static bool
ask_answer(const struct ask *a, unsigned char *out, size_t bytes)
{
	if (a->digest == NULL)
		return false;
	if (a->mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY)
		return kdf_extract(a, out, bytes);
	return a->mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY &&
	    a->parts[KEY].p != NULL &&
	    kdf_expand(a, a->parts[KEY], a->parts[DATA], out, bytes);
}

static int
kdf_derive(
    void *ctx, unsigned char *out, size_t bytes, const OSSL_PARAM params[])
{
	struct ask a = { .mode = -1 };
	bool ok = params != NULL;

	for (const OSSL_PARAM *p = params; ok && p->key != NULL; p++)
		ok = ask_take(&a, ctx, p);
	ok = ok && ask_answer(&a, out, bytes);
	/* Nothing of a secret stays in what is kept. */
	if (a.digest != NULL)
		ok = EVP_DigestInit_ex2(a.digest->ctx, a.digest->md, NULL) ==
			1 &&
		    ok;
	return ok;
}

/* ---- what libcrypto sees ---- */

/* There is nothing that a derivation would leave behind in a context. */
static void *
kdf_new(void *provider)
{
	return provider;
}

static void
kdf_free(void *ctx)
{
	(void)ctx;
}

static int
kdf_set(void *ctx, const OSSL_PARAM params[])
{
	(void)ctx;
	return params == NULL || params->key == NULL;
}

typedef void any_fn(void);
#define FN(f) ((any_fn *)(f))

static const OSSL_DISPATCH kdf_functions[] = {
	{ OSSL_FUNC_KDF_NEWCTX, FN(kdf_new) },
	{ OSSL_FUNC_KDF_FREECTX, FN(kdf_free) },
	{ OSSL_FUNC_KDF_DERIVE, FN(kdf_derive) },
	{ OSSL_FUNC_KDF_SET_CTX_PARAMS, FN(kdf_set) },
	{ 0, NULL },
};

static const OSSL_ALGORITHM *
provider_query(void *provider, int operation, int *no_cache)
{
	static const OSSL_ALGORITHM kdfs[] = {
		{ OSSL_KDF_NAME_TLS1_3_KDF, "provider=" PROVIDER, kdf_functions,
		    NULL },
		{ NULL, NULL, NULL, NULL },
	};

	(void)provider;
	*no_cache = 0;
	return operation == OSSL_OP_KDF ? kdfs : NULL;
}

static bool
digest_init(struct digest *d, const char *name)
{
	unsigned n;

	d->md = EVP_MD_fetch(NULL, name, NULL);
	d->ctx = EVP_MD_CTX_new();
	if (d->md == NULL || d->ctx == NULL)
		return false;
	d->block = (size_t)EVP_MD_get_block_size(d->md);
	d->bytes = (size_t)EVP_MD_get_size(d->md);
	return EVP_Digest(NULL, 0, d->empty, &n, d->md, NULL) == 1;
}

static void
provider_free(void *provider)
{
	struct provider *p = provider;

	for (int i = 0; i < DIGESTS; i++) {
		EVP_MD_CTX_free(p->digests[i].ctx);
		EVP_MD_free(p->digests[i].md);
	}
	OPENSSL_free(p);
}

static const OSSL_DISPATCH provider_functions[] = {
	{ OSSL_FUNC_PROVIDER_TEARDOWN, FN(provider_free) },
	{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, FN(provider_query) },
	{ 0, NULL },
};

static int
provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core,
    const OSSL_DISPATCH **functions, void **provider)
{
	struct provider *p = OPENSSL_zalloc(sizeof(*p));

	(void)handle;
	(void)core;
	if (p == NULL)
		return 0;
	if (!digest_init(&p->digests[0], "SHA2-256") ||
	    !digest_init(&p->digests[1], "SHA2-384")) {
		provider_free(p);
		return 0;
	}
	*functions = provider_functions;
	*provider = p;
	return 1;
}

bool
tls_kdf_init(void)
{
	/* Whoever loads one by name has to name the default one, too. */
	return OSSL_PROVIDER_load(NULL, "default") != NULL &&
	    OSSL_PROVIDER_add_builtin(NULL, PROVIDER, provider_init) == 1 &&
	    OSSL_PROVIDER_load(NULL, PROVIDER) != NULL;
}
