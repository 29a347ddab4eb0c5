/*
 * conf_auth_keys.c - makes the key set of a jwt authenticator out of PEM files,
 * secrets and JWK Sets in files.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/jose/keyset.h"
#include "master/conf_check.h"
#include "master/conf_check_access.h"
#include "master/conf_secret.h"
#include "master/conf_source.h"
#include "master/conf_suggest.h"

#define COMPLAIN(m, thing, block, path, ...) \
	ACCESS_COMPLAIN((m)->ac, (block), (thing), (path), __VA_ARGS__)

struct making {
	struct access_check *ac;
	struct conf_auth *a;
	struct keyset_build set;
};

/* ---- algorithms ---- */

static void
unknown_algorithm(struct access_check *ac, const char *name,
    struct conf_place at, const char *what)
{
	struct conf_suggest near;
	char buf[96];

	if (strcmp(name, "none") == 0) {
		diag_error(ac->d, at.file, at.line,
		    "%s: \"none\" is no signature, and is never taken", what);
		return;
	}
	conf_suggest_init(&near, name);
	for (unsigned i = 0; i < JOSE_COUNT; i++)
		conf_suggest_offer(&near, jose_alg_name((enum jose_alg)i).p);
	diag_error(ac->d, at.file, at.line,
	    "%s: there is no algorithm \"%s\"%s", what, name,
	    conf_suggest_text(&near, buf, sizeof(buf)));
}

uint32_t
conf_check_algorithms(
    struct access_check *ac, const struct conf_strings *names, const char *what)
{
	uint32_t algs = 0;
	enum jose_alg alg;

	conf_check_twice(names, what, ac->d);
	for (size_t i = 0; i < names->count; i++) {
		if (jose_alg_find(slice_str(names->items[i]), &alg))
			algs |= UINT32_C(1) << alg;
		else
			unknown_algorithm(
			    ac, names->items[i], names->places[i], what);
	}
	return algs;
}

/* ---- one key ---- */

/* What it may be used for; 0: complained. */
static uint32_t
key_algorithms(struct making *m, struct conf_key *k)
{
	uint32_t algs =
	    conf_check_algorithms(m->ac, &k->algorithms, "algorithms");

	if (k->algorithms.count == 0)
		return m->a->algs;
	if ((algs & ~m->a->algs) != 0) {
		COMPLAIN(m, k, &conf_block_key, "algorithms",
		    "algorithms: a key has one that is none of the "
		    "authenticator's");
		return 0;
	}
	return algs;
}

/* How many of the three are given; *path is the last one. */
static unsigned
key_sources(const struct conf_key *k, const char **path)
{
	static const char *const paths[] = { "file", "secret", "secret_file" };
	unsigned n = 0;

	for (size_t i = 0; i < 3; i++) {
		if (!conf_given(&conf_block_key, k, paths[i]))
			continue;
		*path = paths[i];
		n++;
	}
	return n;
}

static void
public_add(struct making *m, const struct conf_key *k, uint32_t algs)
{
	struct conf_source s = conf_source_make(m->ac->c, m->ac->d,
	    conf_where(m->ac->c, &conf_block_key, k, "file"), "keys.file",
	    k->file);
	const char *why;
	size_t n;
	char *p = conf_source_read(&s, &n);

	if (p == NULL)
		return;
	why = keyset_add_public(
	    &m->set, slice_str(k->id), algs, slice_make(p, n));
	if (why != NULL)
		conf_source_error(&s, "%s", why);
	conf_source_wipe(p, n);
}

static void
secret_add(struct making *m, const struct conf_key *k, uint32_t algs)
{
	struct conf_secret secret = { 0 };
	struct conf_secret_rows rows = { &conf_block_key, k, "secret",
		"secret_file", k->secret, k->secret_file };
	const char *path = k->secret != NULL ? "secret" : "secret_file", *why;
	const struct conf_service *s;

	if (conf_secret_take(m->ac->c, &rows, &secret, m->ac->d)) {
		s = conf_token_secret(m->ac->c, &secret);
		if (s != NULL)
			COMPLAIN(m, k, &conf_block_key, path,
			    "keys.%s: it is that of the tokens of service "
			    "\"%s\", which would be taken here",
			    path, s->name);
		why = keyset_add_secret(&m->set, slice_str(k->id), algs,
		    slice_make(secret.p, secret.n));
		if (why != NULL)
			COMPLAIN(m, k, &conf_block_key, path, "keys.%s: it %s",
			    path, why);
	}
	conf_secret_fini(&secret);
}

