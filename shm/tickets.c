/*
 * tickets.c - see tickets.h. The master is the only writer: key first, then
 * the count, then the wiping of what no longer counts. A reader copies, then
 * looks whether the count has passed what it copied: if so, the copy may be
 * half wiped. A master that is killed anywhere leaves a count that is true.
 */
#include "shm/tickets.h"

#include <string.h>
#include <sys/random.h>

#include "common/base/must.h"
#include "shm/step.h"

static struct shm_ticket_key *
key_at(const struct region *r, uint64_t number)
{
	return &region_secrets(r)->ticket[number % TICKET_KEYS];
}

static uint64_t
count_of(const struct region *r)
{
	return atomic_load_explicit(
	    &region_secrets(r)->tickets, memory_order_acquire);
}

/* ---- workers ---- */

/* False: it has ceased to count meanwhile. */
static bool
key_read(const struct region *r, uint64_t number, struct tls_ticket_key *key)
{
	const struct shm_ticket_key *k = key_at(r, number);

	memcpy(key->name, k->name, sizeof(key->name));
	memcpy(key->aes, k->aes, sizeof(key->aes));
	SHM_STEP("ticket_read");
	memcpy(key->hmac, k->hmac, sizeof(key->hmac));
	atomic_thread_fence(memory_order_acquire);
	return count_of(r) <= number + TICKETS_LIVE;
}

bool
tickets_current(const struct region *r, struct tls_ticket_key *key)
{
	uint64_t count = count_of(r);

	while (count != 0 && !key_read(r, count - 1, key))
		count = count_of(r);
	return count != 0;
}

bool
tickets_find(const struct region *r, const uint8_t name[TLS_TICKET_NAME],
    struct tls_ticket_key *key, bool *current)
{
	uint64_t count = count_of(r), age = 1;
	struct tls_ticket_key k; /* `name` may be that of *key */
	bool found = false;

	for (; age <= TICKETS_LIVE && age <= count && !found; age++)
		found = key_read(r, count - age, &k) &&
		    memcmp(k.name, name, TLS_TICKET_NAME) == 0;
	if (found) {
		*key = k;
		*current = age == 2;
	}
	explicit_bzero(&k, sizeof(k));
	return found;
}

/* ---- master ---- */

static void
key_add(struct region *r, const struct tls_ticket_key *key, uint64_t made_us)
{
	uint64_t count = count_of(r);
	struct shm_ticket_key *k = key_at(r, count);

	SHM_STEP("ticket_key");
	memcpy(k->name, key->name, sizeof(k->name));
	memcpy(k->aes, key->aes, sizeof(k->aes));
	SHM_STEP("ticket_hmac");
	memcpy(k->hmac, key->hmac, sizeof(k->hmac));
	k->made_us = made_us;
	SHM_STEP("ticket_count");
	atomic_store_explicit(
	    &region_secrets(r)->tickets, count + 1, memory_order_release);
	/* Nobody sees a key wiped that the count says to be good. */
	atomic_thread_fence(memory_order_seq_cst);
	SHM_STEP("ticket_wipe");
	for (uint64_t age = TICKETS_LIVE; age < TICKET_KEYS - 1; age++)
		if (age <= count)
			explicit_bzero(key_at(r, count - age),
			    sizeof(struct shm_ticket_key));
}

void
tickets_rotate(struct region *r, uint64_t now_us)
{
	struct tls_ticket_key key;

	/* 80 bytes come at once, or none (getrandom(2)). */
	MUST(getrandom(&key, sizeof(key), 0) == (ssize_t)sizeof(key));
	key_add(r, &key, now_us != 0 ? now_us : 1);
	explicit_bzero(&key, sizeof(key));
}

static bool
key_is(const struct shm_ticket_key *k, const struct tls_ticket_key *key)
{
	return memcmp(k->name, key->name, sizeof(k->name)) == 0 &&
	    memcmp(k->aes, key->aes, sizeof(k->aes)) == 0 &&
	    memcmp(k->hmac, key->hmac, sizeof(k->hmac)) == 0;
}

static bool
keys_given(const struct region *r, const struct tls_ticket_key *keys, size_t n)
{
	uint64_t count = count_of(r);

	if (count < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!key_is(key_at(r, count - 1 - i), &keys[i]))
			return false;
	return true;
}

void
tickets_give(struct region *r, const struct tls_ticket_key *keys, size_t n)
{
	MUST(n <= TICKETS_LIVE);
	if (keys_given(r, keys, n))
		return;
	for (size_t i = n; i > 0; i--)
		key_add(r, &keys[i - 1], 0);
}

bool
tickets_made(const struct region *r, uint64_t *us)
{
	uint64_t count = count_of(r);

	*us = count != 0 ? key_at(r, count - 1)->made_us : 0;
	return *us != 0;
}
