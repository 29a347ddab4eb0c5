/*
 * keys.c - see keys.h.
 */
#include "worker/flow/keys.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/map.h"
#include "common/base/must.h"
#include "shm/keysets.h"
#include "worker/flow/env.h"

struct kept {
	struct verify_key *made; /* NULL: not yet, for lack of memory */
	uint64_t round;          /* the last that named it */
};

struct keys {
	struct env *env;
	struct map kept;            /* struct kept */
	const struct img_head *img; /* of this round; only compared */
	uint64_t generation, versions, round;
	/* The walk: authenticator, 0 its own set and 1 its slot's, key. */
	uint32_t auth, set, next;
	bool walking;
	uint64_t checked[KEYSETS_MAX]; /* version of holders that were */
};

struct keys *
keys_new(struct env *e)
{
	struct keys *k = calloc(1, sizeof(*k));

	MUST(k != NULL);
	k->env = e;
	map_init(&k->kept);
	return k;
}

static void
kept_free(struct kept *of)
{
	verify_key_free(of->made);
	free(of);
}

void
keys_free(struct keys *k)
{
	struct map_entry *entry;
	size_t at = 0;

	if (k == NULL)
		return;
	while ((entry = map_next(&k->kept, &at)) != NULL)
		kept_free(entry->value.ptr);
	map_fini(&k->kept);
	free(k);
}

static struct kept *
kept_get(struct keys *k, const struct keyset *s, const struct keyset_key *key)
{
	struct slice hash =
	    slice_make((const char *)key->hash, sizeof(key->hash));
	struct map_entry *entry = map_get(&k->kept, hash);
	struct kept *of;
	bool added;

	if (entry != NULL) {
		of = entry->value.ptr;
	} else {
		of = calloc(1, sizeof(*of));
		MUST(of != NULL);
		of->round = k->round;
		map_put(&k->kept, hash, &added)->value.ptr = of;
	}
	/* For lack of memory, once. */
	if (of->made == NULL)
		of->made = verify_key_new(s, key);
	return of;
}

struct verify_key *
keys_get(struct keys *k, const struct keyset *s, const struct keyset_key *key)
{
	return kept_get(k, s, key)->made;
}

size_t
keys_count(const struct keys *k)
{
	return k->kept.count;
}

/* ---- sets ---- */

static const struct keyset *
set_of(const char *p, size_t n)
{
	const struct keyset *s = (const void *)p;

	return n != 0 && keyset_check(s, n) ? s : NULL;
}

void
keys_sets(const struct keys *k, const struct img_auth *a, const char *secrets,
    struct keys_sets *sets)
{
	const struct region *r = k->env->region;
	struct slice of;

	*sets = (struct keys_sets){ 0 };
	sets->image = set_of(secrets + a->keys.off, a->keys.len);
	if (a->slot == IMG_NONE)
		return;
	of = keysets_read(r, a->slot, &sets->version);
	sets->slot = set_of(of.p, of.n);
}

const struct holders *
keys_holders(struct keys *k, uint32_t slot, uint64_t *version)
{
	struct slice of = keysets_read(k->env->region, slot, version);
	const struct holders *h = (const void *)of.p;

	if (of.n == 0)
		return NULL;
	if (k->checked[slot] != *version && !holders_check(h, of.n))
		return NULL;
	k->checked[slot] = *version;
	return h;
}

/* ---- turns ---- */

static const struct img_auth *
walk_auths(const struct keys *k, uint32_t *count)
{
	const struct img_head *img = k->env->view.image;

	*count = img->access.authenticators.count;
	return img_at(img, img->access.authenticators.off);
}

/* Grows whenever one of the sets is published anew. */
static uint64_t
walk_versions(const struct keys *k)
{
	uint64_t sum = 0;
	uint32_t count;
	const struct img_auth *all = walk_auths(k, &count);

	for (uint32_t i = 0; i < count; i++)
		if (all[i].type == IMG_AUTH_JWT && all[i].slot != IMG_NONE)
			sum += keysets_version(k->env->region, all[i].slot);
	return sum;
}

/* The set that the walk is at; NULL: there is none. */
static const struct keyset *
walk_set(const struct keys *k, const struct img_auth *a)
{
	struct keys_sets sets;

	if (a->type != IMG_AUTH_JWT)
		return NULL;
	keys_sets(k, a, k->env->view.secrets, &sets);
	return k->set == 0 ? sets.image : sets.slot;
}

/* Parses the next key; false: the walk is over. */
static bool
walk_step(struct keys *k)
{
	uint32_t count;
	const struct img_auth *all = walk_auths(k, &count);

	while (k->auth < count) {
		const struct keyset *s = walk_set(k, &all[k->auth]);

		if (s != NULL && k->next < s->count) {
			kept_get(k, s, &s->key[k->next++])->round = k->round;
			return true;
		}
		k->next = 0;
		k->set ^= 1;
		k->auth += k->set == 0;
	}
	return false;
}

/* One that is not named by this round or the one before it; NULL: none. */
static struct map_entry *
stale_find(const struct keys *k)
{
	struct map_entry *entry;
	size_t at = 0;

	while ((entry = map_next(&k->kept, &at)) != NULL) {
		const struct kept *of = entry->value.ptr;

		if (of->round + 1 < k->round)
			return entry;
	}
	return NULL;
}

static void
stale_drop(struct keys *k)
{
	struct map_entry *entry;

	while ((entry = stale_find(k)) != NULL) {
		struct kept *of = entry->value.ptr;

		(void)map_remove(&k->kept, entry->key);
		kept_free(of);
	}
}

void
keys_turn(struct keys *k, uint64_t budget_us)
{
	const struct img_head *img = k->env->view.image;
	uint64_t versions = walk_versions(k), end;

	if (k->img != img || k->generation != img->generation ||
	    k->versions != versions) {
		k->img = img;
		k->generation = img->generation;
		k->versions = versions;
		k->round++;
		k->auth = k->set = k->next = 0;
		k->walking = true;
	}
	if (!k->walking)
		return;
	end = clock_raw_us() + budget_us;
	while (walk_step(k))
		if (clock_raw_us() >= end)
			return;
	stale_drop(k);
	k->walking = false;
}
