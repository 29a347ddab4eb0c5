/* Tests of auth_cache.c: what is found is what was kept, by any worker. */
#include "tests/unit/shm/fixture.h"

#include "shm/tokens.h"
#include "worker/filter/auth_cache.h"

#define WORKERS 2
#define BYTES (1u << 20)

static struct region r;
static struct env envs[WORKERS];
static struct auth_cache *caches[WORKERS];
static struct img_auth a, b;

static void
start(void)
{
	fixture_region(&r, WORKERS);
	a = (struct img_auth){ .hash = { 1 }, .cache = 1 };
	b = (struct img_auth){ .hash = { 2 }, .cache = 1 };
	for (uint32_t w = 0; w < WORKERS; w++) {
		envs[w] = (struct env){ .region = &r,
			.slot = w,
			.counters = counters_block(&r, w) };
		caches[w] = auth_cache_new(&envs[w], BYTES);
	}
}

static void
end(void)
{
	for (uint32_t w = 0; w < WORKERS; w++)
		auth_cache_free(caches[w]);
}

static struct auth_cache_key
key_of(const struct img_auth *auth, uint64_t version, const char *text)
{
	return (struct auth_cache_key){
		.auth = auth, .version = version, .text = slice_str(text)
	};
}

static void
keep_until(uint32_t w, struct auth_cache_key key, const char *user,
    int64_t expires_s, int64_t until_s)
{
	struct identity_parts parts = { .type = IMG_AUTH_JWT,
		.authenticator = SLICE_LIT("a"),
		.claim = { [IMG_CLAIM_USER] = slice_str(user) },
		.issued_s = INT64_MIN,
		.expires_s = expires_s };
	struct identity *id = identity_new(&parts);

	auth_cache_keep(caches[w], &key, id, until_s);
	identity_unref(id);
}

static void
keep(uint32_t w, struct auth_cache_key key, const char *user)
{
	keep_until(w, key, user, INT64_MAX, INT64_MAX);
}

/* user NULL: nothing is found. */
static void
finds(uint32_t w, struct auth_cache_key key, const char *user)
{
	struct identity *id = auth_cache_find(caches[w], &key);

	if (user == NULL) {
		ck_assert_ptr_null(id);
		return;
	}
	ck_assert_ptr_nonnull(id);
	ck_assert(slice_eq(id->claim[IMG_CLAIM_USER], slice_str(user)));
	identity_unref(id);
}

static uint64_t
count(uint32_t w, enum counter c)
{
	return atomic_load(&envs[w].counters[c]);
}

START_TEST(found_by_all_of_the_key)
{
	struct auth_cache_key own = key_of(&a, 1, "token");

	finds(0, own, NULL);
	keep(0, own, "alice");
	finds(0, own, "alice");
	finds(0, own, "alice");
	finds(0, key_of(&b, 1, "token"), NULL);
	finds(0, key_of(&a, 1, "tokem"), NULL);
	finds(0, key_of(&a, 1, "token."), NULL);
	finds(0, key_of(&a, 1, ""), NULL);
	ck_assert_uint_eq(count(0, COUNTER_AUTH_HITS), 2);
	ck_assert_uint_eq(count(0, COUNTER_AUTH_MISSES), 4);
	/* Another version: and there is no way back. */
	finds(0, key_of(&a, 2, "token"), NULL);
	keep(0, key_of(&a, 2, "token"), "bob");
	finds(0, key_of(&a, 2, "token"), "bob");
}
END_TEST

START_TEST(other_workers_find_it)
{
	struct auth_cache_key key = key_of(&a, 1, "token");

	keep(0, key, "alice");
	finds(1, key, "alice");
	ck_assert_uint_eq(count(1, COUNTER_AUTH_HITS_SHARED), 1);
	finds(1, key, "alice");
	ck_assert_uint_eq(count(1, COUNTER_AUTH_HITS), 1);
	finds(1, key_of(&a, 2, "token"), NULL);
	finds(1, key_of(&b, 1, "token"), NULL);
	/* Unless it is cheap to find out anew. */
	key.text = SLICE_LIT("own");
	key.own = true;
	keep(0, key, "bob");
	finds(0, key, "bob");
	finds(1, key, NULL);
}
END_TEST

/* A miss hashes what is in front of the last dot, too; a hit nothing. */
START_TEST(signed_part_is_hashed)
{
	struct auth_cache_key key = key_of(&a, 1, "head.claims.signature");
	uint8_t wanted[SHA256_BYTES];

	sha_digest(SHA256_BYTES, SLICE_LIT("head.claims"), wanted);
	key.dotted = true;
	ck_assert_ptr_null(auth_cache_find(caches[0], &key));
	ck_assert(key.hashed);
	ck_assert_uint_eq(key.signed_bytes, 11);
	ck_assert_mem_eq(key.signed_hash, wanted, sizeof(wanted));
	keep(0, key, "alice");
	key.hashed = false;
	finds(0, key, "alice");
	ck_assert(!key.hashed);
	/* The same to who takes it as it comes. */
	key.dotted = false;
	finds(1, key, "alice");
	key = key_of(&a, 1, "none");
	key.dotted = true;
	ck_assert_ptr_null(auth_cache_find(caches[0], &key));
	ck_assert_uint_eq(key.signed_bytes, 0);
}
END_TEST

