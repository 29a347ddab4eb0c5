/*
 * tls_kdf.c - see tls_kdf.h: HKDF with the labels of RFC 8446 7.1, for the two
 * digests of its suites.
 *
 *	libssl -- EVP_KDF_derive --> kdf_derive -> kdf_extract -\
 *	                                        \-> kdf_expand --> hmac
 *
 * What libssl does not do, set parameters ahead of the derivation, fails. Who
 * seals records himself learns here what libssl would seal them with.
 */
/* A context of EVP is made anew for each digest (OpenSSL 3.0), and costs more
 * than a block of it; the deprecated calls work in place. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "common/net/tls_kdf.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/sha.h>
#include <string.h>

#include "common/base/slice.h"

#define PROVIDER "penstock"
#define BLOCK_MAX SHA512_CBLOCK
#define DIGEST_MAX SHA384_DIGEST_LENGTH
#define LABEL_MAX (2 + 1 + 255 + 1 + 255) /* RFC 8446 7.1: HkdfLabel */

/* ---- the digests of the suites ---- */

static const struct slice key_label = { "key", 3 }, iv_label = { "iv", 2 };

struct digest {
	const char *names[3]; /* the first is libssl's */
	size_t block, bytes;
};

static const struct digest digests[] = {
	{ { "SHA2-256", "SHA-256", "SHA256" }, SHA256_CBLOCK,
	    SHA256_DIGEST_LENGTH },
	{ { "SHA2-384", "SHA-384", "SHA384" }, SHA512_CBLOCK,
	    SHA384_DIGEST_LENGTH },
};

union hash {
	SHA256_CTX of_256;
	SHA512_CTX of_384;
};

static void
hash_init(const struct digest *d, union hash *h)
{
	if (d->bytes == SHA256_DIGEST_LENGTH)
		SHA256_Init(&h->of_256);
	else
		SHA384_Init(&h->of_384);
}

static void
hash_add(const struct digest *d, union hash *h, struct slice s)
{
	if (d->bytes == SHA256_DIGEST_LENGTH)
		SHA256_Update(&h->of_256, s.p, s.n);
	else
		SHA384_Update(&h->of_384, s.p, s.n);
}

static void
hash_end(const struct digest *d, union hash *h, unsigned char *out)
{
	if (d->bytes == SHA256_DIGEST_LENGTH)
		SHA256_Final(out, &h->of_256);
	else
		SHA384_Final(out, &h->of_384);
}

static struct slice
bytes_of(const unsigned char *p, size_t n)
{
	return slice_make((const char *)p, n);
}

/* ---- HMAC, RFC 2104 ---- */

/* A digest over a key of BLOCK_MAX bytes, padded, and what follows it. */
static void
hash_padded(const struct digest *d, const unsigned char *key, uint8_t pad,
    const struct slice *parts, size_t count, unsigned char *out)
{
	unsigned char block[BLOCK_MAX];
	union hash h;

	for (int i = 0; i < BLOCK_MAX; i++)
		block[i] = key[i] ^ pad;
	hash_init(d, &h);
	hash_add(d, &h, bytes_of(block, d->block));
	for (size_t i = 0; i < count; i++)
		hash_add(d, &h, parts[i]);
	hash_end(d, &h, out);
	OPENSSL_cleanse(block, sizeof(block));
	OPENSSL_cleanse(&h, sizeof(h));
}

/*
 * False: the key is longer than a block, which no secret and no salt is. `out`
 * may be one of the parts.
 */
static bool
hmac(const struct digest *d, struct slice key, const struct slice *parts,
    size_t count, unsigned char *out)
{
	unsigned char block[BLOCK_MAX] = { 0 };
	struct slice inner = bytes_of(out, d->bytes);

	if (key.n > d->block)
		return false;
	if (key.n != 0)
		memcpy(block, key.p, key.n);
	hash_padded(d, block, 0x36, parts, count, out);
	hash_padded(d, block, 0x5c, &inner, 1, out);
	OPENSSL_cleanse(block, sizeof(block));
	return true;
}

/* ---- HKDF, RFC 5869 and RFC 8446 7.1 ---- */

enum part { KEY, SALT, PREFIX, LABEL, DATA, PARTS };

/* What a derivation is made from; a part that is not given has no address. */
struct ask {
	int mode;
	const struct digest *digest;
	struct slice parts[PARTS];
};

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
		if (!ok)
			break;
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
	union hash empty;
	bool ok = bytes == d->bytes;

	if (in.p == NULL)
		in = bytes_of(zeros, d->bytes);
	if (ok && a->parts[SALT].p != NULL) {
		hash_init(d, &empty);
		hash_end(d, &empty, salt);
		ok = kdf_expand(a, a->parts[SALT], bytes_of(salt, d->bytes),
		    salt, d->bytes);
		before = bytes_of(salt, d->bytes);
	}
	ok = ok && hmac(d, before, &in, 1, out);
	OPENSSL_cleanse(salt, sizeof(salt));
	return ok;
}

