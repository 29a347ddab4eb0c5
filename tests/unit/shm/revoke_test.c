/*
 * revoke_test.c - revocations: what they are about, how long they are kept,
 * and that nobody misses one while the table changes or the master dies.
 */
#include "tests/unit/shm/stepping.h"

#include "shm/revoke.c"

#define A SLICE_LIT("main")
#define B SLICE_LIT("other")
#define NONE SLICE_NONE

static void
add(struct region *r, enum revoke_kind kind, struct slice name,
    struct slice value, int64_t before_s)
{
	struct revoke_entry e = { kind, name, value, before_s, INT64_MAX };

	ck_assert(revoke_add(r, &e));
}

static bool
hits(const struct region *r, struct slice name, const char *jti,
    const char *user, int64_t issued_s)
{
	struct revoke_subject s;

	revoke_subject_make(
	    r, name, slice_str(jti), slice_str(user), issued_s, &s);
	return revoke_hits(r, &s);
}

START_TEST(a_token_is_revoked)
{
	struct region r;

	fixture_region(&r, 1);
	uint64_t version = revoke_version(&r);
	ck_assert(!hits(&r, A, "t1", "u", 10));
	add(&r, REVOKE_TOKEN, A, SLICE_LIT("t1"), 0);
	ck_assert_uint_gt(revoke_version(&r), version);
	ck_assert(hits(&r, A, "t1", "u", 10));
	ck_assert(hits(&r, A, "t1", NULL, INT64_MAX));
	ck_assert(!hits(&r, A, "t2", "t1", 10));
	ck_assert(!hits(&r, A, NULL, "u", 10));
	ck_assert(!hits(&r, B, "t1", "u", 10));
	add(&r, REVOKE_TOKEN, NONE, SLICE_LIT("t2"), 0);
	ck_assert(hits(&r, A, "t2", "u", 10));
	ck_assert(hits(&r, B, "t2", "u", 10));
	version = revoke_version(&r);
	ck_assert(revoke_lift(&r, REVOKE_TOKEN, A, SLICE_LIT("t1")));
	ck_assert(!revoke_lift(&r, REVOKE_TOKEN, A, SLICE_LIT("t1")));
	ck_assert(!revoke_lift(&r, REVOKE_TOKEN, A, SLICE_LIT("t2")));
	ck_assert_uint_gt(revoke_version(&r), version);
	ck_assert(!hits(&r, A, "t1", "u", 10));
	ck_assert(hits(&r, A, "t2", "u", 10));
	region_fini(&r);
}
END_TEST

START_TEST(users_are_revoked_up_to_a_time)
{
	struct region r;

	fixture_region(&r, 1);
	add(&r, REVOKE_USER, A, SLICE_LIT("ann"), 1000);
	ck_assert(hits(&r, A, "t", "ann", 999));
	ck_assert(hits(&r, A, "t", "ann", 1000));
	ck_assert(!hits(&r, A, "t", "ann", 1001));
	ck_assert(hits(&r, A, "t", "ann", INT64_MIN));
	ck_assert(!hits(&r, A, "ann", "bob", 5));
	ck_assert(!hits(&r, B, "t", "ann", 5));
	/* Renewed, it goes to the later time; never back. */
	add(&r, REVOKE_USER, A, SLICE_LIT("ann"), 2000);
	ck_assert(hits(&r, A, "t", "ann", 2000));
	add(&r, REVOKE_USER, A, SLICE_LIT("ann"), 500);
	ck_assert(hits(&r, A, "t", "ann", 2000));
	ck_assert(!hits(&r, A, "t", "ann", 2001));
	add(&r, REVOKE_ALL, B, NONE, 50);
	ck_assert(hits(&r, B, "t", "ann", 50));
	ck_assert(hits(&r, B, NULL, NULL, INT64_MIN));
	ck_assert(!hits(&r, B, "t", "ann", 51));
	ck_assert(!hits(&r, A, "t", "bob", 50));
	add(&r, REVOKE_ALL, NONE, NONE, INT64_MAX);
	ck_assert(hits(&r, A, "t", "bob", INT64_MAX));
	ck_assert(revoke_lift(&r, REVOKE_ALL, NONE, NONE));
	add(&r, REVOKE_ALL, NONE, NONE, -5);
	ck_assert(!hits(&r, A, "t", "bob", -4));
	ck_assert(hits(&r, A, "t", "bob", -5));
	region_fini(&r);
}
END_TEST