START_TEST(for_a_while)
{
	struct auth_cache_key key = key_of(&a, 1, "token");
	int64_t now_s = env_now_s();

	keep_until(0, key, "alice", INT64_MAX, now_s + 100);
	finds(0, key, "alice");
	keep_until(0, key, "alice", INT64_MAX, now_s);
	finds(0, key, NULL);
	key.text = SLICE_LIT("past");
	keep_until(0, key, "alice", INT64_MAX, now_s - 1);
	finds(0, key, NULL);
	finds(1, key, NULL);
	/* An identity that has expired is for the caller, but only here. */
	key.text = SLICE_LIT("expired");
	keep_until(0, key, "alice", now_s - 1, INT64_MAX);
	finds(0, key, "alice");
	finds(1, key, NULL);
}
END_TEST

START_TEST(turned_off)
{
	a.cache = 0;
	keep(0, key_of(&a, 1, "token"), "alice");
	finds(0, key_of(&a, 1, "token"), NULL);
	a.cache = 1;
	finds(0, key_of(&a, 1, "token"), NULL);
	finds(1, key_of(&a, 1, "token"), NULL);
	ck_assert_uint_eq(tokens_count(&r), 0);
}
END_TEST

/* Texts that differ where nothing is hashed. */
START_TEST(whole_texts_are_compared)
{
	char one[1001], other[1001];

	memset(one, 'x', 1000);
	one[1000] = '\0';
	keep(0, key_of(&a, 1, one), "alice");
	for (size_t i = 0; i < 1000; i++) {
		memcpy(other, one, sizeof(other));
		other[i] = 'y';
		finds(0, key_of(&a, 1, other), NULL);
	}
	finds(0, key_of(&a, 1, one), "alice");
}
END_TEST

/* Many more than there is room for: bounded, and still right. */
START_TEST(bounded)
{
	char text[32], user[32];
	unsigned found = 0;

	for (unsigned i = 0; i < 50000; i++) {
		(void)snprintf(text, sizeof(text), "token %u", i);
		(void)snprintf(user, sizeof(user), "user %u", i);
		keep(0, key_of(&a, 1, text), user);
		/* One that is used all the time stays. */
		if (i == 0)
			continue;
		finds(0, key_of(&a, 1, "token 0"), "user 0");
	}
	for (unsigned i = 0; i < 50000; i++) {
		struct auth_cache_key key;
		struct identity *id;

		(void)snprintf(text, sizeof(text), "token %u", i);
		(void)snprintf(user, sizeof(user), "user %u", i);
		key = key_of(&a, 1, text);
		key.own = true; /* its own level alone */
		id = auth_cache_find(caches[0], &key);
		if (id == NULL)
			continue;
		ck_assert(slice_eq(id->claim[IMG_CLAIM_USER], slice_str(user)));
		found++;
		identity_unref(id);
	}
	ck_assert_uint_gt(found, 1000);
	ck_assert_uint_lt(found, BYTES / sizeof(struct identity));
}
END_TEST

/* Whatever was kept, and pushed out, and kept anew under another version. */
START_TEST(a_hit_is_what_was_kept)
{
	enum { TEXTS = 64, STEPS = 200000 };
	unsigned kept[TEXTS][2][4] = { 0 }; /* serial number; 0: never */
	uint64_t random = 1, hits = 0;

	for (unsigned step = 1; step < STEPS; step++) {
		char text[16], user[16];
		struct auth_cache_key key;
		struct identity *id;
		unsigned t, v, w, n;
		bool second;

		random = hash_u64(random + step);
		t = random % TEXTS;
		v = random >> 8 & 3;
		w = random >> 16 & 1;
		second = random >> 17 & 1;
		(void)snprintf(text, sizeof(text), "text %u", t);
		key = key_of(second ? &b : &a, v, text);
		n = kept[t][second][v];
		if ((random >> 20 & 7) == 0 && n == 0) {
			(void)snprintf(user, sizeof(user), "%u", step);
			keep(w, key, user);
			kept[t][second][v] = step;
			continue;
		}
		id = auth_cache_find(caches[w], &key);
		if (id == NULL)
			continue;
		hits++;
		ck_assert_uint_ne(n, 0);
		(void)snprintf(user, sizeof(user), "%u", n);
		ck_assert(slice_eq(id->claim[IMG_CLAIM_USER], slice_str(user)));
		identity_unref(id);
	}
	ck_assert_uint_gt(hits, STEPS / 4);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("auth_cache");

	tcase_add_checked_fixture(tc, start, end);
	tcase_add_test(tc, found_by_all_of_the_key);
	tcase_add_test(tc, other_workers_find_it);
	tcase_add_test(tc, signed_part_is_hashed);
	tcase_add_test(tc, for_a_while);
	tcase_add_test(tc, turned_off);
	tcase_add_test(tc, whole_texts_are_compared);
	tcase_add_test(tc, bounded);
	tcase_add_test(tc, a_hit_is_what_was_kept);
	return fixture_run(tc, "auth_cache");
}
