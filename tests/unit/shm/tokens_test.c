/*
 * tokens_test.c - verified tokens that all workers share: a hit is what was put
 * under that key and version, whatever comes round, breaks or dies meanwhile.
 */
#include "tests/unit/shm/stepping.h"

#define NOW 1000
#define LATER 2000

static char out[TOKENS_BYTES_MAX];

static struct tokens_key
key_of(uint64_t n, uint64_t version)
{
	struct tokens_key k = { .version = version };
	uint64_t words[4];

	for (uint64_t i = 0; i < 4; i++)
		words[i] = hash_u64(n * 4 + i + 1);
	memcpy(k.hash, words, sizeof(k.hash));
	return k;
}

/* Puts n bytes, all of them c. */
static void
put(const struct region *r, uint32_t w, const struct tokens_key *key, char c,
    size_t n)
{
	static char text[TOKENS_BYTES_MAX + 1];

	memset(text, c, n);
	tokens_put(r, w, key, LATER, slice_make(text, n));
}

/* What it has n bytes of; 0: not found. */
static char
find(const struct region *r, const struct tokens_key *key, size_t n)
{
	int64_t expires_s;
	size_t got;

	if (!tokens_find(r, key, NOW, out, &got, &expires_s))
		return 0;
	ck_assert_uint_eq(got, n);
	ck_assert_int_eq(expires_s, LATER);
	if (n > 1)
		ck_assert_int_eq(memcmp(out, out + 1, n - 1), 0);
	return n != 0 ? out[0] : 'e';
}

START_TEST(a_token_is_found_by_all)
{
	struct tokens_key a = key_of(1, 5), b = key_of(2, 5), a6 = key_of(1, 6);
	struct region r;

	fixture_region(&r, 2);
	ck_assert_int_eq(find(&r, &a, 100), 0);
	put(&r, 0, &a, 'a', 100);
	put(&r, 1, &b, 'b', 0);
	ck_assert_int_eq(find(&r, &a, 100), 'a');
	ck_assert_int_eq(find(&r, &b, 0), 'e');
	ck_assert_int_eq(find(&r, &a6, 100), 0);
	put(&r, 1, &a6, 'c', 77);
	ck_assert_int_eq(find(&r, &a6, 77), 'c');
	ck_assert_int_eq(find(&r, &a, 100), 'a');
	ck_assert_uint_eq(tokens_count(&r), 3);
	/* Put again, by another one, it replaces what was there. */
	put(&r, 1, &a, 'd', 50);
	ck_assert_int_eq(find(&r, &a, 50), 'd');
	ck_assert_uint_eq(tokens_count(&r), 3);
	region_fini(&r);
}
END_TEST

START_TEST(an_expired_one_is_not_found)
{
	struct tokens_key a = key_of(1, 5);
	struct region r;
	int64_t expires_s;
	size_t n;

	fixture_region(&r, 2);
	put(&r, 0, &a, 'a', 100);
	ck_assert(tokens_find(&r, &a, LATER - 1, out, &n, &expires_s));
	ck_assert(!tokens_find(&r, &a, LATER, out, &n, &expires_s));
	/* One that has expired does not hide another that has not. */
	tokens_put(&r, 0, &a, LATER + 5, SLICE_LIT("new"));
	ck_assert(tokens_find(&r, &a, LATER, out, &n, &expires_s));
	ck_assert_int_eq(expires_s, LATER + 5);
	struct shm_token_set *set = token_set(&r, token_hash(&a));
	uint64_t fresh = set->word[0];
	put(&r, 0, &a, 'a', 100);
	for (uint32_t i = 1; i < TOKENS_WAYS && fresh == 0; i++)
		fresh = set->word[i];
	set->word[TOKENS_WAYS - 1] = fresh;
	ck_assert(tokens_find(&r, &a, LATER, out, &n, &expires_s));
	ck_assert_int_eq(expires_s, LATER + 5);
	region_fini(&r);
}
END_TEST

START_TEST(length_has_a_limit)
{
	struct tokens_key a = key_of(1, 5);
	struct region r;

	fixture_region(&r, 1);
	put(&r, 0, &a, 'a', TOKENS_BYTES_MAX + 1);
	ck_assert_int_eq(find(&r, &a, 0), 0);
	ck_assert_uint_eq(*ring_mark(&r, 0), 0);
	for (size_t n = TOKENS_BYTES_MAX; n > TOKENS_BYTES_MAX - 70; n--) {
		put(&r, 0, &a, (char)('a' + n % 26), n);
		ck_assert_int_eq(find(&r, &a, n), (char)('a' + n % 26));
	}
	region_fini(&r);
}
END_TEST

/* The newest ones that fit into the rings are there, and no others. */
START_TEST(a_ring_comes_round)
{
	enum { N = 200, SIZE = 1000, TAKES = 1088 };
	struct region r;
	uint64_t kept = FIXTURE_RING / TAKES, first;

	fixture_region(&r, 2);
	struct tokens_key other = key_of(N, 1);
	put(&r, 1, &other, 'x', SIZE);
	for (uint64_t i = 0; i < N; i++) {
		struct tokens_key k = key_of(i, 1);
		uint64_t found = 0;

		put(&r, 0, &k, (char)(i % 100 + 1), SIZE);
		first = i;
		for (uint64_t j = 0; j <= i; j++) {
			k = key_of(j, 1);
			char c = find(&r, &k, SIZE);
			ck_assert(c == 0 || c == (char)(j % 100 + 1));
			if (c != 0 && j < first)
				first = j;
			found += c != 0;
		}
		ck_assert_uint_eq(found, i - first + 1);
		ck_assert_uint_ge(found, i < kept ? i + 1 : kept - 1);
		ck_assert_uint_le(found, kept);
		ck_assert_uint_eq(tokens_count(&r), found + 1);
	}
	ck_assert_int_eq(find(&r, &other, SIZE), 'x');
	region_fini(&r);
}
END_TEST

