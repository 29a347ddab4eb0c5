/*
 * stepping_keyed_test.c - kills a worker before each store of the keyed table
 * and of the permits under it, while another worker does something just before
 * any of them: with the same keys, or with others that need their places.
 * Whatever the place: in the end a key has one place, the dead one holds
 * nothing, the other what it took, and there is room for what is missing.
 */
#include "tests/unit/shm/stepping.h"

#define DEAD 0
#define OTHER 1
#define KEYS 4
#define ROOM 2 /* places that the bystander leaves: too few for all keys */
#define MAX 2

static struct permits other, bystander;
static uint32_t held[KEYS]; /* by the other one */

/* All in one set. */
static uint64_t
key(uint64_t n)
{
	return (n + 1) << TAG_SHIFT | 5;
}

/* ---- what the other worker does meanwhile ---- */

static void
other_comes_and_goes(void)
{
	for (uint32_t i = 0; i < KEYS; i++) {
		uint32_t ticket;

		if (keyed_take(&other, key(i), MAX, &ticket) == KEYED_TAKEN)
			permit_drop(&other, ticket);
	}
}

static void
other_takes(uint32_t i)
{
	uint32_t ticket;

	while (keyed_take(&other, key(i), MAX, &ticket) == KEYED_TAKEN)
		held[i]++;
}

static void
other_takes_the_same(void)
{
	other_takes(0);
}

static void
other_takes_places(void)
{
	other_takes(2);
	other_takes(3);
}

static void (*const meddlings[])(
    void) = { other_comes_and_goes, other_takes_the_same, other_takes_places };
#define MEDDLINGS (sizeof(meddlings) / sizeof(meddlings[0]))

static void (*meddling)(void);
static uint32_t steps_calm; /* 0: it does nothing */

static void
step_meddle(const char *name)
{
	if (steps_calm != 0 && --steps_calm == 0) {
		shm_step_hook = NULL;
		meddling();
		shm_step_hook = step_meddle;
	}
	step_count(name);
}

/* ---- who dies ---- */

static uint32_t
take(struct permits *p, uint32_t i)
{
	uint32_t ticket;

	(void)keyed_take(p, key(i), MAX, &ticket);
	return ticket;
}

static void
drop_taken(struct permits *p, uint32_t ticket)
{
	if (ticket != PERMIT_NONE)
		permit_drop(p, ticket);
}

static void
worker_acts(struct region *r)
{
	struct permits p;

	shm_step_hook = step_meddle;
	ck_assert(permits_init(&p, r, DEAD));
	uint32_t a = take(&p, 0), b = take(&p, 1);
	drop_taken(&p, a);
	a = take(&p, 2); /* in the place of 0 */
	(void)take(&p, 0);
	drop_taken(&p, b);
	(void)take(&p, 0); /* in the place of 1 */
	drop_taken(&p, a);
	permits_fini(&p);
}

/* ---- the scene ---- */

static void
scene_make(struct region *r)
{
	fixture_region(r, 3);
	ck_assert(permits_init(&other, r, OTHER));
	ck_assert(permits_init(&bystander, r, 2));
	memset(held, 0, sizeof(held));
	for (uint32_t i = 0; i < KEYED_WAYS - ROOM; i++)
		ck_assert_uint_ne(take(&bystander, 100 + i), PERMIT_NONE);
}

/* Places that somebody may hold under this key. */
static uint32_t
places_of(const struct region *r, uint64_t k)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < KEYED_WAYS; i++) {
		uint64_t o = place_load(r, key_set(k) + i);

		n +=
		    word_is_of(o, key_tag(k)) && word_state(o) != PLACE_PENDING;
	}
	return n;
}

/* The meddling went on in the child: what it took is in its ledger. */
static void
held_read(const struct region *r)
{
	for (uint32_t i = 0; i < 16; i++) {
		uint64_t entry;

		if (entry_load(r, OTHER, i, &entry) != ENTRY_HELD)
			continue;
		uint64_t o =
		    place_load(r, entry_resource(entry) - PERMIT_KEYED);
		uint64_t n = (o >> TAG_SHIFT) - 1;
		ck_assert_int_eq(word_state(o) & 2, PLACE_LIVE & 2);
		ck_assert_uint_lt(n, KEYS);
		held[n]++;
	}
}

static void
scene_end(struct region *r)
{
	struct permits successor;

	held_read(r);
	ck_assert(permits_init(&successor, r, DEAD));
	for (uint32_t i = 0; i < KEYS; i++) {
		uint32_t n = 0, t[MAX], ticket;
		enum keyed_answer answer;

		ck_assert_uint_le(places_of(r, key(i)), 1);
		ck_assert_uint_eq(keyed_count(r, key(i)), held[i]);
		while ((answer = keyed_take(
			    &successor, key(i), MAX, &ticket)) == KEYED_TAKEN)
			t[n++] = ticket;
		/* There is a place, unless others have both. */
		ck_assert(answer == KEYED_REFUSED ||
		    (held[2] != 0 && held[3] != 0 && n == 0));
		ck_assert(answer != KEYED_REFUSED || held[i] + n == MAX);
		while (n != 0)
			permit_drop(&successor, t[--n]);
	}
	for (uint32_t i = 0; i < KEYED_WAYS - ROOM; i++)
		ck_assert_uint_eq(keyed_count(r, key(100 + i)), 1);
	permits_fini(&successor);
	permits_fini(&bystander);
	permits_fini(&other);
	region_fini(r);
}

START_TEST(a_worker_is_killed)
{
	struct region r;
	bool done = false;

	meddling = meddlings[_i];
	for (uint32_t k = 1; !done; k += STRIDE) {
		for (uint32_t calm = 0; calm <= k; calm++) {
			scene_make(&r);
			steps_calm = calm;
			done = run_killed(worker_acts, &r, k);
			for (uint32_t i = 0; i < KEYS; i++)
				ck_assert_uint_le(places_of(&r, key(i)), 1);
			permit_recover(&r, DEAD);
			scene_end(&r);
		}
		ck_assert(!done || k > 40);
	}
}
END_TEST

static void
other_acts(struct region *r)
{
	(void)r;
	other_comes_and_goes();
}

/* The second one comes upon what the first one has begun, and dies of it. */
START_TEST(two_are_killed)
{
	struct region r;
	bool done = false;

	meddling = NULL;
	steps_calm = 0;
	for (uint32_t k = 1; !done; k += STRIDE) {
		bool both = false;

		for (uint32_t j = 1; !both; j += STRIDE) {
			scene_make(&r);
			done = run_killed(worker_acts, &r, k);
			both = run_killed(other_acts, &r, j);
			permit_recover(&r, DEAD);
			permit_recover(&r, OTHER);
			scene_end(&r);
		}
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("stepping_keyed");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, a_worker_is_killed, 0, MEDDLINGS);
	tcase_add_test(tc, two_are_killed);
	return fixture_run(tc, "stepping_keyed");
}