/* ---- traffic ---- */

static struct {
	struct tls_traffic *to; /* NULL: nobody watches */
	struct slice label;
} watched;

void
tls_kdf_watch(struct tls_traffic *to, struct slice label)
{
	watched.to = to;
	watched.label = label;
}

/* What was derived may be the secret that is watched, or made from it. */
static void
watched_note(const struct ask *a, const unsigned char *out, size_t bytes)
{
	struct tls_traffic *to = watched.to;
	struct slice label = a->parts[LABEL], key = a->parts[KEY];

	if (slice_eq(label, watched.label) && bytes == a->digest->bytes) {
		to->digest = a->digest;
		memcpy(to->secret, out, bytes);
		return;
	}
	if (label.n > key_label.n || to->digest == NULL ||
	    key.n != to->digest->bytes ||
	    CRYPTO_memcmp(key.p, to->secret, key.n) != 0)
		return;
	if (slice_eq(label, key_label) && bytes <= sizeof(to->key)) {
		memcpy(to->key, out, bytes);
		to->key_bytes = bytes;
	} else if (slice_eq(label, iv_label) && bytes == sizeof(to->iv)) {
		memcpy(to->iv, out, bytes);
	}
}

static bool
traffic_expand(const struct tls_traffic *t, struct slice label,
    unsigned char *out, size_t bytes)
{
	struct ask a = { .digest = t->digest };

	a.parts[PREFIX] = SLICE_LIT("tls13 ");
	a.parts[LABEL] = label;
	return kdf_expand(
	    &a, bytes_of(t->secret, t->digest->bytes), SLICE_NONE, out, bytes);
}

bool
tls_kdf_update(struct tls_traffic *t)
{
	unsigned char next[DIGEST_MAX];
	bool ok;

	if (t->digest == NULL || t->key_bytes == 0)
		return false;
	ok =
	    traffic_expand(t, SLICE_LIT("traffic upd"), next, t->digest->bytes);
	if (ok)
		memcpy(t->secret, next, t->digest->bytes);
	OPENSSL_cleanse(next, sizeof(next));
	return ok && traffic_expand(t, key_label, t->key, t->key_bytes) &&
	    traffic_expand(t, iv_label, t->iv, sizeof(t->iv));
}

/* ---- what is asked ---- */

static const struct digest *
digest_named(const char *name)
{
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < sizeof(digests) / sizeof(digests[0]);
		     k++)
			if (OPENSSL_strcasecmp(digests[k].names[i], name) == 0)
				return &digests[k];
	return NULL;
}

/* Names that differ do so in their first letter, nearly always. */
static bool
same(const char *a, const char *b)
{
	return *a == *b && strcmp(a, b) == 0;
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

	while (i < PARTS && !same(names[i], name))
		i++;
	return (enum part)i;
}

/* False: a parameter that is not known, or not of its type. */
static bool
ask_take(struct ask *a, const OSSL_PARAM *param)
{
	enum part part = part_named(param->key);

	if (part != PARTS) {
		a->parts[part] = bytes_of(param->data, param->data_size);
		return param->data_type == OSSL_PARAM_OCTET_STRING;
	}
	if (same(param->key, OSSL_KDF_PARAM_MODE))
		return OSSL_PARAM_get_int(param, &a->mode) == 1;
	if (!same(param->key, OSSL_KDF_PARAM_DIGEST) ||
	    param->data_type != OSSL_PARAM_UTF8_STRING)
		return false;
	a->digest = digest_named(param->data);
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

	(void)ctx;
	for (const OSSL_PARAM *p = params; ok && p->key != NULL; p++)
		ok = ask_take(&a, p);
	ok = ok && ask_answer(&a, out, bytes);
	if (ok && watched.to != NULL)
		watched_note(&a, out, bytes);
	return ok;
}

/* ---- what libcrypto sees ---- */

/* A derivation leaves nothing behind, and one context does for all. */
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

static const OSSL_DISPATCH provider_functions[] = {
	{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, FN(provider_query) },
	{ 0, NULL },
};

static int
provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core,
    const OSSL_DISPATCH **functions, void **provider)
{
	static char state; /* an address, no more */

	(void)handle;
	(void)core;
	*functions = provider_functions;
	*provider = &state;
	return 1;
}

bool
tls_kdf_init(void)
{
	/* For good: only the end of the process unloads them. */
	static OSSL_PROVIDER *theirs, *ours;

	/* Whoever loads one by name has to name the default one, too. */
	if (theirs == NULL)
		theirs = OSSL_PROVIDER_load(NULL, "default");
	if (theirs != NULL && ours == NULL &&
	    OSSL_PROVIDER_add_builtin(NULL, PROVIDER, provider_init) == 1)
		ours = OSSL_PROVIDER_load(NULL, PROVIDER);
	return ours != NULL;
}
