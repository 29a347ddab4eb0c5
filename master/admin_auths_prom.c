/*
 * admin_auths_prom.c - the metrics of identity. See admin_auths.h.
 */
#include <openssl/crypto.h>

#include "common/base/clock.h"
#include "master/admin_auths.h"
#include "master/keyring.h"
#include "master/lineage.h"
#include "master/prom.h"
#include "shm/revoke.h"

static void
set_sample(struct prom *p, const struct jwks_set *s)
{
	prom_sample(p);
	prom_label(p, "authenticator", slice_str(s->name));
}

static void
ages_write(struct jwks *j, struct prom *p)
{
	struct jwks_set *s = NULL;

	prom_family(p, METRIC_KEY_SET_AGE);
	while ((s = jwks_next(j, s)) != NULL) {
		int64_t then = keysets_fetched(j->region, s->slot);

		set_sample(p, s);
		prom_fixed(
		    p, then != 0 ? (clock_wall().us - then) / 1000000 : -1, 0);
	}
}

static void
fetches_write(struct jwks *j, struct prom *p)
{
	struct jwks_set *s = NULL;

	prom_family(p, METRIC_KEY_SET_FETCHES);
	while ((s = jwks_next(j, s)) != NULL) {
		set_sample(p, s);
		prom_label(p, "outcome", SLICE_LIT("ok"));
		prom_u64(p, s->ok);
		set_sample(p, s);
		prom_label(p, "outcome", SLICE_LIT("failed"));
		prom_u64(p, s->failed);
	}
}

static void
keys_write(struct jwks *j, struct prom *p)
{
	struct jwks_set *s = NULL;

	prom_family(p, METRIC_KEY_SET_KEYS);
	while ((s = jwks_next(j, s)) != NULL) {
		const struct keyset *k = jwks_keys(s);

		set_sample(p, s);
		prom_u64(p, k != NULL ? k->count : 0);
	}
}

static void
revocations_write_counts(const struct region *r, struct prom *p)
{
	uint32_t counts[REVOKE_KINDS] = { 0 };
	static const char *const names[REVOKE_KINDS] = { "token", "user",
		"all" };
	struct revoke_entry e;

	for (uint32_t i = 0; i < REVOKED_MAX; i++)
		if (revoke_at(r, i, &e) && e.kind < REVOKE_KINDS)
			counts[e.kind]++;
	prom_family(p, METRIC_REVOCATIONS);
	for (int i = 0; i < REVOKE_KINDS; i++)
		prom_pair(p, "kind", names[i], counts[i]);
}

static void
signing_write(const struct access *a, struct prom *p)
{
	struct signing_key keys[SIGNING_LIVE];
	size_t n = signing_live(&a->in->region, keys);
	int64_t age_s = 0;

	prom_family(p, METRIC_SIGNING_KEY_AGE);
	if (n != 0) {
		age_s = clock_wall().us / 1000000 - keys[n - 1].made_s;
		prom_sample(p);
		prom_fixed(p, age_s > 0 ? age_s : 0, 0);
	}
	OPENSSL_cleanse(keys, sizeof(keys));
}

void
admin_auths_prom(struct access *a, struct prom *p)
{
	const struct region *r = &a->in->region;

	ages_write(&a->jwks, p);
	fetches_write(&a->jwks, p);
	keys_write(&a->jwks, p);
	revocations_write_counts(r, p);
	signing_write(a, p);
	prom_family(p, METRIC_REFRESH_FAMILIES);
	if (a->families) {
		prom_sample(p);
		prom_u64(p, lineage_count(r));
	}
	saver_prom(&a->saver, p);
}
