/*
 * conf_check_issuers.c - tokens that the gateway signs: algorithms, secrets,
 * how long they hold, and that those for clients and those for services cannot
 * be taken for each other.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/units.h"
#include "common/jose/jose.h"
#include "master/conf_check_access.h"
#include "master/conf_secret.h"

struct issuer_check {
	struct access_check *ac;
	const struct conf_block *block;
	const void *thing;
	const char *group; /* "token.", "token_issuer." */
	struct conf_issuer *issuer;
};

static const char *
path_of(const struct issuer_check *ic, const char *key, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s%s", ic->group, key);
	return buf;
}

#define COMPLAIN(ic, key, fmt, ...)                                        \
	do {                                                               \
		char path_[64];                                            \
		(void)path_of((ic), (key), path_, sizeof(path_));          \
		ACCESS_COMPLAIN((ic)->ac, (ic)->block, (ic)->thing, path_, \
		    "%s: " fmt, path_, __VA_ARGS__);                       \
	} while (0)

static bool
given(const struct issuer_check *ic, const char *key)
{
	char path[64];

	return conf_given(
	    ic->block, ic->thing, path_of(ic, key, path, sizeof(path)));
}

static void
check_secret(struct issuer_check *ic)
{
	struct conf_issuer *i = ic->issuer;
	bool here = given(ic, "secret"), by_file = given(ic, "secret_file");
	const char *key = by_file ? "secret_file" : "secret";
	char path[64], file_path[64];
	struct conf_secret_rows rows = { ic->block, ic->thing,
		path_of(ic, "secret", path, sizeof(path)),
		path_of(ic, "secret_file", file_path, sizeof(file_path)),
		i->secret, i->secret_file };

	if (i->alg == JOSE_ES256 && (here || by_file)) {
		COMPLAIN(ic, key, "it has no effect with %s",
		    "ES256, whose keys the gateway makes itself");
		return;
	}
	if (i->alg == JOSE_ES256)
		return;
	if (!here && !by_file)
		COMPLAIN(
		    ic, "algorithm", "HS256 needs %s", "secret or secret_file");
	else if (conf_secret_take(ic->ac->c, &rows, &i->key, ic->ac->d) &&
	    i->key.n < JOSE_HMAC_BYTES_MIN)
		COMPLAIN(ic, key, "it has %zu bytes; %d are the least",
		    i->key.n, JOSE_HMAC_BYTES_MIN);
}

/* A key verifies for one turn after it has signed for one. */
static void
check_lifetime(struct issuer_check *ic)
{
	const struct conf_signing *s = &ic->ac->c->signing;
	char life[32], turn[32];

	if (ic->issuer->alg == JOSE_ES256 &&
	    ic->issuer->lifetime_us > s->rotate_us)
		COMPLAIN(ic, "lifetime",
		    "%s is longer than signing.rotate (%s): the key would be "
		    "gone before the token",
		    units_duration_text(
			ic->issuer->lifetime_us, life, sizeof(life)),
		    units_duration_text(s->rotate_us, turn, sizeof(turn)));
}

static void
check_issuer(struct issuer_check *ic)
{
	struct conf_issuer *i = ic->issuer;

	i->alg = strcmp(i->algorithm, "HS256") == 0 ? JOSE_HS256 : JOSE_ES256;
	if (i->issuer == NULL)
		i->issuer = ic->ac->c->signing.issuer;
	check_secret(ic);
	check_lifetime(ic);
}

static void
check_refresh(struct access_check *ac)
{
	const struct conf_token_issuer *t = &ac->c->token_issuer;
	char refresh[32], life[32];

	if (t->refresh_us != 0 && t->refresh_us < t->issuer.lifetime_us)
		ACCESS_COMPLAIN(ac, &conf_block_top, ac->c,
		    "token_issuer.refresh",
		    "token_issuer.refresh: %s is shorter than lifetime (%s)",
		    units_duration_text(
			t->refresh_us, refresh, sizeof(refresh)),
		    units_duration_text(
			t->issuer.lifetime_us, life, sizeof(life)));
}

const char *
conf_token_audience(const struct conf_service *s)
{
	return s->token.audience != NULL ? s->token.audience : s->name;
}

/* A client's token is none that says that a request came through here. */
static void
check_clients_audience(struct access_check *ac, const struct conf_service *s)
{
	const struct conf_strings *names = &ac->c->token_issuer.audience;

	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], conf_token_audience(s)) == 0)
			diag_error(ac->d, names->places[i].file,
			    names->places[i].line,
			    "token_issuer.audience: \"%s\" is that of the "
			    "tokens of service \"%s\", and a client's would "
			    "pass for one",
			    names->items[i], s->name);
}

static bool
same_secret(const struct conf_secret *a, const struct conf_secret *b)
{
	return a->p != NULL && b->p != NULL && a->n == b->n &&
	    memcmp(a->p, b->p, a->n) == 0;
}

static void
check_apart(struct access_check *ac, const struct conf_service *s)
{
	const struct conf_issuer *clients = &ac->c->token_issuer.issuer;
	const struct conf_issuer *i = &s->token.issuer;
	const char *key =
	    i->secret != NULL ? "token.secret" : "token.secret_file";

	if (i->alg == JOSE_ES256 && clients->alg == JOSE_ES256)
		check_clients_audience(ac, s);
	else if (same_secret(&i->key, &clients->key))
		ACCESS_COMPLAIN(ac, &conf_block_service, s, key,
		    "%s: it is that of token_issuer, so that the service could "
		    "make tokens of clients",
		    key);
}

const struct conf_service *
conf_token_secret(const struct conf *c, const struct conf_secret *secret)
{
	for (size_t i = 0; i < c->service_count; i++)
		if (c->services[i].has_token &&
		    same_secret(&c->services[i].token.issuer.key, secret))
			return &c->services[i];
	return NULL;
}

bool
conf_signs_es256(const struct conf *c)
{
	bool signs =
	    c->has_token_issuer && c->token_issuer.issuer.alg == JOSE_ES256;

	for (size_t i = 0; i < c->service_count && !signs; i++)
		signs = c->services[i].has_token &&
		    c->services[i].token.issuer.alg == JOSE_ES256;
	return signs;
}

void
conf_check_issuers(struct access_check *ac)
{
	struct conf *c = ac->c;
	struct issuer_check ic = { ac, &conf_block_top, c, "token_issuer.",
		&c->token_issuer.issuer };

	c->has_token_issuer = conf_given(&conf_block_top, c, "token_issuer");
	if (c->has_token_issuer) {
		check_issuer(&ic);
		check_refresh(ac);
	}
	for (size_t i = 0; i < c->service_count; i++) {
		struct conf_service *s = &c->services[i];

		if (!s->has_token)
			continue;
		ic = (struct issuer_check){ ac, &conf_block_service, s,
			"token.", &s->token.issuer };
		check_issuer(&ic);
		if (c->has_token_issuer)
			check_apart(ac, s);
	}
}
