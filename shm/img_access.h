/*
 * img_access.h - the part of the configuration image that says who may do what:
 * authenticators, roles, what routes demand, and what the upstream is told.
 */
#ifndef SHM_IMG_ACCESS_H
#define SHM_IMG_ACCESS_H

#include "shm/img_ref.h"

enum img_auth_type {
	IMG_AUTH_JWT,
	IMG_AUTH_API_KEY,
	IMG_AUTH_BASIC,
	IMG_AUTH_MTLS,
	IMG_AUTH_INTROSPECTION, /* RFC 7662 */
	IMG_AUTH_FORWARD,       /* asks a service about the request */
	IMG_AUTH_TYPES
};

/* What an identity consists of, and where a token has it. */
enum img_claim {
	IMG_CLAIM_USER,
	IMG_CLAIM_EMAIL,
	IMG_CLAIM_ROLES,
	IMG_CLAIM_PERMISSIONS,
	IMG_CLAIM_TENANT,
	IMG_CLAIM_SERVICE,
	IMG_CLAIMS
};

/* A key of an api_key authenticator, or a user of others, with its grants. */
struct img_holder {
	/* api_key: the SHA-256 of the key. The holders are in order of it. */
	uint8_t sha256[32];
	/* basic: the user's name; mtls: the subject or SAN that it is for. */
	struct img_str name;
	struct img_str
	    claims[IMG_CLAIMS]; /* lists joined by ","; len 0: none */
	int64_t expires_s;      /* INT64_MAX: never */
};

struct img_htpasswd {
	struct img_str user;
	struct img_secret hash; /* crypt(5), NUL-terminated */
};

/* Kept together in order of file: an index in img_head.authenticators. */
struct img_auth {
	/* Of all that a cached result depends on, keys and files included. */
	uint8_t hash[32];
	struct img_str name;
	uint32_t type;  /* enum img_auth_type */
	uint32_t slot;  /* keysets.h: filled in at publish; IMG_NONE: none */
	uint32_t cache; /* 1: results are kept */
	uint32_t strip; /* 1: the credentials do not go upstream */
	/* Where the credentials stand. One of the two is given, or none:
	 * Authorization: Bearer. */
	struct img_str header; /* of this name */
	uint32_t header_id;    /* its enum field_id */
	struct img_str cookie;
	struct img_str query; /* api_key: of this parameter */
	/* In a 401, of its scheme and with its realm; errors go behind it. */
	struct img_str challenge;
	/* jwt */
	uint32_t algs; /* bits of enum jose_alg */
	uint32_t own;  /* 1: keys are those that the gateway signs with */
	struct img_secret keys;  /* struct keyset; len 0: none of its own */
	struct img_str jwks_url; /* len 0: none */
	uint64_t jwks_refresh_us, jwks_cooldown_us, jwks_timeout_us;
	uint32_t jwks_trust; /* in img_head.trusts, or IMG_NONE: the system's */
	uint64_t leeway_us;
	struct img_span issuers, audiences, required; /* struct img_str */
	struct img_span types; /* struct img_str: of `typ`, lower case */
	struct img_str claims[IMG_CLAIMS]; /* names of claims; len 0: none */
	/* api_key, basic, mtls */
	struct img_span holders;  /* struct img_holder */
	struct img_span htpasswd; /* struct img_htpasswd, in order of user */
	uint32_t open;    /* basic, mtls: who is no holder is let in, too */
	uint32_t subject; /* mtls: enum img_mtls */
	/* introspection, forward */
	uint32_t service; /* in img_head.services */
	struct img_str path;
	struct img_str client_id;
	struct img_secret client_secret;           /* ready as "Basic ..." */
	struct img_span forward_headers;           /* struct img_str: sent on */
	struct img_str answer_headers[IMG_CLAIMS]; /* forward: who it is */
	uint32_t always; /* forward: asks about requests with none of them */
	uint64_t ttl_us; /* an answer is kept so long at most */
	uint64_t timeout_us; /* for an answer */
};

