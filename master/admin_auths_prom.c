/*
 * admin_auths_prom.c - the metrics of identity. See admin_auths.h.
 */
#include <inttypes.h>
#include <openssl/crypto.h>

#include "common/base/clock.h"
#include "master/admin_auths.h"
#include "master/keyring.h"
#include "master/lineage.h"
#include "master/prom.h"
#include "shm/revoke.h"

static void
sample_begin(struct text *out, const char *name, const struct jwks_set *s)
{
	text_printf(out, "penstock_%s{", name);
	prom_label(out, "authenticator", slice_str(s->name));
}

static void
ages_write(struct jwks *j, struct text *out)
{
	struct jwks_set *s = NULL;

	prom_help(out, "key_set_age_seconds", "gauge",
	    "Since a key set was last fetched well; -1: never.");
	while ((s = jwks_next(j, s)) != NULL) {
		int64_t then = keysets_fetched(j->region, s->slot);

		sample_begin(out, "key_set_age_seconds", s);
		text_printf(out, "} %" PRId64 "\n",
		    then != 0 ? (clock_wall().us - then) / 1000000 : -1);
	}
}

static void
fetches_write(struct jwks *j, struct text *out)
{
	struct jwks_set *s = NULL;

	prom_help(out, "key_set_fetches_total", "counter",
	    "Attempts to fetch a key set, by outcome; since the master began.");
	while ((s = jwks_next(j, s)) != NULL) {
		sample_begin(out, "key_set_fetches_total", s);
		text_printf(out, ",outcome=\"ok\"} %" PRIu64 "\n", s->ok);
		sample_begin(out, "key_set_fetches_total", s);
		text_printf(
		    out, ",outcome=\"failed\"} %" PRIu64 "\n", s->failed);
	}
}

static void
keys_write(struct jwks *j, struct text *out)
{
	struct jwks_set *s = NULL;

	prom_help(out, "key_set_keys", "gauge",
	    "Keys of a fetched set that are in use.");
	while ((s = jwks_next(j, s)) != NULL) {
		const struct keyset *k = jwks_keys(s);

		sample_begin(out, "key_set_keys", s);
		text_printf(out, "} %u\n", k != NULL ? k->count : 0);
	}
}

static void
revocations_write_counts(const struct region *r, struct text *out)
{
	uint32_t counts[REVOKE_KINDS] = { 0 };
	static const char *const names[REVOKE_KINDS] = { "token", "user",
		"all" };
	struct revoke_entry e;

	for (uint32_t i = 0; i < REVOKED_MAX; i++)
		if (revoke_at(r, i, &e) && e.kind < REVOKE_KINDS)
			counts[e.kind]++;
	prom_help(out, "revocations", "gauge", "Revocations in force.");
	for (int i = 0; i < REVOKE_KINDS; i++)
		text_printf(out, "penstock_revocations{kind=\"%s\"} %u\n",
		    names[i], counts[i]);
}

static void
signing_write(const struct access *a, struct text *out)
{
	struct signing_key keys[SIGNING_LIVE];
	size_t n = signing_live(&a->in->region, keys);
	int64_t now_s = clock_wall().us / 1000000;

	prom_help(out, "signing_key_age_seconds", "gauge",
	    "How long the present key has been signing.");
	if (n != 0)
		text_printf(out,
		    "penstock_signing_key_age_seconds %" PRId64 "\n",
		    now_s > keys[n - 1].made_s ? now_s - keys[n - 1].made_s
					       : 0);
	OPENSSL_cleanse(keys, sizeof(keys));
}

void
admin_auths_prom(struct access *a, struct text *out)
{
	const struct region *r = &a->in->region;

	ages_write(&a->jwks, out);
	fetches_write(&a->jwks, out);
	keys_write(&a->jwks, out);
	revocations_write_counts(r, out);
	signing_write(a, out);
	prom_help(out, "refresh_families", "gauge",
	    "Families of refresh tokens that are kept.");
	if (a->families)
		text_printf(
		    out, "penstock_refresh_families %u\n", lineage_count(r));
	saver_prom(&a->saver, out);
}
