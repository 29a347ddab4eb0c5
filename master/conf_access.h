/*
 * conf_access.h - the part of a configuration that says who may do what; see
 * conf.h.
 */
#ifndef MASTER_CONF_ACCESS_H
#define MASTER_CONF_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "master/conf_place.h"
#include "shm/img_access.h"

struct keyset;

#define CONF_HOLDERS_MAX 16384
#define CONF_ROLES_MAX 8192
#define CONF_PERMISSIONS_MAX 8192

/* Bytes that nobody may see: wiped when the conf is freed. */
struct conf_secret {
	char *p; /* OPENSSL_malloc'd; NULL: there are none */
	size_t n;
};

/* A key that tokens are verified with: one of file, secret, secret_file. */
struct conf_key {
	struct conf_place place;
	uint32_t *origins;
	const char *id; /* NULL: none */
	const char *file, *secret, *secret_file;
	struct conf_strings algorithms;
	uint32_t algs; /* made of them; 0: those of the authenticator */
};

struct conf_jwks {
	const char *url, *file; /* one of them */
	const char *ca;         /* NULL: the system's */
	uint64_t refresh_us, cooldown_us, timeout_us;
	uint32_t trust; /* in conf.trusts, or IMG_NONE */
};

/* Whom an api_key, basic or mtls authenticator knows, and as what. */
struct conf_holder {
	struct conf_place place;
	uint32_t *origins;
	const char *name;
	const char *sha256; /* hexadecimal: what `hash` is made of */
	uint8_t hash[32];
	const char *user, *email, *tenant, *service;
	struct conf_strings roles, permissions;
	const char *expires; /* NULL: never */
	int64_t expires_s;
};

/* A line of an htpasswd file. */
struct conf_password {
	const char *user;
	const char *hash; /* in the conf's arena */
	int line;
};

struct conf_auth {
	struct conf_place place;
	uint32_t *origins;
	const char *name;
	const char *type; /* a word, or NULL: what `kind` is made of */
	uint32_t kind;    /* enum img_auth_type */
	/* where the credentials are */
	const char *header, *cookie, *query;
	bool strip;
	const char *realm; /* NULL: its name */
	/* jwt, introspection */
	struct conf_strings algorithms;
	uint32_t algs; /* made of them */
	struct conf_strings issuer, audience, types, require;
	uint64_t leeway_us;
	struct conf_key *keys;
	size_t key_count;
	bool has_jwks; /* the group was written */
	struct conf_jwks jwks;
	bool own, cache;
	const char *claims[IMG_CLAIMS]; /* "": it is not looked for */
	struct keyset *set; /* made of keys and jwks.file; NULL: none */
	/* api_key, basic, mtls */
	struct conf_holder *holders;
	size_t holder_count;
	bool open;
	const char *htpasswd; /* a file, with what is in it: */
	struct conf_password *passwords;
	size_t password_count;
	const char *subject;   /* a word: what `subject_kind` is made of */
	uint32_t subject_kind; /* enum img_mtls */
	/* introspection, forward */
	const char *service;
	size_t service_index;
	const char *path;
	const char *client_id, *client_secret, *client_secret_file;
	struct conf_secret client; /* what goes into Authorization */
	struct conf_strings forward_headers;
	bool always;
	const char *answer[IMG_CLAIMS]; /* "": it is not looked for */
	uint64_t ttl_us; /* resolved: without one, that of its type */
	uint64_t timeout_us;
};

struct conf_role {
	struct conf_place place;
	uint32_t *origins;
	const char *name;
	struct conf_strings permissions, inherits;
	size_t *parents; /* in conf.roles, one for each of inherits */
};

/* A claim, and exactly one comparison; values as texts. */
struct conf_claim_rule {
	struct conf_place place;
	uint32_t *origins;
	const char *claim;
	const char *equals, *not_equals, *contains;
	const char *at_least, *at_most, *more, *less;
	bool exists;
	uint32_t compare; /* enum img_compare: made of them */
	const char *value;
	struct conf_place value_place;
	double number;
};

/* What is demanded, or denied. */
struct conf_demand {
	struct conf_strings any_role, all_roles, permissions;
	const char *tenant; /* a template; NULL: any */
	struct conf_place tenant_place;
	struct conf_claim_rule *claims;
	size_t claim_count;
};

struct conf_deny {
	struct conf_place place;
	uint32_t *origins;
	struct conf_demand demand;
};

/* Tokens that the gateway signs. */
struct conf_issuer {
	const char *issuer; /* resolved over signing.issuer */
	const char *algorithm;
	uint32_t alg; /* enum jose_alg */
	const char *secret, *secret_file;
	struct conf_secret key; /* HS256 */
	uint64_t lifetime_us;
};

/* Of a service. */
struct conf_service_token {
	const char *header;
	const char *audience; /* NULL: the service's name */
	struct conf_issuer issuer;
};

/* Of routes that issue. */
struct conf_token_issuer {
	struct conf_issuer issuer;
	struct conf_strings audience;
	uint64_t refresh_us; /* 0: there are no refresh tokens */
	uint64_t per_minute; /* 0: no limit */
};

struct conf_signing {
	const char *issuer;
	uint64_t rotate_us;
};

#endif