/* mtls: what of a certificate is the user. */
enum img_mtls { IMG_MTLS_SUBJECT, IMG_MTLS_CN, IMG_MTLS_SAN, IMG_MTLS_EMAIL };

/*
 * Roles and permissions by number; a set of either is a bitset of as many
 * 64-bit words as img_access has. A permission has a number when a route
 * demands it.
 */
struct img_role {
	struct img_str name;  /* roles are in order of their names */
	uint32_t closure;     /* offset of uint64_t[role_words]: itself and all
				 that it inherits */
	uint32_t permissions; /* offset of uint64_t[permission_words] */
};

enum img_compare {
	IMG_COMPARE_EQUALS,
	IMG_COMPARE_NOT_EQUALS,
	IMG_COMPARE_CONTAINS, /* a list has it */
	IMG_COMPARE_EXISTS,
	IMG_COMPARE_AT_LEAST, /* ordered, from here on */
	IMG_COMPARE_AT_MOST,
	IMG_COMPARE_MORE,
	IMG_COMPARE_LESS,
};

struct img_claim_rule {
	struct img_str claim;
	uint32_t compare;      /* enum img_compare */
	struct img_span value; /* struct img_tmpl_op */
	double number;         /* of ordered ones */
};

/* What a route demands: all that is given must hold. */
struct img_demand {
	uint32_t any_role, all_roles; /* offset of a set of roles; 0: none */
	uint32_t permissions;         /* offset of a set; 0: none */
	struct img_span tenant;       /* struct img_tmpl_op; count 0: any */
	struct img_span claims;       /* struct img_claim_rule */
};

/* Who meets one of the denials is refused, whatever else holds. */
struct img_authorize {
	struct img_demand allow;
	struct img_span deny; /* struct img_demand */
};

/* A header that tells the upstream who it is; len 0: it is not told. */
struct img_identity_header {
	struct img_str name;
	uint32_t spare;
};

/* Tokens that the gateway signs. */
struct img_issuer {
	struct img_str issuer;
	struct img_span audiences; /* struct img_str */
	uint32_t alg;              /* enum jose_alg: ES256 or HS256 */
	uint32_t keys;             /* HS256: how many secrets */
	struct img_secret secret;  /* HS256: the one that signs */
	uint64_t lifetime_us;
	uint64_t refresh_us; /* of a refresh token; 0: none */
	uint32_t per_minute; /* tries of one address; 0: no limit */
};

/* Of a service: the token that says that a request came through the gateway. */
struct img_service_token {
	struct img_issuer issuer; /* audiences: one */
	uint64_t hash; /* of all that a token depends on, but for whose it is */
	struct img_str header;
};

/* What a route does with tokens of the gateway. */
enum img_grant {
	IMG_GRANT_NONE,
	IMG_GRANT_ISSUE,   /* a first pair, for the identity */
	IMG_GRANT_REFRESH, /* a new pair, for a refresh token */
	IMG_GRANT_JWKS,    /* the public keys that the gateway signs with */
};

/* In img_head. */
struct img_access {
	struct img_span authenticators; /* struct img_auth */
	struct img_span roles;          /* struct img_role */
	struct img_span permissions;    /* struct img_str, by number */
	uint32_t role_words, permission_words;
	struct img_span authorizes; /* struct img_authorize */
	/* The headers of identity in the order of enum img_claim, then those of
	 * service tokens and whatever else nobody but us may set. */
	struct img_span told; /* struct img_identity_header */
	uint64_t
	    told_lengths; /* bit n: one of them has n bytes (63: or more) */
	struct img_issuer issuer;       /* of routes that issue */
	struct img_span service_tokens; /* struct img_service_token */
	uint64_t signing_rotate_us;     /* keys of ES256 are used so long */
};

#endif
