/*
 * tokens.c - rings that their workers write and all read.
 *
 *	 worker w                          reader
 *	 P1 reserve = end (relaxed),       F1 word (acquire)
 *	    release fence                  F2 reserve (acquire): still there?
 *	 P2 the entry                      F3 copy
 *	 P3 word (release)                 F4 acquire fence, reserve (relaxed):
 *	                                      still there?
 *	                                   F5 key, version, checksum
 *
 * P3 and F1: who finds the word sees the entry. P1 and F4: who has copied a
 * byte of a later entry sees that reserve has passed. An entry is there until
 * reserve is more than a ring ahead of its beginning. Positions are bytes since
 * the beginning of time, of which a word has 46 bits; whatever an old word
 * would lead to by mistake fails at F5.
 */
#include "shm/tokens.h"

#include <string.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "shm/step.h"
#include "shm/vault_layout.h"

#define UNIT 64 /* entries begin at multiples of it */
#define POSITION_BITS 40
#define POSITION_MASK ((UINT64_C(1) << POSITION_BITS) - 1)
#define RING_BITS 8
#define RING_MASK 0xffu
#define TAG_BITS 16

/* In front of the bytes of an entry. */
struct token_head {
	uint64_t check; /* of all that follows */
	struct tokens_key key;
	int64_t expires_s;
	uint32_t bytes, spare;
};
_Static_assert(sizeof(struct token_head) == UNIT, "a head is a line");

/* ---- the index ---- */

static uint64_t
token_hash(const struct tokens_key *key)
{
	uint64_t h;

	memcpy(&h, key->hash, sizeof(h));
	return h ^ hash_u64(key->version);
}

static struct shm_token_set *
token_set(const struct region *r, uint64_t hash)
{
	return &r->vault->index[hash % TOKENS_SETS];
}

static uint64_t
word_of(uint64_t hash, uint32_t w, uint64_t position)
{
	uint64_t tag = hash >> (64 - TAG_BITS);

	return (tag << RING_BITS | (w + 1)) << POSITION_BITS |
	    (position / UNIT & POSITION_MASK);
}

static bool
word_has_tag(uint64_t word, uint64_t hash)
{
	return (word ^ hash) >> (64 - TAG_BITS) == 0;
}

/* ---- rings ---- */

static _Atomic uint64_t *
ring_mark(const struct region *r, uint32_t w)
{
	return &r->vault->marks[w].reserve;
}

static char *
ring_at(const struct region *r, uint32_t w, uint64_t position)
{
	return r->vault->rings + (size_t)w * r->ring_bytes +
	    position % r->ring_bytes;
}

/* An entry that a word leads to. */
struct token_place {
	uint32_t w;
	uint64_t position;
};

/* False: it leads to nothing (any more). */
static bool
place_of(const struct region *r, uint64_t word, struct token_place *at)
{
	at->w = (uint32_t)(word >> POSITION_BITS & RING_MASK) - 1;
	if (at->w >= r->state->header.workers)
		return false;
	uint64_t reserve = atomic_load_explicit(
	    ring_mark(r, at->w), memory_order_acquire); /* F2 */
	uint64_t ago = (reserve / UNIT - word) & POSITION_MASK;
	at->position = reserve - ago * UNIT;
	return ago != 0 && ago * UNIT <= r->ring_bytes;
}

/* F4 */
static bool
place_is_whole(const struct region *r, const struct token_place *at)
{
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(ring_mark(r, at->w), memory_order_relaxed) -
	    at->position <=
	    r->ring_bytes;
}

static uint64_t
token_check(
    const struct region *r, const struct token_head *head, const char *bytes)
{
	const struct shm_header *h = &r->state->header;
	struct hash_key key = { h->hash_k0, h->hash_k1 };

	key.k0 ^= hash_sum(
	    key, &head->key, sizeof(*head) - offsetof(struct token_head, key));
	return hash_sum(key, bytes, head->bytes);
}

/* ---- finding ---- */

static bool
head_is_of(
    const struct token_head *h, const struct tokens_key *key, int64_t now_s)
{
	return h->key.version == key->version &&
	    memcmp(h->key.hash, key->hash, TOKENS_KEY) == 0 &&
	    h->bytes <= TOKENS_BYTES_MAX && h->expires_s > now_s;
}