static void
key_add(struct making *m, struct conf_key *k)
{
	const char *path = "file";
	unsigned sources = key_sources(k, &path);
	uint32_t algs = key_algorithms(m, k);

	if (sources != 1)
		COMPLAIN(m, k, &conf_block_key, path,
		    "a key has exactly one of file, secret and secret_file");
	else if (algs != 0 && k->file != NULL)
		public_add(m, k, algs);
	else if (algs != 0 && (k->secret != NULL || k->secret_file != NULL))
		secret_add(m, k, algs);
}

/* ---- all of them ---- */

static void
jwks_add(struct making *m)
{
	const struct conf_auth *a = m->a;
	struct conf_source s = conf_source_make(m->ac->c, m->ac->d,
	    conf_where(m->ac->c, &conf_block_auth, a, "jwks.file"), "jwks.file",
	    a->jwks.file);
	uint32_t skipped = 0;
	const char *why;
	size_t n;
	char *p = conf_source_read(&s, &n);

	if (p == NULL)
		return;
	why =
	    keyset_add_jwks(&m->set, slice_make(p, n), a->algs, true, &skipped);
	if (why != NULL)
		conf_source_error(&s, "%s", why);
	else if (skipped != 0)
		conf_source_warn(&s,
		    "has keys that are left out (%u): they are for something "
		    "else, or for other algorithms",
		    (unsigned)skipped);
	conf_source_wipe(p, n);
}

/* The secret of token_issuer, whose tokens bear no kid. */
static void
own_add(struct making *m)
{
	const struct conf_issuer *i = &m->ac->c->token_issuer.issuer;

	if (m->ac->c->has_token_issuer && i->alg == JOSE_HS256 &&
	    i->key.p != NULL)
		(void)keyset_add_secret(&m->set, SLICE_NONE,
		    UINT32_C(1) << JOSE_HS256, slice_make(i->key.p, i->key.n));
}

/* What the keys that the authenticator will have can verify. */
static uint32_t
algs_of_keys(const struct making *m)
{
	const uint32_t secrets = jose_key_algs(JOSE_KEY_HMAC);
	uint32_t algs = 0;

	for (uint32_t i = 0; i < m->set.count; i++)
		algs |= m->set.keys[i].algs;
	if (m->a->own)
		algs |= UINT32_C(1) << JOSE_ES256;
	/* What will be fetched is not known; secrets are never taken of it. */
	if (m->a->jwks.url != NULL)
		algs |= ~secrets;
	return algs;
}

static void
check_each_used(const struct making *m)
{
	const struct conf_strings *names = &m->a->algorithms;
	uint32_t algs = algs_of_keys(m);
	enum jose_alg alg;

	for (size_t i = 0; i < names->count; i++)
		if (jose_alg_find(slice_str(names->items[i]), &alg) &&
		    (algs >> alg & 1) == 0)
			diag_error(m->ac->d, names->places[i].file,
			    names->places[i].line,
			    "algorithms: there is no key for \"%s\"",
			    names->items[i]);
}

void
conf_auth_keys(struct access_check *ac, struct conf_auth *a)
{
	size_t errors = ac->d->errors;
	struct making *m = calloc(1, sizeof(*m));

	MUST(m != NULL);
	m->ac = ac;
	m->a = a;
	keyset_build_init(&m->set);
	for (size_t i = 0; i < a->key_count; i++)
		key_add(m, &a->keys[i]);
	if (a->jwks.file != NULL)
		jwks_add(m);
	if (a->own)
		own_add(m);
	if (ac->d->errors == errors)
		check_each_used(m);
	if (m->set.count != 0)
		a->set = keyset_make(&m->set);
	keyset_build_fini(&m->set);
	free(m);
}