static uint32_t
entries_listed(const struct region *r, struct revoke_entry *last)
{
	struct revoke_entry e;
	uint32_t n = 0;

	for (uint32_t i = 0; i < REVOKED_MAX; i++)
		if (revoke_at(r, i, &e)) {
			*last = e;
			n++;
		}
	return n;
}

/* As from a file that was written at that time. */
START_TEST(what_is_listed_means_the_same)
{
	char name[300], value[3000];
	struct revoke_entry e;
	struct region r;

	fixture_region(&r, 1);
	memset(name, 'n', sizeof(name));
	memset(value, 'v', sizeof(value));
	for (size_t n = REVOKE_TEXT_MAX - 3; n < REVOKE_TEXT_MAX + 4; n++) {
		struct slice v = slice_make(value, n);
		struct slice a =
		    slice_make(name, n - REVOKE_TEXT_MAX + REVOKE_NAME_MAX);

		add(&r, REVOKE_USER, a, v, 7);
		ck_assert_uint_eq(entries_listed(&r, &e), 1);
		ck_assert_uint_eq(
		    e.value.n, n < REVOKE_TEXT_MAX ? n : REVOKE_TEXT_MAX);
		ck_assert_int_eq(e.before_s, 7);
		ck_assert(revoke_add(&r, &e));
		ck_assert_uint_eq(entries_listed(&r, &e), 1);
		ck_assert(revoke_lift(&r, REVOKE_USER, a, v));
	}
	/* Those that begin alike differ; no character is cut in two. */
	add(&r, REVOKE_USER, A, slice_make(value, 2000), 7);
	add(&r, REVOKE_USER, A, slice_make(value, 2001), 7);
	ck_assert_uint_eq(entries_listed(&r, &e), 2);
	ck_assert(revoke_lift(&r, REVOKE_USER, A, slice_make(value, 2000)));
	ck_assert(revoke_lift(&r, REVOKE_USER, A, slice_make(value, 2001)));
	for (size_t i = 1; i + 1 < sizeof(value); i += 2)
		memcpy(value + i, "\xc3\xbc", 2);
	add(&r, REVOKE_USER, A, slice_make(value, 2001), 7);
	ck_assert_uint_eq(entries_listed(&r, &e), 1);
	ck_assert_uint_eq(e.value.n, REVOKE_TEXT_MAX);
	ck_assert_int_eq(e.value.p[e.value.n - MARK_BYTES], '~');
	ck_assert_int_eq(e.value.p[e.value.n - MARK_BYTES - 1], '\xbc');
	region_fini(&r);
}
END_TEST

START_TEST(old_ones_are_swept)
{
	struct revoke_entry e = { REVOKE_TOKEN, A, NONE, 0, 0 };
	struct region r;
	char text[16];

	fixture_region(&r, 1);
	for (uint32_t i = 0; i < 1000; i++) {
		int n = snprintf(text, sizeof(text), "t%u", i);

		e.value = slice_make(text, (size_t)n);
		e.until_s = i;
		ck_assert(revoke_add(&r, &e));
	}
	ck_assert_uint_eq(revoke_sweep(&r, 400), 600);
	ck_assert(!hits(&r, A, "t399", NULL, 0));
	ck_assert(hits(&r, A, "t400", NULL, 0));
	ck_assert(hits(&r, A, "t999", NULL, 0));
	/* Their places are used again. */
	for (uint32_t i = 0; i < 400; i++) {
		int n = snprintf(text, sizeof(text), "x%u", i);
		add(&r, REVOKE_TOKEN, A, slice_make(text, (size_t)n), 0);
	}
	ck_assert_uint_eq(revoked_high(&r), 1000);
	ck_assert_uint_eq(revoke_sweep(&r, 1001), 400);
	ck_assert_uint_eq(entries_listed(&r, &e), 400);
	region_fini(&r);
}
END_TEST