/* F2 to F5 */
static bool
token_copy(const struct region *r, uint64_t word, const struct tokens_key *key,
    int64_t now_s, char *out, struct token_head *h)
{
	struct token_place at;

	if (!place_of(r, word, &at))
		return false;
	const char *from = ring_at(r, at.w, at.position);
	memcpy(h, from, sizeof(*h));
	/* What is looked at from here on is the copy. */
	atomic_signal_fence(memory_order_seq_cst);
	SHM_STEP("F3");
	if (!head_is_of(h, key, now_s) ||
	    at.position % r->ring_bytes + sizeof(*h) + h->bytes > r->ring_bytes)
		return false;
	memcpy(out, from + sizeof(*h), h->bytes);
	SHM_STEP("F4");
	return place_is_whole(r, &at) && token_check(r, h, out) == h->check;
}

bool
tokens_find(const struct region *r, const struct tokens_key *key, int64_t now_s,
    char *out, size_t *n, int64_t *expires_s)
{
	uint64_t hash = token_hash(key);
	struct shm_token_set *set = token_set(r, hash);
	struct token_head h;

	for (uint32_t i = 0; i < TOKENS_WAYS; i++) {
		uint64_t word = atomic_load_explicit(
		    &set->word[i], memory_order_acquire); /* F1 */

		if (!word_has_tag(word, hash) ||
		    !token_copy(r, word, key, now_s, out, &h))
			continue;
		*n = h.bytes;
		*expires_s = h.expires_s;
		return true;
	}
	return false;
}

/* ---- adding ---- */

/* P1: where the next `bytes` of the ring are; in one piece. */
static uint64_t
ring_reserve(const struct region *r, uint32_t w, uint64_t bytes)
{
	_Atomic uint64_t *mark = ring_mark(r, w);
	uint64_t position = atomic_load_explicit(mark, memory_order_relaxed);
	uint64_t left = r->ring_bytes - position % r->ring_bytes;

	if (bytes > left)
		position += left;
	SHM_STEP("P1");
	atomic_store_explicit(mark, position + bytes, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	return position;
}

/* How much a word is worth keeping beside a new one of this hash. */
static int
word_worth(const struct region *r, uint64_t word, uint64_t hash)
{
	struct token_place at;

	if (word == 0 || !place_of(r, word, &at))
		return 1;
	return word_has_tag(word, hash) ? 0 : 2;
}

/* Where to put it: an older one of that tag, an empty place, or any. */
static _Atomic uint64_t *
word_victim(const struct region *r, uint64_t hash, uint64_t position)
{
	struct shm_token_set *set = token_set(r, hash);
	uint32_t best = 0;
	int least = 3;

	for (uint32_t i = 0; i < TOKENS_WAYS; i++) {
		uint32_t way = (uint32_t)(position / UNIT + i) % TOKENS_WAYS;
		uint64_t word =
		    atomic_load_explicit(&set->word[way], memory_order_relaxed);
		int worth = word_worth(r, word, hash);

		if (worth < least) {
			least = worth;
			best = way;
		}
	}
	return &set->word[best];
}

void
tokens_put(const struct region *r, uint32_t w, const struct tokens_key *key,
    int64_t expires_s, struct slice bytes)
{
	uint64_t hash = token_hash(key);
	struct token_head h = {
		.key = *key, .expires_s = expires_s, .bytes = (uint32_t)bytes.n
	};

	if (bytes.n > TOKENS_BYTES_MAX)
		return;
	MUST(w < r->state->header.workers);
	h.check = token_check(r, &h, bytes.p);
	uint64_t position =
	    ring_reserve(r, w, (sizeof(h) + bytes.n + UNIT - 1) / UNIT * UNIT);
	char *to = ring_at(r, w, position);
	SHM_STEP("P2_head");
	memcpy(to, &h, sizeof(h));
	SHM_STEP("P2_bytes");
	if (bytes.n != 0)
		memcpy(to + sizeof(h), bytes.p, bytes.n);
	_Atomic uint64_t *word = word_victim(r, hash, position);
	SHM_STEP("P3");
	atomic_store_explicit(
	    word, word_of(hash, w, position), memory_order_release);
}

uint64_t
tokens_count(const struct region *r)
{
	struct token_place at;
	uint64_t n = 0;

	for (uint32_t s = 0; s < TOKENS_SETS; s++)
		for (uint32_t i = 0; i < TOKENS_WAYS; i++)
			n += place_of(r,
			    atomic_load_explicit(&r->vault->index[s].word[i],
				memory_order_relaxed),
			    &at);
	return n;
}
