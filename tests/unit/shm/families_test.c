/*
 * families_test.c - refresh tokens: each turn once, the family ends with a
 * second use, and neither full sets nor kills at any store change that.
 */
#include "tests/unit/shm/stepping.h"

#define W 0
#define OTHER 1
#define NOW 1000
#define LATER 2000

/* All in one set. */
static uint64_t
key(uint64_t n)
{
	return (n << 16 | 7) << 32 | n << 16 | 7;
}

static void
begin(const struct region *r, uint64_t k)
{
	ck_assert(families_begin(r, OTHER, k, NOW, LATER));
}

static enum family_result
turn(const struct region *r, uint64_t k, uint32_t n)
{
	return families_turn(r, k, n, NOW);
}

START_TEST(turns_follow_each_other)
{
	struct region r;

	fixture_region(&r, 2);
	ck_assert_int_eq(turn(&r, key(1), 0), FAMILY_UNKNOWN);
	begin(&r, key(1));
	begin(&r, key(2));
	for (uint32_t n = 0; n < 1000; n++)
		ck_assert_int_eq(turn(&r, key(1), n), FAMILY_OK);
	ck_assert_int_eq(turn(&r, key(1), 999), FAMILY_REUSED);
	ck_assert_int_eq(turn(&r, key(1), 1000), FAMILY_REVOKED);
	ck_assert_int_eq(turn(&r, key(1), 999), FAMILY_REVOKED);
	ck_assert_int_eq(turn(&r, key(2), 0), FAMILY_OK);
	/* Nor may one come that is not out yet. */
	ck_assert_int_eq(turn(&r, key(2), 5), FAMILY_REUSED);
	ck_assert_int_eq(turn(&r, key(2), 1), FAMILY_REVOKED);
	begin(&r, key(3));
	ck_assert(families_end(&r, key(3)));
	ck_assert(families_end(&r, key(3)));
	ck_assert(!families_end(&r, key(4)));
	ck_assert_int_eq(turn(&r, key(3), 0), FAMILY_REVOKED);
	region_fini(&r);
}
END_TEST

START_TEST(turns_have_an_end)
{
	struct region r;
	uint32_t n = 0;

	fixture_region(&r, 2);
	begin(&r, key(1));
	while (turn(&r, key(1), n) == FAMILY_OK)
		n++;
	ck_assert_uint_eq(n, FAMILY_TURNS_MAX);
	ck_assert_int_eq(turn(&r, key(1), n), FAMILY_REVOKED);
	ck_assert_int_eq(turn(&r, key(1), 0), FAMILY_REVOKED);
	region_fini(&r);
}
END_TEST

START_TEST(time_ends_a_family)
{
	struct region r;

	fixture_region(&r, 2);
	begin(&r, key(1));
	ck_assert_int_eq(families_turn(&r, key(1), 0, LATER - 1), FAMILY_OK);
	ck_assert_int_eq(families_turn(&r, key(1), 1, LATER), FAMILY_UNKNOWN);
	ck_assert(families_begin(&r, W, key(2), NOW, INT64_MAX));
	ck_assert_int_eq(
	    families_turn(&r, key(2), 0, EXPIRES_MAX - 1), FAMILY_OK);
	ck_assert(families_begin(&r, W, key(3), NOW, -5));
	ck_assert_int_eq(families_turn(&r, key(3), 0, 0), FAMILY_UNKNOWN);
	region_fini(&r);
}
END_TEST

/* Those that live stay; what is past, or has ended, makes room. */
START_TEST(a_full_set_keeps_who_lives)
{
	uint32_t n = 0;
	struct region r;

	fixture_region(&r, 2);
	while (families_begin(&r, W, key(n), NOW, LATER + n))
		n++;
	ck_assert_uint_eq(n, FAMILY_WAYS);
	ck_assert(families_end(&r, key(2)));
	begin(&r, key(90));
	ck_assert_int_eq(turn(&r, key(2), 0), FAMILY_UNKNOWN);
	ck_assert(!families_begin(&r, W, key(91), LATER - 1, LATER + 50));
	ck_assert(families_begin(&r, W, key(91), LATER, LATER + 50));
	uint32_t living = 0;
	for (uint32_t i = 0; i < 100; i++)
		living += families_turn(&r, key(i), 0, NOW) == FAMILY_OK;
	ck_assert_uint_eq(living, FAMILY_WAYS);
	region_fini(&r);
}
END_TEST

START_TEST(most_of_the_table_can_be_used)
{
	struct stat before, after;
	struct region r;
	uint64_t k = 0;
	uint32_t n = 0;

	fixture_region(&r, 2);
	ck_assert_int_eq(fstat(r.state_fd, &before), 0);
	for (uint32_t i = 0; i < FAMILIES_MAX; i++)
		if (families_at(&r, i, &k, &k) ||
		    turn(&r, hash_u64(i + 1), 0) != FAMILY_UNKNOWN)
			ck_abort_msg("nobody is there yet");
	ck_assert_int_eq(fstat(r.state_fd, &after), 0);
	/* Only the page that says so was read. */
	ck_assert_int_le(after.st_blocks - before.st_blocks, 8);
	while (families_begin(&r, W, hash_u64(n + 1), NOW, LATER))
		n++;
	ck_assert_uint_gt(n, FAMILIES_MAX / 10 * 7);
	for (uint32_t i = 0; i < n; i++)
		if (turn(&r, hash_u64(i + 1), 0) != FAMILY_OK)
			ck_abort_msg("family %u is lost", i);
	region_fini(&r);
}
END_TEST