/* 2^46 bytes later a word leads to another entry, which has another key. */
START_TEST(a_position_comes_round)
{
	struct tokens_key a = key_of(1, 5), b = key_of(2, 5);
	struct region r;

	fixture_region(&r, 1);
	*ring_mark(&r, 0) = (POSITION_MASK + 1) * UNIT - 2 * FIXTURE_RING;
	for (int i = 0; i < 100; i++) {
		put(&r, 0, &a, 'a', 5000);
		ck_assert_int_eq(find(&r, &a, 5000), 'a');
		put(&r, 0, &b, 'b', 9);
		ck_assert_int_eq(find(&r, &a, 5000), 'a');
	}
	ck_assert_uint_gt(*ring_mark(&r, 0), (POSITION_MASK + 1) * UNIT);
	region_fini(&r);
}
END_TEST

START_TEST(damage_is_not_found)
{
	struct tokens_key a = key_of(1, 5);
	struct region r;

	fixture_region(&r, 1);
	put(&r, 0, &a, 'a', 100);
	for (size_t i = 0; i < UNIT + 100; i++) {
		/* But for what is never looked at. */
		if (i >= offsetof(struct token_head, spare) && i < UNIT)
			continue;
		r.vault->rings[i] ^= 0x40;
		ck_assert_int_eq(find(&r, &a, 100), 0);
		r.vault->rings[i] ^= 0x40;
		ck_assert_int_eq(find(&r, &a, 100), 'a');
	}
	/* Nor is any word believed. */
	struct shm_token_set *set = token_set(&r, token_hash(&a));
	uint64_t tag = token_hash(&a) >> 48 << 48;
	for (uint64_t i = 0; i < 10000; i++) {
		for (uint32_t k = 0; k < TOKENS_WAYS; k++)
			set->word[k] = tag | hash_u64(i * 8 + k) >> 16;
		*ring_mark(&r, 0) = hash_u64(i);
		ck_assert_int_eq(find(&r, &a, 100), 0);
	}
	region_fini(&r);
}
END_TEST

/* ---- meanwhile ---- */

static const struct region *reading;
static const char *where;
static uint32_t puts_meanwhile;

static void
put_meanwhile(const char *name)
{
	uint32_t n = puts_meanwhile;

	if (strcmp(name, where) != 0)
		return;
	shm_step_hook = NULL;
	for (; n > 0; n--) {
		struct tokens_key k = key_of(n + 10, 5);
		put(reading, 0, &k, 'x', 1000);
	}
	shm_step_hook = put_meanwhile;
}

/* An entry that is overwritten while it is copied was not found. */
START_TEST(a_reader_is_overtaken)
{
	static const char *const steps[] = { "F3", "F4" };
	struct tokens_key a = key_of(1, 5);
	struct region r;
	uint32_t hits = 0;

	where = steps[_i];
	for (uint32_t n = 0; n < 80; n++) {
		fixture_region(&r, 1);
		put(&r, 0, &a, 'a', 1000);
		reading = &r;
		puts_meanwhile = n;
		shm_step_hook = put_meanwhile;
		char c = find(&r, &a, 1000);
		ck_assert(c == 0 || c == 'a');
		ck_assert_int_eq(c != 0, n < FIXTURE_RING / 1088);
		hits += c != 0;
		shm_step_hook = NULL;
		region_fini(&r);
	}
	ck_assert_uint_gt(hits, 50);
}
END_TEST

static void
worker_acts(struct region *r)
{
	struct tokens_key b = key_of(2, 5);

	for (char c = 'b'; c < 'f'; c++)
		put(r, 0, &b, c, 20000 / 2);
}

START_TEST(a_worker_is_killed)
{
	struct tokens_key a = key_of(1, 5), b = key_of(2, 5), d = key_of(4, 5);
	struct region r;
	bool done = false;

	for (uint32_t k = 1; !done; k++) {
		fixture_region(&r, 2);
		put(&r, 0, &a, 'a', 100);
		done = run_killed(worker_acts, &r, k);
		slot_settle(&r, 0, SIGKILL);
		ck_assert_int_eq(find(&r, &a, 100), 'a');
		char c = find(&r, &b, 10000);
		ck_assert(c == 0 || (c >= 'b' && c < 'f'));
		ck_assert(c != 0 || k <= 4);
		put(&r, 0, &d, 'd', 100);
		ck_assert_int_eq(find(&r, &d, 100), 'd');
		ck_assert_int_eq(find(&r, &b, 10000), c);
		ck_assert_int_eq(find(&r, &a, 100), 'a');
		ck_assert(!done || k > 16);
		region_fini(&r);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("tokens");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_token_is_found_by_all);
	tcase_add_test(tc, an_expired_one_is_not_found);
	tcase_add_test(tc, length_has_a_limit);
	tcase_add_test(tc, a_ring_comes_round);
	tcase_add_test(tc, a_position_comes_round);
	tcase_add_test(tc, damage_is_not_found);
	tcase_add_loop_test(tc, a_reader_is_overtaken, 0, 2);
	tcase_add_test(tc, a_worker_is_killed);
	return fixture_run(tc, "tokens");
}
