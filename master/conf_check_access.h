/*
 * conf_check_access.h - the check of who may do what: authenticators, roles,
 * permissions, what routes demand, and tokens that the gateway signs.
 *
 * Everything is checked against names that stand somewhere else in the file, so
 * all of it shares one struct, from begin to end.
 */
#ifndef MASTER_CONF_CHECK_ACCESS_H
#define MASTER_CONF_CHECK_ACCESS_H

#include <stdbool.h>

#include "common/base/diag.h"
#include "common/base/map.h"
#include "master/conf.h"
#include "master/conf_table.h"

struct access_check {
	struct conf *c;
	struct diag *d;
	/* Names to index + 1. */
	const struct map *services;
	struct map auths, roles;
	struct map listed;    /* conf.permissions */
	struct map granted;   /* by roles and holders, without "*" */
	struct map patterns;  /* likewise, with "*" */
	struct map demanded;  /* by routes; index in conf.demanded */
	unsigned suggestions; /* so far: each looks at all names */
};

/* All but the routes. The services were checked. */
void conf_access_begin(struct access_check *ac, struct conf *c,
    const struct map *services, struct diag *d);

/* Of a route: authenticate, authorize, issue, refresh, close_revoked. */
void conf_check_route_access(struct access_check *ac, struct conf_route *r);

/* The option by which r hands out tokens or keys; NULL: it does not. */
const char *conf_route_grant(const struct conf_route *r);

/* Puts the permissions that were demanded into the conf. */
void conf_access_end(struct access_check *ac);

/* ---- its parts ---- */

void conf_check_auths(struct access_check *ac);
void conf_check_roles(struct access_check *ac);
/* Of one authenticator, by its kind. */
void conf_check_jwt(struct access_check *ac, struct conf_auth *a);
void conf_check_holders(struct access_check *ac, struct conf_auth *a);
void conf_check_asked(struct access_check *ac, struct conf_auth *a);
/* The key set of a jwt authenticator, out of its keys and files. */
void conf_auth_keys(struct access_check *ac, struct conf_auth *a);
/* What a route, or a denial of it, demands. */
void conf_check_demand(struct access_check *ac, const struct conf_block *b,
    const void *thing, const char *group, struct conf_demand *demand);
/* A route that hands out tokens or keys. */
void conf_check_grant(struct access_check *ac, struct conf_route *r);
/* identity_headers, tokens of services, token_issuer, signing. */
void conf_check_told(struct access_check *ac);
void conf_check_issuers(struct access_check *ac);

/* Whom the tokens of a service are for. */
const char *conf_token_audience(const struct conf_service *s);
/* The service whose tokens are signed with this secret, or NULL. */
const struct conf_service *
conf_token_secret(const struct conf *c, const struct conf_secret *secret);
/* Whether any token is signed with keys that the gateway makes. */
bool conf_signs_es256(const struct conf *c);

/* Roles that somebody is said to have, or must have. */
void conf_check_role_names(struct access_check *ac,
    const struct conf_strings *names, const char *what);
/* The permissions that there are. */
void conf_check_listed(struct access_check *ac);
/* Permissions that are granted. */
void conf_check_grants(struct access_check *ac,
    const struct conf_strings *names, const char *what);
/* Permissions that are demanded. */
void conf_check_demands(struct access_check *ac,
    const struct conf_strings *names, const char *what);

/* Names of algorithms as bits of enum jose_alg. */
uint32_t conf_check_algorithms(struct access_check *ac,
    const struct conf_strings *names, const char *what);

/*
 * NULL, or why credentials, or what the gateway says, cannot stand in a field
 * of this name, as half a sentence.
 */
const char *conf_credential_fault(const char *name);

/* True when the gateway alone sets fields of this name, in any spelling. */
bool conf_told(const struct conf *c, const char *name);

/* An error at an option of a thing. */
#define ACCESS_COMPLAIN(ac, block, thing, path, ...)                  \
	do {                                                          \
		struct conf_place at_ =                               \
		    conf_where((ac)->c, (block), (thing), (path));    \
		diag_error((ac)->d, at_.file, at_.line, __VA_ARGS__); \
	} while (0)

#endif
