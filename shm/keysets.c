/*
 * keysets.c - publishes what authenticators go by, as registry_sets.c does
 * endpoint sets.
 *
 *	 N1 the bytes are written into an extent of their own
 *	 N2 slot.at = new
 *	 N3 stamp = ++G                         as M4 of protocol A
 *	 N4 the old one: retire = stamp
 *	 N5 once all workers have passed the stamp, it is given back
 *
 * The version is in the extent, so that it comes and goes with the bytes.
 */
#include "shm/keysets.h"

#include <string.h>

#include "common/base/must.h"
#include "shm/epoch.h"
#include "shm/extent.h"
#include "shm/step.h"

/* In front of the bytes in their extent; immutable. */
struct keyset_head {
	uint64_t version, bytes;
};

static struct shm_keyset *
keyset_at(const struct region *r, uint32_t i)
{
	MUST(i < KEYSETS_MAX);
	return &r->state->keysets[i];
}

/* By its offset, checked against the bounds; NULL: none. */
static const struct keyset_head *
keyset_head_at(const struct region *r, uint64_t at)
{
	const struct keyset_head *h;

	if (at == 0 || at % SHM_PAGE != 0 || at >= r->images_bytes)
		return NULL;
	h = (const void *)(r->images + at);
	return h->bytes <= r->images_bytes - at - sizeof(*h) ? h : NULL;
}

static const struct keyset_head *
keyset_head_of(const struct region *r, uint32_t i)
{
	return keyset_head_at(r, atomic_load(&keyset_at(r, i)->at));
}

static struct slice
keyset_bytes(const struct keyset_head *h)
{
	return slice_make((const char *)(h + 1), h->bytes);
}

/* ---- workers ---- */

struct slice
keysets_read(const struct region *r, uint32_t i, uint64_t *version)
{
	const struct keyset_head *h = keyset_head_of(r, i);

	*version = h != NULL ? h->version : 0;
	return h != NULL ? keyset_bytes(h) : SLICE_NONE;
}

uint64_t
keysets_version(const struct region *r, uint32_t i)
{
	const struct keyset_head *h = keyset_head_of(r, i);

	return h != NULL ? h->version : 0;
}

bool
keysets_is_calm(const struct region *r, uint32_t i, uint64_t now_us)
{
	return atomic_load_explicit(
		   &keyset_at(r, i)->calm_us, memory_order_acquire) > now_us;
}

bool
keysets_want(const struct region *r, uint32_t i, uint64_t now_us)
{
	struct shm_keyset *k = keyset_at(r, i);
	uint64_t nobody = 0;

	if (keysets_is_calm(r, i, now_us))
		return false;
	/* Who came first is remembered; a hundred others store nothing. */
	if (atomic_load_explicit(&k->want_us, memory_order_relaxed) == 0)
		(void)atomic_compare_exchange_strong(
		    &k->want_us, &nobody, now_us != 0 ? now_us : 1);
	return true;
}

/* ---- master ---- */

static uint32_t
keyset_count(const struct region *r)
{
	uint32_t n = atomic_load(&r->state->control.keysets);
	return n < KEYSETS_MAX ? n : KEYSETS_MAX;
}

uint32_t
keysets_find(const struct region *r, struct slice name)
{
	uint32_t n = keyset_count(r);

	for (uint32_t i = 0; i < n; i++) {
		const struct shm_keyset *k = keyset_at(r, i);

		if (k->name_bytes <= KEYSET_NAME_MAX &&
		    slice_eq(slice_make(k->name, k->name_bytes), name))
			return i;
	}
	return KEYSETS_NONE;
}

uint32_t
keysets_slot(struct region *r, struct slice name)
{
	uint32_t i = keysets_find(r, name), n = keyset_count(r);

	if (i != KEYSETS_NONE || n == KEYSETS_MAX || name.n > KEYSET_NAME_MAX)
		return i;
	struct shm_keyset *k = keyset_at(r, n);
	SHM_STEP("keyset_name");
	if (name.n != 0)
		memcpy(k->name, name.p, name.n);
	k->name_bytes = (uint32_t)name.n;
	SHM_STEP("keyset_high");
	atomic_store(&r->state->control.keysets, n + 1);
	return n;
}

