/*
 * storm_revoke_test.c - three workers look whether users are revoked, as they
 * do at every use of a token, while a master adds and lifts, under random
 * kills: who is revoked since before the look is seen to be.
 *
 * STORM_KILLS: how many (500).
 */
#include <sys/mman.h>

#include "tests/unit/shm/storm.h"

#include "shm/revoke.c"

#define WORKERS 3
#define MASTER WORKERS
#define USERS 12
#define NEAR 3 /* places that their hashes name */
#define AUTH SLICE_LIT("main")

/* Shared with the test: how the storm goes. */
struct weather {
	_Atomic uint32_t stop;
	/* Odd: revoked, and the master knows. */
	_Atomic uint32_t revoked[USERS];
	_Atomic uint64_t looks, hits, changes;
};
static struct weather *weather;
static char users[USERS][16];

/* They crowd around the end of the table. */
static void
users_make(struct region *r)
{
	r->state->header.hash_k0 = 1;
	r->state->header.hash_k1 = 2;
	for (uint32_t n = 0, tried = 0; n < USERS; tried++) {
		snprintf(users[n], sizeof(users[0]), "u%u", tried);
		uint64_t key =
		    entry_key(r, REVOKE_USER, AUTH, slice_str(users[n]));
		n += (key_home(key) + 2) % REVOKE_PLACES < NEAR;
	}
}

/* ---- a worker ---- */

/* What it knows of a user, and since when. */
struct known {
	struct revoke_subject subject;
	uint64_t version;
	bool hit;
};

static void
known_look(const struct region *r, struct known *k, uint32_t i)
{
	uint32_t before = atomic_load(&weather->revoked[i]);
	uint64_t version = revoke_version(r);

	if (k->version != version) {
		k->hit = revoke_hits(r, &k->subject);
		k->version = version;
	}
	if (!k->hit && before % 2 == 1 &&
	    atomic_load(&weather->revoked[i]) == before)
		wrong("a revoked user was not seen");
	atomic_fetch_add(&weather->looks, 1);
	atomic_fetch_add(&weather->hits, k->hit);
}

static void
worker_live(struct region *r)
{
	struct known known[USERS] = { 0 };
	struct revoke_subject nobody;

	for (uint32_t i = 0; i < USERS; i++)
		revoke_subject_make(r, AUTH, SLICE_NONE, slice_str(users[i]),
		    100, &known[i].subject);
	revoke_subject_make(
	    r, AUTH, SLICE_NONE, SLICE_LIT("nobody"), 100, &nobody);
	while (atomic_load(&weather->stop) == 0) {
		uint32_t i = random_below(USERS);

		known_look(r, &known[i], i);
		if (revoke_hits(r, &nobody))
			wrong("nobody is revoked");
	}
}

/* ---- the master ---- */

static void
master_live(struct region *r)
{
	revoke_recover_master(r);
	while (atomic_load(&weather->stop) == 0) {
		uint32_t i = random_below(USERS);
		struct revoke_entry e = { REVOKE_USER, AUTH,
			slice_str(users[i]), 100, INT64_MAX };

		if (atomic_load(&weather->revoked[i]) % 2 == 0) {
			if (!revoke_add(r, &e))
				wrong("the table is full");
			atomic_fetch_add(&weather->revoked[i], 1);
		} else {
			atomic_fetch_add(&weather->revoked[i], 1);
			if (!revoke_lift(r, REVOKE_USER, AUTH, e.value))
				wrong("there is nothing to lift");
		}
		atomic_fetch_add(&weather->changes, 1);
	}
}

static void
process_live(struct region *r, uint32_t who)
{
	if (who == MASTER)
		master_live(r);
	else
		worker_live(r);
}

static void
process_settle(struct region *r, uint32_t who, int status)
{
	if (who != MASTER)
		slot_settle(r, who, status);
}

START_TEST(a_storm_over_revocations)
{
	uint32_t kills = storm_kills(500), places = 0;
	struct region r;
	struct storm s = { .region = &r,
		.workers = WORKERS,
		.processes = WORKERS + 1,
		.live = process_live,
		.settle = process_settle };

	weather = mmap(NULL, sizeof(*weather), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(weather, MAP_FAILED);
	fixture_region(&r, WORKERS);
	users_make(&r);
	storm_run(&s, kills, &weather->stop);
	printf("storm: %u kills, %ju changes, %ju looks, %ju hits\n", kills,
	    (uintmax_t)atomic_load(&weather->changes),
	    (uintmax_t)atomic_load(&weather->looks),
	    (uintmax_t)atomic_load(&weather->hits));
	ck_assert_uint_gt(atomic_load(&weather->changes), kills);
	ck_assert_uint_gt(atomic_load(&weather->hits), kills);
	/* All can be lifted, and nothing is left. */
	revoke_recover_master(&r);
	for (uint32_t i = 0; i < USERS; i++)
		(void)revoke_lift(&r, REVOKE_USER, AUTH, slice_str(users[i]));
	for (uint32_t i = 0; i < REVOKE_PLACES; i++)
		places += revocation_key(&r, i) > KEY_PASSED;
	ck_assert_uint_eq(places, 0);
	ck_assert_uint_eq(revoke_sweep(&r, 0), 0);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("storm_revoke");

	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, a_storm_over_revocations);
	return fixture_run(tc, "storm_revoke");
}
