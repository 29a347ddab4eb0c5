/*
 * revoke.c - two tables: `revoked` has the entries for people and files,
 * `revocations` a place per entry, by hash, for workers.
 *
 *	 add    V1 fill the entry, used = 1      lift   U1 take the place away
 *	        V2 word, then key of the place          U2 used = 0
 *	        V3 version + 1                          U3 version + 1
 *
 * Workers walk from the place that a key's hash names to an empty one. Whatever
 * happens meanwhile, they find what is in force: a place that they would pass
 * by is not emptied (X1: it says so), but filled from behind. What moves (X2)
 * is in both places until `moved` has grown (X3); who was between them misses
 * it, sees that, and looks again. A place's key is looked at again once its
 * word was read: the two are of one entry.
 *
 * All of it is sequentially consistent; none of it is done for every request.
 */
#include "shm/revoke.h"

#include <stdio.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "shm/step.h"

#define KEY_EMPTY 0u
#define KEY_PASSED 1u
#define BEFORE_BITS 48
#define BEFORE_MAX ((INT64_C(1) << (BEFORE_BITS - 1)) - 1) /* all */
#define ENTRY_SHIFT 16
#define ENTRY_MASK 0xffffu
#define PLACE_NONE UINT32_MAX
#define MARK_BYTES 17 /* '~' and the hash of a long text */

static struct shm_revocation *
revocation_at(const struct region *r, uint32_t place)
{
	return &r->state->revocations[place % REVOKE_PLACES];
}

static uint64_t
revocation_key(const struct region *r, uint32_t place)
{
	return atomic_load(&revocation_at(r, place)->key);
}

static uint32_t
key_home(uint64_t key)
{
	return (uint32_t)(key % REVOKE_PLACES);
}

static uint64_t
word_make(int64_t before_s, uint32_t entry)
{
	if (before_s > BEFORE_MAX)
		before_s = BEFORE_MAX;
	if (before_s < -BEFORE_MAX)
		before_s = -BEFORE_MAX;
	return (uint64_t)before_s << ENTRY_SHIFT | entry;
}

/* ---- keys ---- */

/* What is kept of a text: the same for what was kept of it. */
static struct slice
text_kept(struct slice s, size_t max, char *buf)
{
	static const struct hash_key fixed = { 0, 0 };
	size_t n = max - MARK_BYTES;

	if (s.n <= max)
		return s;
	while (n != 0 && (s.p[n] & 0xc0) == 0x80) /* within a character */
		n--;
	memcpy(buf, s.p, n);
	(void)snprintf(buf + n, MARK_BYTES + 1, "~%016jx",
	    (uintmax_t)hash_bytes(fixed, s.p, s.n));
	return slice_make(buf, n + MARK_BYTES);
}

/* The same for whatever means the same entry; neither EMPTY nor PASSED. */
static uint64_t
entry_key(const struct region *r, enum revoke_kind kind, struct slice name,
    struct slice value)
{
	const struct shm_header *h = &r->state->header;
	char buf[REVOKE_TEXT_MAX + 1];
	struct hash_key key = { h->hash_k0, h->hash_k1 };

	name = text_kept(name, REVOKE_NAME_MAX, buf);
	key.k0 ^= hash_bytes(key, name.p, name.n);
	value = text_kept(value, REVOKE_TEXT_MAX, buf);
	key.k1 ^= kind;
	uint64_t hash = hash_bytes(key, value.p, value.n);
	return hash > KEY_PASSED ? hash : hash + KEY_PASSED + 1;
}

/* ---- workers ---- */

uint64_t
revoke_version(const struct region *r)
{
	return atomic_load_explicit(
	    &r->state->control.revoke_version, memory_order_acquire);
}

