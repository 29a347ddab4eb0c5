/*
 * keysets_test.c - key sets of authenticators: what a turn sees stays whole,
 * what is replaced is given back, and what a master that is killed at any
 * store leaves.
 */
#include "tests/unit/shm/stepping.h"

#define A SLICE_LIT("main")
#define B SLICE_LIT("other")

static char text[3 * SHM_PAGE];

/* `n` bytes, all of them c. */
static struct slice
bytes(char c, size_t n)
{
	memset(text, c, sizeof(text));
	return slice_make(text, n);
}

static void
publish(struct region *r, uint32_t i, char c, size_t n)
{
	ck_assert(keysets_publish(r, i, bytes(c, n)));
}

/* What it holds, all of one kind; 0: nothing. */
static char
holds(const struct region *r, uint32_t i, size_t n)
{
	uint64_t version;
	struct slice s = keysets_read(r, i, &version);

	ck_assert_uint_eq(version, keysets_version(r, i));
	if (version == 0)
		return 0;
	ck_assert_uint_eq(s.n, n);
	if (n > 1)
		ck_assert_int_eq(memcmp(s.p, s.p + 1, n - 1), 0);
	return s.p[0];
}

START_TEST(a_name_has_a_slot)
{
	char name[KEYSET_NAME_MAX + 2];
	struct region r;

	fixture_region(&r, 1);
	ck_assert_uint_eq(keysets_find(&r, A), KEYSETS_NONE);
	ck_assert_uint_eq(keysets_slot(&r, A), 0);
	ck_assert_uint_eq(keysets_slot(&r, B), 1);
	ck_assert_uint_eq(keysets_slot(&r, A), 0);
	ck_assert_uint_eq(keysets_find(&r, B), 1);
	memset(name, 'x', sizeof(name));
	ck_assert_uint_eq(
	    keysets_slot(&r, slice_make(name, sizeof(name) - 1)), KEYSETS_NONE);
	for (uint32_t i = 2; i < KEYSETS_MAX; i++) {
		int n = snprintf(name, sizeof(name), "n%u", i);
		ck_assert_uint_eq(
		    keysets_slot(&r, slice_make(name, (size_t)n)), i);
	}
	ck_assert_uint_eq(keysets_slot(&r, SLICE_LIT("more")), KEYSETS_NONE);
	ck_assert_uint_eq(keysets_slot(&r, B), 1);
	region_fini(&r);
}
END_TEST

START_TEST(a_turn_keeps_what_it_sees)
{
	struct epoch_view v;
	struct region r;
	uint64_t version, first;

	fixture_region(&r, 2);
	uint32_t i = keysets_slot(&r, A);
	ck_assert_int_eq(holds(&r, i, 0), 0);
	publish(&r, i, 'a', 5000);
	epoch_enter(&r, 1, &v);
	struct slice seen = keysets_read(&r, i, &first);
	publish(&r, i, 'b', 20);
	ck_assert_int_eq(holds(&r, i, 20), 'b');
	(void)keysets_read(&r, i, &version);
	ck_assert_uint_gt(version, first);
	ck_assert(keysets_reclaim(&r));
	ck_assert_uint_eq(seen.n, 5000);
	ck_assert_int_eq(seen.p[4999], 'a');
	ck_assert_uint_eq(fixture_images_held(&r), 3 * SHM_PAGE);
	epoch_leave(&r, 1);
	ck_assert(!keysets_reclaim(&r));
	ck_assert_uint_eq(fixture_images_held(&r), SHM_PAGE);
	ck_assert_int_eq(holds(&r, i, 20), 'b');
	region_fini(&r);
}
END_TEST

/* Fetched anew every few minutes: what was verified stays so. */
START_TEST(the_same_bytes_keep_their_version)
{
	struct region r;

	fixture_region(&r, 1);
	uint32_t i = keysets_slot(&r, A);
	publish(&r, i, 'a', 100);
	uint64_t version = keysets_version(&r, i);
	publish(&r, i, 'a', 100);
	ck_assert_uint_eq(keysets_version(&r, i), version);
	publish(&r, i, 'a', 101);
	ck_assert_uint_gt(keysets_version(&r, i), version);
	version = keysets_version(&r, i);
	publish(&r, i, 'a', 0);
	ck_assert_uint_gt(keysets_version(&r, i), version);
	ck_assert_int_eq(keysets_read(&r, i, &version).n, 0);
	ck_assert(!keysets_reclaim(&r));
	ck_assert_uint_eq(extent_used(&r), SHM_PAGE);
	region_fini(&r);
}
END_TEST

START_TEST(no_room_changes_nothing)
{
	struct region r;

	fixture_region(&r, 1);
	uint32_t i = keysets_slot(&r, A);
	publish(&r, i, 'a', 10);
	uint64_t version = keysets_version(&r, i);
	ck_assert(!keysets_publish(&r, i, slice_make(text, FIXTURE_IMAGES)));
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(holds(&r, i, 10), 'a');
	ck_assert_uint_eq(keysets_version(&r, i), version);
	region_fini(&r);
}
END_TEST

