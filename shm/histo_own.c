/*
 * histo_own.c - see histo_own.h.
 */
#include "shm/histo_own.h"

#include "common/base/must.h"
#include "common/base/prefetch.h"
#include "shm/registry.h"
#include "shm/step.h"

#define OWNER_THERE (1u << 31)
#define OWNER_SERVICE_BITS 13
#define OWNER_SERVICE_NONE ((1u << OWNER_SERVICE_BITS) - 1)
#define OWNER_A_NONE ((1u << 18) - 1)
#define OWNER_PLACES_BITS 13
#define OWNER_PLACES (2 * HISTO_OWN_MAX)

_Static_assert(OWNER_PLACES == 1 << OWNER_PLACES_BITS, "a mask will do");
_Static_assert(
    ROUTES_MAX <= OWNER_A_NONE && ENDPOINTS_MAX <= OWNER_A_NONE, "they fit");
_Static_assert(SERVICES_MAX <= OWNER_SERVICE_NONE, "a service fits");

static struct shm_histo_owners *
owners_of(const struct region *r, enum histo_kind kind)
{
	MUST((unsigned)kind < HISTO_OWNERS);
	return &r->state->histo_owners[kind];
}

static uint32_t
owner_key(uint32_t a, uint32_t service)
{
	return OWNER_THERE |
	    (a < OWNER_A_NONE ? a : OWNER_A_NONE) << OWNER_SERVICE_BITS |
	    (service < OWNER_SERVICE_NONE ? service : OWNER_SERVICE_NONE);
}

/* The upper bits of a product with the golden ratio: keys are close together.
 */
static uint32_t
owner_place(uint32_t key)
{
	return (key * 0x9e3779b1u) >> (32 - OWNER_PLACES_BITS);
}

/* Ends: at most half of the places are taken. */
static uint32_t
owner_find(const struct shm_histo_owners *o, uint32_t key)
{
	for (uint32_t p = owner_place(key);; p = (p + 1) & (OWNER_PLACES - 1)) {
		uint64_t word =
		    atomic_load_explicit(&o->places[p], memory_order_relaxed);

		if (word >> 32 == key)
			return (uint32_t)word;
		if (word == 0)
			return HISTO_NONE;
	}
}

/* Whoever comes first: all others find the same word on their way. */
static void
owner_put(struct shm_histo_owners *o, uint32_t key, uint32_t row)
{
	const uint64_t word = (uint64_t)key << 32 | row;
	uint32_t p = owner_place(key);
	uint64_t there;

	for (;; p = (p + 1) & (OWNER_PLACES - 1)) {
		there = 0;
		SHM_STEP("histo_place");
		if (atomic_compare_exchange_strong(
			&o->places[p], &there, word) ||
		    there == word)
			return;
	}
}

/*
 * All keys below `used` are in places: a key that is not found after `used` was
 * read can be below it no more, and only the row at `used` is to be had.
 */
static __attribute__((noinline)) uint32_t
owner_take(struct shm_histo_owners *o, uint32_t key)
{
	for (;;) {
		uint32_t n = atomic_load(&o->used), taken = 0;
		uint32_t row = owner_find(o, key);

		if (row != HISTO_NONE || n >= HISTO_OWN_MAX ||
		    n >= atomic_load(&o->max))
			return row;
		SHM_STEP("histo_take");
		if (atomic_compare_exchange_strong(&o->keys[n], &taken, key))
			taken = key;
		owner_put(o, taken, n);
		SHM_STEP("histo_count");
		(void)atomic_compare_exchange_strong(&o->used, &n, n + 1);
	}
}

uint32_t
histo_own_row(
    const struct region *r, enum histo_kind kind, uint32_t a, uint32_t service)
{
	struct shm_histo_owners *o = owners_of(r, kind);
	uint32_t key = owner_key(a, service), row = owner_find(o, key);

	return row != HISTO_NONE ? row : owner_take(o, key);
}

void
histo_own_prefetch(
    const struct region *r, enum histo_kind kind, uint32_t a, uint32_t service)
{
	uint32_t place = owner_place(owner_key(a, service));

	prefetch(&owners_of(r, kind)->places[place], 1);
}

void
histo_own_allow(const struct region *r, uint32_t max)
{
	for (unsigned k = 0; k < HISTO_OWNERS; k++)
		atomic_store(&owners_of(r, (enum histo_kind)k)->max, max);
}

uint32_t
histo_own_count(const struct region *r, enum histo_kind kind)
{
	return atomic_load(&owners_of(r, kind)->used);
}

void
histo_own_of(const struct region *r, enum histo_kind kind, uint32_t row,
    uint32_t *a, uint32_t *service)
{
	uint32_t key;

	MUST(row < HISTO_OWN_MAX);
	key = atomic_load(&owners_of(r, kind)->keys[row]) & ~OWNER_THERE;
	*service = key & OWNER_SERVICE_NONE;
	*a = key >> OWNER_SERVICE_BITS;
	if (*service == OWNER_SERVICE_NONE)
		*service = REGISTRY_NONE;
	if (*a == OWNER_A_NONE)
		*a = REGISTRY_NONE;
}