/* False: nothing stands there for the key. Else: up to when it is revoked. */
static bool
revocation_read(const struct region *r, uint64_t key, int64_t *before_s)
{
	_Atomic uint64_t *moved = &r->state->control.revoke_moved;
	uint64_t seen, k, word;
	uint32_t place, n;

	do {
		seen = atomic_load(moved);
		place = key_home(key);
		for (n = 0; n < REVOKE_PLACES; n++, place++) {
			k = revocation_key(r, place);
			if (k == key || k == KEY_EMPTY)
				break;
			SHM_STEP("revoke_walk");
		}
		if (k != key)
			continue;
		SHM_STEP("revoke_word");
		word = atomic_load(&revocation_at(r, place)->word);
		*before_s = (int64_t)word >> ENTRY_SHIFT;
		if (revocation_key(r, place) == key)
			return true;
	} while (atomic_load(moved) != seen || k == key);
	return false;
}

static bool
key_hits(const struct region *r, uint64_t key, int64_t issued_s)
{
	int64_t before_s;

	return key != 0 && revocation_read(r, key, &before_s) &&
	    (issued_s <= before_s || before_s == BEFORE_MAX);
}

bool
revoke_any(const struct region *r)
{
	return atomic_load(&r->state->control.revoked) != 0;
}

bool
revoke_hits(const struct region *r, const struct revoke_subject *s)
{
	/* Before the first one, the pages of the table are not even there. */
	if (!revoke_any(r))
		return false;
	for (int i = 0; i < 2; i++)
		if (key_hits(r, s->token[i], INT64_MIN) ||
		    key_hits(r, s->user[i], s->issued_s) ||
		    key_hits(r, s->all[i], s->issued_s))
			return true;
	return false;
}

static void
subject_keys(const struct region *r, enum revoke_kind kind, struct slice name,
    struct slice value, uint64_t keys[2])
{
	bool any = value.n != 0 || kind == REVOKE_ALL;

	keys[0] = any ? entry_key(r, kind, name, value) : 0;
	keys[1] = any ? entry_key(r, kind, SLICE_NONE, value) : 0;
}

void
revoke_subject_make(const struct region *r, struct slice authenticator,
    struct slice jti, struct slice user, int64_t issued_s,
    struct revoke_subject *s)
{
	subject_keys(r, REVOKE_TOKEN, authenticator, jti, s->token);
	subject_keys(r, REVOKE_USER, authenticator, user, s->user);
	subject_keys(r, REVOKE_ALL, authenticator, SLICE_NONE, s->all);
	s->issued_s = issued_s;
}

/* ---- master: places ---- */

/* Where the key stands, from `place` on, or PLACE_NONE. */
static uint32_t
revocation_find(const struct region *r, uint64_t key, uint32_t place)
{
	for (uint32_t n = 0; n < REVOKE_PLACES; n++, place++) {
		uint64_t k = revocation_key(r, place);

		if (k == key)
			return place % REVOKE_PLACES;
		if (k == KEY_EMPTY)
			break;
	}
	return PLACE_NONE;
}

/* V2, of a key that stands nowhere. There is room: half of it is empty. */
static void
revocation_put(struct region *r, uint64_t key, uint64_t word)
{
	uint32_t place = key_home(key);

	while (revocation_key(r, place) > KEY_PASSED)
		place++;
	SHM_STEP("V2_word");
	atomic_store(&revocation_at(r, place)->word, word);
	SHM_STEP("V2_key");
	atomic_store(&revocation_at(r, place)->key, key);
}

/* Whether the key at `from` would still be found at `to`, before it. */
static bool
place_may_move(uint64_t key, uint32_t from, uint32_t to)
{
	uint32_t home = key_home(key);

	return (from - home) % REVOKE_PLACES >= (from - to) % REVOKE_PLACES;
}

