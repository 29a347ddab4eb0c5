/*
 * stepping_limiter_test.c - the limiter, whoever dies at whatever store, and
 * whoever comes between.
 */
#include "tests/unit/shm/limiter_kit.h"

static struct region *limiting;
static const struct limiter_rate *rate;
static uint32_t steps_calm; /* 0: nobody meddles */

static void
other_acts(struct region *r)
{
	struct limiter_key three = key(3);

	take(r, rate, 0, NOW);
	take(r, rate, 1, NOW);
	give(r, rate, 1, NOW);
	limiter_sweep(r, A, NOW);
	take(r, rate, 2, NOW);
	take(r, rate, 3, NOW);
	(void)limiter_reset(r, A, &three);
}

static void
step_meddle(const char *name)
{
	if (steps_calm != 0 && --steps_calm == 0) {
		shm_step_hook = NULL;
		other_acts(limiting);
		shm_step_hook = step_meddle;
	}
	step_count(name);
}

static void
worker_acts(struct region *r)
{
	struct limiter_key two = key(2);

	shm_step_hook = step_meddle;
	take(r, rate, 0, NOW);
	take(r, rate, 1, NOW);
	take(r, rate, 0, NOW);
	give(r, rate, 0, NOW);
	take(r, rate, 2, NOW); /* in the place of another, if one is full */
	take(r, rate, 1, NOW);
	(void)limiter_reset(r, A, &two);
}

/* Others leave two places, or none. */
static void
scene_make(struct region *r, bool full)
{
	fixture_region(r, 1);
	limiting = r;
	for (uint64_t i = 0; i < LIMITER_WAYS - (full ? 0 : 2); i++)
		take_all(r, rate, 50 + i, NOW);
}

/* Each key has one place, whose account is within its limits. */
static void
scene_end(struct region *r)
{
	for (uint64_t i = 0; i < 4; i++) {
		ck_assert_uint_le(places(r, i, CELL_LIVE), 1);
		ck_assert_uint_le(take_all(r, rate, i, NOW), 3);
		ck_assert_uint_eq(places(r, i, CELL_LIVE), 1);
		ck_assert_uint_eq(places(r, i, CELL_PENDING), 0);
		ck_assert_uint_gt(take(r, rate, i, NOW), SECOND - 1);
	}
	limiter_sweep(r, A, NOW + 40 * SECOND);
	ck_assert_uint_eq(places(r, 0, CELL_EMPTY), LIMITER_WAYS);
	region_fini(r);
}

START_TEST(a_worker_is_killed)
{
	struct region r;
	bool done = false;

	rate = &rates[_i / 2];
	for (uint32_t k = 1; !done; k += STRIDE) {
		for (uint32_t calm = 0; calm <= k; calm++) {
			scene_make(&r, _i % 2 != 0);
			steps_calm = calm;
			done = run_killed(worker_acts, &r, k);
			scene_end(&r);
		}
		ck_assert(!done || k > 10);
	}
}
END_TEST

/* The charges of both are counted, wherever the second one comes between. */
START_TEST(two_charge_one_key)
{
	struct region r;

	rate = &rates[_i];
	for (uint32_t calm = 1; calm < 30; calm++) {
		fixture_region(&r, 1);
		limiting = &r;
		steps_calm = calm;
		shm_step_hook = step_meddle;
		ck_assert_uint_eq(take(&r, rate, 0, NOW), 0);
		ck_assert_uint_eq(take(&r, rate, 0, NOW), 0);
		shm_step_hook = NULL;
		ck_assert_uint_eq(
		    take_all(&r, rate, 0, NOW), steps_calm == 0 ? 0 : 1);
		region_fini(&r);
	}
}
END_TEST

static void
step_rival(const char *name)
{
	if (strcmp(name, "C") != 0)
		return;
	shm_step_hook = NULL;
	ck_assert_uint_eq(take(limiting, rate, 0, NOW + 16 * SECOND), 0);
}

/* Both find that the window has ended: it begins once, with both in it; also
 * one whose clock says that it has not. */
