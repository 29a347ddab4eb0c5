/*
 * storm_tokens_test.c - four workers that put tokens into small rings and look
 * for each other's, under random kills: what is found is what somebody has put
 * under that key and version.
 *
 * STORM_KILLS: how many (500).
 */
#include <sys/mman.h>

#include "tests/unit/shm/storm.h"

#define WORKERS 4
#define KEYS 60
#define VERSIONS 3

/* Shared with the test: how the storm goes. */
struct weather {
	_Atomic uint32_t stop;
	_Atomic uint64_t puts, hits, misses;
};
static struct weather *weather;

/* Keys share few sets, and some of them their tags, too. */
static struct tokens_key
key_of(uint32_t n, uint32_t version)
{
	struct tokens_key k = { .version = version };
	uint64_t first = (uint64_t)(n / 8) << 48 | n % 4;

	first ^= hash_u64(version);
	memcpy(k.hash, &first, sizeof(first));
	memcpy(k.hash + 8, &n, sizeof(n));
	return k;
}

/* Word i of what is put under a key; their number is in it, too. */
static uint64_t
text_word(uint32_t n, uint32_t version, uint64_t count, uint64_t i)
{
	return hash_u64(
	    (uint64_t)n << 40 | (uint64_t)version << 32 | count << 16 | i);
}

static void
life_put(const struct region *r, uint32_t w, uint32_t n, uint32_t version)
{
	uint64_t words[TOKENS_BYTES_MAX / 8];
	uint64_t count = 1 + random_below(random_below(20) == 0 ? 2048 : 200);
	struct tokens_key k = key_of(n, version);

	for (uint64_t i = 0; i < count; i++)
		words[i] = text_word(n, version, count, i);
	tokens_put(r, w, &k, (int64_t)count + 1000,
	    slice_make((char *)words, count * 8));
	atomic_fetch_add(&weather->puts, 1);
}

static bool
life_find(const struct region *r, uint32_t n, uint32_t version)
{
	uint64_t words[TOKENS_BYTES_MAX / 8];
	struct tokens_key k = key_of(n, version);
	int64_t expires_s;
	size_t bytes;

	if (!tokens_find(r, &k, 1000, (char *)words, &bytes, &expires_s)) {
		atomic_fetch_add(&weather->misses, 1);
		return false;
	}
	if (bytes % 8 != 0 || expires_s != (int64_t)(bytes / 8) + 1000)
		wrong("the length of a token");
	for (uint64_t i = 0; i < bytes / 8; i++)
		if (words[i] != text_word(n, version, bytes / 8, i))
			wrong("a token that is not what was put");
	atomic_fetch_add(&weather->hits, 1);
	return true;
}

static void
worker_live(struct region *r, uint32_t w)
{
	while (atomic_load(&weather->stop) == 0) {
		uint32_t n = random_below(KEYS);
		uint32_t version = random_below(VERSIONS);

		if (!life_find(r, n, version) || random_below(10) == 0)
			life_put(r, w, n, version);
	}
}

START_TEST(a_storm_over_tokens)
{
	uint32_t kills = storm_kills(500);
	struct region r;
	struct storm s = { .region = &r,
		.workers = WORKERS,
		.processes = WORKERS,
		.live = worker_live,
		.settle = slot_settle };

	weather = mmap(NULL, sizeof(*weather), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(weather, MAP_FAILED);
	fixture_region(&r, WORKERS);
	storm_run(&s, kills, &weather->stop);
	printf("storm: %u kills, %ju puts, %ju hits, %ju misses\n", kills,
	    (uintmax_t)atomic_load(&weather->puts),
	    (uintmax_t)atomic_load(&weather->hits),
	    (uintmax_t)atomic_load(&weather->misses));
	ck_assert_uint_gt(atomic_load(&weather->puts), kills);
	ck_assert_uint_gt(atomic_load(&weather->hits), kills);
	ck_assert_uint_gt(atomic_load(&weather->misses), kills);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("storm_tokens");

	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, a_storm_over_tokens);
	return fixture_run(tc, "storm_tokens");
}