static void
revocation_remove(struct region *r, uint32_t place)
{
	uint32_t hole = place;
	uint64_t key;

	SHM_STEP("X1");
	atomic_store(&revocation_at(r, hole)->key, KEY_PASSED);
	while ((key = revocation_key(r, ++place)) != KEY_EMPTY) {
		struct shm_revocation *from = revocation_at(r, place);
		struct shm_revocation *to = revocation_at(r, hole);

		if (key == KEY_PASSED || !place_may_move(key, place, hole))
			continue;
		SHM_STEP("X2_word");
		atomic_store(&to->word, atomic_load(&from->word));
		SHM_STEP("X2_key");
		atomic_store(&to->key, key);
		SHM_STEP("X3");
		atomic_fetch_add(&r->state->control.revoke_moved, 1);
		SHM_STEP("X1");
		atomic_store(&from->key, KEY_PASSED);
		hole = place;
	}
	SHM_STEP("X4");
	atomic_store(&revocation_at(r, hole)->key, KEY_EMPTY);
}

/* ---- master: entries ---- */

static struct shm_revoked *
revoked_at(const struct region *r, uint32_t i)
{
	MUST(i < REVOKED_MAX);
	return &r->state->revoked[i];
}

static uint32_t
revoked_high(const struct region *r)
{
	uint32_t n = atomic_load(&r->state->control.revoked_high);
	return n < REVOKED_MAX ? n : REVOKED_MAX;
}

static bool
revoked_used(const struct region *r, uint32_t i)
{
	return atomic_load(&revoked_at(r, i)->used) != 0;
}