START_TEST(two_begin_a_window)
{
	struct region r;

	rate = &rates[_i];
	fixture_region(&r, 1);
	limiting = &r;
	ck_assert_uint_eq(take_all(&r, rate, 0, NOW - 5 * SECOND), 3);
	shm_step_hook = step_rival;
	ck_assert_uint_eq(take(&r, rate, 0, NOW + 15 * SECOND), 0);
	shm_step_hook = NULL;
	ck_assert_uint_eq(take_all(&r, rate, 0, NOW + 16 * SECOND), 1);
	ck_assert_uint_ne(take(&r, rate, 0, NOW + 14 * SECOND), 0);
	ck_assert_uint_ne(take(&r, rate, 0, NOW + 4 * SECOND), 0);
	ck_assert_uint_eq(take_all(&r, rate, 0, NOW + 40 * SECOND), 3);
	region_fini(&r);
}
END_TEST

/* Just before K1: a lower place is freed, and another one takes it. */
static void
step_overtake(const char *name)
{
	if (strcmp(name, "K1") != 0)
		return;
	shm_step_hook = NULL;
	limiter_sweep(limiting, A, NOW);
	ck_assert_uint_eq(take(limiting, rate, 0, NOW), 0);
}

START_TEST(two_claim_places_for_one_key)
{
	struct region r;

	rate = &rates[LIMITER_BUCKET];
	fixture_region(&r, 1);
	limiting = &r;
	take(&r, rate, 50, NOW - 5 * SECOND); /* in the lowest, and over */
	shm_step_hook = step_overtake;
	ck_assert_uint_eq(take(&r, rate, 0, NOW), 0);
	shm_step_hook = NULL;
	limiter_sweep(&r, A, NOW);
	ck_assert_uint_eq(places(&r, 0, CELL_LIVE), 1);
	ck_assert_uint_eq(places(&r, 0, CELL_PENDING), 0);
	ck_assert_uint_eq(take_all(&r, rate, 0, NOW), 1);
	region_fini(&r);
}
END_TEST

static void
place_set(struct limit *l, uint32_t i, struct cell o)
{
	atomic_store(&l->cell[i].hi, o.hi);
	atomic_store(&l->cell[i].lo, o.lo);
}

static struct cell
place_pending(const struct limit *l, uint64_t claim)
{
	return (
	    struct cell){ l->tag << CELL_TAG_SHIFT | CELL_PENDING_BIT, claim };
}

static enum cell_state
place_state(const struct limit *l, uint32_t i)
{
	struct cell o = limit_read(l, i);

	return cell_state(&o);
}

/* What place 5 becomes when another one has that state with the same key. */
static enum cell_state
promoted(struct limit *l, uint32_t other, enum cell_state state)
{
	struct cell mine = place_pending(l, 9);

	place_set(l, 5, mine);
	place_set(l, other,
	    state == CELL_LIVE ? (struct cell){ l->tag << CELL_TAG_SHIFT, 0 }
			       : place_pending(l, 7));
	limit_promote(l, 5, &mine);
	if (state == CELL_PENDING && other > 5)
		ck_assert_int_eq(place_state(l, other), CELL_EMPTY);
	else
		ck_assert_int_eq(place_state(l, other), state);
	place_set(l, other, cell_empty());
	return place_state(l, 5);
}

START_TEST(one_of_two_places_counts)
{
	struct region r;

	fixture_region(&r, 1);
	struct limit l = limit_make(&r, A, key(1).hash, NOW);
	ck_assert_int_eq(promoted(&l, 2, CELL_LIVE), CELL_EMPTY);
	ck_assert_int_eq(promoted(&l, 7, CELL_LIVE), CELL_EMPTY);
	ck_assert_int_eq(promoted(&l, 2, CELL_PENDING), CELL_EMPTY);
	ck_assert_int_eq(promoted(&l, 7, CELL_PENDING), CELL_LIVE);
	/* Who looked round before the place was claimed anew is too late. */
	place_set(&l, 5, cell_empty());
	limit_claim(&l);
	struct cell old = limit_read(&l, 0);
	place_set(&l, 0, cell_empty());
	limit_claim(&l);
	limit_promote(&l, 0, &old);
	ck_assert_int_eq(place_state(&l, 0), CELL_PENDING);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("stepping_limiter");

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, a_worker_is_killed, 0, 6);
	tcase_add_loop_test(tc, two_charge_one_key, 0, 3);
	tcase_add_loop_test(
	    tc, two_begin_a_window, LIMITER_FIXED, LIMITER_SLIDING + 1);
	tcase_add_test(tc, two_claim_places_for_one_key);
	tcase_add_test(tc, one_of_two_places_counts);
	return fixture_run(tc, "stepping_limiter");
}
