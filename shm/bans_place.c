/*
 * bans_place.c - see bans_inside.h.
 */
#include "shm/bans_inside.h"

#include <endian.h>
#include <string.h>

#include "common/base/hash.h"
#include "shm/step.h"
#include "shm/touched.h"

uint64_t
ban_key(const struct addr *a)
{
	uint64_t key;

	memcpy(&key, a->is_v6 ? a->ip : a->ip + 8, sizeof(key));
	key = be64toh(key);
	if (!a->is_v6)
		return BAN_KEY_V4 | (uint32_t)key;
	return key != BAN_KEY_NONE ? key : BAN_KEY_ZERO;
}

void
ban_key_addr(uint64_t key, struct addr *a)
{
	uint8_t ip[16] = { 0 };
	bool is_v4 = key >> 32 == BAN_KEY_V4 >> 32;

	if (key == BAN_KEY_ZERO)
		key = 0;
	for (int i = 0; i < 8; i++)
		ip[i] = (uint8_t)(key >> (56 - 8 * i));
	if (is_v4)
		addr_from_bytes(ip + 4, 4, 0, a);
	else
		addr_from_bytes(ip, 16, 0, a);
}

uint32_t
ban_key_set(const struct region *r, uint64_t key)
{
	const struct shm_header *h = &r->state->header;
	struct hash_key by = { h->hash_k0, h->hash_k1 };

	return (uint32_t)(hash_word(by, key) % BANS_SETS);
}

bool
ban_set_is_touched(const struct region *r, uint32_t set)
{
	return touched_has(r->state->bans.touched, set / BAN_BLOCK);
}

void
ban_set_touch(const struct region *r, uint32_t set)
{
	touched_set(r->state->bans.touched, set / BAN_BLOCK);
}

void
bans_changed(const struct region *r)
{
	SHM_STEP("ban_version");
	atomic_fetch_add(&r->state->bans.version, 1);
}

void
bans_activate(const struct region *r)
{
	if (bans_active(r))
		return;
	SHM_STEP("ban_active");
	atomic_store(&r->state->control.bans_active, 1);
}

void
ban_of(uint64_t key, uint64_t state, struct ban *b)
{
	*b = (struct ban){ .until_us = ban_until_us_of(ban_state_until(state)),
		.strikes = ban_state_strikes(state),
		.by = ban_state_by(state) };
	ban_key_addr(key, &b->addr);
}
