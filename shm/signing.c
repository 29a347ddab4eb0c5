/*
 * signing.c - see signing.h. As tickets.c: the master is the only writer; key
 * first, then the count, then the wiping of what lives no more. A reader
 * copies, then looks whether the count has passed what it copied: if so, the
 * copy may be half wiped. A master that is killed anywhere leaves a count that
 * is true.
 */
#include "shm/signing.h"

#include <string.h>

#include "common/base/must.h"
#include "shm/step.h"

static struct signing_key *
signing_at(const struct region *r, uint64_t number)
{
	return &region_secrets(r)->signing[number % SIGNING_KEYS];
}

static uint64_t
signing_count(const struct region *r)
{
	return atomic_load_explicit(
	    &region_secrets(r)->signings, memory_order_acquire);
}

/* False: it lives no more. */
static bool
signing_read(const struct region *r, uint64_t number, struct signing_key *key)
{
	memcpy(key, signing_at(r, number), sizeof(*key));
	SHM_STEP("signing_read");
	atomic_thread_fence(memory_order_acquire);
	return signing_count(r) <= number + SIGNING_LIVE;
}

/* ---- workers ---- */

bool
signing_current(const struct region *r, struct signing_key *key)
{
	uint64_t count = signing_count(r);

	while (count != 0 && !signing_read(r, count - 1 - (count > 1), key))
		count = signing_count(r);
	return count != 0;
}

uint64_t
signing_version(const struct region *r)
{
	return signing_count(r);
}

/* ---- master ---- */

size_t
signing_live(const struct region *r, struct signing_key keys[SIGNING_LIVE])
{
	uint64_t count = signing_count(r);
	size_t n = count < SIGNING_LIVE ? (size_t)count : SIGNING_LIVE;

	for (size_t i = 0; i < n; i++)
		keys[i] = *signing_at(r, count - n + i);
	return n;
}

/* Nobody sees a key wiped that the count says to live. */
static void
signing_wipe(struct region *r, uint64_t count)
{
	atomic_thread_fence(memory_order_seq_cst);
	for (uint64_t n = count; n < count + SIGNING_KEYS - SIGNING_LIVE; n++) {
		SHM_STEP("signing_wipe");
		explicit_bzero(signing_at(r, n), sizeof(struct signing_key));
	}
}

void
signing_rotate(struct region *r, const struct signing_key *key)
{
	uint64_t count = signing_count(r);
	struct signing_key *k = signing_at(r, count);

	MUST(key->pem_bytes <= SIGNING_PEM_MAX &&
	    key->spki_bytes <= SIGNING_SPKI_MAX);
	SHM_STEP("signing_key");
	memcpy(k, key, offsetof(struct signing_key, spki));
	SHM_STEP("signing_spki");
	memcpy(k->spki, key->spki, sizeof(k->spki));
	k->made_s = key->made_s;
	SHM_STEP("signing_count");
	atomic_store_explicit(
	    &region_secrets(r)->signings, count + 1, memory_order_release);
	signing_wipe(r, count + 1);
}

void
signing_recover_master(struct region *r)
{
	signing_wipe(r, signing_count(r));
}