/* As by a master that saves them, and its successor on a new region. */
START_TEST(families_are_saved_and_loaded)
{
	struct region r, next;
	uint64_t k, word;
	uint32_t n = 0;

	fixture_region(&r, 2);
	fixture_region(&next, 2);
	begin(&r, key(1));
	begin(&r, key(2));
	begin(&r, key(3));
	ck_assert(families_begin(&r, W, key(4), NOW, NOW + 1));
	ck_assert_int_eq(turn(&r, key(1), 0), FAMILY_OK);
	ck_assert_int_eq(turn(&r, key(1), 1), FAMILY_OK);
	ck_assert(families_end(&r, key(3)));
	begin(&next, key(2));
	ck_assert_int_eq(turn(&next, key(2), 0), FAMILY_OK);
	for (uint32_t i = 0; i < FAMILIES_MAX; i++) {
		if (!families_at(&r, i, &k, &word))
			continue;
		n++;
		ck_assert(families_put(&next, k, word, NOW + 5));
	}
	ck_assert_uint_eq(n, 4);
	ck_assert_int_eq(turn(&next, key(1), 2), FAMILY_OK);
	ck_assert_int_eq(turn(&next, key(2), 1), FAMILY_OK); /* its own */
	ck_assert_int_eq(turn(&next, key(3), 0), FAMILY_REVOKED);
	ck_assert_int_eq(turn(&next, key(4), 0), FAMILY_UNKNOWN);
	/* What no table can hold is not taken from a file either. */
	ck_assert(!families_put(&next, 0, word, NOW));
	ck_assert(!families_put(&next, key(9), 0, NOW));
	ck_assert(!families_put(&next, key(9), UINT64_MAX, NOW));
	region_fini(&next);
	region_fini(&r);
}
END_TEST

/* ---- meanwhile ---- */

static struct region *turning;
static uint32_t steps_calm;

static void
meddle(void)
{
	/* Its place is taken by another of the same turn and time. */
	families_end(turning, key(0));
	ck_assert(families_begin(turning, OTHER, key(50), NOW, LATER));
	ck_assert_int_eq(turn(turning, key(50), 0), FAMILY_OK);
}

static void
step_meddle(const char *name)
{
	(void)name;
	if (steps_calm != 0 && --steps_calm == 0) {
		shm_step_hook = NULL;
		meddle();
		shm_step_hook = step_meddle;
	}
}

START_TEST(a_place_changes_hands_meanwhile)
{
	struct region r;

	for (uint32_t calm = 1; calm < 6; calm++) {
		fixture_region(&r, 2);
		for (uint32_t i = 0; i < FAMILY_WAYS; i++)
			begin(&r, key(i));
		ck_assert_int_eq(turn(&r, key(0), 0), FAMILY_OK);
		turning = &r;
		steps_calm = calm;
		shm_step_hook = step_meddle;
		enum family_result got = turn(&r, key(0), 1);
		shm_step_hook = NULL;
		ck_assert_int_eq(got, calm <= 3 ? FAMILY_UNKNOWN : FAMILY_OK);
		if (calm <= 3)
			ck_assert_int_eq(turn(&r, key(50), 1), FAMILY_OK);
		region_fini(&r);
	}
}
END_TEST

/* ---- kills ---- */

static void
worker_acts(struct region *r)
{
	(void)families_begin(r, W, key(60), NOW, LATER);
	(void)turn(r, key(60), 0);
	(void)families_end(r, key(1));
	(void)families_begin(r, W, key(61), NOW, LATER); /* in its place */
	(void)turn(r, key(2), 0);
	(void)turn(r, key(2), 0);
	(void)families_begin(r, W, key(62), NOW, LATER);
}

static void
keeper_settles(struct region *r)
{
	slot_settle(r, W, SIGKILL);
}

/* Whoever is there, as often as there are places: none is lost. */
static void
scene_end(struct region *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < 100; i++) {
		enum family_result got = turn(r, key(i), 0);

		ck_assert(
		    got != FAMILY_OK || turn(r, key(i), 0) == FAMILY_REUSED);
	}
	for (uint32_t i = 200;
	     families_begin(r, OTHER, key(i), 2 * LATER, 3 * LATER); i++)
		n++;
	ck_assert_uint_eq(n, FAMILY_WAYS);
	for (uint32_t i = 0; i < FAMILY_WAYS; i++)
		ck_assert_int_eq(
		    families_turn(r, key(200 + i), 0, 2 * LATER), FAMILY_OK);
	ck_assert_uint_eq(atomic_load(&r->state->families.claim[W]), 0);
	region_fini(r);
}

START_TEST(a_worker_and_its_settling_are_killed)
{
	struct region r;
	bool done = false;

	for (uint32_t k = 1; !done; k += STRIDE) {
		bool settled = false;

		for (uint32_t j = 1; !settled; j++) {
			fixture_region(&r, 2);
			for (uint32_t i = 0; i < FAMILY_WAYS - 1; i++)
				begin(&r, key(i));
			done = run_killed(worker_acts, &r, k);
			settled = run_killed(keeper_settles, &r, j);
			keeper_settles(&r);
			ck_assert_int_eq(turn(&r, key(3), 0), FAMILY_OK);
			scene_end(&r);
		}
		ck_assert(!done || k > 20);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("families");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, turns_follow_each_other);
	tcase_add_test(tc, turns_have_an_end);
	tcase_add_test(tc, time_ends_a_family);
	tcase_add_test(tc, a_full_set_keeps_who_lives);
	tcase_add_test(tc, most_of_the_table_can_be_used);
	tcase_add_test(tc, families_are_saved_and_loaded);
	tcase_add_test(tc, a_place_changes_hands_meanwhile);
	tcase_add_test(tc, a_worker_and_its_settling_are_killed);
	return fixture_run(tc, "families");
}