static void
keyset_retire(struct region *r, uint32_t entry, uint64_t stamp)
{
	SHM_STEP("keyset_retire");
	atomic_store(&r->state->control.keyset_retire, stamp);
	SHM_STEP("N4");
	atomic_store(&r->state->extents[entry].retire, stamp);
}

static void
keyset_write(struct region *r, uint64_t at, struct slice bytes)
{
	struct keyset_head *h = (void *)(r->images + at);

	SHM_STEP("N1");
	h->version = atomic_fetch_add(&r->state->control.keyset_version, 1) + 1;
	h->bytes = bytes.n;
	if (bytes.n != 0)
		memcpy(h + 1, bytes.p, bytes.n);
}

bool
keysets_publish(struct region *r, uint32_t i, struct slice bytes)
{
	struct shm_keyset *k = keyset_at(r, i);
	uint64_t old = atomic_load(&k->at);
	const struct keyset_head *h = keyset_head_at(r, old);

	if (h != NULL && slice_eq(keyset_bytes(h), bytes))
		return true;
	uint64_t at = extent_take(r, sizeof(*h) + bytes.n, EXTENT_KEYSET | i);
	if (at == 0)
		return false;
	keyset_write(r, at, bytes);
	SHM_STEP("N2");
	atomic_store(&k->at, at);
	if (h != NULL) {
		uint64_t stamp = epoch_stamp(r); /* N3 */
		uint32_t entry = extent_find(r, old);

		MUST(entry < EXTENTS_MAX);
		keyset_retire(r, entry, stamp);
	}
	return true;
}

uint64_t
keysets_take_want(struct region *r, uint32_t i)
{
	_Atomic uint64_t *want = &keyset_at(r, i)->want_us;

	if (atomic_load_explicit(want, memory_order_relaxed) == 0)
		return 0;
	return atomic_exchange(want, 0);
}

void
keysets_calm(struct region *r, uint32_t i, uint64_t until_us)
{
	atomic_store_explicit(
	    &keyset_at(r, i)->calm_us, until_us, memory_order_release);
}

void
keysets_set_fetched(struct region *r, uint32_t i, int64_t wall_us)
{
	atomic_store_explicit(
	    &keyset_at(r, i)->fetched_us, wall_us, memory_order_relaxed);
}

int64_t
keysets_fetched(const struct region *r, uint32_t i)
{
	return atomic_load_explicit(
	    &keyset_at(r, i)->fetched_us, memory_order_relaxed);
}

/* ---- reclaim and recovery ---- */

/* The owner word of a key set; *slot: whose. */
static bool
extent_is_keyset(const struct shm_extent *e, uint32_t *slot)
{
	uint32_t owner = atomic_load(&e->owner);

	*slot = owner & EXTENT_WHICH;
	return (owner & EXTENT_KEYSET) != 0 && *slot < KEYSETS_MAX;
}

static uint32_t
keyset_extents(const struct region *r)
{
	uint32_t n = atomic_load(&r->state->control.extents);
	return n < EXTENTS_MAX ? n : EXTENTS_MAX;
}

bool
keysets_reclaim(struct region *r)
{
	_Atomic uint64_t *last = &r->state->control.keyset_retire;
	bool left = false;
	uint32_t slot;

	if (atomic_load(last) == 0)
		return false;
	uint64_t horizon = epoch_horizon(r);
	uint32_t n = keyset_extents(r);
	for (uint32_t i = 0; i < n; i++) {
		const struct shm_extent *e = &r->state->extents[i];
		uint64_t retire = atomic_load(&e->retire);

		if (!extent_is_keyset(e, &slot) || retire == 0)
			continue;
		if (retire > horizon)
			left = true;
		else
			extent_give_entry(r, i); /* N5 */
	}
	if (!left)
		atomic_store(last, 0);
	return left;
}

void
keysets_recover_master(struct region *r)
{
	uint64_t stamp = epoch_stamp(r);
	uint32_t n = keyset_extents(r), slot;

	for (uint32_t i = 0; i < n; i++) {
		const struct shm_extent *e = &r->state->extents[i];

		if (extent_is_keyset(e, &slot) &&
		    atomic_load(&keyset_at(r, slot)->at) !=
			atomic_load(&e->offset))
			keyset_retire(r, i, stamp);
	}
}
