/*
 * issue.c - see issue.h.
 *
 * libjwt takes whatever key it is given for whatever it is to do (the text of a
 * public key for a secret, any curve for ES256), so the key is looked at
 * before, and what came out of it is read again by jws.h.
 */
#include "common/jose/issue.h"

#include <jansson.h>
#include <jwt.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/json_read.h"
#include "common/jose/jws.h"
#include "common/jose/key_form.h"
#include "common/jose/keyset_add.h"

void
issue_init(void)
{
	json_object_seed((size_t)hash_key_random().k0);
}

/* JWT_ALG_NONE: libjwt does not know it. */
static jwt_alg_t
libjwt_alg(enum jose_alg alg)
{
	switch (alg) {
	case JOSE_HS256:
		return JWT_ALG_HS256;
	case JOSE_HS384:
		return JWT_ALG_HS384;
	case JOSE_HS512:
		return JWT_ALG_HS512;
	case JOSE_RS256:
		return JWT_ALG_RS256;
	case JOSE_RS384:
		return JWT_ALG_RS384;
	case JOSE_RS512:
		return JWT_ALG_RS512;
	case JOSE_ES256:
		return JWT_ALG_ES256;
	case JOSE_ES384:
		return JWT_ALG_ES384;
	case JOSE_ES512:
		return JWT_ALG_ES512;
	case JOSE_PS256:
	case JOSE_PS384:
	case JOSE_PS512:
	case JOSE_EDDSA:
	case JOSE_COUNT:
		break;
	}
	return JWT_ALG_NONE;
}

static bool
algorithm_is(const X509_ALGOR *a, enum jose_key *kind)
{
	const ASN1_OBJECT *oid;
	const void *curve;
	int type;

	X509_ALGOR_get0(&oid, &type, &curve, a);
	if (OBJ_obj2nid(oid) == NID_rsaEncryption) {
		*kind = JOSE_KEY_RSA;
		return true;
	}
	if (OBJ_obj2nid(oid) != NID_X9_62_id_ecPublicKey ||
	    type != V_ASN1_OBJECT)
		return false;
	switch (OBJ_obj2nid(curve)) {
	case NID_X9_62_prime256v1:
		*kind = JOSE_KEY_P256;
		return true;
	case NID_secp384r1:
		*kind = JOSE_KEY_P384;
		return true;
	case NID_secp521r1:
		*kind = JOSE_KEY_P521;
		return true;
	default:
		return false;
	}
}

/*
 * By what PKCS #8 says of itself: to parse the key as libjwt is about to would
 * cost as much once more.
 */
static bool
private_key_fits(struct slice pem, enum jose_alg alg)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	PKCS8_PRIV_KEY_INFO *info = bio != NULL
	    ? PEM_read_bio_PKCS8_PRIV_KEY_INFO(bio, NULL, NULL, NULL)
	    : NULL;
	const X509_ALGOR *algorithm;
	enum jose_key kind;
	bool fits = info != NULL &&
	    PKCS8_pkey_get0(NULL, NULL, NULL, &algorithm, info) == 1 &&
	    algorithm_is(algorithm, &kind) &&
	    (jose_key_algs(kind) & 1u << alg) != 0;

	PKCS8_PRIV_KEY_INFO_free(info);
	BIO_free(bio);
	return fits;
}

static bool
key_fits(struct slice key, enum jose_alg alg)
{
	bool pem;

	if (key.n == 0 || key.n > JWS_BYTES_MAX)
		return false;
	pem = key_is_pem(key);
	if ((jose_key_algs(JOSE_KEY_HMAC) & 1u << alg) != 0)
		return !pem && (keyset_secret_algs(key.n) & 1u << alg) != 0;
	return pem && private_key_fits(key, alg);
}

static char *
copy_string(struct slice s)
{
	char *copy = malloc(s.n + 1);

	if (copy == NULL)
		return NULL;
	if (s.n != 0)
		memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return copy;
}

/* libjwt's functions return 0, or an errno. */
static char *
jwt_sign(jwt_alg_t alg, struct slice key, const char *kid, const char *claims)
{
	char *token = NULL;
	jwt_t *jwt;

	if (jwt_new(&jwt) != 0)
		return NULL;
	if (jwt_add_grants_json(jwt, claims) == 0 &&
	    (*kid == '\0' || jwt_add_header(jwt, "kid", kid) == 0) &&
	    jwt_set_alg(jwt, alg, (const unsigned char *)key.p, (int)key.n) ==
		0)
		token = jwt_encode_str(jwt);
	jwt_free(jwt);
	return token;
}

/* The key's size shows here. */
static bool
signature_is_long(const struct jws *t)
{
	bool rsa = (jose_key_algs(JOSE_KEY_RSA) & 1u << t->alg) != 0;

	return !rsa || t->signature.n >= JOSE_RSA_BITS_MIN / 8;
}

/* It says what it should, to who reads strictly. */
static bool
token_is_whole(struct slice token, enum jose_alg alg, struct slice kid)
{
	char *room = malloc(token.n + 1);
	struct jws t;
	bool whole = room != NULL && jws_parse(token, room, &t) == JWS_OK &&
	    t.alg == alg && signature_is_long(&t) && slice_eq(t.kid, kid) &&
	    slice_eq(t.typ, SLICE_LIT("JWT"));

	free(room);
	return whole;
}

static bool
is_object(struct slice claims)
{
	struct json_value v;

	return json_read_check(claims, &v) && v.kind == JSON_VALUE_OBJECT;
}

bool
issue_token(enum jose_alg alg, struct slice key, struct slice kid,
    struct slice claims, struct text *out)
{
	char *kid_copy = copy_string(kid), *claims_copy = copy_string(claims);
	char *token = NULL;
	bool made;

	if (kid_copy != NULL && claims_copy != NULL && is_object(claims) &&
	    libjwt_alg(alg) != JWT_ALG_NONE && key_fits(key, alg))
		token = jwt_sign(libjwt_alg(alg), key, kid_copy, claims_copy);
	made = token != NULL && token_is_whole(slice_str(token), alg, kid);
	if (made)
		text_add(out, slice_str(token));
	free(token);
	free(kid_copy);
	free(claims_copy);
	ERR_clear_error();
	return made;
}

static bool
pem_write(EVP_PKEY *pkey, struct text *out)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *p;
	bool made = bio != NULL &&
	    PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1;

	if (made) {
		long n = BIO_get_mem_data(bio, &p);

		text_add(out, slice_make(p, (size_t)n));
	}
	BIO_free(bio);
	return made;
}

bool
issue_key_make(struct text *pem, struct text *spki)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	unsigned char *der = NULL;
	int n = pkey != NULL ? i2d_PUBKEY(pkey, &der) : 0;
	bool made = n > 0 && pem_write(pkey, pem);

	if (made)
		text_add(spki, slice_make((char *)der, (size_t)n));
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return made;
}