START_TEST(a_full_table_says_so)
{
	struct revoke_entry e = { REVOKE_USER, A, NONE, 9, 5 };
	struct region r;
	char text[16];

	fixture_region(&r, 1);
	for (uint32_t i = 0; i <= REVOKED_MAX; i++) {
		int n = snprintf(text, sizeof(text), "u%u", i);

		e.value = slice_make(text, (size_t)n);
		ck_assert_int_eq(revoke_add(&r, &e), i < REVOKED_MAX);
	}
	for (uint32_t i = 0; i <= REVOKED_MAX; i++) {
		snprintf(text, sizeof(text), "u%u", i);
		ck_assert_int_eq(hits(&r, A, NULL, text, 9), i < REVOKED_MAX);
	}
	e.value = SLICE_LIT("u7"); /* renewing needs no room */
	ck_assert(revoke_add(&r, &e));
	ck_assert_uint_eq(revoke_sweep(&r, 6), 0);
	for (uint32_t i = 0; i < REVOKE_PLACES; i++)
		ck_assert_uint_eq(revocation_key(&r, i), KEY_EMPTY);
	ck_assert(revoke_add(&r, &e));
	region_fini(&r);
}
END_TEST

/* What is read where nothing is revoked costs no memory. */
START_TEST(nothing_costs_nothing)
{
	struct stat before, after;
	struct region r;
	char text[16];

	fixture_region(&r, 1);
	ck_assert_int_eq(fstat(r.state_fd, &before), 0);
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "u%d", i);
		ck_assert(!hits(&r, A, text, text, 0));
	}
	ck_assert_uint_eq(revoke_sweep(&r, 5), 0);
	revoke_recover_master(&r);
	ck_assert_int_eq(fstat(r.state_fd, &after), 0);
	ck_assert_int_eq(before.st_blocks, after.st_blocks);
	region_fini(&r);
}
END_TEST

/* ---- a crowded place ---- */

#define CROWD 8
#define NEAR 3 /* homes that they share */

static char crowd[CROWD][16];

/* Users whose places are the same few, the last of the table among them. */
static void
crowd_make(struct region *r)
{
	uint32_t n = 0, tried = 0;

	fixture_region(r, 1);
	r->state->header.hash_k0 = 1;
	r->state->header.hash_k1 = 2;
	for (; n < CROWD && crowd[CROWD - 1][0] == '\0'; tried++) {
		snprintf(crowd[n], sizeof(crowd[0]), "c%u", tried);
		uint64_t key =
		    entry_key(r, REVOKE_USER, A, slice_str(crowd[n]));
		n += (key_home(key) + 2) % REVOKE_PLACES < NEAR;
	}
}

static void
crowd_add(struct region *r, uint32_t i)
{
	add(r, REVOKE_USER, A, slice_str(crowd[i]), i + 1);
}

static bool
crowd_lift(struct region *r, uint32_t i)
{
	return revoke_lift(r, REVOKE_USER, A, slice_str(crowd[i]));
}

static bool
crowd_hits(const struct region *r, uint32_t i)
{
	bool now = hits(r, A, NULL, crowd[i], i + 1);

	ck_assert(!now || !hits(r, A, NULL, crowd[i], i + 2));
	return now;
}

/* 0, 3 and 6 stand all the while; the others come and go. */
static bool
crowd_stands(uint32_t i)
{
	return i % 3 == 0;
}

static void
standing_check(const struct region *r)
{
	for (uint32_t i = 0; i < CROWD; i++)
		if (crowd_stands(i))
			ck_assert(crowd_hits(r, i));
}

static void
master_acts(struct region *r)
{
	crowd_add(r, 1);
	crowd_add(r, 2);
	crowd_add(r, 4);
	crowd_lift(r, 1);
	crowd_lift(r, 2);
	crowd_add(r, 5);
	crowd_lift(r, 4);
	add(r, REVOKE_USER, A, slice_str(crowd[5]), 6);
	crowd_add(r, 7);
	(void)revoke_sweep(r, 99);
	crowd_lift(r, 5);
	crowd_lift(r, 7);
}