static void
version_grow(struct region *r)
{
	SHM_STEP("V3");
	atomic_fetch_add(&r->state->control.revoke_version, 1);
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* A free one, below the high-water mark; REVOKED_MAX: none. */
static uint32_t
revoked_claim(struct region *r)
{
	struct shm_control *c = &r->state->control;
	uint32_t n = revoked_high(r), i = atomic_load(&c->revoked_low);

	while (i < n && revoked_used(r, i))
		i++;
	atomic_store(&c->revoked_low, i);
	if (i == n && n < REVOKED_MAX) {
		SHM_STEP("revoked_high");
		atomic_store(&c->revoked_high, n + 1);
	}
	return i;
}

/* V1 */
static void
revoked_fill(struct shm_revoked *to, const struct revoke_entry *e)
{
	char buf[REVOKE_TEXT_MAX + 1];
	struct slice name = text_kept(e->authenticator, REVOKE_NAME_MAX, buf);

	SHM_STEP("V1_fill");
	to->kind = e->kind;
	to->before_s = e->kind != REVOKE_TOKEN ? e->before_s : INT64_MAX;
	to->until_s = e->until_s;
	to->name_bytes = (uint32_t)name.n;
	if (name.n != 0)
		memcpy(to->name, name.p, name.n);
	struct slice value = text_kept(e->value, REVOKE_TEXT_MAX, buf);
	to->value_bytes = (uint32_t)value.n;
	if (value.n != 0)
		memcpy(to->value, value.p, value.n);
	SHM_STEP("V1_used");
	atomic_store(&to->used, 1);
}

static void
revoked_renew(struct region *r, uint32_t place, const struct revoke_entry *e)
{
	struct shm_revocation *p = revocation_at(r, place);
	uint32_t i = atomic_load(&p->word) & ENTRY_MASK;
	struct shm_revoked *to = revoked_at(r, i);

	SHM_STEP("renew_until");
	to->until_s = later(to->until_s, e->until_s);
	SHM_STEP("renew_before");
	to->before_s = later(to->before_s, e->before_s);
	SHM_STEP("renew_word");
	atomic_store(&p->word, word_make(to->before_s, i));
}

bool
revoke_add(struct region *r, const struct revoke_entry *e)
{
	MUST((e->kind == REVOKE_ALL) == (e->value.n == 0));
	uint64_t key = entry_key(r, e->kind, e->authenticator, e->value);
	uint32_t place = revocation_find(r, key, key_home(key));

	if (place != PLACE_NONE) {
		revoked_renew(r, place, e);
		version_grow(r);
		return true;
	}
	uint32_t i = revoked_claim(r);
	if (i == REVOKED_MAX)
		return false;
	revoked_fill(revoked_at(r, i), e);
	SHM_STEP("revoked");
	atomic_fetch_add(&r->state->control.revoked, 1);
	revocation_put(r, key, word_make(revoked_at(r, i)->before_s, i));
	version_grow(r);
	return true;
}

/* U1, U2 */
static void
revoked_drop(struct region *r, uint32_t place)
{
	struct shm_control *c = &r->state->control;
	uint32_t i = atomic_load(&revocation_at(r, place)->word) & ENTRY_MASK;

	revocation_remove(r, place);
	SHM_STEP("U2");
	atomic_store(&revoked_at(r, i)->used, 0);
	atomic_fetch_sub(&c->revoked, 1);
	if (i < atomic_load(&c->revoked_low))
		atomic_store(&c->revoked_low, i);
}

bool
revoke_lift(struct region *r, enum revoke_kind kind, struct slice authenticator,
    struct slice value)
{
	uint64_t key = entry_key(r, kind, authenticator, value);
	uint32_t place = revocation_find(r, key, key_home(key));

	if (place == PLACE_NONE)
		return false;
	revoked_drop(r, place);
	version_grow(r);
	return true;
}

static uint64_t
revoked_key(const struct region *r, uint32_t i)
{
	struct revoke_entry e;

	MUST(revoke_at(r, i, &e));
	return entry_key(r, e.kind, e.authenticator, e.value);
}

uint32_t
revoke_sweep(struct region *r, int64_t now_s)
{
	uint32_t n = revoked_high(r);

	for (uint32_t i = 0; i < n; i++) {
		if (!revoked_used(r, i) || revoked_at(r, i)->until_s >= now_s)
			continue;
		uint64_t key = revoked_key(r, i);
		uint32_t place = revocation_find(r, key, key_home(key));

		MUST(place != PLACE_NONE);
		revoked_drop(r, place);
	}
	return atomic_load(&r->state->control.revoked);
}

bool
revoke_at(const struct region *r, uint32_t i, struct revoke_entry *e)
{
	if (i >= revoked_high(r) || !revoked_used(r, i))
		return false;
	const struct shm_revoked *from = revoked_at(r, i);
	MUST(from->name_bytes <= REVOKE_NAME_MAX &&
	    from->value_bytes <= REVOKE_TEXT_MAX);
	*e = (struct revoke_entry){
		.kind = from->kind,
		.authenticator = slice_make(from->name, from->name_bytes),
		.value = slice_make(from->value, from->value_bytes),
		.before_s = from->before_s,
		.until_s = from->until_s,
	};
	return true;
}

/* ---- recovery ---- */

/* Its place: exactly one. */
static void
revoked_recover(struct region *r, uint32_t i)
{
	uint64_t key = revoked_key(r, i), word;
	uint32_t place = revocation_find(r, key, key_home(key)), again;

	word = word_make(revoked_at(r, i)->before_s, i);
	if (place == PLACE_NONE) {
		revocation_put(r, key, word);
		return;
	}
	SHM_STEP("recover_word"); /* it may have been renewed */
	atomic_store(&revocation_at(r, place)->word, word);
	again = revocation_find(r, key, place + 1);
	if (again != PLACE_NONE) /* it was moving from there */
		revocation_remove(r, again);
}

void
revoke_recover_master(struct region *r)
{
	struct shm_control *c = &r->state->control;
	uint32_t n = revoked_high(r), used = 0;

	SHM_STEP("recover_low");
	atomic_store(&c->revoked_low, 0);
	for (uint32_t i = 0; i < n; i++)
		used += revoked_used(r, i);
	SHM_STEP("recover_revoked");
	atomic_store(&c->revoked, used);
	for (uint32_t i = 0; i < n; i++)
		if (revoked_used(r, i))
			revoked_recover(r, i);
	version_grow(r);
}
