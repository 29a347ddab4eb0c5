/*
 * jose.c - see jose.h.
 */
#include "common/jose/jose.h"

static const struct slice alg_names[] = {
#define JOSE(ID, name, family, hash, size) \
	[JOSE_##ID] = { name, sizeof(name) - 1 },
#include "common/jose/jose.def"
};

/* Algorithms by the family that jose.def names. */
#define BIT(ID) ((uint32_t)1 << JOSE_##ID)

bool
jose_alg_find(struct slice name, enum jose_alg *alg)
{
	for (uint32_t i = 0; i < JOSE_COUNT; i++) {
		if (!slice_eq(name, alg_names[i]))
			continue;
		*alg = (enum jose_alg)i;
		return true;
	}
	return false;
}

struct slice
jose_alg_name(enum jose_alg alg)
{
	return alg_names[alg];
}

uint32_t
jose_key_algs(enum jose_key key)
{
	switch (key) {
	case JOSE_KEY_HMAC:
		return BIT(HS256) | BIT(HS384) | BIT(HS512);
	case JOSE_KEY_RSA:
		return BIT(RS256) | BIT(RS384) | BIT(RS512) | BIT(PS256) |
		    BIT(PS384) | BIT(PS512);
	case JOSE_KEY_P256:
		return BIT(ES256);
	case JOSE_KEY_P384:
		return BIT(ES384);
	case JOSE_KEY_P521:
		return BIT(ES512);
	case JOSE_KEY_ED25519:
		return BIT(EDDSA);
	}
	return 0;
}