static void
crowd_stand(struct region *r)
{
	crowd_make(r);
	crowd_add(r, 2);
	for (uint32_t i = 0; i < CROWD; i++)
		if (crowd_stands(i))
			crowd_add(r, i);
	crowd_lift(r, 2);
}

/* Places and entries are the same, each once, all that is listed in force. */
static void
crowd_end(struct region *r)
{
	struct revoke_entry e;
	uint32_t listed = entries_listed(r, &e), places = 0, near = 0;

	standing_check(r);
	ck_assert_uint_eq(atomic_load(&r->state->control.revoked), listed);
	for (uint32_t i = 0; i < CROWD; i++)
		near += crowd_hits(r, i);
	ck_assert_uint_eq(near, listed);
	for (uint32_t i = 0; i < REVOKE_PLACES; i++)
		places += revocation_key(r, i) > KEY_PASSED;
	ck_assert_uint_eq(places, listed);
	for (uint32_t i = 0; i < CROWD; i++)
		ck_assert_int_eq(crowd_hits(r, i), crowd_lift(r, i));
	ck_assert_uint_eq(entries_listed(r, &e), 0);
	for (uint32_t i = 0; i < CROWD; i++)
		crowd_add(r, i);
	for (uint32_t i = 0; i < CROWD; i++)
		ck_assert(crowd_hits(r, i));
	region_fini(r);
}

START_TEST(a_master_and_its_successor_are_killed)
{
	struct region r;
	bool done = false;

	for (uint32_t k = 1; !done; k += STRIDE) {
		bool recovered = false;

		for (uint32_t j = 1; !recovered; j += STRIDE) {
			crowd_stand(&r);
			uint64_t version = revoke_version(&r);
			done = run_killed(master_acts, &r, k);
			standing_check(&r);
			recovered = run_killed(revoke_recover_master, &r, j);
			standing_check(&r);
			revoke_recover_master(&r);
			ck_assert_uint_gt(revoke_version(&r), version);
			crowd_end(&r);
		}
		ck_assert(!done || k > 60);
	}
}
END_TEST

static struct region *reading;
static uint32_t steps_calm;
static bool lifting;

/* Just there, the table changes as much as it can. */
static void
change_meanwhile(const char *name)
{
	(void)name;
	if (steps_calm == 0 || --steps_calm != 0)
		return;
	shm_step_hook = NULL;
	for (uint32_t i = 0; i < CROWD; i++)
		if (!crowd_stands(i) && lifting)
			crowd_lift(reading, i);
	master_acts(reading);
	shm_step_hook = change_meanwhile;
}

START_TEST(a_reader_is_overtaken)
{
	struct region r;
	bool done = false;

	lifting = _i != 0;
	for (uint32_t calm = 1; !done; calm++) {
		crowd_stand(&r);
		if (lifting) {
			/* In front of those that stand: they will move up. */
			for (uint32_t i = 0; i < CROWD; i++)
				(void)crowd_lift(&r, i);
			for (uint32_t i = 1; i < CROWD; i += 3)
				crowd_add(&r, i);
			for (uint32_t i = 0; i < CROWD; i++)
				crowd_add(&r, i);
		}
		reading = &r;
		steps_calm = calm;
		shm_step_hook = change_meanwhile;
		standing_check(&r);
		/* No other one's time is taken for its own. */
		for (uint32_t i = 0; i < CROWD; i++)
			ck_assert(!hits(&r, A, NULL, crowd[i], i + 2));
		shm_step_hook = NULL;
		done = steps_calm != 0;
		standing_check(&r);
		region_fini(&r);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("revoke");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_token_is_revoked);
	tcase_add_test(tc, users_are_revoked_up_to_a_time);
	tcase_add_test(tc, what_is_listed_means_the_same);
	tcase_add_test(tc, old_ones_are_swept);
	tcase_add_test(tc, a_full_table_says_so);
	tcase_add_test(tc, nothing_costs_nothing);
	tcase_add_test(tc, a_master_and_its_successor_are_killed);
	tcase_add_loop_test(tc, a_reader_is_overtaken, 0, 2);
	return fixture_run(tc, "revoke");
}