START_TEST(a_wanted_key_is_wanted_once)
{
	struct region r;

	fixture_region(&r, 1);
	uint32_t i = keysets_slot(&r, A), other = keysets_slot(&r, B);
	ck_assert_uint_eq(keysets_take_want(&r, i), 0);
	ck_assert(keysets_want(&r, i, 1000));
	ck_assert(keysets_want(&r, i, 2000));
	ck_assert_uint_eq(keysets_take_want(&r, other), 0);
	ck_assert_uint_eq(keysets_take_want(&r, i), 1000);
	ck_assert_uint_eq(keysets_take_want(&r, i), 0);
	keysets_calm(&r, i, 5000);
	ck_assert(!keysets_want(&r, i, 4999));
	ck_assert_uint_eq(keysets_take_want(&r, i), 0);
	ck_assert(keysets_want(&r, other, 4999));
	ck_assert(keysets_want(&r, i, 5000));
	ck_assert_uint_eq(keysets_take_want(&r, i), 5000);
	ck_assert_int_eq(keysets_fetched(&r, i), 0);
	keysets_set_fetched(&r, i, 77);
	ck_assert_int_eq(keysets_fetched(&r, i), 77);
	region_fini(&r);
}
END_TEST

START_TEST(a_damaged_offset_is_nothing)
{
	static const uint64_t bad[] = { 1, SHM_PAGE + 8, FIXTURE_IMAGES,
		UINT64_MAX - SHM_PAGE + 1 };
	struct region r;

	fixture_region(&r, 1);
	uint32_t i = keysets_slot(&r, A);
	publish(&r, i, 'a', 10);
	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		atomic_store(&r.state->keysets[i].at, bad[k]);
		ck_assert_int_eq(holds(&r, i, 0), 0);
	}
	region_fini(&r);
}
END_TEST

/* ---- kills ---- */

static void
master_acts(struct region *r)
{
	uint32_t a = keysets_slot(r, A), b = keysets_slot(r, B);

	publish(r, a, 'b', 5000);
	publish(r, b, 'x', 5000);
	(void)keysets_reclaim(r);
	publish(r, a, 'c', 5000);
	publish(r, b, 'y', 5000);
	(void)keysets_reclaim(r);
}

static void
master_recovers(struct region *r)
{
	epoch_recover_master(r);
	registry_recover_master(r);
	keysets_recover_master(r);
	(void)keysets_reclaim(r);
}

/* A worker is in a turn all the while, and has seen the first one. */
static void
scene_make(struct region *r, struct slice *seen)
{
	struct epoch_view v;
	uint64_t version;

	fixture_region(r, 1);
	publish(r, keysets_slot(r, A), 'a', 5000);
	epoch_enter(r, 0, &v);
	*seen = keysets_read(r, 0, &version);
	extent_map_drop(r); /* who comes next has no index of its own */
}

static void
scene_end(struct region *r, struct slice seen)
{
	uint64_t sets = 1;
	char a = holds(r, 0, 5000), b = 0;

	ck_assert_int_eq(seen.p[0], 'a');
	ck_assert_int_eq(memcmp(seen.p, seen.p + 1, seen.n - 1), 0);
	ck_assert(a == 'a' || a == 'b' || a == 'c');
	if (keysets_find(r, B) != KEYSETS_NONE)
		b = holds(r, 1, 5000);
	ck_assert(b == 0 || b == 'x' || b == 'y');
	sets += b != 0;
	epoch_leave(r, 0);
	ck_assert(!keysets_reclaim(r));
	ck_assert_uint_eq(extent_used(r), sets * 2 * SHM_PAGE);
	ck_assert_uint_eq(fixture_images_held(r), extent_used(r));
	uint64_t version = keysets_version(r, 0);
	publish(r, keysets_slot(r, A), 'd', 5000);
	ck_assert_int_eq(holds(r, 0, 5000), 'd');
	ck_assert_uint_gt(keysets_version(r, 0), version);
	ck_assert_uint_eq(keysets_slot(r, B), 1);
	region_fini(r);
}

START_TEST(a_master_and_its_successor_are_killed)
{
	struct slice seen;
	struct region r;
	bool done = false;

	for (uint32_t k = 1; !done; k += STRIDE) {
		bool recovered = false;

		for (uint32_t j = 1; !recovered; j++) {
			scene_make(&r, &seen);
			done = run_killed(master_acts, &r, k);
			recovered = run_killed(master_recovers, &r, j);
			master_recovers(&r);
			scene_end(&r, seen);
		}
		ck_assert(!done || k > 30);
	}
}
END_TEST

/* A turn that runs while a master publishes sees one set or another. */
START_TEST(readers_see_whole_sets)
{
	struct epoch_view v;
	struct region r;
	int status;

	fixture_region(&r, 1);
	uint32_t i = keysets_slot(&r, A);
	publish(&r, i, 'a', 5000);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		for (int n = 0; n < 20000; n++) {
			publish(&r, i, (char)('a' + n % 26), 5000);
			(void)keysets_reclaim(&r);
		}
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		uint64_t version;

		epoch_enter(&r, 0, &v);
		struct slice s = keysets_read(&r, i, &version);
		ck_assert_uint_eq(s.n, 5000);
		ck_assert_int_eq(memcmp(s.p, s.p + 1, s.n - 1), 0);
		epoch_leave(&r, 0);
	}
	ck_assert_int_eq(status, 0);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("keysets");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_name_has_a_slot);
	tcase_add_test(tc, a_turn_keeps_what_it_sees);
	tcase_add_test(tc, the_same_bytes_keep_their_version);
	tcase_add_test(tc, no_room_changes_nothing);
	tcase_add_test(tc, a_wanted_key_is_wanted_once);
	tcase_add_test(tc, a_damaged_offset_is_nothing);
	tcase_add_test(tc, a_master_and_its_successor_are_killed);
	tcase_add_test(tc, readers_see_whole_sets);
	return fixture_run(tc, "keysets");
}
